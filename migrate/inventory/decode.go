package inventory

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// This file is the only one that runs yaml.v3; the others see its nodes, so that its maintained fork is a change of import
// paths. Documents are read as nodes and walked by our own tables, never decoded into structs: yaml.v3's type errors quote values, its positions get
// lost with custom types, and it stops at a document's first syntax error.

// decoder reads the documents of one text.
type decoder struct{ yaml *yaml.Decoder }

func newDecoder(r io.Reader) decoder { return decoder{yaml.NewDecoder(r)} }

// next gives the root of the next document, nil for an empty document, io.EOF after the last. Any other error is a
// syntaxError and final.
func (d decoder) next() (root *yaml.Node, err error) {
	defer func() {
		if recover() != nil { // hostile input must not take the process down with a bug of the parser
			root, err = nil, syntaxError{why: "it cannot be read"}
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

// parseOne reads text as exactly one document.
func parseOne(text []byte) (*yaml.Node, error) {
	d := newDecoder(bytes.NewReader(text))
	root, err := d.next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.next(); !errors.Is(err, io.EOF) {
		return nil, syntaxError{why: "something follows its end"}
	}
	return root, nil
}

// syntaxError is YAML that cannot be read. line is 1-based in the text given, 0 if unknown; yaml.v3 is sometimes a line
// or two off. why is one of our own sentences.
type syntaxError struct {
	line int
	why  string
}

func (e syntaxError) Error() string { return "not valid YAML: " + e.why }

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
	e := syntaxError{why: "it cannot be read"}
	m := yamlErrorShape.FindStringSubmatch(err.Error())
	if m == nil {
		return e
	}
	e.line, _ = strconv.Atoi(m[1])
	for _, r := range reasons {
		if strings.Contains(m[2], r.part) {
			e.why = r.why
			break
		}
	}
	return e
}

func emptyNode(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == "" && n.Anchor == ""
}
