package owners

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"scmigrate/migrate/secret"
)

// What is read of recorded webhooks at most, in bytes: a file that is one JSON value, and a line of JSON Lines.
const (
	maxRecords = 256 << 20
	maxRecord  = 4 << 20
)

// ReadWebhooks reads recorded deliveries from a file or a folder, links in it not followed: JSON (one payload, a list, or
// several in a row) and, by their names' ends .jsonl and .ndjson, JSON Lines. A record is the payload itself or
// {"headers": …, "body": …}. With the management token, what is not signed with it counts for nothing; a JSON file of one
// raw body may have its signature beside it, in NAME.sig.
func (b *Book) ReadWebhooks(path string, token secret.Secret) (Deliveries, error) {
	r := &recorder{book: b, token: token, events: map[string]bool{}}
	files, err := recordFiles(path)
	if err != nil {
		return Deliveries{}, err
	}
	for _, name := range files {
		if err := r.file(name); err != nil {
			return r.done, err
		}
	}
	b.Asked(Webhooks, "")
	return r.done, nil
}

var recordEnds = []string{".json", ".jsonl", ".ndjson"}

func recordFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	var files []string
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && slices.Contains(recordEnds, strings.ToLower(filepath.Ext(name))) {
			files = append(files, name)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s holds no recorded webhooks (files that end with %s)", path, strings.Join(recordEnds, ", "))
	}
	return files, err
}

func (r *recorder) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if strings.EqualFold(filepath.Ext(name), ".json") {
		err = r.values(name, f)
	} else {
		err = r.lines(name, f)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (r *recorder) lines(name string, f io.Reader) error {
	s := bufio.NewScanner(f)
	s.Buffer(make([]byte, 64<<10), maxRecord)
	for n := 1; s.Scan(); n++ {
		if line := bytes.TrimSpace(s.Bytes()); len(line) > 0 {
			r.take(fmt.Sprintf("%s:%d", name, n), line, "")
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return errors.New("a line is longer than 4 MiB (one payload a line)")
	}
	return s.Err()
}

// values reads one or more JSON values. A file that is one payload keeps its bytes, so that its signature can be checked.
func (r *recorder) values(name string, f io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(f, maxRecords+1))
	if err != nil {
		return err
	}
	if len(text) > maxRecords {
		return errors.New("the file is larger than 256 MiB (write it as JSON Lines, one payload a line, named .jsonl)")
	}
	if json.Valid(text) && !bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		r.take(name, text, signatureBeside(name))
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for line, at := 1, int64(0); ; {
		var value json.RawMessage
		line += bytes.Count(text[at:d.InputOffset()], []byte("\n"))
		at = d.InputOffset()
		switch err := d.Decode(&value); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			r.done.faulty(fmt.Sprintf("%s:%d", name, line), "what follows is not JSON")
			return nil
		}
		r.value(fmt.Sprintf("%s:%d", name, line), value)
	}
}

func (r *recorder) value(place string, value json.RawMessage) {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		r.take(place, value, "")
		return
	}
	for i, one := range list {
		r.take(fmt.Sprintf("%s, item %d", place, i+1), one, "")
	}
}

// signatureBeside is the content of NAME.sig, "" where there is none.
func signatureBeside(name string) string {
	f, err := os.Open(name + ".sig")
	if err != nil {
		return ""
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, 1<<10))
	return strings.TrimSpace(string(text))
}
