package document

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Decoder reads the documents of one text.
type Decoder struct{ yaml *yaml.Decoder }

// NewDecoder reads from r.
func NewDecoder(r io.Reader) Decoder { return Decoder{yaml.NewDecoder(r)} }

// Next gives the root of the next document, nil for an empty document, io.EOF after the last. Any other error is a
// SyntaxError and final.
func (d Decoder) Next() (root *yaml.Node, err error) {
	defer func() {
		if recover() != nil { // hostile input must not take the process down with a bug of the parser
			root, err = nil, SyntaxError{Why: "it cannot be read"}
		}
	}()
	var doc yaml.Node
	if err := d.yaml.Decode(&doc); err != nil {
		return nil, rewritten(err)
	}
	if len(doc.Content) == 0 || emptyNode(doc.Content[0]) {
		return nil, nil
	}
	return doc.Content[0], nil
}

// ParseOne reads text as exactly one document, nil where it is empty.
func ParseOne(text []byte) (*yaml.Node, error) {
	d := NewDecoder(bytes.NewReader(text))
	root, err := d.Next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.Next(); !errors.Is(err, io.EOF) {
		return nil, SyntaxError{Why: "something follows its end"}
	}
	return root, nil
}

// SyntaxError is YAML that cannot be read. Line is 1-based in the text given, 0 if unknown; yaml.v3 is sometimes a line
// or two off. Why is one of our own sentences.
type SyntaxError struct {
	Line int
	Why  string
}

func (e SyntaxError) Error() string { return "not valid YAML: " + e.Why }

var yamlErrorShape = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// reasons are the texts of yaml.v3 worth passing on, by a part of them. Its other texts may quote the file.
var reasons = []struct{ part, why string }{
	{"did not find expected key", "a key is missing, or the indentation is wrong"},
	{"did not find expected '-'", "a list item is missing, or the indentation is wrong"},
	{"did not find expected ',' or '}'", "a { is not closed"},
	{"did not find expected ',' or ']'", "a [ is not closed"},
	{"could not find expected ':'", "a colon is missing after a key"},
	{"mapping values are not allowed", "a colon stands where none may; quote the value"},
	{"found unexpected end of stream", "a quote or bracket is not closed"},
	{"cannot start any token", "a value starts with a character that must be quoted, or a tab indents the line"},
	{"tab character", "a tab indents the line; use spaces"},
	{"unknown anchor", "an alias names an anchor that is not there"},
	{"found unknown escape", "a backslash in double quotes escapes nothing known; use single quotes"},
	{"exceeded max depth", "it is nested too deeply"},
	{"did not find expected <document start>", "something follows the document's end"},
	{"control characters", "it holds a control character"},
}

func rewritten(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	e := SyntaxError{Why: "it cannot be read"}
	m := yamlErrorShape.FindStringSubmatch(err.Error())
	if m == nil {
		return e
	}
	e.Line, _ = strconv.Atoi(m[1])
	for _, r := range reasons {
		if strings.Contains(m[2], r.part) {
			e.Why = r.why
			break
		}
	}
	return e
}

func emptyNode(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == "" && n.Anchor == ""
}
