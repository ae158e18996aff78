package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"scmigrate/migrate/internal/durable"
)

// joining is the directory in which a joined ledger is made. What stands in it after a crash is worth nothing.
const joining = ".merge.partial"

// ErrInput means that a merge is to be written into one of the directories that it is made of.
var ErrInput = errors.New("is one of the shards (give a new or empty directory with -o)")

// Room makes the private directory for a joined ledger, and refuses one that holds a run or is one of the shards.
func Room(parts []Part, dir string) error {
	if other := sameDir(dir, dirsOf(parts)); other != "" {
		return fmt.Errorf("%s %w", dir, ErrInput)
	}
	if _, err := os.Lstat(filepath.Join(dir, FileName)); err == nil {
		return fmt.Errorf("%s %w", dir, ErrTaken)
	}
	return privateDir(dir)
}

// Join makes one ledger of all shards in a directory that Room has made. settle is given it before it gets its name, to judge and to
// finish it; a merge that is killed or fails leaves no ledger behind. Rows are handed on one by one.
func Join(ctx context.Context, parts []Part, dir string, settle func(*Ledger) error) (err error) {
	lock := flock.New(filepath.Join(dir, ".lock"), flock.SetPermissions(0o600))
	if held, err := lock.TryLock(); err != nil || !held {
		return errors.Join(fmt.Errorf("%s: %w", dir, ErrBusy), err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if err := Room(parts, dir); err != nil { // nobody was kept out until now
		return err
	}
	work := filepath.Join(dir, joining)
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("cannot clear away an unfinished merge: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := load(ctx, parts, work); err != nil {
		return err
	}
	if err := finish(ctx, parts, work, settle); err != nil {
		return err
	}
	return publish(work, dir)
}

func dirsOf(parts []Part) (dirs []string) {
	for _, p := range parts {
		dirs = append(dirs, p.Dir)
	}
	return dirs
}

// publish gives the ledger its name once it is durable.
func publish(work, dir string) error {
	path := filepath.Join(work, FileName)
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return errors.New("cannot join the ledgers: the write-ahead log was not written back")
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot join the ledgers: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(path, filepath.Join(dir, FileName)), durable.Folder(dir)); err != nil {
		return fmt.Errorf("cannot join the ledgers: %w", err)
	}
	return nil
}

// load copies the rows of all parts. Nothing is journalled: a crash leaves a file that the next merge throws away. Indexes
// are made at the end, which is one sort of each instead of a million searches.
func load(ctx context.Context, parts []Part, work string) (err error) {
	if err := os.Mkdir(work, 0o700); err != nil {
		return fmt.Errorf("cannot join the ledgers: %w", err)
	}
	path := filepath.Join(work, FileName)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // SQLite would take the umask's mode
	if err != nil {
		return fmt.Errorf("cannot join the ledgers: %w", err)
	}
	db, err := sql.Open("sqlite", "file:"+(&escaped{path}).String()+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)")
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("cannot join the ledgers: %w", err)
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := bareTables(ctx, db); err != nil {
		return fmt.Errorf("cannot join the ledgers: %w", err)
	}
	for _, p := range parts {
		if err := p.copyInto(ctx, db); err != nil {
			return fmt.Errorf("%s: %w", p.Dir, err)
		}
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("cannot join the ledgers (is the disk full?): %w", err)
	}
	return nil
}

// bareTables makes the tables without their indexes.
func bareTables(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return err
	}
	var drop sql.NullString
	err := db.QueryRowContext(ctx, "SELECT group_concat('DROP INDEX ' || name, ';') FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").Scan(&drop)
	if err == nil && drop.String != "" {
		_, err = db.ExecContext(ctx, drop.String)
	}
	return err
}

// copyInto copies the vehicles and the audit trail, while no run holds the directory.
func (p Part) copyInto(ctx context.Context, db *sql.DB) (err error) {
	l, unlock, err := openHeld(p.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close(), unlock()) }()
	switch h, err := l.Header(ctx); {
	case err != nil:
		return err
	case h != p.Header:
		return errors.New("its run went on meanwhile (merge again when it has ended)")
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("cannot join the ledgers: %w", err)
	}
	for _, c := range []copying{{into: "vehicles", query: "SELECT * FROM vehicles ORDER BY ordinal"}, {into: "calls", query: "SELECT * FROM calls ORDER BY rowid"}} {
		if err := c.run(ctx, l.read, tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// copying hands rows on as they are, all columns, one at a time.
type copying struct {
	into, query string
	args        []any
}

func (c copying) run(ctx context.Context, from *sql.DB, to *sql.Tx) error {
	rows, err := from.QueryContext(ctx, c.query, c.args...)
	if err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	insert, err := to.PrepareContext(ctx, fmt.Sprintf("INSERT INTO %s(%s) VALUES(?%s)", c.into, strings.Join(columns, ","), strings.Repeat(",?", len(columns)-1)))
	if err != nil {
		return fmt.Errorf("cannot join the ledgers: %w", err)
	}
	defer insert.Close()
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("cannot read the ledger: %w", err)
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return fmt.Errorf("cannot join the ledgers (is the disk full?): %w", err)
		}
	}
	return rows.Err()
}
