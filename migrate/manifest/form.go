package manifest

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Form is one of the ways in which a manifest is written.
type Form string

// The forms.
const (
	YAML  Form = "yaml"
	JSONL Form = "jsonl"
	CSV   Form = "csv"
)

// Forms are all of them.
func Forms() []string { return []string{string(YAML), string(JSONL), string(CSV)} }

// FormOf is the form given, or else that of the file's ending.
func FormOf(given, path string) (Form, error) {
	word := strings.ToLower(given)
	if word == "" {
		word = strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	}
	switch word {
	case "yaml", "yml":
		return YAML, nil
	case "jsonl", "ndjson":
		return JSONL, nil
	case "csv":
		return CSV, nil
	}
	if given != "" {
		return "", fmt.Errorf("--format %q: choose %s", given, strings.Join(Forms(), ", "))
	}
	return "", fmt.Errorf("%s: the ending says no form (name it .yaml, .jsonl or .csv, or give --format)", path)
}

// lineWriter takes the records of a manifest in their order, as canonical lines.
type lineWriter interface {
	put(k kind, line []byte) error
}

func (f Form) writer(w io.Writer) lineWriter {
	switch f {
	case CSV:
		return &csvWriter{w: w}
	case YAML:
		return &yamlWriter{w: w}
	}
	return jsonlWriter{w}
}

// lineReader turns the text of a manifest back into its records. A line of text that is no record's is given as nothing.
type lineReader interface {
	take(text []byte) (found []found, err error)
}

// found is a record that a line of text completes.
type found struct {
	kind kind
	line []byte
}

func (f Form) reader() lineReader {
	switch f {
	case CSV:
		return &csvReader{}
	case YAML:
		return &yamlReader{}
	}
	return jsonlReader{}
}

// jsonlWriter writes JSON Lines: the records as they are.
type jsonlWriter struct{ w io.Writer }

func (j jsonlWriter) put(_ kind, line []byte) error {
	_, err := j.w.Write(append(line[:len(line):len(line)], '\n'))
	return err
}

type jsonlReader struct{}

func (jsonlReader) take(text []byte) ([]found, error) { return []found{{kindOf(text), text}}, nil }

// kindOf tells a record by the member that only it has; its decoder judges the rest.
func kindOf(line []byte) kind {
	text := string(line[:min(len(line), maxLine)])
	switch {
	case strings.HasPrefix(text, `{"schema":`):
		return kindHead
	case strings.HasPrefix(text, `{"entries":`):
		return kindEnd
	case strings.Contains(text, `,"wave":`):
		return kindVehicle
	}
	return kindLeftOut
}
