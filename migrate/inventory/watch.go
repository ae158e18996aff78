package inventory

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"path/filepath"
	"slices"
	"time"
)

// watch collects warnings while an inventory is read: one for each kind, with the first line and how many more there are,
// so that a fleet's worth of the same slip is one line. Of tokens and ids it keeps hashes.
type watch struct {
	now  time.Time
	dir  string // what relative paths in the file start from
	seed maphash.Seed

	found       map[complaint]*place
	values      map[string]string // of the row being read
	access      map[uint64]holder // by hash of a literal access token
	refresh     map[uint64]holder // by hash of a literal refresh token
	grants      map[uint64]holder // by hash of the grant
	rows        int
	noUser      int
	noToken     int // rows without an access token
	execLine    int
	literals    int
	literalLine int
	tree        string            // a git work tree with a file that holds a token
	trees       map[string]string // git work tree by folder; "" for none
}

// place is where a kind of warning was met.
type place struct{ line, times int }

// holder is the row that a value was met in first.
type holder struct {
	line        int32
	user, grant uint64 // hashes, 0: not stated
}

func newWatch(now time.Time) *watch {
	w := &watch{now: now, seed: maphash.MakeSeed()}
	w.begin()
	return w
}

// begin forgets everything: the file is read again from its first line.
func (w *watch) begin() {
	*w = watch{now: w.now, dir: w.dir, seed: w.seed, found: map[complaint]*place{}, values: map[string]string{},
		access: map[uint64]holder{}, refresh: map[uint64]holder{}, grants: map[uint64]holder{}, trees: map[string]string{}}
}

func (w *watch) hash(s string) uint64 {
	if s == "" {
		return 0
	}
	return cmp.Or(maphash.String(w.seed, s), 1)
}

func (w *watch) note(line int, c complaint) {
	if p := w.found[c]; p != nil {
		p.times++
		return
	}
	w.found[c] = &place{line: line, times: 1}
}

// problems gives the warnings by line.
func (w *watch) problems(file string) []Problem {
	list := make([]Problem, 0, len(w.found))
	for c, p := range w.found {
		one := Problem{File: file, Line: p.line, Message: c.message, Hint: c.hint}
		if p.times > 1 {
			one.Message += fmt.Sprintf("; the same in %d more rows", p.times-1)
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Problem) int { return cmp.Or(a.Line-b.Line, cmp.Compare(a.Message, b.Message)) })
	return list
}

// value is told of every text of a row as it was written.
func (w *watch) value(name, text string) {
	if w != nil {
		w.values[name] = text
	}
}

// row is told of every row when it was read.
func (w *watch) row(r row) {
	if w == nil {
		return
	}
	w.rows++
	defer clear(w.values)
	if len(r.list) > 0 { // a faulty row has had its say
		_, _ = w.literal(r, "accessToken"), w.literal(r, "refreshToken")
		return
	}
	w.ids(r)
	w.times(r)
	w.tokens(r)
}

// header says what can be said only when the whole file was read.
func (w *watch) header(f *File) {
	command := f.header.Command != nil
	if w.noToken > 0 && !command {
		w.note(0, complaint{fmt.Sprintf("%d of %d rows have no accessToken and there is no legacyTokens.command", w.noToken, w.rows), "without a token the legacy side of a car cannot be measured"})
	}
	if command {
		if why := unstartable(w.dir, f.header.Command[0]); why != "" {
			w.note(f.header.commandLine, complaint{fmt.Sprintf("the program %q of legacyTokens.command %s", filepath.Base(f.header.Command[0]), why), "a relative path counts from the inventory's folder"})
		}
	}
	if line := max(w.execLine, f.header.commandLine); line > 0 {
		w.note(line, complaint{"runs programs (exec: or legacyTokens.command)", "read them; a run needs SCMIGRATE_ALLOW_EXEC=1"})
	}
	if f.rows != nil && w.rows > fewRows {
		w.note(0, complaint{fmt.Sprintf("cannot be read piece by piece, so all of its %d vehicles are held in memory", w.rows), blockHint})
	}
	if w.rows-w.noToken > beforeDeath && !command && w.execLine == 0 {
		w.note(0, complaint{fmt.Sprintf("a legacy token lives two hours, in which %d vehicles are called at Smartcar's default limit, not %d", beforeDeath, w.rows),
			"let tokens come from legacyTokens.command at the moment of use; scmigrate plan shows which will be dead"})
	}
}

const (
	fewRows     = 10_000 // vehicles that any machine holds in memory
	beforeDeath = 180    // vehicles, two requests each, in the default bucket of 120 and two hours of 2 a minute
)
