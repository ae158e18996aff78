package report

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"

	"scmigrate/migrate/internal/inorder"
)

//go:embed report.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) that report.json keeps to.
func Schema() []byte { return bytes.Clone(schema) }

// renderJSON streams CONTRACT §7: the summary indented, then one vehicle per line. Strings are whole, whatever is in
// them; "<", ">" and "&" are escaped so that the text may be put into a page.
func renderJSON(w io.Writer, r Report, _ Options) error {
	head, err := json.MarshalIndent(whole(r.Summary), "", "  ")
	if err != nil {
		return err
	}
	out := &sticky{w: controlsEscaped{w}}
	out.write(bytes.TrimSuffix(head, []byte("\n}")))
	out.text(",\n  \"vehicles\": [")
	separator := "\n    "
	for line, err := range inorder.Map(context.Background(), r.Vehicles(), func(v Vehicle) ([]byte, error) { return json.Marshal(wholeVehicle(v)) }) {
		if err != nil {
			return err
		}
		out.text(separator)
		out.write(line)
		separator = ",\n    "
	}
	out.text("\n  ]\n}\n")
	return out.err
}

// controlsEscaped writes JSON with the control and format characters that encoding/json lets through (DEL, C1, bidi marks)
// as \u escapes: the same document, and one that a terminal shows as text. Every write holds whole characters.
type controlsEscaped struct{ w io.Writer }

func (c controlsEscaped) Write(p []byte) (int, error) {
	if !bytes.ContainsFunc(p, func(r rune) bool { return r >= 0x7f }) {
		return c.w.Write(p)
	}
	var b bytes.Buffer
	for _, r := range string(p) {
		switch {
		case r < 0x80 && r != 0x7f, !unicode.Is(unicode.Cf, r) && !unicode.IsControl(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, "\\u%04x\\u%04x", high, low)
		default:
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	_, err := c.w.Write(b.Bytes())
	return len(p), err
}

func same(s string) string { return s }

// whole has every list in place and its schema named.
func whole(s Summary) Summary { return rewrite(named(s), same) }

func named(s Summary) Summary {
	if s.Schema == "" {
		s.Schema = SchemaName
	}
	return s
}

func wholeVehicle(v Vehicle) Vehicle { return rewrite(v, same) }

// sticky is a writer that remembers its first error, so that renderers read as a list of lines.
type sticky struct {
	w   io.Writer
	err error
}

func (s *sticky) write(b []byte) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
}

func (s *sticky) text(t string) { s.write([]byte(t)) }
