package rules

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"scmigrate/migrate/document"
)

// complaint is what is wrong with a single value, before it is known where the value stands. The zero complaint is none.
type complaint struct{ message, hint string }

func (c complaint) none() bool { return c.message == "" }

// reader reads one rules file and collects everything that is wrong with it.
type reader struct {
	file     string
	causes   []Cause
	problems document.Problems
	rules    Rules
}

func (r *reader) at(n *yaml.Node, message, hint string) {
	r.problems.Add(document.Problem{File: r.file, Line: n.Line, Message: message, Hint: hint})
}

// key is one key a mapping may have, and what reading its value does.
type key struct {
	name string
	read func(*yaml.Node)
}

// walk reads mapping n by table, naming every unknown and repeated key. what names the mapping in messages.
func (r *reader) walk(n *yaml.Node, what string, table []key) {
	known := make([]string, len(table))
	for i, k := range table {
		known[i] = k.name
	}
	r.each(n, what, func(name, value *yaml.Node) {
		i := slices.Index(known, name.Value)
		if i < 0 || name.Kind != yaml.ScalarNode {
			c := unknownWord("key", name.Value, known)
			r.at(name, c.message, c.hint)
			return
		}
		table[i].read(value)
	})
}

// each gives the pairs of mapping n; nothing (null) is an empty mapping.
func (r *reader) each(n *yaml.Node, what string, visit func(name, value *yaml.Node)) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.at(n, what+" must be a mapping, not "+shape(n), "")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if seen[name.Value] && name.Kind == yaml.ScalarNode {
			r.at(name, "a key of "+what+" is given twice", "keep one of them")
			continue
		}
		seen[name.Value] = true
		visit(name, n.Content[i+1])
	}
}

// items gives the items of list n; nothing (null) is an empty list.
func (r *reader) items(n *yaml.Node, what, hint string, visit func(*yaml.Node)) {
	switch {
	case isNull(n):
	case n.Kind != yaml.SequenceNode:
		r.at(n, what+" must be a list, not "+shape(n), hint)
	default:
		for _, item := range n.Content {
			visit(item)
		}
	}
}

// scalarTags are the kinds of scalar that are taken as the text they were written as: a cohort named 2026 stays text.
var scalarTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}

// text gives a single value as it was written, judged; "" and false where it is faulty or missing, which is said.
func (r *reader) text(n *yaml.Node, what string, judge func(string) complaint) (string, bool) {
	var c complaint
	switch {
	case n.Kind != yaml.ScalarNode:
		c = complaint{"must be text, not " + shape(n), ""}
	case isNull(n), n.Value == "":
		c = complaint{"is empty", "leave the key out if there is no value"}
	case !slices.Contains(scalarTags, n.Tag):
		c = complaint{"has a YAML tag that is not known here", "drop the !tag and quote the value"}
	default:
		c = judge(n.Value)
	}
	if !c.none() {
		r.at(n, what+" "+c.message, c.hint)
		return "", false
	}
	return n.Value, true
}

// texts gives a list of distinct single values.
func (r *reader) texts(n *yaml.Node, what string, judge func(string) complaint) (list []string) {
	r.items(n, what, "write it as [a, b]", func(item *yaml.Node) {
		s, ok := r.text(item, "an item of "+what, judge)
		if ok && slices.Contains(list, s) {
			r.at(item, "an item of "+what+" is given twice", "")
		} else if ok {
			list = append(list, s)
		}
	})
	return list
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// shape names a node's kind in messages.
func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias (rules know none: write the value out)"
	}
	return "a single value"
}

// The shapes of plain words: what a misspelt one looks like. Anything else might be a secret and is not shown.
var (
	wordShape  = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,30}$`)
	fieldShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$`)
)

// unknownWord says that a word is not one of known, and which was probably meant. what is "key", "cause", "count".
func unknownWord(what, word string, known []string) complaint {
	message := "unknown " + what
	switch {
	case word == "":
		message = "a " + what + " is missing"
	case wordShape.MatchString(word):
		message = fmt.Sprintf("unknown %s %q", what, word)
	}
	if near := document.Nearest(word, known, nil); near != "" && word != "" {
		return complaint{message, fmt.Sprintf("did you mean %s?", near)}
	}
	return complaint{message, "known here: " + strings.Join(known, ", ")}
}

// The longest texts taken, in bytes.
const (
	maxName = 64
	maxText = 500
)

// lineComplaint judges one line of text for people.
func lineComplaint(s string, limit int) complaint {
	switch {
	case len(s) > limit:
		return complaint{fmt.Sprintf("is longer than %d bytes", limit), ""}
	case strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsGraphic(c) || c == utf8.RuneError }):
		return complaint{"holds a line break or a control character", "write it on one line"}
	case strings.TrimSpace(s) == "" && s != "":
		return complaint{"is blank", ""}
	}
	return complaint{}
}

// name judges what vehicles are called by: makes, models, cohorts.
func nameComplaint(s string) complaint { return lineComplaint(s, maxName) }

// field judges a key or item that names a field.
func (r *reader) field(n *yaml.Node) (string, bool) {
	c := complaint{"a field's name is expected", "names look like odometer.distance; `scmigrate fields` lists them"}
	if n.Kind == yaml.ScalarNode {
		c = fieldComplaint(n.Value)
	}
	if !c.none() {
		r.at(n, c.message, c.hint)
	}
	return n.Value, c.none()
}

// fields gives a list of distinct field names, in their order.
func (r *reader) fields(n *yaml.Node, what string) (list []string) {
	r.items(n, what, "write it as [vin, odometer.distance]", func(item *yaml.Node) {
		name, ok := r.field(item)
		if ok && slices.Contains(list, name) {
			r.at(item, what+" names "+name+" twice", "")
		} else if ok {
			list = append(list, name)
		}
	})
	return list
}

// sorted gives the problems by line, nil where there is none.
func (r *reader) sorted() error {
	slices.SortStableFunc(r.problems.List, func(a, b document.Problem) int { return cmp.Compare(a.Line, b.Line) })
	return r.problems.AsError()
}
