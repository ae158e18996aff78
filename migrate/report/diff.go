package report

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"scmigrate/migrate/ledger"
)

// DiffSchema is the value of "schema" in what diff writes as JSON.
const DiffSchema = "scmigrate/diff/1"

//go:embed diff.schema.json
var schemaOfDiff []byte

// SchemaOfDiff is the JSON Schema (draft 2020-12) that diff's JSON keeps to.
func SchemaOfDiff() []byte { return bytes.Clone(schemaOfDiff) }

// Diff is a run held against an earlier one. Vehicles yields those that are not as they were, in the order of their ids;
// nothing holds them in memory.
type Diff struct {
	Schema   string                                  `json:"schema"`
	Run      Previous                                `json:"run"` // the later run
	Changes  Changes                                 `json:"changes"`
	Vehicles func() iter.Seq2[ChangedVehicle, error] `json:"-"`
}

// ChangedVehicle is a vehicle whose verdict or causes are others than before.
type ChangedVehicle struct {
	VehicleID string        `json:"vehicleId"`
	UserID    string        `json:"userId"`
	Change    string        `json:"change"` // as in ChangedVehicles
	From      string        `json:"from"`   // verdicts; "": the run did not look at it
	To        string        `json:"to"`
	Causes    []VehicleMove `json:"causes"`
}

// VehicleMove is a cause of one vehicle.
type VehicleMove struct {
	Change      string `json:"change"` // new, unchanged, or gone: it has the cause no more
	Code        string `json:"code"`
	Field       string `json:"field"`
	Make        string `json:"make"`
	ErrorCode   string `json:"errorCode"`
	Fingerprint string `json:"fingerprint"`
}

// DiffOf holds a run against an earlier one. It walks over both once, and once more each time that Vehicles is called.
func DiffOf(ctx context.Context, was, is *ledger.Ledger) (Diff, error) {
	c, before, now, err := compared(ctx, was, is)
	if err != nil {
		return Diff{}, err
	}
	d := Diff{Schema: DiffSchema, Run: runOf(now, c.now), Changes: c.changes(before, now)}
	d.Vehicles = func() iter.Seq2[ChangedVehicle, error] {
		return func(yield func(ChangedVehicle, error) bool) {
			for v, err := range looks(ctx, was, is) {
				if err == nil && v.change() == "unchanged" {
					continue
				}
				if !yield(v.changed(), err) || err != nil {
					return
				}
			}
		}
	}
	return d, nil
}

func (v look) changed() ChangedVehicle {
	out := ChangedVehicle{VehicleID: v.vehicleID, UserID: v.userID, Change: v.change(), From: v.was.verdict(), To: v.is.verdict(), Causes: []VehicleMove{}}
	add := func(change string, key causeKey) {
		out.Causes = append(out.Causes, VehicleMove{change, key.code, key.field, key.make, key.detail, key.fingerprint()})
	}
	for key := range v.is.keys() {
		if v.was.has(key) {
			add(CauseUnchanged, key)
		} else {
			add(CauseNew, key)
		}
	}
	for key := range v.was.keys() {
		if !v.is.has(key) {
			add(CauseGone, key)
		}
	}
	slices.SortFunc(out.Causes, func(a, b VehicleMove) int {
		return cmp.Or(cmp.Compare(a.Change, b.Change), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field), cmp.Compare(a.ErrorCode, b.ErrorCode))
	})
	return out
}

// DiffFormats are the names that RenderDiff accepts.
func DiffFormats() []string { return []string{"terminal", "json", "markdown"} }

// RenderDiff writes a comparison. all names every vehicle that changed; JSON always does. The same runs give the same bytes.
func RenderDiff(w io.Writer, format string, d Diff, all bool, o Options) error {
	buffered, err := bufio.NewWriterSize(w, 1<<16), error(nil)
	switch format {
	case "json":
		err = d.json(buffered)
	case "markdown":
		err = d.markdown(buffered, all)
	case "terminal":
		err = d.terminal(buffered, all, o)
	default:
		err = fmt.Errorf("unknown format %q: known are %s", format, strings.Join(DiffFormats(), ", "))
	}
	return errors.Join(err, buffered.Flush())
}

func (d Diff) json(w io.Writer) error {
	head, err := json.MarshalIndent(rewrite(d, same), "", "  ")
	if err != nil {
		return err
	}
	out := &sticky{w: controlsEscaped{w}}
	out.write(bytes.TrimSuffix(head, []byte("\n}")))
	out.text(",\n  \"vehicles\": [")
	separator := "\n    "
	for v, err := range d.Vehicles() {
		if err != nil {
			return err
		}
		line, err := json.Marshal(v)
		if err != nil {
			return err
		}
		out.text(separator)
		out.write(line)
		separator = ",\n    "
	}
	out.text("\n  ]\n}\n")
	return out.err
}

// mostDiffering is how many vehicles the formats for people name without being asked for all.
const mostDiffering = 20

// each hands on the vehicles to be named, as f spells them, and tells how many are not.
func (d Diff) each(all bool, f func(string) string, name func(ChangedVehicle)) (rest int, err error) {
	n := 0
	for v, err := range d.Vehicles() {
		if err != nil {
			return 0, err
		}
		if n++; all || n <= mostDiffering {
			name(rewrite(v, f))
		} else {
			rest++
		}
	}
	return rest, nil
}

// verdictText is then and now.
func (v ChangedVehicle) verdictText() string {
	if v.From == v.To {
		return v.To
	}
	return orAbsent(v.From) + " to " + orAbsent(v.To)
}

// causeText is what of its causes came and went.
func (v ChangedVehicle) causeText(separator string) string {
	var parts []string
	for _, c := range v.Causes {
		mark := map[string]string{CauseNew: "+", CauseGone: "-", CauseUnchanged: "="}[c.Change]
		parts = append(parts, joined(" ", mark+c.Code, c.Field, c.ErrorCode))
	}
	return strings.Join(parts, separator)
}

// answer is both runs in one line.
func (d Diff) answer() string {
	return fmt.Sprintf("Readiness %s then, %s in the run of %s (%s).", readinessOf(d.Changes.Previous), readinessOf(d.Run), stamp(d.Run.FinishedAt), d.Run.ID)
}

func readinessOf(p Previous) string {
	return Summary{Readiness: p.Readiness}.readinessText()
}

func (d Diff) terminal(w io.Writer, all bool, o Options) error {
	t := &terminal{sticky: sticky{w: w}, width: terminalWidth(o.Width), paint: painter(o.Color)}
	forPeople := rewrite(Diff{Run: d.Run, Changes: d.Changes}, plain)
	t.wrapped("", forPeople.answer())
	t.changes(&forPeople.Changes)
	headed := false
	rest, err := d.each(all, plain, func(v ChangedVehicle) {
		if !headed {
			t.heading("Vehicles")
			headed = true
		}
		t.wrapped(fmt.Sprintf("  %-10s", v.Change), joined("  ", v.VehicleID, v.verdictText(), v.causeText(", ")))
	})
	if rest > 0 {
		t.wrapped("  ", fmt.Sprintf("and %s (--list-all names them, --format json has them all)", counted(rest, "more vehicle")))
	}
	if err != nil {
		return err
	}
	return t.err
}

func (d Diff) markdown(w io.Writer, all bool) error {
	forPeople := rewrite(Diff{Run: d.Run, Changes: d.Changes}, markdownText)
	m := &markdown{room: maxMarkdown - len(markdownCut)}
	m.line("%s", forPeople.answer())
	m.changes(&forPeople.Changes)
	var rows [][]string
	rest, err := d.each(all, markdownText, func(v ChangedVehicle) {
		if len(rows) < maxMarkdownVehicles {
			rows = append(rows, []string{v.Change, v.VehicleID, v.verdictText(), v.causeText("<br>")})
		}
	})
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		m.line("\n### Vehicles")
		m.table([]string{"vehicle is", "vehicle", "verdict", "causes"}, rows)
	}
	if rest > 0 {
		m.line("\nand %s.", counted(rest, "more vehicle"))
	}
	if m.full {
		m.out.WriteString(markdownCut)
	}
	_, err = io.WriteString(w, m.out.String())
	return err
}
