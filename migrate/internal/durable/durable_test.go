package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	put := func(text string, fails error) error {
		return Write(path, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, fails)
		})
	}
	errFull := errors.New("disk full")
	if err := put("first", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("half", errFull); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "first" {
		t.Errorf("after a failure it holds %q, %v", text, err)
	}
	if err := put("second", nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 6 || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := Write(filepath.Join(dir, "no", "file"), func(io.Writer) error { t.Error("was written"); return nil }); err == nil {
		t.Error("a folder that is not there is no trouble")
	}
}
