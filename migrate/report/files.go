package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"scmigrate/migrate/internal/crash"
	"scmigrate/migrate/internal/durable"
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
	if info, err := os.Lstat(filepath.Join(dir, ShareDir)); err != nil || !info.IsDir() { // a link would have others uploaded
		return nil, errors.Join(fmt.Errorf("report directory: %s is not a directory of its own (a link?): remove it", filepath.Join(dir, ShareDir)), err)
	}
	if err := os.Chmod(filepath.Join(dir, ShareDir), 0o700); err != nil {
		return nil, fmt.Errorf("report directory: %w", err)
	}
	files := staged{dir: dir}
	defer files.discard()
	if err := files.stage(r, chosen, o.ShareKey); err != nil {
		return nil, err
	}
	if err := files.scan(o.Scan); err != nil {
		return nil, err
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

// staged are files that do not have their names yet.
type staged struct {
	dir   string
	files []stagedFile
}

type stagedFile struct {
	format
	file   *os.File
	target string
}

// open makes the files of one form.
func (s *staged) open(dir string, chosen []format) ([]stagedFile, error) {
	from := len(s.files)
	for _, f := range chosen {
		file, err := os.CreateTemp(s.dir, ".scmigrate-*.tmp") // 0600
		if err != nil {
			return nil, fmt.Errorf("report file: %w", err)
		}
		s.files = append(s.files, stagedFile{f, file, filepath.Join(dir, f.file)})
	}
	return s.files[from:len(s.files):len(s.files)], nil
}

// stage writes both forms of every format, in one walk over the vehicles.
func (s *staged) stage(r Report, chosen []format, shareKey []byte) error {
	private, err := s.open(s.dir, chosen)
	if err != nil {
		return err
	}
	shared, err := s.open(filepath.Join(s.dir, ShareDir), chosen)
	if err != nil {
		return err
	}
	return together(r, private, func(r Report) error { return together(Share(r, shareKey), shared, nil) })
}

// together renders files while it walks over the vehicles once; also, if there is one, goes along.
func together(r Report, files []stagedFile, also func(Report) error) error {
	tasks := make([]func(Report) error, 0, len(files)+1)
	for _, f := range files {
		tasks = append(tasks, f.write)
	}
	if also != nil {
		tasks = append(tasks, also)
	}
	var group errgroup.Group
	if len(tasks) > 0 {
		walk := convoy{vehicles: r.Vehicles()}
		for _, task := range tasks {
			rider := walk.add()
			group.Go(func() (err error) {
				defer rider.leave()
				defer crash.Catch(&err)
				return task(Report{Summary: r.Summary, Vehicles: rider.seq})
			})
		}
		walk.drive()
	}
	return group.Wait()
}

// write renders the report into the file and makes it durable.
func (f stagedFile) write(r Report) error {
	err := Render(f.file, f.name, r, Options{})
	if err == nil {
		err = f.file.Sync()
	}
	if err := errors.Join(err, f.file.Close()); err != nil {
		return fmt.Errorf("%s: %w", f.target, err)
	}
	return nil
}

func (s *staged) scan(look func(path string) error) error {
	if look == nil {
		return nil
	}
	for _, f := range s.files {
		if err := look(f.file.Name()); err != nil {
			return fmt.Errorf("%s was not written: %w", f.target, err)
		}
	}
	return nil
}

// publish renames everything and makes the names durable.
func (s *staged) publish() ([]string, error) {
	var paths []string
	dirs := map[string]bool{}
	for len(s.files) > 0 {
		next := s.files[0]
		if err := os.Rename(next.file.Name(), next.target); err != nil {
			return paths, fmt.Errorf("report file: %w", err)
		}
		s.files = s.files[1:]
		paths = append(paths, next.target)
		dirs[filepath.Dir(next.target)] = true
	}
	for dir := range dirs {
		if err := durable.Folder(dir); err != nil {
			return paths, fmt.Errorf("report directory: %w", err)
		}
	}
	return paths, nil
}

func (s *staged) discard() {
	for _, f := range s.files {
		_ = f.file.Close()
		os.Remove(f.file.Name()) //nolint:errcheck // the error that led here is the one to report
	}
}
