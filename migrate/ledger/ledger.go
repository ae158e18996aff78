// Package ledger keeps one run in one SQLite file: its header, one row per vehicle, the connections table and the audit
// trail of calls. A vehicle's row and its calls are durable together before anybody counts the vehicle as done. No token
// and no position is ever written.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver
)

// FileName is the ledger's name in the run's directory.
const FileName = "ledger.db"

// ErrBusy means that another run holds the directory; ErrNone that it holds no ledger.
var (
	ErrBusy = errors.New("another scmigrate run is using this directory")
	ErrNone = errors.New("no ledger here")
)

// Ledger is an open ledger. It is safe for concurrent use.
type Ledger struct {
	dir    string
	write  *sql.DB // one connection: the writer's
	read   *sql.DB
	lock   *flock.Flock
	writer *writer       // nil when opened for reading
	packs  chan struct{} // a place for each record that is being packed: what is called must not wait for what is saved

	departures *Departures // nil: nobody counts

	setVehicle, addCall *sql.Stmt // of write: compiled once, not for each vehicle
	reads               statements

	// Redact takes the secrets out of what came from outside before it is written: a server may echo a token. Set it before
	// the first write; nil: nothing is taken out.
	Redact func([]byte) []byte
}

func (l *Ledger) clean(text []byte) []byte {
	if l.Redact == nil {
		return text
	}
	return l.Redact(text)
}

// cleaned is clean for a text.
func (l *Ledger) cleaned(text string) string { return string(l.clean([]byte(text))) }

// Create opens the ledger of a run in dir, making both if they are not there, and keeps other runs out. The directory is
// private (0700), the file too (0600).
func Create(dir string) (*Ledger, error) {
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, ".lock"), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("cannot lock the run's directory: %w", err)
	}
	if !held {
		return nil, fmt.Errorf("%s: %w (watch it with: scmigrate status %s)", dir, ErrBusy, dir)
	}
	l, err := open(dir, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return l, nil
}

// privateDir makes the directory, or makes an existing one private. One that others may read and that holds other things
// is not ours to close: it is refused.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the run's directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	things, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot read the run's directory: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, FileName)); len(things) > 0 && err != nil {
		return fmt.Errorf("%s holds other files and may be read by others: a run's directory is private (give a new or empty one)", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the run's directory private: %w", err)
	}
	return nil
}

func open(dir string, lock *flock.Flock) (*Ledger, error) {
	path := filepath.Join(dir, FileName)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a plain file (a link?): a ledger is one", path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would take the umask's mode
	if err != nil {
		return nil, fmt.Errorf("cannot make the ledger: %w", err)
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return nil, fmt.Errorf("cannot make the ledger: %w", err)
	}
	l := &Ledger{dir: dir, lock: lock}
	if l.write, err = connect(path, 1, "&_pragma=cache_size(-32768)"); err != nil {
		return nil, err
	}
	if err = l.prepare(); err != nil {
		return nil, errors.Join(err, l.write.Close())
	}
	if l.read, err = connect(path, 4, ""); err != nil {
		return nil, errors.Join(err, l.write.Close())
	}
	l.writer = startWriter(l.write)
	l.packs = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))
	return l, nil
}

// Open opens an existing ledger for reading, also while a run in another process writes to it.
func Open(dir string) (*Ledger, error) {
	path := filepath.Join(dir, FileName)
	switch _, err := os.Stat(path); {
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("%s: the ledger may not be read (permission denied; a run's directory is its owner's)", dir)
	case err != nil:
		return nil, fmt.Errorf("%s: %w (did you mean another directory?)", dir, ErrNone)
	}
	db, err := connect(path, 4, "")
	if err != nil {
		return nil, err
	}
	l := &Ledger{dir: dir, read: db}
	version, err := l.Get(context.Background(), "schema")
	if err != nil && l.reopenFrozen(path) {
		version, err = l.Get(context.Background(), "schema")
	}
	if err != nil || version != schemaVersion {
		return nil, errors.Join(fmt.Errorf("%s: not a ledger of this version of scmigrate", path), err, l.read.Close())
	}
	return l, nil
}

// reopenFrozen opens a ledger on a read-only disk, where a write-ahead log cannot be shared: only when no log stands there
// that would be passed over.
func (l *Ledger) reopenFrozen(path string) bool {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return false
	}
	db, err := sql.Open("sqlite", "file:"+(&escaped{path}).String()+"?mode=ro&immutable=1")
	if err != nil {
		return false
	}
	_ = l.read.Close()
	l.read = db
	return true
}

// connect opens a pool. WAL lets readers and the one writer work at the same time; FULL makes a commit durable. The writer
// is given 32 MiB for pages (SQLite's own choice are 2): a million rows come into the indices in random order.
func connect(path string, conns int, more string) (*sql.DB, error) {
	dsn := "file:" + (&escaped{path}).String() + "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate" + more
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("cannot open the ledger: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns) // else some are opened anew, with all their pragmas, for every other query
	return db, nil
}

// prepare verifies that the pragmas took hold and makes the tables.
func (l *Ledger) prepare() error {
	var mode string
	if err := l.write.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		return fmt.Errorf("the ledger cannot use a write-ahead log here (journal mode %q): use a local disk: %w", mode, err)
	}
	if _, err := l.write.Exec(schema); err != nil {
		return fmt.Errorf("cannot prepare the ledger: %w", err)
	}
	_, err := l.write.Exec("INSERT INTO header(name, value) VALUES('schema', ?) ON CONFLICT DO NOTHING", schemaVersion)
	if err != nil {
		return fmt.Errorf("cannot prepare the ledger: %w", err)
	}
	var version string
	if err := l.write.QueryRow("SELECT value FROM header WHERE name = 'schema'").Scan(&version); err != nil || version != schemaVersion {
		return errors.Join(fmt.Errorf("%s is not a ledger of this version of scmigrate: give another directory", filepath.Join(l.dir, FileName)), err)
	}
	return l.compile()
}

// Dir is the run's directory.
func (l *Ledger) Dir() string { return l.dir }

// Close waits for what was handed over, then closes the file and lets other runs in.
func (l *Ledger) Close() error {
	var errs []error
	if l.writer != nil {
		errs = append(errs, l.writer.stop())
	}
	if l.departures != nil {
		errs = append(errs, l.departures.close(errors.Join(errs...) == nil))
	}
	if l.read != nil {
		errs = append(errs, l.read.Close())
	}
	if l.write != nil {
		errs = append(errs, l.write.Close())
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Unlock())
	}
	return errors.Join(errs...)
}

// Held tells whether a run holds the directory right now.
func Held(dir string) bool {
	lock := flock.New(filepath.Join(dir, ".lock"), flock.SetPermissions(0o600))
	free, err := lock.TryRLock()
	if free {
		_ = lock.Unlock()
	}
	return err == nil && !free
}

// Remove deletes a directory's ledger, and nothing else. It refuses while a run holds it.
func Remove(dir string) error {
	lock := flock.New(filepath.Join(dir, ".lock"), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil || !held {
		return errors.Join(fmt.Errorf("%s: %w", dir, ErrBusy), err)
	}
	defer func() { _ = lock.Unlock() }()
	for _, suffix := range []string{"-bucket", "-wal", "-shm", ""} {
		if err := os.Remove(filepath.Join(dir, FileName+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("cannot remove the ledger: %w", err)
		}
	}
	return nil
}
