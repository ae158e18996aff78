package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"
)

// TestPurgeHoldsTheLockOfWhatItDeletes: a path that leads to another directory once its own is open, or a lock that was put
// in the place of the one that was taken, is no lock.
func TestPurgeHoldsTheLockOfWhatItDeletes(t *testing.T) {
	there, here := t.TempDir(), t.TempDir()
	root, err := os.OpenRoot(here)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	own := filepath.Join(here, ".lock")
	for name, c := range map[string]struct {
		at      string
		prepare func() error
		want    error
	}{
		"its own":              {own, func() error { return nil }, nil},
		"another directory's":  {filepath.Join(there, ".lock"), func() error { return nil }, ErrForeign},
		"one that was removed": {own, func() error { return os.Remove(own) }, ErrForeign},
		"one that is a link":   {own, func() error { return errors.Join(os.Rename(own, own+"2"), os.Symlink(own+"2", own)) }, ErrForeign},
	} {
		_ = os.Remove(own)
		if err := os.WriteFile(own, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		lock := flock.New(c.at)
		if held, err := lock.TryLock(); err != nil || !held {
			t.Fatal(held, err)
		}
		if err := c.prepare(); err != nil {
			t.Fatal(err)
		}
		if err := guards(root, lock); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPurgeOfARunThatGoesOn takes nothing, not even the lock; of one that has ended it takes everything but the lock.
func TestPurgeOfARunThatGoesOn(t *testing.T) {
	dir := t.TempDir()
	l, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.json", ".scmigrate-1.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	deleted, err := Purge(dir, []string{"report.json"})
	if !errors.Is(err, ErrBusy) || len(deleted) > 0 {
		t.Errorf("deleted %v, %v", deleted, err)
	}
	for _, name := range []string{".lock", FileName, "report.json", ".scmigrate-1.tmp"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := Create(dir); !errors.Is(err, ErrBusy) {
		t.Errorf("the lock keeps nobody out: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Purge(dir, []string{"report.json"}); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() != ".lock" {
		t.Errorf("left %v, %v", left, err)
	}
}
