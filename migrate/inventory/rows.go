package inventory

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"strings"
)

// row numbers one row, sets it aside if it is faulty or repeated, and passes it on.
func (p *pass) row(r row) error {
	r.Ordinal = p.count
	p.count++
	if r.TokenKind == KindExec && p.execLine == 0 {
		p.execLine = r.Line
	}
	if len(r.list) == 0 {
		p.markRepeated(&r)
	} else if p.setAside(r.list) {
		r.Invalid = messages(r.list)
	}
	p.o.watch.row(r)
	addToDigest(p.digest, r.Entry)
	return p.visit(r)
}

// setAside notes what is wrong with a row, and reports whether the run goes on with the row as data.
func (p *pass) setAside(list []Problem) bool {
	if p.o.KeepGoing {
		p.faulty.Add(list...)
		return true
	}
	p.problems.Add(list...)
	return false
}

func (p *pass) markRepeated(r *row) {
	if p.seen == nil {
		return
	}
	k := identity(r.Entry)
	first, seen := p.seen[k]
	if !seen {
		p.seen[k] = int32(r.Line)
		return
	}
	r.Duplicate = p.setAside([]Problem{{
		File: p.src.name, Line: r.Line, Message: fmt.Sprintf("the same vehicleId and userId as on line %d", first),
		Hint: "keep one of them; a car two users share is listed once per user",
	}})
}

func messages(list []Problem) string {
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i] = one.Message
	}
	return strings.Join(texts, "; ")
}

// identity is the key of duplicate detection.
func identity(e Entry) (k [16]byte) {
	h := sha256.New()
	writeText(h, e.VehicleID)
	writeText(h, e.UserID)
	copy(k[:], h.Sum(nil))
	return k
}

func newDigest() hash.Hash {
	h := sha256.New()
	writeText(h, "scmigrate inventory 1")
	return h
}

// addToDigest covers what decides which vehicles are compared and how: never tokens, labels, cohorts (CONTRACT §4).
func addToDigest(h hash.Hash, e Entry) {
	writeText(h, e.VehicleID)
	writeText(h, e.UserID)
	writeText(h, e.Grant)
	writeCount(h, len(e.Fields))
	for _, name := range e.Fields {
		writeText(h, name)
	}
}

func writeText(h hash.Hash, s string) {
	writeCount(h, len(s))
	_, _ = io.WriteString(h, s)
}

func writeCount(h hash.Hash, n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	_, _ = h.Write(b[:])
}
