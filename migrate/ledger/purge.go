package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// ErrForeign means that a directory is not a run's: nothing in it is touched.
var ErrForeign = errors.New("holds no run of scmigrate")

// sqliteMagic begins every ledger that was ever written to.
var sqliteMagic = []byte("SQLite format 3\x00")

// Purge deletes a run's ledger, what a crash left beside it, and the other files of the given names, and returns the names
// that it deleted, in that order. It refuses a directory that is not a run's (ErrForeign) and one that a run holds (ErrBusy).
// The ledger goes last, so that a purge that was broken off can be started again. A link is deleted, never what it points to.
// The lock's file stays: a run that opened it a moment ago and waits for its turn would otherwise hold a lock that keeps nobody out.
func Purge(dir string, others []string) (deleted []string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (%v)", dir, ErrForeign, err)
	}
	defer root.Close()
	if err := ours(root); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	lock := flock.New(filepath.Join(dir, ".lock"), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil || !held {
		return nil, errors.Join(fmt.Errorf("%s: %w (wait until it has ended: scmigrate status %s)", dir, ErrBusy, dir), err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if err := errors.Join(guards(root, lock), ours(root)); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	names, err := leftovers(root)
	if err != nil {
		return nil, err
	}
	names = append(append(names, others...), bucketFile, FileName+"-wal", FileName+"-shm", FileName)
	for _, name := range names {
		switch err := remove(root, name); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return deleted, fmt.Errorf("cannot delete %s: %w", filepath.Join(dir, name), err)
		default:
			deleted = append(deleted, name)
		}
	}
	return deleted, nil
}

// guards makes sure that the lock that was taken, by its path, is the one of the directory that is open: the path may have
// led elsewhere by then, and the lock of another directory keeps no run out of this one.
func guards(root *os.Root, lock *flock.Flock) error {
	taken, err := lock.Stat()
	if err != nil {
		return err
	}
	if own, err := root.Lstat(".lock"); err != nil || !os.SameFile(own, taken) {
		return fmt.Errorf("%w: its lock was moved away (start the purge again)", ErrForeign)
	}
	return nil
}

// ours tells a run's directory by its ledger: a plain file that SQLite wrote, of whatever version, or that is empty yet. A
// lock that is a link would be made where it points to.
func ours(root *os.Root) error {
	for _, name := range []string{FileName, ".lock"} {
		info, err := root.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != FileName:
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w (did you mean another directory?)", ErrForeign)
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%w: %s is not a plain file", ErrForeign, name)
		}
	}
	f, err := root.Open(FileName)
	if err != nil {
		return err
	}
	defer f.Close()
	start := make([]byte, len(sqliteMagic))
	n, err := io.ReadFull(f, start)
	if n == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil || !bytes.Equal(start, sqliteMagic) {
		return fmt.Errorf("%w: %s is no ledger", ErrForeign, FileName)
	}
	return nil
}

// leftovers are the files that a killed process may have left: reports, a copy and a merge that did not get their names.
func leftovers(root *os.Root) (names []string, err error) {
	top, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer top.Close()
	things, err := top.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	for _, thing := range things {
		name := thing.Name()
		if strings.HasPrefix(name, ".scmigrate-") && strings.HasSuffix(name, ".tmp") || name == "."+FileName+".partial" || name == joining {
			names = append(names, name)
		}
	}
	return names, nil
}

// remove deletes one file or link. Of directories only an unfinished merge's is ours.
func remove(root *os.Root, name string) error {
	if name == joining {
		return root.RemoveAll(name)
	}
	return root.Remove(name)
}
