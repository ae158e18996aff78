// Package inventory reads the list of vehicles (CONTRACT §4): strictly, with a position and a hint for everything that is
// wrong, in memory that does not grow with the fleet, and without ever holding the fleet's tokens. Tokens are looked up by
// a Resolver at the moment of use.
package inventory

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"gopkg.in/yaml.v3"

	"scmigrate/migrate/document"
)

// Options say how an inventory is read. The zero value reads files strictly against the process's environment.
type Options struct {
	Stdin      io.Reader                   // read for the path "-"; nil refuses it
	KeepGoing  bool                        // faulty and repeated rows become entries that say so, instead of problems
	Getenv     func(string) (string, bool) // nil: os.LookupEnv
	CheckField func(name string) error     // refuses a name under fields: that nobody knows; nil: only its form is judged
	// AgeIdentityFile holds the keys for inventories that are encrypted with age; "" refuses them.
	AgeIdentityFile string
	AllowExec       bool // exec: and legacyTokens.command are no problem. Open runs neither, ever

	watch *watch // Check's; nil: nobody looks for more than problems
}

// File is an inventory that was read once and found good. It may be used from many goroutines.
type File struct {
	src      source
	o        Options
	header   Header
	digest   string
	count    int
	execLine int
	setAside Problems
	rows     []row // where the file had to be read whole; nil otherwise
}

// Open reads the inventory at path, "-" for standard input, and judges all of it. The error is a *Problems (errors.As)
// where the content is wrong, and plain where it cannot be read; both are exit 2. No message holds a value of the file.
// The file stays open until Close, so that its replacement by a rename does not disturb a run.
func Open(path string, o Options) (*File, error) {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	src, err := openSource(path, o)
	if err != nil {
		return nil, err
	}
	f, err := read(src, o)
	if err != nil {
		_ = src.close()
		return nil, err
	}
	return f, nil
}

// read reads src in pieces, and whole where that is not enough: where the splitter is unsure, or where a piece is no YAML
// by itself though the whole may be. If the whole is no YAML either, the pieces' problems are the better ones to show.
func read(src source, o Options) (*File, error) {
	p := newPass(src, o, func(row) error { return nil })
	err := p.pieces()
	var doubt unsure
	doubtful := errors.As(err, &doubt)
	if !doubtful && (err != nil || !p.broken) {
		return p.file(nil, err)
	}
	if src.size > maxWhole {
		if doubtful {
			p.problem(doubt.line, complaint{"the file is larger than 64 MiB and cannot be read in pieces", blockHint})
		}
		return p.file(nil, nil)
	}
	w, rows, werr := readWhole(src, o)
	switch {
	case werr == nil && w.broken && !doubtful:
		return p.file(nil, nil)
	case werr == nil && w.broken:
		w.problems.Sharpen(doubt.line)
	}
	return w.file(rows, werr)
}

func readWhole(src source, o Options) (*pass, []row, error) {
	rows := []row{}
	p := newPass(src, o, func(r row) error {
		r.Offset, r.Length, r.faults = int64(len(rows)), 0, nil
		rows = append(rows, r)
		return nil
	})
	err := p.whole()
	return p, rows, err
}

// file turns a finished pass into a File, or into what is wrong.
func (p *pass) file(rows []row, err error) (*File, error) {
	var bad fatal
	if errors.As(err, &bad) {
		return nil, &Problems{List: []Problem{{File: p.src.name, Line: bad.line, Message: bad.message, Hint: bad.hint}}}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read the inventory: %w", p.src.name, err)
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return &File{
		src: p.src, o: p.o, header: p.header, digest: sum(p), count: p.count, execLine: p.execLine, setAside: p.faulty, rows: rows,
	}, nil
}

func sum(p *pass) string { return "sha256:" + hex.EncodeToString(p.digest.Sum(nil)) }

// Close releases the file.
func (f *File) Close() error { return f.src.close() }

// Header is what the inventory says about all its vehicles.
func (f *File) Header() Header { return f.header }

// Digest is "sha256:" and the hash over vehicleId, userId, grant and fields of every entry in order; tokens, labels and
// cohorts are not in it, and it is the same for every way of writing the same entries.
func (f *File) Digest() string { return f.digest }

// Len is how many entries Each gives.
func (f *File) Len() int { return f.count }

// SetAside is what is wrong with the rows that KeepGoing let pass, nil if nothing is.
func (f *File) SetAside() *Problems {
	if f.setAside.AsError() == nil {
		return nil
	}
	return &f.setAside
}

// ErrChanged says that the file is no longer the one that was judged by Open.
var ErrChanged = errors.New("the inventory changed while it was being used (let it rest during a run; replace it by renaming a new file over it)")

// Each reads the file again and gives every entry in order, also those that KeepGoing set aside. It ends with fn's error,
// with ctx's, or with ErrChanged once the entries turn out not to be those of Open; fn may have been called then.
func (f *File) Each(ctx context.Context, fn func(Entry) error) error {
	give := func(r row) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(r.Entry)
	}
	if f.rows != nil {
		return eachOf(f.rows, give)
	}
	p := newPass(f.src, f.o, give)
	if !f.o.KeepGoing {
		p.seen, p.env = nil, nil // Open found no duplicates, and references are looked up anew at use
	}
	err := p.pieces()
	if errors.As(err, new(unsure)) || errors.As(err, new(fatal)) || (err == nil && (sum(p) != f.digest || len(p.problems.List) > 0)) {
		return fmt.Errorf("%s: %w", f.src.name, ErrChanged)
	}
	return err
}

func eachOf(rows []row, give func(row) error) error {
	for _, r := range rows {
		if err := give(r); err != nil {
			return err
		}
	}
	return nil
}

// TokenAt gives the token reference of the one entry that has this Offset and Length, read again from the file; the
// zero Reference where the entry has none. ErrChanged where no entry stands there any more.
func (f *File) TokenAt(offset int64, length int) (Reference, error) {
	r, err := f.rowAt(offset, length)
	return r.token, err
}

func (f *File) rowAt(offset int64, length int) (row, error) {
	if f.rows != nil {
		if offset < 0 || offset >= int64(len(f.rows)) {
			return row{}, f.changed()
		}
		return f.rows[offset], nil
	}
	if offset < 0 || length <= 0 || length > maxPiece {
		return row{}, f.changed()
	}
	text, err := f.src.part(offset, length)
	if err != nil {
		return row{}, f.changed()
	}
	return f.rowOf(text)
}

func (f *File) rowOf(text []byte) (row, error) {
	root, err := document.ParseOne(text)
	if err != nil || root == nil {
		return row{}, f.changed()
	}
	if root.Kind == yaml.SequenceNode && len(root.Content) == 1 {
		root = root.Content[0]
	}
	return readVehicle(root, nil, &faults{file: f.src.name, line: same}), nil
}

func (f *File) changed() error { return fmt.Errorf("%s: %w", f.src.name, ErrChanged) }
