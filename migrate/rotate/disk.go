package rotate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// replace writes a file anew, whole or not at all, readable by its owner only.
func replace(path string, step func(string), write func(io.Writer) error) error {
	name, err := beside(path, step, write)
	if err != nil {
		return err
	}
	return os.Rename(name, path)
}

// beside writes a file of a known name beside one, so that what a killed process left of it is overwritten and not forgotten:
// it may hold tokens. The lock on the file covers the name.
func beside(path string, step func(string), write func(io.Writer) error) (name string, err error) {
	name = path + ".tmp"
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cannot write %s: %w", path, err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("cannot write %s: %w", path, err)
	}
	step("temporary file: there")
	if err = write(f); err == nil {
		step("temporary file: written")
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name) // the error of writing counts
		return "", fmt.Errorf("cannot write %s: %w", path, err)
	}
	step("temporary file: durable")
	return name, nil
}

// Target is the file itself where a path is a link to one: a file that took the link's place would leave the old tokens where
// everybody reads them.
func Target(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return path, nil //nolint:nilerr // what is not there is no link
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("%s is a link to nothing (name the file itself)", path)
	}
	return target, nil
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
