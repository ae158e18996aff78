package rotate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

// syncDir makes the names in a file's folder durable. Windows has no such call, and needs none.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// ErrBusy says that another refresh works on the same file.
var ErrBusy = errors.New("another inventory refresh is at work on it")

// Lock keeps every other refresh off these files by a lock beside each: two at once would lock owners out. A path may stand
// there twice, and "-" is left out. The operating system frees the locks when the process ends, however it ends.
func Lock(paths ...string) (release func(), err error) {
	var held []*flock.Flock
	release = func() {
		for _, l := range held {
			_ = l.Unlock() // the process's end does the same
		}
	}
	seen := map[string]bool{}
	for _, path := range paths {
		if path == "-" {
			continue
		}
		name := settled(path) + ".lock"
		if seen[name] {
			continue
		}
		seen[name] = true
		l := flock.New(name, flock.SetPermissions(0o600))
		err := patiently(l)
		if err != nil {
			release()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		held = append(held, l)
	}
	return release, nil
}

// patience is how long a lock is waited for: one that a killed process held may outlive it for the moment in which a store's
// command that it was starting becomes a program of its own.
const patience = 2 * time.Second

func patiently(l *flock.Flock) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ok, err := l.TryLockContext(ctx, patience/40)
	if !ok && (err == nil || ctx.Err() != nil) {
		return ErrBusy
	}
	return err
}

// settled is the same for every way of naming a file.
func settled(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
