package migrate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/rules"
)

// heard judges vehicles under no rules and then under r, and gives the review.
func heard(r rules.Rules, facts Facts, vehicles ...Record) *Review {
	v := NewReview(r, facts)
	for _, before := range vehicles {
		before.Judgement = Judge(before.Entry, before.Evidence, Facts{}, rules.Rules{})
		after := before
		after.Judgement = Judge(after.Entry, after.Evidence, facts, r)
		v.Add(before, after)
	}
	return v
}

// aFullCar is a vehicle whose evidence is healthy but for these findings.
func aFullCar(t *testing.T, make, model string, findings ...compare.Finding) Record {
	t.Helper()
	r := Record{Entry: anEntry(), Evidence: healthy(seen(t, "vin ok ok", "battery.percentRemaining ok ok")...)}
	r.Evidence.Make, r.Evidence.Model, r.Evidence.Year, r.Evidence.At = make, model, 2024, noon
	for _, f := range findings {
		i := slices.IndexFunc(r.Evidence.Findings, func(known compare.Finding) bool { return known.Field == f.Field })
		if i < 0 {
			r.Evidence.Findings = append(r.Evidence.Findings, f)
			continue
		}
		r.Evidence.Findings[i] = f
	}
	return r
}

// TestImpacts: each element of the rules is told by judging with and without it.
func TestImpacts(t *testing.T) {
	lost, differs := find(t, "odometer.distance", "ok", "absent"), find(t, "odometer.distance", "ok", "other")
	close := find(t, "tires.frontLeft", "ok", "other")
	fleet := []Record{aFullCar(t, "TESLA", "3"), aFullCar(t, "TESLA", "3", lost), aFullCar(t, "TESLA", "Y", differs), aFullCar(t, "VOLVO", "EX30", differs, close)}
	for _, c := range []struct {
		reason string
		rules  rules.Rules
		facts  Facts
		want   string
	}{
		{"a wide tolerance", rules.Rules{Tolerance: map[string]compare.Tolerance{"odometer.distance": {Rel: 0.5}}}, Facts{},
			"tolerance odometer.distance 50 %: clears 2 differences on 2 vehicles; 1 vehicle is ready only by it"},
		{"a tolerance that changes nothing", rules.Rules{Tolerance: map[string]compare.Tolerance{"odometer.distance": {Abs: 2}}}, Facts{},
			"tolerance odometer.distance 2: changes nothing"},
		{"a waiver", rules.Rules{Waivers: []rules.Waiver{{ID: "W-17", Cause: "value-differs", Field: "odometer.distance"}}}, Facts{},
			"waiver W-17: lets stand 2 causes on 2 vehicles; 1 vehicle is ready only by it"},
		{"a waiver that is void", rules.Rules{Waivers: []rules.Waiver{{ID: "W-18", Cause: "value-differs"}}}, Facts{Waivers: []WaiverFact{{"W-18", WaiverExpired, "it expired on 2026-10-31"}}},
			"waiver W-18: waives nothing: it expired on 2026-10-31"},
		{"a waiver of another make", rules.Rules{Waivers: []rules.Waiver{{ID: "W-19", Cause: "value-differs", Match: rules.Match{Make: "BMW"}}}}, Facts{},
			"waiver W-19: changes nothing"},
		{"an ignored field", rules.Rules{Ignore: []string{"odometer.distance"}}, Facts{},
			"ignore odometer.distance: takes away 3 causes on 3 vehicles; 2 vehicles are ready only by it"},
		{"a field that is required by name and was never asked for", rules.Rules{Require: []string{"odometer.distance", "fuel.range"}}, Facts{},
			"require: takes away 1 cause on 1 vehicle; adds 5 causes on 4 vehicles; 1 vehicle is not ready because of it"},
	} {
		if got := strings.Join(heard(c.rules, c.facts, fleet...).Impacts(), "\n"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.reason, got, c.want)
		}
	}
}

// TestFreshnessImpact: an old value that is not equal is marked, an equal one is not.
func TestFreshnessImpact(t *testing.T) {
	stale, equal := find(t, "tires.frontLeft", "ok", "stale"), find(t, "tires.frontLeft", "ok", "ok")
	r := rules.Rules{Freshness: rules.Freshness{Default: 30 * time.Minute}}
	got := heard(r, Facts{}, aFullCar(t, "TESLA", "3", stale), aFullCar(t, "TESLA", "3", equal)).Impacts()
	if want := "freshness default 30 min: marks 1 stale value on 1 vehicle; 1 vehicle is not ready because of it"; len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSuggestions: the narrowest waiver for what blocks; none for what may not be waived or where a leg is missing.
func TestSuggestions(t *testing.T) {
	lost := find(t, "odometer.distance", "ok", "absent")
	unmeasured := aFullCar(t, "TESLA", "Y", lost)
	unmeasured.Evidence.App.Outcome = LegUpstream
	stranger := aFullCar(t, "TESLA", "Y")
	stranger.Evidence.Identity.TokenUser = strangeID
	v := heard(rules.Rules{}, Facts{}, aFullCar(t, "TESLA", "3"), aFullCar(t, "TESLA", "Y", lost), aFullCar(t, "TESLA", "Y", lost), aFullCar(t, "VOLVO", "EX30", lost), unmeasured, stranger)
	want := []WaiverSuggestion{
		{SignalLost, "odometer.distance", rules.Match{Make: "TESLA", Model: "Y", Year: 2024}, 2}, // the Model 3 is not affected
		{SignalLost, "odometer.distance", rules.Match{Make: "VOLVO"}, 1},                         // every Volvo is
	}
	if got := v.Suggestions(); !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestSuggestionsNameEachField: a cause names the fields of one signal by their common beginning, a waiver names one.
func TestSuggestionsNameEachField(t *testing.T) {
	left, right := find(t, "security.doors.frontLeft", "ok", "absent"), find(t, "security.doors.frontRight", "ok", "absent")
	var fields []string
	for _, s := range heard(rules.Rules{}, Facts{}, aFullCar(t, "TESLA", "3", left, right)).Suggestions() {
		fields = append(fields, s.Field)
	}
	if want := []string{"security.doors.frontLeft", "security.doors.frontRight"}; !slices.Equal(fields, want) {
		t.Errorf("got %v, want %v", fields, want)
	}
}

// TestReviewCounts: transitions, and those left out by the sample nowhere.
func TestReviewCounts(t *testing.T) {
	left := Record{Entry: anEntry(), Undrawn: true}
	v := heard(rules.Rules{Ignore: []string{"odometer.distance"}}, Facts{}, aFullCar(t, "TESLA", "3"), aFullCar(t, "TESLA", "3", find(t, "odometer.distance", "ok", "absent")))
	v.Add(left, left)
	v.Add(Record{Entry: anEntry()}, Record{Entry: anEntry()})
	if got, want := v.Counts(), (Counts{Ready: 2, Inconclusive: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	if moves := v.Moves(); len(moves) != 1 || moves[0] != (Move{Blocked, Ready, 1}) || v.Changed() != 1 || v.Uncalled() != 1 {
		t.Errorf("moves %v, %d changed, %d uncalled", moves, v.Changed(), v.Uncalled())
	}
}
