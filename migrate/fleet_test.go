package migrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/fixtures"
	"scmigrate/migrate/rules"
)

// bent are the records with the app values of one field of one make changed, compared anew. change gets the values of all
// of them and the place of its own.
func bent(t testing.TB, records []Record, vehicleMake, name string, change func(all []compare.Value, k int) compare.Value) []Record {
	t.Helper()
	field, ok := compare.Lookup(name)
	if !ok {
		t.Fatalf("no such field: %q", name)
	}
	var places [][2]int
	var values []compare.Value
	out := slices.Clone(records)
	for i, r := range out {
		for j, f := range r.Evidence.Findings {
			if _, paired := f.Pair(); paired && f.Field == name && r.Evidence.Make == vehicleMake {
				places, values = append(places, [2]int{i, j}), append(values, f.App.Value)
			}
		}
	}
	for k, at := range places {
		findings := slices.Clone(out[at[0]].Evidence.Findings)
		f := &findings[at[1]]
		f.App.Value = change(values, k)
		*f = compare.Diff([]*compare.Field{field}, []compare.Reading{f.Legacy}, []compare.Reading{f.App})[0]
		out[at[0]].Evidence.Findings = findings
	}
	return out
}

func scaled(factor float64) func([]compare.Value, int) compare.Value {
	return func(all []compare.Value, k int) compare.Value { return compare.NumberValue(all[k].Num * factor) }
}

// ofAnother gives every car the value of the one 17 places on.
func ofAnother(all []compare.Value, k int) compare.Value { return all[(k+17)%len(all)] }

func upsideDown(all []compare.Value, k int) compare.Value { return compare.FlagValue(!all[k].Flag) }

func toldSuspects(list []Suspect) string {
	var words []string
	for _, s := range list {
		words = append(words, fmt.Sprintf("%s %s %s", s.Make, s.Field, s.Reason))
	}
	return strings.Join(words, ", ")
}

// TestHealthyFleetsHaveNoSuspects: a false alarm would block every car of a make.
func TestHealthyFleetsHaveNoSuspects(t *testing.T) {
	for i, subscribed := range []float64{0, 0.5, 1} {
		s := fixtures.HealthyScenario(healthyCars, uint64(i+1))
		s.Subscribed = fixtures.Amount{Share: subscribed}
		if list := suspectsOf(t, measured(t, s, noon.Add(time.Duration(7*i)*time.Hour))); len(list) != 0 {
			t.Errorf("%.0f %% subscribed: %+v", 100*subscribed, list)
		}
	}
}

// TestAFaultOfAMakeIsFound bends one make of a healthy fleet of two; the other one is no suspect.
func TestAFaultOfAMakeIsFound(t *testing.T) {
	s := fixtures.HealthyScenario(800, 5)
	s.Makes = map[string]int{"BMW": 1, "POLESTAR": 2}
	records := measured(t, s, noon)
	for _, c := range []struct {
		reason, vehicleMake, field string
		change                     func([]compare.Value, int) compare.Value
		want                       string
	}{
		{"range in miles under km", "BMW", "battery.range", scaled(1 / 1.609344), "BMW battery.range unit"},
		{"range in km under miles", "POLESTAR", "battery.range", scaled(1.609344), "POLESTAR battery.range unit"},
		{"litres that are gallons", "BMW", "fuel.amountRemaining", scaled(1 / 3.785411784), "BMW fuel.amountRemaining unit"},
		{"a fraction under percent", "POLESTAR", "battery.percentRemaining", scaled(0.01), "POLESTAR battery.percentRemaining unit"},
		{"psi under kPa", "BMW", "tires.backLeft", scaled(1 / 6.894757293168), "BMW tires.backLeft unit"},
		{"a range that is a fifth too high is another definition, no unit", "BMW", "battery.range", scaled(1.2), ""},
		{"a flag upside down", "POLESTAR", "charge.isPluggedIn", upsideDown, "POLESTAR charge.isPluggedIn value"},
		{"a flag upside down that is nearly always true", "BMW", "security.isLocked", upsideDown, "BMW security.isLocked value"},
		{"the charge of another car", "POLESTAR", "battery.percentRemaining", ofAnother, "POLESTAR battery.percentRemaining value"},
		{"the odometer of another car", "BMW", "odometer.distance", ofAnother, "BMW odometer.distance value"},
		{"nothing is wrong", "BMW", "odometer.distance", func(all []compare.Value, k int) compare.Value { return all[k] }, ""},
	} {
		list := suspectsOf(t, bent(t, records, c.vehicleMake, c.field, c.change))
		if got := toldSuspects(list); got != c.want {
			t.Errorf("%s: %q, want %q (%+v)", c.reason, got, c.want, list)
		}
	}
}

// rangesOf are cars of a make that were observed an hour and a half apart, at half their charge, with these ranges.
func rangesOf(t testing.TB, vehicleMake, unit string, n int, legacy, app float64) []Record {
	var records []Record
	for range n {
		e := Evidence{Legacy: Leg{Outcome: LegAnswered}, App: Leg{Outcome: LegAnswered}, Make: vehicleMake, At: noon}
		for field, values := range map[string][2]float64{"battery.range": {legacy, app}, "battery.percentRemaining": {0.5, 0.5}} {
			f, _ := compare.Lookup(field)
			l := compare.Reading{Field: field, Status: compare.Served, Value: compare.NumberValue(values[0]), Observed: noon}
			a := compare.Reading{Field: field, Status: compare.Served, Value: compare.NumberValue(values[1]), Observed: noon.Add(-90 * time.Minute), Unit: unit}
			e.Findings = append(e.Findings, compare.Diff([]*compare.Field{f}, []compare.Reading{l}, []compare.Reading{a})...)
		}
		records = append(records, Record{Evidence: e})
	}
	return records
}

// TestSuspectsAreOfOneMakeAndUnit, sorted, with what they change and the numbers that prove them.
func TestSuspectsAreOfOneMakeAndUnit(t *testing.T) {
	wrong := func(vehicleMake, unit string, n int) []Record { return rangesOf(t, vehicleMake, unit, n, 322, 200) }
	mismatched := wrong("KIA", "km", 9)
	for i := range mismatched {
		mismatched[i].Evidence.Identity.OtherCarID = "another-car"
	}
	silent := wrong("FORD", "km", 9)
	for i := range silent {
		silent[i].Evidence.Legacy.Outcome = LegTimeout
	}
	list := suspectsOf(t, slices.Concat(
		wrong("VOLVO", "km", 6), wrong("Bmw", "km", 5), wrong("BMW", "km", 3), wrong("BMW", "mi", 4), rangesOf(t, "BMW", "miles", 9, 322, 322),
		mismatched, silent, rangesOf(t, "JAGUAR", "km", 9, 322, 300)))
	want := []Suspect{
		{Field: "battery.range", Make: "BMW", Unit: "km", Reason: compare.ReasonUnit, Vehicles: 8,
			Note: "in the middle of 8 BMW legacy : app is 1.61, and 8 are close to the unit factor 1.60934: a wrong unit, not other values"},
		{Field: "battery.range", Make: "VOLVO", Unit: "km", Reason: compare.ReasonUnit, Vehicles: 6,
			Note: "in the middle of 6 VOLVO legacy : app is 1.61, and 6 are close to the unit factor 1.60934: a wrong unit, not other values"},
	}
	if !slices.Equal(list, want) {
		t.Errorf("got  %+v\nwant %+v", list, want)
	}
}

// TestASuspectChangesWhatItSays: as many findings as Vehicles, those that were unverifiable or drifted, and no other.
func TestASuspectChangesWhatItSays(t *testing.T) {
	records := rangesOf(t, "BMW", "km", 12, 322, 200)
	records = append(records, rangesOf(t, "BMW", "km", 2, 200, 200)...) // they match whatever the fleet says
	facts := Facts{Suspects: suspectsOf(t, records)}
	if len(facts.Suspects) != 1 {
		t.Fatalf("%+v", facts.Suspects)
	}
	changed := 0
	for _, r := range records {
		for i, f := range Weighed(r.Evidence, facts, rules.Rules{}) {
			if f.Outcome != r.Evidence.Findings[i].Outcome {
				changed++
				if f.Outcome != compare.Differs || f.Reason != compare.ReasonUnit || f.Note != facts.Suspects[0].Note {
					t.Errorf("%+v", f)
				}
			}
		}
	}
	if changed != facts.Suspects[0].Vehicles || changed != 12 {
		t.Errorf("%d findings changed, the suspect says %d", changed, facts.Suspects[0].Vehicles)
	}
}

// TestSuspectsUnderTheRules: a tolerance of the rules decides what is left for the fleet to decide, not what a unit is.
func TestSuspectsUnderTheRules(t *testing.T) {
	records := rangesOf(t, "BMW", "km", 12, 322, 200)
	for _, c := range []struct {
		reason    string
		tolerance compare.Tolerance
		want      string
	}{
		{"a wider tolerance makes them match: nothing is left to decide", compare.Tolerance{Abs: 200}, ""},
		{"a narrower one changes nothing", compare.Tolerance{}, "BMW battery.range unit"},
	} {
		list, err := suspects(t.Context(), recorded{records: records}, rules.Rules{Tolerance: map[string]compare.Tolerance{"battery.range": c.tolerance}})
		if got := toldSuspects(list); err != nil || got != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.reason, got, c.want, err)
		}
	}
}

// TestSampleIsSpread: bounded, even, the first one kept, the same for the same input.
func TestSampleIsSpread(t *testing.T) {
	for _, n := range []int{0, 1, maxSample - 1, maxSample, maxSample + 1, 2*maxSample + 1, 12_345, 100_000} {
		var s sample[int]
		for i := range n {
			s.add(i)
		}
		if len(s.kept) > maxSample || len(s.kept) < min(n, maxSample/2) {
			t.Errorf("of %d: %d are kept", n, len(s.kept))
		}
		for i, v := range s.kept {
			if v != i*s.stride {
				t.Fatalf("of %d: the kept value %d is %d, want every %d.", n, i, v, s.stride)
			}
		}
	}
}

// TestGroupsAreBounded: units are text from outside.
func TestGroupsAreBounded(t *testing.T) {
	fleet := fleetTest{groups: map[groupID]*group{}}
	record := rangesOf(t, "BMW", "km", 1, 322, 200)[0]
	for i := range 3 * maxGroups {
		record.Evidence.Make = fmt.Sprint(i)
		fleet.add(record)
	}
	if len(fleet.groups) != maxGroups {
		t.Errorf("%d groups", len(fleet.groups))
	}
}

// BenchmarkSuspects is the cost of the pass for one vehicle, the reading of its record not counted.
func BenchmarkSuspects(b *testing.B) {
	records := measured(b, fixtures.HealthyScenario(200, 1), noon)
	fleet := fleetTest{groups: map[groupID]*group{}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fleet.add(records[i%len(records)])
	}
}
