package inventory

import (
	"bytes"
	"errors"
	"io"
)

// piece is the YAML of one vehicle, cut out of the file by its indentation.
type piece struct {
	text   []byte // as it stands in the file, valid during the call
	line   int    // 1-based line of the file that text starts at
	offset int64
	tooBig bool // longer than maxPiece; text is only its beginning
}

// headText is the first document without its vehicles, and where its lines came from.
type headText struct {
	text []byte
	from []int // line of the file, per line of text
	list int   // line of "vehicles:" where a block list follows it, else 0
}

// visitor takes what a splitter finds, in the order of the file; the head comes when its document ends, which may be
// after its vehicles.
type visitor struct {
	head func(headText) error
	item func(piece) error // an item of vehicles, a list of one
	doc  func(piece) error // a document after the first
}

// splitter cuts an inventory into pieces without understanding YAML: block lists by the indentation of their dashes,
// streams by their --- lines. It is right or it says unsure; that every piece parses as YAML by itself is the proof
// (an open quote or bracket that spans a cut makes the piece before it invalid).
type splitter struct {
	visitor
	state   state
	opened  bool // the current document has content or a --- line
	ended   bool // a ... line ended the document; only --- may follow
	indent  int  // of the dashes
	head    headText
	quiet   []byte // comments and blank lines that count only if the piece goes on behind them
	noisy   bool   // quiet is longer than it may be and was dropped
	piece   piece
	inPiece bool
}

type state int

const (
	inHead state = iota // first document, before vehicles: or without a block list
	atList              // behind "vehicles:", before its first line
	inList              //
	inTail              // first document, behind its vehicles
	inDocs              // a later document
)

// split reads r to its end. Errors: fatal, unsure, the reader's and the visitor's.
func split(r io.Reader, v visitor) error {
	s := &splitter{visitor: v}
	for l := newLines(r); ; {
		line, err := l.read()
		if errors.Is(err, io.EOF) {
			return s.endDocument()
		}
		if err == nil {
			err = s.feed(line)
		}
		if err != nil {
			return err
		}
	}
}

func (s *splitter) feed(l textLine) error {
	body := bytes.TrimLeft(l.text, " ")
	indent := len(l.text) - len(body)
	switch {
	case l.odd:
		return unsure{l.no}
	case l.blank(), body[0] == '#' && indent <= s.depth():
		return s.keepQuiet(l)
	case indent == 0 && isMarker(body, "---"):
		return s.startDocument(l)
	case s.ended, indent == 0 && body[0] == '%', body[0] == '\t' && s.state != inHead, !s.opened && isMarker(body, "..."):
		return unsure{l.no}
	case indent == 0 && isMarker(body, "..."):
		s.ended = true
		return nil
	}
	s.opened = true
	return s.content(l, indent, isDash(body))
}

// depth is the deepest indentation at which a comment cannot be text of a block value of the current piece.
func (s *splitter) depth() int {
	switch s.state {
	case inList:
		return s.indent
	case atList:
		return maxLine
	}
	return 0
}

func (s *splitter) content(l textLine, indent int, dash bool) error {
	if s.state == atList {
		s.state = inTail
		if dash {
			s.state, s.indent, s.head.list = inList, indent, s.head.from[len(s.head.from)-1]
			s.dropQuiet()
		}
	}
	switch {
	case s.state == inDocs:
		return s.grow(l)
	case s.state == inList && indent == s.indent && dash:
		if err := s.endPiece(); err != nil {
			return err
		}
		return s.grow(l)
	case s.state == inList && indent > s.indent:
		return s.grow(l)
	case s.state == inList && indent > 0:
		return unsure{l.no}
	case s.state == inList:
		s.state = inTail
		if err := s.endPiece(); err != nil {
			return err
		}
	}
	return s.headLine(l)
}

// headLine takes one line of the first document that belongs to no vehicle.
func (s *splitter) headLine(l textLine) error {
	s.addHead(l)
	if len(s.head.text) > maxPiece {
		return unsure{l.no}
	}
	if s.state == inHead && opensList(l.text) {
		s.state = atList
	}
	return nil
}

func (s *splitter) addHead(l textLine) {
	s.head.text = append(s.head.text, l.text...)
	s.head.from = append(s.head.from, l.no)
}

// opensList reports whether a line is "vehicles:" with nothing behind it but a comment.
func opensList(text []byte) bool {
	rest, ok := bytes.CutPrefix(text, []byte("vehicles:"))
	value := bytes.TrimLeft(rest, " \t")
	return ok && (len(bytes.TrimRight(value, "\r\n")) == 0 || (value[0] == '#' && len(value) < len(rest)))
}

// grow adds a line to the current piece, starting one if there is none.
func (s *splitter) grow(l textLine) error {
	if !s.inPiece {
		s.piece = piece{text: s.piece.text[:0], line: l.no, offset: l.offset}
		s.inPiece = true
		s.dropQuiet()
	}
	s.piece.tooBig = s.piece.tooBig || s.noisy || len(s.piece.text)+len(s.quiet)+len(l.text) > maxPiece
	if !s.piece.tooBig {
		s.piece.text = append(append(s.piece.text, s.quiet...), l.text...)
	}
	s.dropQuiet()
	return nil
}

func (s *splitter) keepQuiet(l textLine) error {
	switch s.state {
	case inHead, atList, inTail:
		return s.quietHead(l)
	}
	if s.inPiece && len(s.quiet) == 0 && !s.noisy && l.blank() && len(s.piece.text)+len(l.text) <= maxPiece {
		s.piece.text = append(s.piece.text, l.text...) // a block value may end with blank lines
		return nil
	}
	if len(s.quiet)+len(l.text) > maxPiece {
		s.dropQuiet()
		s.noisy = true
	} else if !s.noisy {
		s.quiet = append(s.quiet, l.text...)
	}
	return nil
}

// quietHead keeps comments of the head too, for a comment may be a line of a quoted value. Between "vehicles:" and its
// first line there can be no such value.
func (s *splitter) quietHead(l textLine) error {
	if s.state == atList {
		return nil
	}
	if s.addHead(l); len(s.head.text) > maxPiece {
		return unsure{l.no}
	}
	return nil
}

func (s *splitter) dropQuiet() { s.quiet, s.noisy = s.quiet[:0], false }

func (s *splitter) endPiece() error {
	if !s.inPiece {
		return nil
	}
	s.inPiece = false
	if s.state == inDocs {
		return s.doc(s.piece)
	}
	return s.item(s.piece)
}

func (s *splitter) startDocument(l textLine) error {
	if s.opened {
		if err := s.endDocument(); err != nil {
			return err
		}
		s.state = inDocs
	}
	s.opened, s.ended = true, false
	if s.state == inDocs {
		return s.grow(l)
	}
	return s.headLine(l)
}

// endDocument hands out what the document held last.
func (s *splitter) endDocument() error {
	if s.state == inDocs {
		return s.endPiece()
	}
	if err := s.endPiece(); err != nil {
		return err
	}
	return s.visitor.head(s.head)
}

func isMarker(body []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(body, []byte(marker))
	return ok && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\n')
}

func isDash(body []byte) bool {
	return body[0] == '-' && (len(body) == 1 || body[1] == ' ' || body[1] == '\n' || body[1] == '\r')
}
