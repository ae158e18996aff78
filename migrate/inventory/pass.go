package inventory

import (
	"bytes"
	"errors"
	"hash"
	"io"

	"gopkg.in/yaml.v3"

	"scmigrate/migrate/document"
)

// pass is one reading of an inventory from its first line to its last. What it keeps per vehicle is 16 bytes of hash and a line.
type pass struct {
	src      source
	o        Options
	env      *environment
	visit    func(row) error // told of every row, in order
	problems Problems        // what makes the file unusable
	faulty   Problems        // with KeepGoing: rows that were set aside
	header   Header
	empty    bool // the file holds nothing
	broken   bool // some of it is no YAML
	seen     map[[16]byte]int32
	digest   hash.Hash
	count    int
	execLine int // line of the first exec: token, 0 if none
}

func newPass(src source, o Options, visit func(row) error) *pass {
	if o.watch != nil {
		o.watch.begin()
	}
	return &pass{
		src: src, o: o, visit: visit, env: &environment{getenv: o.Getenv, known: o.CheckField, dir: src.dir, watch: o.watch},
		seen: map[[16]byte]int32{}, digest: newDigest(),
	}
}

// pieces reads the file cut into vehicles, in memory that does not grow with it. Errors: unsure, fatal, I/O and visit's.
func (p *pass) pieces() error {
	return split(p.src.all(), visitor{head: p.headPiece, item: p.itemPiece, doc: p.docPiece})
}

// whole reads the file as one YAML text. Only this reading understands flow lists, anchors and aliases across vehicles, and
// it holds all of the file's nodes in memory.
func (p *pass) whole() error {
	if err := p.checkText(); err != nil {
		return err
	}
	d := document.NewDecoder(p.src.all())
	for n := 0; ; n++ {
		root, err := d.Next()
		if errors.Is(err, io.EOF) {
			p.empty = n == 0
			return nil
		}
		if err == nil {
			err = p.document(n, root)
		}
		var bad document.SyntaxError
		if errors.As(err, &bad) {
			p.broken = true
			p.problem(max(bad.Line, 1), unreadable(bad))
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *pass) document(n int, root *yaml.Node) error {
	switch {
	case n == 0:
		h := p.head(root, p.faults(same))
		if h.vehicles == nil || h.vehicles.Kind != yaml.SequenceNode {
			return nil
		}
		for _, item := range h.vehicles.Content {
			if err := p.row(readVehicle(item, p.env, p.faults(same))); err != nil {
				return err
			}
		}
		return nil
	case root == nil:
		return nil
	}
	return p.row(readVehicle(root, p.env, p.faults(same)))
}

// maxMarks bounds the nodes of a file read whole: 64 MiB of "[,,,,]" would take gigabytes.
const maxMarks = 6 << 20

// checkText refuses what is no text with the words the reading in pieces has for it.
func (p *pass) checkText() error {
	marks := 0
	for l := newLines(p.src.all()); ; {
		line, err := l.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, mark := range []string{",", ":", "[", "{", "- "} {
			marks += bytes.Count(line.text, []byte(mark))
		}
		if marks > maxMarks {
			return fatal{line.no, complaint{"the file holds too many values to be read at once", blockHint}}
		}
	}
}

const blockHint = "write vehicles as a block list (one key a line), or as a stream of --- documents; both are read piece by piece"

func (p *pass) headPiece(t headText) error {
	f := p.faults(func(line int) int {
		if len(t.from) == 0 {
			return 1
		}
		return t.from[min(max(line, 1), len(t.from))-1]
	})
	root, err := document.ParseOne(t.text)
	if err != nil {
		return unsure{f.line(1)}
	}
	if root == nil && p.count == 0 && !t.marked() {
		p.empty = true
		return nil
	}
	h := p.head(root, f)
	inline := h.vehicles != nil && h.vehicles.Kind == yaml.SequenceNode
	if inline || (t.list > 0 && (h.vehicles == nil || !isNull(h.vehicles) || p.faultyVehicles(root, f, t.list))) {
		return unsure{f.line(1)}
	}
	return nil
}

// marked reports whether the text holds more than comments, be it only a --- line.
func (t headText) marked() bool {
	for _, line := range bytes.Split(t.text, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return true
		}
	}
	return false
}

// faultyVehicles reports whether the "vehicles:" the splitter cut at is not the only one of the document's own keys.
func (p *pass) faultyVehicles(root *yaml.Node, f *faults, line int) bool {
	found := 0
	for i := 0; i < len(root.Content); i += 2 {
		if k := root.Content[i]; k.Value == "vehicles" {
			found++
			if f.line(k.Line) != line {
				return true
			}
		}
	}
	return found != 1
}

func (p *pass) head(root *yaml.Node, f *faults) heading {
	h := readHeader(root, f)
	p.header = h.Header
	p.problems.Add(f.list...)
	return h
}

func (p *pass) itemPiece(c piece) error { return p.piece(c, true) }

func (p *pass) docPiece(c piece) error { return p.piece(c, false) }

// piece reads one vehicle: the only item of a list, or a document, which may be empty.
func (p *pass) piece(c piece, listed bool) error {
	f := p.faults(func(line int) int { return c.line + line - 1 })
	if c.tooBig {
		return p.badPiece(c, f, 1, complaint{"the vehicle is larger than 64 KiB", "a quote or bracket may not be closed"})
	}
	root, err := document.ParseOne(c.text)
	var bad document.SyntaxError
	switch {
	case errors.As(err, &bad):
		p.broken = true
		last := bytes.Count(bytes.TrimRight(c.text, "\r\n"), []byte("\n")) + 1
		return p.badPiece(c, f, min(max(bad.Line, 1), last), unreadable(bad))
	case root == nil && !listed:
		return nil
	case listed && (root == nil || root.Kind != yaml.SequenceNode || len(root.Content) != 1):
		return unsure{c.line}
	}
	if listed {
		root = root.Content[0]
	}
	r := readVehicle(root, p.env, f)
	r.Offset, r.Length = c.offset, len(c.text)
	return p.row(r)
}

func (p *pass) badPiece(c piece, f *faults, line int, why complaint) error {
	f.add(line, why)
	return p.row(row{faults: f, Entry: Entry{Line: c.line, Offset: c.offset, Length: len(c.text)}})
}

func unreadable(e document.SyntaxError) complaint {
	return complaint{"not valid YAML here or a line or two away: " + e.Why, ""}
}

func (p *pass) problem(line int, c complaint) {
	p.problems.Add(Problem{File: p.src.name, Line: line, Message: c.message, Hint: c.hint})
}

func (p *pass) faults(line func(int) int) *faults {
	return &faults{file: p.src.name, line: line}
}

func same(line int) int { return line }

// finish says what can be said only at the end.
func (p *pass) finish() error {
	switch {
	case p.empty:
		p.problem(1, complaint{"the file is empty", versionHint + `, then "vehicles:" and one "- vehicleId: ID" per vehicle`})
	case p.count == 0 && len(p.problems.List) == 0:
		p.problem(1, complaint{"the inventory holds no vehicles", `add "vehicles:" and one "- vehicleId: ID" per vehicle`})
	}
	if line := max(p.execLine, p.header.commandLine); line > 0 && !p.o.AllowExec {
		p.problem(line, execRefused)
	}
	return p.problems.AsError()
}

// execRefused is said once per file, whatever runs a program in it.
var execRefused = complaint{
	"the inventory runs programs (exec: or legacyTokens.command), which is allowed only with SCMIGRATE_ALLOW_EXEC=1",
	"an inventory from somewhere else must not run code; read it, then export SCMIGRATE_ALLOW_EXEC=1",
}
