package inventory

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"scmigrate/migrate/document"
)

// Change is one userId that Fill wrote. Removed and Added are fragments of the line, which may hold tokens beside them.
type Change struct {
	Ordinal   int
	VehicleID string
	Line      int    // 1-based, of the old file, where the text is changed or behind which a line is added
	NewLine   bool   // a whole line is added
	Removed   string // what stood there; "" for nothing
	Added     string
}

// Filled is what Fill did.
type Filled struct {
	Changes  []Change
	Unfilled []int // ordinals of rows whose YAML cannot be edited in place (an alias in the place of the vehicle, say)
}

// Fill writes the file's text to out with userIds added, users by the Ordinal of their entries. Only the text of those
// entries changes, so comments, order, quoting and references stay. What is written is proved by reading it again: a row
// that would read otherwise than before in anything but its userId is left as it was and named. It may be called for
// entries without a userId only.
func (f *File) Fill(ctx context.Context, out io.Writer, users map[int]string) (Filled, error) {
	if f.rows != nil {
		return f.fillWhole(out, users)
	}
	w := &filler{file: f, out: out, users: users}
	p := newPass(f.src, Options{KeepGoing: true, Getenv: f.o.Getenv}, func(r row) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return w.take(r)
	})
	p.seen, p.env = nil, nil
	if err := p.pieces(); err != nil {
		return w.done, err
	}
	if sum(p) != f.digest {
		return w.done, f.changed()
	}
	return w.done, w.copyTo(f.src.size)
}

// filler copies a file that is read in pieces, and edits some of them.
type filler struct {
	file  *File
	out   io.Writer
	users map[int]string
	at    int64 // everything before it is written
	done  Filled
}

func (w *filler) take(r row) error {
	user, wanted := w.users[r.Ordinal]
	if !wanted {
		return nil
	}
	text, err := w.file.src.part(r.Offset, r.Length)
	if err != nil {
		return w.file.changed()
	}
	e, ok := w.file.edited(text, r, user)
	if !ok {
		w.done.Unfilled = append(w.done.Unfilled, r.Ordinal)
		return nil
	}
	if err := w.copyTo(r.Offset); err != nil {
		return err
	}
	w.at = r.Offset + int64(r.Length)
	w.done.Changes = append(w.done.Changes, e.change(r))
	_, err = w.out.Write(e.apply(text))
	return err
}

func (w *filler) copyTo(end int64) error {
	_, err := io.Copy(w.out, io.NewSectionReader(w.file.src, w.at, end-w.at))
	w.at = end
	return err
}

// edited finds the edit of one piece, and proves it.
func (f *File) edited(text []byte, r row, user string) (edit, bool) {
	root, err := document.ParseOne(text)
	if err != nil || root == nil {
		return edit{}, false
	}
	if root.Kind == yaml.SequenceNode && len(root.Content) == 1 {
		root = root.Content[0]
	}
	e, ok := newEdit(text, root, user)
	if !ok {
		return e, false
	}
	e.line += r.Line - root.Line
	before, err1 := f.rowOf(text)
	after, err2 := f.rowOf(e.apply(text))
	return e, err1 == nil && err2 == nil && before.UserID == "" && r.VehicleID == before.VehicleID && sameButUser(before, after, user)
}

// sameButUser tells whether a row is another one only in its userId.
func sameButUser(before, after row, user string) bool {
	same := before.VehicleID == after.VehicleID && after.UserID == user && before.Grant == after.Grant && before.VIN == after.VIN && before.Label == after.Label &&
		before.Cohort == after.Cohort && before.ExpiresAt.Equal(after.ExpiresAt) && slices.Equal(before.Fields, after.Fields) && before.HasRefresh == after.HasRefresh
	a, b := before.token, after.token
	return same && a.kind == b.kind && a.name == b.name && slices.Equal(a.argv, b.argv) && a.literal.Equal(b.literal) && len(before.problems()) == len(after.problems())
}

// problems is what is wrong with a row, nothing where nobody noted it.
func (r row) problems() []Problem {
	if r.faults == nil {
		return nil
	}
	return r.faults.list
}

// fillWhole edits a file that must be read at once; it is held in memory anyway.
func (f *File) fillWhole(out io.Writer, users map[int]string) (Filled, error) {
	text, err := io.ReadAll(f.src.all())
	if err != nil {
		return Filled{}, err
	}
	nodes, err := vehicleNodes(text)
	if err != nil || len(nodes) != len(f.rows) {
		return Filled{}, f.changed()
	}
	var done Filled
	edits := map[int]edit{}
	for n, r := range f.rows {
		user, wanted := users[n]
		if !wanted {
			continue
		}
		if e, ok := newEdit(text, nodes[n], user); ok && f.proved(text, map[int]edit{n: e}, users) {
			edits[n] = e
			done.Changes = append(done.Changes, e.change(r))
		} else {
			done.Unfilled = append(done.Unfilled, n)
		}
	}
	if !f.proved(text, edits, users) {
		return done, errors.New("the userIds cannot be written into this file without changing other rows (write its vehicles without anchors, or use --csv)")
	}
	_, err = out.Write(applied(text, edits))
	return done, err
}

// proved tells whether the file with these edits reads as before but for their userIds.
func (f *File) proved(text []byte, edits map[int]edit, users map[int]string) bool {
	src, err := memorySource(f.src.name, f.src.dir, bytes.NewReader(applied(text, edits)))
	if err != nil {
		return false
	}
	_, rows, err := readWhole(src, Options{KeepGoing: true, Getenv: f.o.Getenv, AllowExec: true})
	if err != nil || len(rows) != len(f.rows) {
		return false
	}
	for n := range rows {
		want := f.rows[n].UserID
		if _, changed := edits[n]; changed {
			want = users[n]
		}
		if !sameButUser(f.rows[n], rows[n], want) {
			return false
		}
	}
	return true
}

func applied(text []byte, edits map[int]edit) []byte {
	list := make([]edit, 0, len(edits))
	for _, e := range edits {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b edit) int { return b.at - a.at }) // from the end, so that places stay true
	for _, e := range list {
		text = e.apply(text)
	}
	return text
}

// vehicleNodes are the nodes of a file's vehicles in order, aliases not followed.
func vehicleNodes(text []byte) (list []*yaml.Node, err error) {
	d := document.NewDecoder(bytes.NewReader(text))
	for n := 0; ; n++ {
		root, err := d.Next()
		switch {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, err
		case n > 0 && root != nil:
			list = append(list, root)
		case n == 0 && root != nil:
			list = append(list, listedVehicles(root)...)
		}
	}
}

func listedVehicles(root *yaml.Node) []*yaml.Node {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "vehicles" {
			return root.Content[i+1].Content
		}
	}
	return nil
}

func (e edit) change(r row) Change {
	added := strings.Trim(e.text, "\r\n")
	return Change{Ordinal: r.Ordinal, VehicleID: r.VehicleID, Line: e.line, NewLine: e.newLine, Removed: e.removed, Added: added}
}
