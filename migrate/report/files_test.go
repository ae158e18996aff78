package report

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	scanned := 0
	paths, err := WriteAll(dir, sample(), WriteOptions{Formats: []string{"terminal", "html", "json", "html"}, ShareKey: shareKey, Scan: func(string) error { scanned++; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"report.html", "report.json", "share/report.html", "share/report.json"}
	for i, p := range paths {
		rel, _ := filepath.Rel(dir, p)
		if paths[i] = filepath.ToSlash(rel); mode(t, p) != 0o600 {
			t.Errorf("%s is %v", p, mode(t, p))
		}
	}
	if diff := cmp.Diff(want, paths); diff != "" || scanned != 4 {
		t.Errorf("%d scanned, %s", scanned, diff)
	}
	if diff := cmp.Diff(append([]string{"share"}, want...), sortedFiles(t, dir)); diff != "" && len(sortedFiles(t, dir)) != 5 {
		t.Error(diff)
	}
	for _, d := range []string{dir, filepath.Join(dir, ShareDir)} {
		if mode(t, d) != fs.ModeDir|0o700 {
			t.Errorf("%s is %v", d, mode(t, d))
		}
	}
}

func TestWriteAllLeavesNothingHalfWritten(t *testing.T) {
	trouble := errors.New("a secret was found")
	dir := t.TempDir()
	old := filepath.Join(dir, "report.json")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]WriteOptions{
		"scan": {Formats: []string{"json", "html"}, ShareKey: shareKey, Scan: func(path string) error {
			if b, _ := os.ReadFile(path); strings.Contains(string(b), "<!doctype") {
				return trouble
			}
			return nil
		}},
		"no key":         {Formats: []string{"json"}},
		"unknown format": {Formats: []string{"json", "pdf"}, ShareKey: shareKey},
	} {
		paths, err := WriteAll(dir, sample(), o)
		if err == nil || len(paths) > 0 || (name == "scan" && !errors.Is(err, trouble)) {
			t.Errorf("%s: %v, %v", name, paths, err)
		}
		for _, f := range sortedFiles(t, dir) {
			if f != "report.json" && f != "share" {
				t.Errorf("%s: %s was left", name, f)
			}
		}
		if b, _ := os.ReadFile(old); string(b) != "old" {
			t.Errorf("%s: the earlier report is gone", name)
		}
	}
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func sortedFiles(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dir, path); rel != "." {
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestShareIsNoLink: what is uploaded is never another directory, least of all the private one.
func TestShareIsNoLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(".", filepath.Join(dir, ShareDir)); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteAll(dir, sample(), WriteOptions{Formats: []string{"json"}, ShareKey: []byte("key")}); err == nil || !strings.Contains(err.Error(), "a link?") {
		t.Errorf("%v", err)
	}
}
