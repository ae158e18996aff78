package manifest

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"scmigrate/migrate/ledger"
)

// Refusal is what is wrong with a file that should be a manifest.
type Refusal struct {
	Line int // 1-based; 0: the file as a whole
	Why  string
	Hint string
}

func (r *Refusal) Error() string {
	text := r.Why + " (" + r.Hint + ")"
	if r.Line > 0 {
		return fmt.Sprintf("line %d: %s", r.Line, text)
	}
	return text
}

const writeAnew = "write it anew: scmigrate manifest DIR -o FILE"

func refuse(line int, format string, args ...any) error {
	return &Refusal{line, fmt.Sprintf(format, args...), writeAnew}
}

// Visit is what a reader wants of a manifest; nil members are passed over. An error ends the reading and is its error.
type Visit struct {
	Head    func(Head) error
	Vehicle func(line int, v Vehicle) error
	LeftOut func(line int, v LeftOut) error
}

// Read reads a manifest to its end, a line at a time, and proves that it is whole and what it was when it was written, as far
// as a digest can: who changes a file on purpose can write the digest anew, see End.Sealed. The error is a *Refusal where
// the file is at fault. What was visited before it may be of a forged file.
func Read(r io.Reader, form Form, visit Visit) (End, error) {
	in := reading{lines: form.reader(), sum: newSumming(), visit: visit}
	text := bufio.NewScanner(r)
	text.Buffer(nil, maxLine)
	for text.Scan() {
		if err := in.take(text.Bytes()); err != nil {
			return End{}, err
		}
	}
	switch err := text.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return End{}, refuse(in.number+1, "the line is longer than %d bytes: this is no manifest", maxLine)
	case err != nil:
		return End{}, fmt.Errorf("cannot read the manifest: %w", err)
	}
	return in.finish()
}

// reading is a manifest while its lines come.
type reading struct {
	lines  lineReader
	sum    summing
	visit  Visit
	number int // of the line
	last   kind
	head   *Head
	end    *End
	wave   int // of the last vehicle
	counts Counts
	marks  [MaxWaves + 1]int // vehicles of each wave
}

func (r *reading) take(text []byte) error {
	r.number++
	if r.number > maxEntries {
		return refuse(r.number, "more lines than any manifest has")
	}
	if r.end != nil {
		return refuse(r.number, "something stands after the end")
	}
	records, err := r.lines.take(text)
	if err != nil {
		return r.odd(err.Error())
	}
	for _, one := range records {
		if err := r.record(one); err != nil {
			return err
		}
	}
	return nil
}

// odd refuses a line; before there is a head the file is no manifest at all.
func (r *reading) odd(why string) error {
	if r.head == nil {
		return refuse(r.number, "this is no manifest of this version of scmigrate: %s", why)
	}
	return refuse(r.number, "%s: it was changed", why)
}

func (r *reading) record(one found) error {
	if r.head == nil && one.kind != kindHead {
		return r.odd("it does not begin with a head")
	}
	if one.kind < r.last || one.kind == kindHead && r.head != nil {
		return refuse(r.number, "it stands in the wrong place: the order was changed")
	}
	r.last = one.kind
	if one.kind != kindEnd {
		r.sum.add(one.line)
	}
	switch one.kind {
	case kindHead:
		return r.takeHead(one.line)
	case kindVehicle:
		return r.takeVehicle(one.line)
	case kindLeftOut:
		return r.takeLeftOut(one.line)
	}
	return r.takeEnd(one.line)
}

func (r *reading) takeHead(line []byte) error {
	h, ok := decode[Head](line)
	var named struct{ Schema string }
	if json.Unmarshal(line, &named) == nil && named.Schema == "" {
		return &Refusal{r.number, "this is no manifest, or its head was changed", "name the file that scmigrate manifest DIR -o FILE wrote, or " + writeAnew}
	}
	if named.Schema != "" && named.Schema != SchemaName {
		return &Refusal{r.number, fmt.Sprintf("it is written as %.60q, this version of scmigrate reads %q", named.Schema, SchemaName), "verify it with the version that wrote it, or " + writeAnew}
	}
	if !ok || len(h.Waves) == 0 || len(h.Waves) > MaxWaves {
		return refuse(r.number, "its head is not as scmigrate writes it: it was changed")
	}
	for i, w := range h.Waves {
		if w.Wave != i+1 {
			return refuse(r.number, "its waves are not in their order: they were changed")
		}
	}
	r.head = &h
	if r.visit.Head == nil {
		return nil
	}
	return r.visit.Head(h)
}

func (r *reading) takeVehicle(line []byte) error {
	v, ok := decode[Vehicle](line)
	switch {
	case !ok || v.VehicleID == "" || v.UserID == "":
		return r.odd("this vehicle is not as scmigrate writes it")
	case v.Wave < 1 || v.Wave > len(r.head.Waves):
		return refuse(r.number, "vehicle %s is of a wave that the head does not have: it was changed", v.VehicleID)
	case v.Wave < r.wave:
		return refuse(r.number, "vehicle %s of wave %d stands behind wave %d: the order was changed", v.VehicleID, v.Wave, r.wave)
	}
	r.wave = v.Wave
	r.counts.Vehicles++
	r.marks[v.Wave]++
	if r.visit.Vehicle == nil {
		return nil
	}
	return r.visit.Vehicle(r.number, v)
}

func (r *reading) takeLeftOut(line []byte) error {
	v, ok := decode[LeftOut](line)
	if !ok {
		return r.odd("this vehicle is not as scmigrate writes it")
	}
	r.counts.LeftOut++
	if r.visit.LeftOut == nil {
		return nil
	}
	return r.visit.LeftOut(r.number, v)
}

func (r *reading) takeEnd(line []byte) error {
	e, ok := decode[End](line)
	if !ok {
		return r.odd("its end is not as scmigrate writes it")
	}
	r.end = &e
	return nil
}

// finish judges the whole: the counts first, because they say what was done to the file.
func (r *reading) finish() (End, error) {
	switch {
	case r.head == nil:
		return End{}, r.odd("it holds nothing")
	case r.end == nil:
		return End{}, refuse(r.number, "the file ends before the list does: it was cut short")
	case r.counts.Vehicles != r.head.Counts.Vehicles:
		return End{}, refuse(0, "it holds %d vehicles, its head counts %d: some were added or removed", r.counts.Vehicles, r.head.Counts.Vehicles)
	case r.counts.LeftOut != r.head.Counts.LeftOut || r.end.Entries != r.counts.Vehicles+r.counts.LeftOut:
		return End{}, refuse(0, "it holds %d vehicles that are left out, its head counts %d: some were added or removed", r.counts.LeftOut, r.head.Counts.LeftOut)
	}
	cumulative := 0
	for i, w := range r.head.Waves {
		if cumulative += r.marks[i+1]; cumulative != w.Vehicles {
			return End{}, refuse(0, "wave %d holds %d vehicles, its head counts %d: the waves were changed", w.Wave, cumulative, w.Vehicles)
		}
	}
	if r.end.Digest != r.sum.digest() {
		return End{}, refuse(0, "its digest does not fit what it holds: it was changed after it was written")
	}
	return *r.end, nil
}

// keyOf is the key of the run's directory.
func keyOf(h ledger.Header) ([]byte, error) {
	key, err := hex.DecodeString(h.ShareKey)
	if err == nil && len(key) == 0 {
		err = errors.New("the run has no key to seal a manifest with")
	}
	return key, err
}
