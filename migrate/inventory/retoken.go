package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"scmigrate/migrate/document"
	"scmigrate/migrate/secret"
)

// Rewriter writes an inventory's own text with other tokens in some of its rows; comments, order and quotes stay. It holds
// the text in memory.
type Rewriter struct {
	file  *File
	text  []byte
	spots []spot // in the order of the text
}

// spot is a part of the text that takes one value of a pair.
type spot struct {
	ordinal, at, cut int
	old              string // what stands there; "" where the value is put in
	value            tokenKey
	lead, tail       string // what is written around a value that is put in
}

type tokenKey int

const (
	keyAccess tokenKey = iota
	keyExpiry
	keyRefresh
)

var tokenKeys = map[tokenKey]string{keyAccess: "accessToken", keyExpiry: "accessTokenExpiresAt", keyRefresh: "refreshToken"}

// NewRewriter finds the places of the rows' tokens. Where a token of such a row cannot be rewritten in the text, or is a
// reference, that is a problem if strict, and left as it is if not. That the text reads as before but for its tokens is
// proved here, before any token is spent.
func (f *File) NewRewriter(ctx context.Context, rows map[int]bool, strict bool) (*Rewriter, error) {
	if f.src.size > maxWhole {
		return nil, fmt.Errorf("%s is larger than 64 MiB, too large to be rewritten for each pair (keep the tokens elsewhere, and use --store exec:COMMAND)", f.src.name)
	}
	text, err := io.ReadAll(f.src.all())
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read the inventory: %w", f.src.name, err)
	}
	w := &Rewriter{file: f, text: text}
	problems := &Problems{}
	err = f.eachNode(ctx, text, func(h Holding, part []byte, base int, n *yaml.Node) {
		if !rows[h.Ordinal] {
			return
		}
		spots, why := spotsOf(h, part, n)
		switch {
		case why.none():
			for _, s := range spots {
				s.ordinal, s.at = h.Ordinal, s.at+base
				w.spots = append(w.spots, s)
			}
		case strict:
			problems.Add(Problem{File: f.src.name, Line: h.Line, Message: why.message, Hint: why.hint})
		}
	})
	if err == nil {
		err = problems.AsError()
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(w.spots, func(a, b spot) int { return a.at - b.at })
	return w, w.prove(ctx, rows)
}

// eachNode gives every row with the node it was read from, and the part of the text that the node's places count in.
func (f *File) eachNode(ctx context.Context, text []byte, fn func(h Holding, part []byte, base int, n *yaml.Node)) error {
	var nodes []*yaml.Node
	if f.rows != nil {
		var err error
		if nodes, err = vehicleNodes(text); err != nil || len(nodes) != len(f.rows) {
			return f.changed()
		}
	}
	return f.EachHolding(ctx, func(h Holding) error {
		if nodes != nil {
			fn(h, text, 0, nodes[h.Ordinal])
			return nil
		}
		part := text[h.Offset : h.Offset+int64(h.Length)]
		root, err := document.ParseOne(part)
		if err != nil || root == nil {
			return f.changed()
		}
		if root.Kind == yaml.SequenceNode && len(root.Content) == 1 {
			root = root.Content[0]
		}
		fn(h, part, int(h.Offset), root)
		return nil
	})
}

const byReference = "comes from a reference, which only its own store can change"

// spotsOf finds the places of one row, or says why not.
func spotsOf(h Holding, text []byte, n *yaml.Node) ([]spot, complaint) {
	switch {
	case h.Refresh.kind != KindNone && h.Refresh.kind != KindLiteral:
		return nil, complaint{"refreshToken " + byReference, "use --store exec:COMMAND"}
	case h.Access.kind != KindNone && h.Access.kind != KindLiteral:
		return nil, complaint{"accessToken " + byReference, "use --store exec:COMMAND"}
	case h.Refresh.IsZero() && h.Access.IsZero():
		return nil, complaint{}
	case n.Kind != yaml.MappingNode:
		return nil, unwritable("its tokens")
	}
	s, list := script{text: text}, []spot(nil)
	var anchor *yaml.Node
	var missing []tokenKey
	for _, value := range []tokenKey{keyAccess, keyExpiry, keyRefresh} {
		key, node := ownKey(n, tokenKeys[value])
		switch {
		case key == nil && h.states(value):
			return nil, unwritable(tokenKeys[value])
		case key == nil:
			missing = append(missing, value)
			continue
		case value != keyExpiry:
			anchor = key
		}
		end, ok := s.end(node)
		if !ok {
			return nil, unwritable(tokenKeys[value])
		}
		old := written(node)
		list = append(list, spot{at: end - len(old), cut: len(old), old: old, value: value})
	}
	return s.putIn(list, missing, anchor, n.Style&yaml.FlowStyle != 0)
}

// states tells whether the row has such a value, wherever it stands.
func (h Holding) states(v tokenKey) bool {
	return v == keyAccess && !h.Access.IsZero() || v == keyExpiry && !h.ExpiresAt.IsZero() || v == keyRefresh && !h.Refresh.IsZero()
}

func unwritable(what string) complaint {
	return complaint{what + " cannot be rewritten in place", "write it out as a plain or quoted text on one line, without anchor, alias or merge key"}
}

// putIn adds places for the access token and its expiry where the row has none. A refresh token that was shared is not added.
func (s script) putIn(list []spot, missing []tokenKey, anchor *yaml.Node, flow bool) ([]spot, complaint) {
	if anchor == nil {
		return nil, unwritable("its tokens")
	}
	at, ok := s.offset(anchor)
	tail := s.newline() + string(bytes.Repeat([]byte(" "), anchor.Column-1))
	if flow {
		tail = ", "
	}
	for _, value := range missing {
		if value != keyRefresh {
			list = append(list, spot{at: at, value: value, lead: tokenKeys[value] + ": ", tail: tail})
		}
	}
	if !ok {
		return nil, unwritable("its tokens")
	}
	return list, complaint{}
}

// Write writes the text with these pairs, by the ordinals of their rows.
func (w *Rewriter) Write(out io.Writer, pairs map[int]Pair) error {
	at := 0
	for _, s := range w.spots {
		pair, ok := pairs[s.ordinal]
		if !ok {
			continue
		}
		if _, err := out.Write(w.text[at:s.at]); err != nil {
			return err
		}
		if _, err := io.WriteString(out, s.lead+s.fill(pair)+s.tail); err != nil {
			return err
		}
		at = s.at + s.cut
	}
	_, err := out.Write(w.text[at:])
	return err
}

func (s spot) fill(p Pair) string {
	switch s.value {
	case keyAccess:
		return writtenToken(p.Access, s.old)
	case keyRefresh:
		return writtenToken(p.Refresh, s.old)
	}
	text := p.ExpiresAt.UTC().Format(time.RFC3339)
	if s.old != "" && (s.old[0] == '"' || s.old[0] == '\'') {
		return s.old[:1] + text + s.old[:1]
	}
	return text
}

// prove writes the text with invented tokens and reads it again.
func (w *Rewriter) prove(ctx context.Context, rows map[int]bool) error {
	pairs := map[int]Pair{}
	for ordinal := range rows {
		pairs[ordinal] = Pair{secret.New(fmt.Sprintf("00000000-0000-4000-8000-%012d", ordinal)), secret.New(fmt.Sprintf("proof/%d", ordinal)), time.Unix(1_800_000_000, 0).UTC()}
	}
	var text bytes.Buffer
	if err := w.Write(&text, pairs); err != nil {
		return err
	}
	src, err := memorySource(w.file.src.name, w.file.src.dir, &text)
	if err != nil {
		return err
	}
	again, err := read(src, Options{KeepGoing: w.file.o.KeepGoing, Getenv: w.file.o.Getenv, AllowExec: true})
	if err != nil || again.digest != w.file.digest || again.count != w.file.count {
		return w.unproved()
	}
	return w.compare(ctx, again, pairs)
}

func (w *Rewriter) unproved() error {
	return errors.New(w.file.src.name + ": its tokens cannot be rewritten without changing other rows (write each vehicle out, without anchors and aliases)")
}

// compare holds every row of the rewritten text against the one it was.
func (w *Rewriter) compare(ctx context.Context, again *File, pairs map[int]Pair) error {
	wrote := map[int][3]bool{}
	for _, s := range w.spots {
		marks := wrote[s.ordinal]
		marks[s.value] = true
		wrote[s.ordinal] = marks
	}
	seed := maphash.MakeSeed()
	var want []uint64
	if err := w.file.EachHolding(ctx, func(h Holding) error {
		marks, pair := wrote[h.Ordinal], pairs[h.Ordinal]
		if marks[keyAccess] {
			h.Access = Reference{kind: KindLiteral, literal: pair.Access}
		}
		if marks[keyExpiry] {
			h.ExpiresAt = pair.ExpiresAt
		}
		if marks[keyRefresh] {
			h.Refresh = Reference{kind: KindLiteral, literal: pair.Refresh}
		}
		want = append(want, h.sum(seed))
		return nil
	}); err != nil {
		return err
	}
	same := true
	err := again.EachHolding(ctx, func(h Holding) error {
		same = same && h.Ordinal < len(want) && want[h.Ordinal] == h.sum(seed)
		return nil
	})
	if err == nil && !same {
		return w.unproved()
	}
	return err
}

// sum is the same for rows that say the same.
func (h Holding) sum(seed maphash.Seed) uint64 {
	return maphash.String(seed, fmt.Sprintf("%q", []string{h.VehicleID, h.UserID, h.Grant, h.VIN, h.Label, h.Cohort, h.ExpiresAt.UTC().Format(time.RFC3339Nano),
		fmt.Sprint(h.Fields, h.Invalid == "", h.Duplicate), h.Access.Identity(), h.Refresh.Identity()}))
}
