package rotate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

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
		ok, err := l.TryLock()
		if err == nil && !ok {
			err = ErrBusy
		}
		if err != nil {
			release()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		held = append(held, l)
	}
	return release, nil
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
