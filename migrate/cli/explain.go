package cli

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/report"
)

// pseudonym tells those of share/ from words that are mistyped causes.
var pseudonym = regexp.MustCompile(`^(veh|usr|vin|req|id)-[0-9a-f]{12}$`)

// explainVehicle tells what stands behind a name or a pseudonym of a run: which vehicles, what became of them and why, and
// who can do what about it.
func explainVehicle(ctx context.Context, p Process, dir, name string) error {
	l, err := ledger.Open(dir)
	if err != nil {
		return usage(err)
	}
	defer l.Close()
	records, key, err := behind(ctx, l, name)
	if err != nil {
		return err
	}
	vehicles, err := report.Vehicles(ctx, l, records)
	if err != nil {
		return err
	}
	t := telling{out: p.Stdout, dir: dir, key: key}
	for _, v := range vehicles {
		t.vehicle(v)
	}
	return t.err
}

// telling writes about vehicles; the first error of the writer stays.
type telling struct {
	out io.Writer
	dir string
	key []byte
	err error
}

func (t *telling) line(name, format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.out, "  %-15s %s\n", name, fmt.Sprintf(format, args...))
	}
}

func (t *telling) vehicle(v report.Vehicle) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.out, "vehicle %s\n", v.VehicleID)
	}
	t.line("in share/", "%s", report.Pseudonym(t.key, report.PseudonymVehicle, v.VehicleID))
	if v.UserID != "" {
		t.line("user", "%s (%s)", v.UserID, report.Pseudonym(t.key, report.PseudonymUser, v.UserID))
	}
	t.some("suggested user", v.SuggestedUserID)
	t.some("now known as", v.SuggestedVehicleID)
	t.words("label", v.Label)
	t.words("cohort", v.Cohort)
	t.words("car", strings.TrimSpace(strings.Join([]string{v.Make, v.Model, yearText(v.Year)}, " ")))
	t.line("verdict", "%s%s", v.Verdict, measuredText(v))
	for _, c := range v.Causes {
		t.cause(c)
	}
	for _, n := range v.Notes {
		t.line("note", "%s", strings.TrimSpace(n.Code+" "+n.Field+" "+n.Detail))
	}
	for _, f := range v.Fields {
		t.field(f)
	}
	t.words("request ids", strings.Join(append(v.RequestIDs.Legacy, v.RequestIDs.App...), " "))
	t.line("call again", "scmigrate repro %s %s", t.dir, v.VehicleID)
}

func (t *telling) words(name, text string) {
	if text != "" {
		t.line(name, "%s", text)
	}
}

func (t *telling) some(name string, text *string) {
	if text != nil {
		t.words(name, *text)
	}
}

// cause tells one cause with what the catalogue knows of it.
func (t *telling) cause(c report.CauseRef) {
	text := strings.TrimSpace(c.Code + " " + c.Field)
	if c.Detail != "" {
		text += " (" + c.Detail + ")"
	}
	if c.Waived {
		text += ", waived"
	}
	t.line("cause", "%s", text)
	if known, ok := migrate.LookupCause(migrate.Code(c.Code)); ok {
		t.line("  it means", "%s", known.Meaning)
		t.line("  what to do", "%s", known.Action)
		t.line("  who can", "%s", known.Who)
	}
}

// field tells of a field that is more than equal on both legs.
func (t *telling) field(f report.Field) {
	if f.Outcome == "match" || f.Outcome == "absent" || f.Outcome == "no-counterpart" {
		return
	}
	t.line("field", "%s %s: legacy %s, app %s%s", f.Field, f.Outcome, observed(f.Legacy), observed(f.App), colon(f.Note))
}

// observed is what one leg said, in a few words.
func observed(o *report.Observation) string {
	switch {
	case o == nil:
		return "nothing"
	case o.Error != "":
		return o.Error
	}
	text := strings.TrimSpace(fmt.Sprint(o.Value) + " " + o.Unit)
	if o.At != nil {
		text += " at " + o.At.Format("2006-01-02 15:04:05")
	}
	return text
}

func measuredText(v report.Vehicle) string {
	if v.EvidenceAt == nil {
		return ", never measured"
	}
	return ", measured at " + v.EvidenceAt.Format("2006-01-02 15:04:05") + " UTC"
}
