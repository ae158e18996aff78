package compare

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// Document is any JSON value in flat form: JSON Pointers (RFC 6901) to canonical texts, so that two of them are compared
// in linear time. (go-cmp on the decoded tree is exponential in the nesting of arrays.) Every container has an entry of its
// own, "{}" or "[]": an object is never taken for a list, an empty one never for a missing one. Elements of an ordered list
// stand under their index; those of a set, by documentRules, under what they are, so that their order means nothing.
type Document struct {
	leaves map[string]string
	shown  map[string]string // pointers that people must not see as they are, and what they see in their place
}

// DifferenceKind is how a member differs.
type DifferenceKind string

// The kinds of a Difference.
const (
	Added   DifferenceKind = "added"   // app only
	Removed DifferenceKind = "removed" // legacy only
	Changed DifferenceKind = "changed"
)

// Difference is one place where two documents differ. Pointer and texts may be shown: places on earth, addresses and
// secrets are left out of them.
type Difference struct {
	Pointer     string
	Kind        DifferenceKind
	Legacy, App string // canonical texts, "" where the leg has none; of an element of a set, how often it is there
}

// ParseDocument flattens a whole answer. It is ErrMalformed where parseBody says so.
func ParseDocument(body []byte) (Document, error) {
	v, err := parseBody(body)
	if err != nil {
		return Document{}, err
	}
	return newDocument(v), nil
}

// newDocument flattens a decoded value that stands at a place in its answer; pointers count from the value itself.
func newDocument(v any, place ...string) Document {
	d := Document{leaves: map[string]string{}, shown: map[string]string{}}
	d.add(v, place, "")
	return d
}

func (d *Document) add(v any, path []string, pointer string) {
	switch t := v.(type) {
	case object:
		d.leaves[pointer] = "{}"
		for name, member := range t {
			if inner := below(path, name); ruleOf(inner) != leftOut {
				d.add(member, inner, pointer+"/"+escaped(name))
			}
		}
	case []any:
		d.leaves[pointer] = "[]"
		d.addList(t, path, pointer)
	default:
		d.leaves[pointer] = scalarText(v)
	}
}

func (d *Document) addList(list []any, path []string, pointer string) {
	isSet := ruleOf(path) == setOf
	var keys []string
	if isSet {
		keys = elementKeys(list)
	}
	for i, element := range list {
		switch {
		case isSet && keys != nil:
			d.add(element, below(path, keys[i]), pointer+"/"+escaped(keys[i]))
		case isSet:
			d.count(element, path, pointer)
		default:
			d.add(element, below(path, strconv.Itoa(i)), pointer+"/"+strconv.Itoa(i))
		}
	}
}

// count notes one more of an element that has no name: its content is its key, and the leaf how often it is there.
func (d *Document) count(element any, path []string, pointer string) {
	at := pointer + "/" + escaped(canonicalText(element, path, false))
	n, _ := strconv.Atoi(d.leaves[at])
	d.leaves[at] = strconv.Itoa(n + 1)
	if seen := pointer + "/" + escaped(canonicalText(element, path, true)); seen != at {
		d.shown[at] = seen
	}
}

// Differences are the places where two documents differ, by pointer.
func (d Document) Differences(app Document) []Difference {
	unequal := &reporter{fields: map[string]bool{}}
	cmp.Equal(d.leaves, app.leaves, cmp.Reporter(unequal))
	differences := make([]Difference, 0, len(unequal.fields))
	for _, pointer := range slices.Sorted(maps.Keys(unequal.fields)) {
		legacy, was := d.leaves[pointer]
		now, is := app.leaves[pointer]
		private := isPrivatePlace(pointer)
		one := Difference{Pointer: d.see(app, pointer), Kind: Changed, Legacy: seenLeaf(legacy, private), App: seenLeaf(now, private)}
		switch {
		case !was:
			one.Kind = Added
		case !is:
			one.Kind = Removed
		}
		differences = append(differences, one)
	}
	return differences
}

// see is a pointer as it may be shown.
func (d Document) see(app Document, pointer string) string {
	for _, shown := range []map[string]string{d.shown, app.shown} {
		if p, ok := shown[pointer]; ok {
			pointer = p
		}
	}
	return brief(pointer, maxPointer)
}

// seenLeaf is a leaf's text as it may be shown, "" where there is none.
func seenLeaf(text string, private bool) string {
	if private && text != "" {
		return withheldText
	}
	return brief(text, maxText)
}

// isPrivatePlace tells pointers that lead into a private member.
func isPrivatePlace(pointer string) bool {
	for name := range strings.SplitSeq(pointer, "/") {
		if isPrivate(unescaper.Replace(name)) {
			return true
		}
	}
	return false
}

// A member's name inside a JSON Pointer (RFC 6901 §3), there and back.
var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

func escaped(name string) string { return escaper.Replace(name) }

// below is the path of a member; the parent's stays as it is.
func below(path []string, name string) []string { return append(slices.Clip(path), name) }
