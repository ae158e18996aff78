package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf16"
)

// kind is what a record of the sequence is, in the order in which they stand.
type kind int

const (
	kindHead kind = iota
	kindVehicle
	kindLeftOut
	kindEnd
)

// encode is the canonical line of a record, without a line break: compact JSON in the order of the members, in which every
// character that may not be seen is escaped.
func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return visible(text), nil
}

// visible escapes what encoding/json lets through and an editor, a terminal or a YAML parser may not show or read as text.
func visible(text []byte) []byte {
	hidden := func(r rune) bool { return r >= 0x7f && !unicode.IsPrint(r) }
	if !bytes.ContainsFunc(text, hidden) {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// decode reads a line that must be just what encode makes of the record. A line that says the same in another way is
// refused: two readers of it need not agree on what it says (a member twice, in capitals, unknown).
func decode[T any](line []byte) (record T, ok bool) {
	if json.Unmarshal(line, &record) != nil {
		return record, false
	}
	again, err := encode(record)
	return record, err == nil && bytes.Equal(again, line)
}
