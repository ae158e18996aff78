package compare

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Finding is the outcome of one field of one vehicle, with both Readings.
type Finding struct {
	Field    string   `json:"field"`
	Outcome  Outcome  `json:"outcome"`
	Reason   Reason   `json:"reason,omitempty"`
	Note     string   `json:"note,omitempty"`     // the proof or the doubt in words
	Distance *float64 `json:"distance,omitempty"` // metres between two positions; the positions themselves are not kept
	Legacy   Reading  `json:"legacy"`
	App      Reading  `json:"app"`

	Recheck *Recheck   `json:"recheck,omitempty"` // nil: nobody asked again
	Within  *Tolerance `json:"-"`                 // the tolerance, where it is not the catalogue's
}

// leaf is one canonical value beside the field that knows when two are equal.
type leaf struct {
	field *Field
	value Value
}

// Diff compares the two legs of one vehicle field by field, in the order of fields. Both lists of Readings have one
// entry per field in that order, as ReadLegacy and ReadApp make them. It never panics on odd values and never
// compares a value that was not served.
func Diff(fields []*Field, legacy, app []Reading) []Finding {
	unequal := unequalFields(fields, legacy, app)
	findings := make([]Finding, 0, len(fields))
	for i, f := range fields {
		finding := Finding{Field: f.Name, Legacy: legacy[i], App: app[i]}
		switch rule := ruled(legacy[i], app[i]); {
		case !f.HasCounterpart():
			finding.Outcome = noCounterpart(legacy[i])
		case rule.outcome != "":
			finding.Outcome, finding.Reason = rule.outcome, rule.reason
		default:
			finding.weigh(f.asLabelled(app[i]), unequal[f.Name])
		}
		findings = append(findings, finding)
	}
	return findings
}

// wholeMile is what two roundings of one odometer may differ by where one of them is in whole miles: a mile that was cut
// off on one side, and half a kilometre that was rounded on the other.
const wholeMile = 1.609344 + 0.5

// asLabelled widens a tolerance by what the app leg's unit cannot tell apart.
func (t Tolerance) asLabelled(app Reading) Tolerance {
	if u, ok := units[strings.ToLower(strings.TrimSpace(app.Unit))]; ok && u.quantity == Length && u.factor > 1 {
		t.Abs = max(t.Abs, wholeMile)
	}
	return t
}

// asLabelled is the field with the tolerance that the app leg's unit allows.
func (f *Field) asLabelled(app Reading) *Field {
	t := f.Tolerance.asLabelled(app)
	if t == f.Tolerance {
		return f
	}
	own := *f
	own.Tolerance = t
	return &own
}

func noCounterpart(legacy Reading) Outcome {
	if legacy.Status == Served {
		return NoCounterpart
	}
	return Nowhere
}

// unequalFields lets go-cmp compare the flat canonical values, but for those that are one and the same; a Reporter collects
// the fields that are not equal.
func unequalFields(fields []*Field, legacy, app []Reading) map[string]bool {
	left, right := map[string]leaf{}, map[string]leaf{}
	for i, f := range fields {
		if legacy[i].Status != Served || app[i].Status != Served {
			continue
		}
		was, is := legacy[i].comparable(app[i]), app[i].comparable(legacy[i])
		if !was.same(is) {
			left[f.Name], right[f.Name] = leaf{f.asLabelled(app[i]), was}, leaf{f.asLabelled(app[i]), is}
		}
	}
	unequal := &reporter{fields: map[string]bool{}}
	cmp.Equal(left, right, cmp.Comparer(sameLeaf), cmp.Reporter(unequal))
	return unequal.fields
}

func sameLeaf(a, b leaf) bool { return a.field.equal(a.value, b.value) }

// comparable is the value as the other leg's source can know it: where only "is it charging" is known, FULLY_CHARGED
// is as good as NOT_CHARGING (v2-to-v3-mapping.md §1 row 11).
func (r Reading) comparable(other Reading) Value {
	if other.Warned(WarnWeaker) && r.Value.Text == "FULLY_CHARGED" {
		return TextValue("NOT_CHARGING")
	}
	return r.Value
}

// reporter is a cmp.Reporter: it notes the map keys under which leaves differ.
type reporter struct {
	path   cmp.Path
	fields map[string]bool
}

// PushStep, PopStep and Report are go-cmp's Reporter.
func (r *reporter) PushStep(s cmp.PathStep) { r.path = append(r.path, s) }

// PopStep leaves a step.
func (r *reporter) PopStep() { r.path = r.path[:len(r.path)-1] }

// Report notes an unequal leaf.
func (r *reporter) Report(result cmp.Result) {
	if result.Equal() {
		return
	}
	for i := len(r.path) - 1; i >= 0; i-- {
		if key, ok := r.path[i].(cmp.MapIndex); ok {
			r.fields[key.Key().String()] = true
			return
		}
	}
}

// Unequal tells whether both legs serve the field and their values are not equal within the tolerance.
func (f Finding) Unequal() bool {
	switch f.Outcome {
	case Drift, Differs, Unverifiable:
		return true
	}
	return false
}

// Age is how old the app value was at a moment; 0 where its time is not known.
func (f Finding) Age(at time.Time) time.Duration {
	if f.App.Observed.IsZero() || at.IsZero() {
		return 0
	}
	return at.Sub(f.App.Observed)
}

// Under is the finding under another tolerance than the catalogue's.
func (f Finding) Under(t Tolerance) Finding {
	known, ok := Lookup(f.Field)
	if !ok || f.Legacy.Status != Served || f.App.Status != Served || f.Outcome == NoCounterpart {
		return f
	}
	if known.Quantity == Place && f.Distance == nil { // against a baseline, whose position was not kept
		return f
	}
	field := *known
	field.Tolerance = t.asLabelled(f.App)
	unequal := !field.equal(f.Legacy.comparable(f.App), f.App.comparable(f.Legacy))
	if f.Distance != nil { // the positions are not kept, their distance is
		unequal = *f.Distance > t.Abs
	}
	f.Outcome, f.Reason, f.Note, f.Within = "", "", "", &t
	f.weigh(&field, unequal)
	return f
}

// weigh decides a field that both legs serve. Units are tested before time may explain anything (DESIGN §3.3).
func (f *Finding) weigh(field *Field, unequal bool) {
	if field.Quantity == Place && f.Distance == nil {
		d := Distance(f.Legacy.Value, f.App.Value)
		f.Distance = &d
	}
	switch note := f.unitDoubt(field, unequal); {
	case note != "":
		f.Outcome, f.Reason, f.Note = Differs, ReasonUnit, note
	case !unequal:
		f.Outcome = Match
		f.Note = ageNote(f.Legacy, f.App)
	default:
		f.weighTimes(field)
	}
}

// unitDoubt says why the unit of one leg is in doubt, "" where it is not.
func (f *Finding) unitDoubt(field *Field, unequal bool) string {
	switch {
	case !unequal && f.Legacy.sameWords(f.App): // a wrong label on both sides changes nothing for whoever reads it today
		return ""
	case f.Legacy.Warned(WarnScale) || f.App.Warned(WarnScale):
		return fmt.Sprintf("the app leg gives %s without a unit: fraction or percent cannot be told", f.App.Raw)
	case f.App.Warned(WarnUnitLabel):
		return fmt.Sprintf("the app leg gives %s labelled %q, which is only possible in kPa", f.App.Raw, f.App.Unit)
	case unequal && !field.NoSuspect:
		return factorNote(field, f.Legacy.Value.Num, f.App.Value.Num)
	}
	return ""
}

// factorNote looks for a unit factor under which the numbers agree, in either direction. Numbers so small that the
// tolerance alone makes them agree prove nothing.
func factorNote(field *Field, legacy, app float64) string {
	for _, factor := range suspectFactors[field.Quantity] {
		for _, scaled := range []float64{app * factor, app / factor} {
			if agreesByFactor(field.Tolerance, legacy, scaled) {
				return fmt.Sprintf("the legs agree when the app value is scaled by %.6g: a wrong unit, not another value", scaled/app)
			}
		}
	}
	return ""
}

// agreesByFactor wants the agreement to be closer than chance gives: within the tolerance, and within 2 % of the value.
func agreesByFactor(t Tolerance, legacy, scaled float64) bool {
	return legacy != 0 && scaled != 0 && t.holds(legacy, scaled) && Tolerance{Rel: 0.02}.holds(legacy, scaled)
}
