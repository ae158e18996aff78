// Package durable puts files into their places: whole or not at all, and there after a power cut.
package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Write writes a file, readable by its owner only, under a temporary name beside path; it takes path's place when it is whole
// and on the disk. After an error nothing of it is left, and what stood at path still does. (renameio has no such thing on
// Windows.)
func Write(path string, write func(io.Writer) error) error {
	name, err := beside(path, write)
	if err == nil {
		err = errors.Join(os.Rename(name, path), Folder(filepath.Dir(path)))
	}
	if err != nil {
		_ = os.Remove(name) // what led here is told
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

// beside writes the temporary file.
func beside(path string, write func(io.Writer) error) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".scmigrate-*.tmp") // 0600
	if err != nil {
		return "", err
	}
	return f.Name(), errors.Join(write(f), f.Sync(), f.Close())
}

// Folder makes the names in a folder durable: new ones, and those that renaming changed. Windows has no such call, and needs
// none.
func Folder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
