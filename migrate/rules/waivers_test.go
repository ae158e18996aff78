package rules

import (
	"strings"
	"testing"
)

// TestMatching: which waivers match a cause of a vehicle, the narrowest first.
func TestMatching(t *testing.T) {
	const lost, roof = "signal-lost", "security.sunroof"
	r := Rules{Waivers: []Waiver{
		{ID: "all", Cause: lost},
		{ID: "roof", Cause: lost, Field: roof},
		{ID: "make", Cause: lost, Match: Match{Make: "Polestar"}},
		{ID: "roof+make", Cause: lost, Field: roof, Match: Match{Make: "POLESTAR"}},
		{ID: "car", Cause: lost, Match: Match{Make: "POLESTAR", Model: "2", Year: 2022, Cohort: "pilot"}},
		{ID: "other", Cause: "stale-data"},
	}}
	for _, c := range []struct {
		reason       string
		vehicle      Vehicle
		cause, field string
		want         string
	}{
		{"nothing is known of the car", Vehicle{}, lost, "vin", "all"},
		{"the field", Vehicle{}, lost, roof, "roof all"},
		{"the make, without case", Vehicle{Make: "polestar"}, lost, "vin", "make all"},
		{"both", Vehicle{Make: "polestar"}, lost, roof, "roof+make roof make all"},
		{"everything", Vehicle{Make: "POLESTAR", Model: "2", Year: 2022, Cohort: "pilot"}, lost, roof, "car roof+make roof make all"},
		{"another year", Vehicle{Make: "POLESTAR", Model: "2", Year: 2023, Cohort: "pilot"}, lost, "vin", "make all"},
		{"another cohort", Vehicle{Make: "POLESTAR", Model: "2", Year: 2022, Cohort: "Pilot"}, lost, "vin", "make all"},
		{"another cause", Vehicle{}, "value-differs", roof, ""},
		{"a field of several is not the field", Vehicle{}, lost, "security.*", "all"},
	} {
		var got []string
		for _, w := range r.Matching(c.vehicle, c.cause, c.field) {
			got = append(got, w.ID)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.reason, s, c.want)
		}
	}
}
