package inventory

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// edit is one change of a text: cut bytes at a place, and text put there.
type edit struct {
	at, cut int
	text    string
	line    int // 1-based, of the text
	newLine bool
	removed string
}

func (e edit) apply(text []byte) []byte {
	return append(append(append(make([]byte, 0, len(text)+len(e.text)), text[:e.at]...), e.text...), text[e.at+e.cut:]...)
}

// newEdit puts userId into the vehicle whose node in text is n. It says no where it does not know how.
func newEdit(text []byte, n *yaml.Node, user string) (edit, bool) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return edit{}, false
	}
	s := script{text: text, user: user}
	key, value := ownKey(n, "userId")
	if key != nil {
		return s.replace(key, value)
	}
	key, value = ownKey(n, "vehicleId")
	if key == nil { // it comes by a merge key
		return s.before(n.Content[0], n.Style&yaml.FlowStyle != 0)
	}
	end, ok := s.end(value)
	switch {
	case !ok:
		return s.before(key, n.Style&yaml.FlowStyle != 0)
	case n.Style&yaml.FlowStyle != 0:
		return edit{at: end, text: ", userId: " + s.quoted(value), line: value.Line}, true
	}
	return s.behind(key, value), true
}

func ownKey(n *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Kind == yaml.ScalarNode && k.Value == name {
			return k, n.Content[i+1]
		}
	}
	return nil, nil
}

// script knows the text that is edited and what to write into it.
type script struct {
	text []byte
	user string
}

// quoted writes the userId as the file writes its neighbour.
func (s script) quoted(neighbour *yaml.Node) string {
	switch {
	case neighbour.Style&yaml.DoubleQuotedStyle == 0 && lowerUUID.MatchString(s.user):
		if neighbour.Style&yaml.SingleQuotedStyle != 0 {
			return "'" + s.user + "'"
		}
		return s.user
	}
	return strconv.Quote(s.user)
}

// offset is where a node begins. yaml.v3 counts columns in characters.
func (s script) offset(n *yaml.Node) (int, bool) {
	at := 0
	for range n.Line - 1 {
		i := bytes.IndexByte(s.text[at:], '\n')
		if i < 0 {
			return 0, false
		}
		at += i + 1
	}
	for range n.Column - 1 {
		if at >= len(s.text) {
			return 0, false
		}
		_, size := utf8.DecodeRune(s.text[at:])
		at += size
	}
	return at, true
}

// written is how a scalar stands in the text, as far as it is written plainly on one line; "" otherwise.
func written(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		return ""
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return `"` + n.Value + `"`
	case n.Style&yaml.SingleQuotedStyle != 0:
		return "'" + n.Value + "'"
	case n.Style == 0:
		return n.Value
	}
	return ""
}

// end is where a scalar ends.
func (s script) end(n *yaml.Node) (int, bool) {
	at, ok := s.offset(n)
	text := written(n)
	return at + len(text), ok && text != "" && bytes.HasPrefix(s.text[at:], []byte(text))
}

// behind adds a line of its own behind the neighbour's.
func (s script) behind(key, neighbour *yaml.Node) edit {
	end, _ := s.end(neighbour)
	newline := s.newline()
	line := strings.Repeat(" ", key.Column-1) + "userId: " + s.quoted(neighbour)
	if i := bytes.IndexByte(s.text[end:], '\n'); i >= 0 {
		return edit{at: end + i + 1, text: line + newline, line: neighbour.Line, newLine: true}
	}
	return edit{at: len(s.text), text: newline + line, line: neighbour.Line, newLine: true}
}

func (s script) newline() string {
	if i := bytes.IndexByte(s.text, '\n'); i > 0 && s.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// before puts the userId in front of a key.
func (s script) before(key *yaml.Node, flow bool) (edit, bool) {
	at, ok := s.offset(key)
	e := edit{at: at, text: "userId: " + s.quoted(key) + ", ", line: key.Line}
	if !flow {
		e.text = "userId: " + s.quoted(key) + s.newline() + strings.Repeat(" ", key.Column-1)
	}
	return e, ok
}

// replace fills in a userId that is there and empty.
func (s script) replace(key, value *yaml.Node) (edit, bool) {
	at, ok := s.offset(value)
	text := written(value)
	empty := value.Kind == yaml.ScalarNode && (value.Value == "" || isNull(value))
	if ok && empty && text != "" && bytes.HasPrefix(s.text[at:], []byte(text)) {
		return edit{at: at, cut: len(text), text: s.quoted(value), line: value.Line, removed: text}, true
	}
	end, ok := s.end(key)
	if !ok || !empty || value.Value != "" || value.Style != 0 {
		return edit{}, false
	}
	colon := bytes.IndexByte(s.text[end:], ':')
	if colon < 0 || len(bytes.TrimLeft(s.text[end:end+colon], " ")) > 0 {
		return edit{}, false
	}
	return edit{at: end + colon + 1, text: " " + s.quoted(key), line: key.Line}, true
}
