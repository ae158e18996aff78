package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// The YAML form is one document that is read line by line: a member of the head, or a vehicle, on each line, its value in
// JSON (which YAML contains). So a list of any length is read in little memory, no anchor or alias can mean more than it
// says, and only one text stands for one list.
const (
	yamlIntro    = "# yaml-language-server: $schema=./manifest.schema.json\n"
	yamlItem     = "  - "
	yamlVehicles = "vehicles:"
	yamlLeftOut  = "leftOut:"
	yamlEnd      = "end: "
)

type yamlWriter struct {
	w    io.Writer
	last kind
	open bool // the list of last has an item
}

func (y *yamlWriter) put(k kind, line []byte) error {
	var b bytes.Buffer
	switch k {
	case kindHead:
		b.WriteString(yamlIntro)
		if err := headLines(&b, line); err != nil {
			return err
		}
	case kindEnd:
		y.begin(&b, kindLeftOut)
		y.begin(&b, kindEnd)
		b.WriteString(yamlEnd)
		b.Write(line)
		b.WriteByte('\n')
	default:
		y.begin(&b, k)
		if !y.open {
			b.WriteByte('\n')
		}
		y.open = true
		b.WriteString(yamlItem)
		b.Write(line)
		b.WriteByte('\n')
	}
	_, err := y.w.Write(b.Bytes())
	return err
}

// begin ends the list before and names the next, as far as k.
func (y *yamlWriter) begin(b *bytes.Buffer, k kind) {
	for y.last < k {
		if y.last > kindHead && !y.open {
			b.WriteString(" []\n")
		}
		y.last++
		y.open = false
		switch y.last {
		case kindVehicle:
			b.WriteString(yamlVehicles)
		case kindLeftOut:
			b.WriteString(yamlLeftOut)
		}
	}
}

// headLines writes each member of the head on a line of its own.
func headLines(b *bytes.Buffer, line []byte) error {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		b.WriteString(name.(string) + ": ") // a member's name is a string
		b.Write(value)
		b.WriteByte('\n')
	}
	return nil
}

// yamlReader follows the lines: the head's, then those of each list.
type yamlReader struct {
	head  []byte
	at    kind
	began bool // anything but comments was seen
}

var errLayout = errors.New("this line does not belong here as scmigrate writes it")

func (y *yamlReader) take(text []byte) ([]found, error) {
	line := string(text)
	if !y.began && (line == "" || strings.HasPrefix(line, "#")) {
		return nil, nil
	}
	y.began = true
	item, isItem := bytes.CutPrefix(text, []byte(yamlItem))
	end, isEnd := bytes.CutPrefix(text, []byte(yamlEnd))
	switch {
	case y.at == kindHead && (line == yamlVehicles || line == yamlVehicles+" []"):
		y.at = kindVehicle
		return []found{{kindHead, append(append([]byte{'{'}, y.head...), '}')}}, nil
	case y.at == kindHead:
		return nil, y.member(line)
	case y.at == kindVehicle && (line == yamlLeftOut || line == yamlLeftOut+" []"):
		y.at = kindLeftOut
		return nil, nil
	case y.at == kindLeftOut && isEnd:
		y.at = kindEnd
		return []found{{kindEnd, end}}, nil
	case isItem && y.at < kindEnd:
		return []found{{y.at, item}}, nil
	}
	return nil, errLayout
}

// member adds a line of the head.
func (y *yamlReader) member(line string) error {
	name, value, ok := strings.Cut(line, ": ")
	if !ok || len(y.head)+len(line) > maxLine || strings.ContainsAny(name, `"\`) {
		return errLayout
	}
	if len(y.head) > 0 {
		y.head = append(y.head, ',')
	}
	y.head = append(y.head, `"`+name+`":`+value...)
	return nil
}
