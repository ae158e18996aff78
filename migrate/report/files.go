package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// ShareDir is the folder of shareable reports inside a report directory: the only thing to upload or forward.
const ShareDir = "share"

// WriteOptions say what WriteAll writes.
type WriteOptions struct {
	Formats  []string                // names of Formats; those without a file (terminal) are passed over
	ShareKey []byte                  // the pseudonyms' key; must not be empty
	Scan     func(path string) error // looks at each finished file before it gets its name; an error stops everything; may be nil
}

// WriteAll writes the chosen formats into dir and their shareable forms into dir/share, and returns the paths in the order
// written. Directories it makes are 0700, files 0600. Every file is first written, synced and scanned under a temporary
// name in dir, share/'s too, so that nothing unscanned is ever there; only when all are whole do they take their
// places. On an error the earlier reports stay, and no temporary file does.
func WriteAll(dir string, r Report, o WriteOptions) ([]string, error) {
	if len(o.ShareKey) == 0 {
		return nil, errors.New("shareable reports need a key for their pseudonyms")
	}
	chosen, err := withFiles(o.Formats)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, ShareDir), 0o700); err != nil {
		return nil, fmt.Errorf("report directory: %w", err)
	}
	if err := os.Chmod(filepath.Join(dir, ShareDir), 0o700); err != nil {
		return nil, fmt.Errorf("report directory: %w", err)
	}
	var files staged
	defer files.discard()
	for _, form := range []struct {
		dir    string
		report Report
	}{{dir, r}, {filepath.Join(dir, ShareDir), Share(r, o.ShareKey)}} {
		for _, f := range chosen {
			if err := files.stage(dir, filepath.Join(form.dir, f.file), f, form.report, o.Scan); err != nil {
				return nil, err
			}
		}
	}
	return files.publish()
}

// withFiles are the formats of the given names that have a file, each once.
func withFiles(names []string) ([]format, error) {
	var out []format
	seen := map[string]bool{}
	for _, name := range names {
		f, err := formatOf(name)
		if err != nil {
			return nil, err
		}
		if f.file != "" && !seen[name] {
			out = append(out, f)
		}
		seen[name] = true
	}
	return out, nil
}

// staged are files that are whole but do not have their names yet.
type staged []struct{ temporary, target string }

func (s *staged) stage(dir, target string, f format, r Report, scan func(string) error) error {
	file, err := os.CreateTemp(dir, ".scmigrate-*.tmp") // 0600
	if err != nil {
		return fmt.Errorf("report file: %w", err)
	}
	*s = append(*s, struct{ temporary, target string }{file.Name(), target})
	err = Render(file, f.name, r, Options{})
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	if scan == nil {
		return nil
	}
	if err := scan(file.Name()); err != nil {
		return fmt.Errorf("%s was not written: %w", target, err)
	}
	return nil
}

// publish renames everything and makes the names durable.
func (s *staged) publish() ([]string, error) {
	var paths []string
	dirs := map[string]bool{}
	for len(*s) > 0 {
		next := (*s)[0]
		if err := os.Rename(next.temporary, next.target); err != nil {
			return paths, fmt.Errorf("report file: %w", err)
		}
		*s = (*s)[1:]
		paths = append(paths, next.target)
		dirs[filepath.Dir(next.target)] = true
	}
	for dir := range dirs {
		if err := syncDir(dir); err != nil {
			return paths, err
		}
	}
	return paths, nil
}

func (s *staged) discard() {
	for _, f := range *s {
		os.Remove(f.temporary) //nolint:errcheck // the error that led here is the one to report
	}
}

// syncDir makes renames in dir durable. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("report directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("report directory: %w", err)
	}
	return nil
}
