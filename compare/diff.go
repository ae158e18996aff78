package compare

import (
	"fmt"
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
}

// AppFailure is why the app leg has no value, nil where it has one or simply lacks the signal.
func (f Finding) AppFailure() *Failure { return f.App.Failure }

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
		switch rule := rulings[legacy[i].legacyAvailability()][app[i].availability()]; {
		case !f.HasCounterpart():
			finding.Outcome = noCounterpart(legacy[i])
		case rule.outcome == Lost && app[i].inState():
			finding.Outcome, finding.Reason = Unmeasured, ReasonAppSide
		case rule.outcome != "":
			finding.Outcome, finding.Reason = rule.outcome, rule.reason
		default:
			finding.weigh(f, unequal[f.Name])
		}
		findings = append(findings, finding)
	}
	return findings
}

func noCounterpart(legacy Reading) Outcome {
	if legacy.Status == Served {
		return NoCounterpart
	}
	return Nowhere
}

// unequalFields lets go-cmp compare the flat canonical values; a Reporter collects the fields that are not equal.
func unequalFields(fields []*Field, legacy, app []Reading) map[string]bool {
	left, right := make(map[string]leaf, len(fields)), make(map[string]leaf, len(fields))
	for i, f := range fields {
		if legacy[i].Status == Served && app[i].Status == Served {
			left[f.Name], right[f.Name] = leaf{f, legacy[i].comparable(app[i])}, leaf{f, app[i].Value}
		}
	}
	unequal := &reporter{fields: map[string]bool{}}
	cmp.Equal(left, right, cmp.Comparer(sameLeaf), cmp.Reporter(unequal))
	return unequal.fields
}

func sameLeaf(a, b leaf) bool { return a.field.equal(a.value, b.value) }

// comparable is the legacy value as the app's source can know it: where only "is it charging" is known, FULLY_CHARGED
// is as good as NOT_CHARGING (v2-to-v3-mapping.md §1 row 11).
func (r Reading) comparable(app Reading) Value {
	if app.Warned(WarnWeaker) && r.Value.Text == "FULLY_CHARGED" {
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

// weigh decides a field that both legs serve. Units are tested before time may explain anything (DESIGN §3.3).
func (f *Finding) weigh(field *Field, unequal bool) {
	if field.Quantity == Place {
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

// sameMoment is how close two observation times are when they are one observation (DESIGN §3.3).
const sameMoment = 2 * time.Second

// weighTimes decides unequal values by their times. A static field and two values of one moment differ; without any
// time on either leg, values that do not change at any moment must be equal. Otherwise nothing is proved.
func (f *Finding) weighTimes(field *Field) {
	apart, known := observedApart(f.Legacy, f.App)
	switch {
	case field.Dynamics == Static:
		f.Outcome, f.Reason, f.Note = Differs, ReasonValue, "this value does not change with time"
	case known && apart.Abs() <= sameMoment && f.App.TimeFrom != timeStored:
		f.Outcome, f.Reason, f.Note = Differs, ReasonValue, "both legs observed it at the same moment"
	case !known && field.Dynamics != Volatile:
		f.Outcome, f.Reason, f.Note = Differs, ReasonValue, "no two observation times are stated that could explain it"
	case !known:
		f.Outcome, f.Note = Unverifiable, "it is not stated when both legs observed the value"
	default:
		f.Outcome, f.Note = Unverifiable, ageNote(f.Legacy, f.App)+": what happened between the two observations is not known"
	}
}

// observedApart is how much later the legacy leg observed the value; known is false where a time is missing.
func observedApart(legacy, app Reading) (apart time.Duration, known bool) {
	if legacy.Observed.IsZero() || app.Observed.IsZero() {
		return 0, false
	}
	return legacy.Observed.Sub(app.Observed), true
}

// ageNote says which leg is older and by how much, "" where they are of one moment or it is not known.
func ageNote(legacy, app Reading) string {
	apart, known := observedApart(legacy, app)
	switch {
	case !known || apart.Abs() <= sameMoment:
		return ""
	case apart > 0:
		return "the app value is " + span(apart) + " older"
	}
	return "the app value is " + span(apart.Abs()) + " newer"
}

// span is a duration for people: the two largest units.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}
