package inventory

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// faults collects what is wrong with one piece of the file.
type faults struct {
	file   string
	line   func(int) int // line of the piece → line of the file
	list   []Problem
	merges int
}

func (f *faults) add(line int, c complaint) {
	f.list = append(f.list, Problem{File: f.file, Line: f.line(line), Message: c.message, Hint: c.hint})
}

func (f *faults) at(n *yaml.Node, message, hint string) { f.add(n.Line, complaint{message, hint}) }

// key is one key a mapping may have, and what reading its value does.
type key[T any] struct {
	name string
	read func(*T, *yaml.Node)
}

// walk reads mapping n by table, naming every unknown and repeated key. what names the mapping in messages.
func walk[T any](f *faults, t *T, n *yaml.Node, table []key[T]) {
	for _, p := range f.pairs(n) {
		i := slices.IndexFunc(table, func(k key[T]) bool { return k.name == p.key.Value })
		if i < 0 || p.key.Kind != yaml.ScalarNode {
			f.add(p.key.Line, unknownKey(p.key.Value, names(table)))
			continue
		}
		table[i].read(t, resolved(p.value))
	}
}

func names[T any](table []key[T]) []string {
	list := make([]string, len(table))
	for i, k := range table {
		list[i] = k.name
	}
	return list
}

type pair struct{ key, value *yaml.Node }

// maxMerges bounds the merge keys (<<) followed for one mapping: nested ones multiply.
const maxMerges = 32

// pairs gives the keys and values of mapping n, merge keys applied, a repeated key named and left out.
func (f *faults) pairs(n *yaml.Node) []pair {
	var own []pair
	var merged []*yaml.Node
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := resolved(n.Content[i]), n.Content[i+1]
		switch {
		case k.Tag == "!!merge":
			merged = append(merged, resolved(v))
		case seen[k.Value]:
			f.add(n.Content[i].Line, repeatedKey(k.Value))
		default:
			seen[k.Value] = true
			own = append(own, pair{k, v})
		}
	}
	return append(own, f.inherited(merged, seen)...)
}

// inherited gives what merged mappings add to a mapping that has the keys in seen.
func (f *faults) inherited(merged []*yaml.Node, seen map[string]bool) []pair {
	var list []pair
	for _, m := range merged {
		if f.merges++; f.merges > maxMerges {
			if f.merges == maxMerges+1 {
				f.at(m, "too many merge keys (<<)", "write the values out")
			}
			return list
		}
		if m.Kind == yaml.SequenceNode {
			list = append(list, f.inherited(resolvedAll(m.Content), seen)...)
			continue
		}
		if m.Kind != yaml.MappingNode {
			f.at(m, "a merge key (<<) takes a mapping", "")
			continue
		}
		for _, p := range f.pairs(m) {
			if !seen[p.key.Value] {
				seen[p.key.Value] = true
				list = append(list, p)
			}
		}
	}
	return list
}

func repeatedKey(name string) complaint {
	if keyShape.MatchString(name) {
		return complaint{fmt.Sprintf("key %q is given twice", name), "keep one of them"}
	}
	return complaint{"a key is given twice", "keep one of them"}
}

func resolved(n *yaml.Node) *yaml.Node {
	for range 8 {
		if n.Kind != yaml.AliasNode || n.Alias == nil {
			break
		}
		n = n.Alias
	}
	return n
}

func resolvedAll(list []*yaml.Node) []*yaml.Node {
	out := make([]*yaml.Node, len(list))
	for i, n := range list {
		out[i] = resolved(n)
	}
	return out
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// shape names a node's kind in messages.
func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

// scalarTags are the kinds of scalar that are taken as the text they were written as: an id of digits stays an id.
var scalarTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}

// text gives a single value as it was written. A missing one (null, ~ or nothing) is no text and no fault.
func (f *faults) text(n *yaml.Node, name string) (string, bool) {
	switch {
	case isNull(n):
		return "", false
	case n.Kind != yaml.ScalarNode:
		f.at(n, fmt.Sprintf("%s must be text, not %s", name, shape(n)), "")
		return "", false
	case !slices.Contains(scalarTags, n.Tag):
		f.at(n, name+" has a YAML tag that is not known here", "drop the !tag and quote the value")
		return "", false
	}
	return n.Value, true
}

// texts gives a list of single values.
func (f *faults) texts(n *yaml.Node, name string) []string {
	if n.Kind != yaml.SequenceNode {
		if !isNull(n) {
			f.at(n, fmt.Sprintf("%s must be a list, not %s", name, shape(n)), "write it as [a, b]")
		}
		return nil
	}
	if len(n.Content) > maxFields {
		f.at(n, fmt.Sprintf("%s has more than %d items", name, maxFields), "")
		return nil
	}
	var list []string
	for _, item := range resolvedAll(n.Content) {
		s, ok := f.text(item, "an item of "+name)
		if ok && s != "" {
			list = append(list, s)
		} else if isNull(item) || ok {
			f.at(item, "an item of "+name+" is empty", "")
		}
	}
	return list
}
