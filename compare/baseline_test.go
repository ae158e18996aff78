package compare

import (
	"testing"
	"time"
)

// TestDiffBaseline: what an earlier run's legacy leg served is held against the app leg of now.
func TestDiffBaseline(t *testing.T) {
	then := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	now := then.Add(72 * time.Hour)
	reading := func(name string, at time.Time, from string, v Value) Reading {
		return Reading{Field: name, Status: Served, Value: v, Observed: at, TimeFrom: from}
	}
	failed := func(name string, k Kind) Reading {
		return Reading{Field: name, Status: Failed, Failure: &Failure{Kind: k}}
	}
	was := func(name string, v Value) Reading { return reading(name, then, timeLegacy, v) }
	is := func(name string, v Value) Reading { return reading(name, now, timeMaker, v) }
	cases := []struct {
		reason      string
		legacy, app Reading
		want        Outcome
	}{
		{"driven since", was("odometer.distance", NumberValue(1000)), is("odometer.distance", NumberValue(1300)), Drift},
		{"backwards", was("odometer.distance", NumberValue(1000)), is("odometer.distance", NumberValue(900)), Differs},
		{"further than a car drives", was("odometer.distance", NumberValue(1000)), is("odometer.distance", NumberValue(90000)), Differs},
		{"vanished", was("odometer.distance", NumberValue(1000)), Reading{Field: "odometer.distance", Status: Absent}, Lost},
		{"never asked for", Reading{Field: "odometer.distance", Status: Unasked}, is("odometer.distance", NumberValue(900)), Unmeasured},
		{"the car stopped charging", was("make.charge.wattmeter.wattage", NumberValue(7)), failed("make.charge.wattmeter.wattage", KindNotApplicable), Unverifiable},
		{"a position that was not kept", was("location", Value{}), is("location", PositionValue(52, 13)), Unverifiable},
		{"and is not served any more", was("location", Value{}), failed("location", KindNotCapable), Lost},
		{"and fails for now", was("location", Value{}), failed("location", KindUpstream), Unmeasured},
	}
	for _, c := range cases {
		f, ok := Lookup(c.app.Field)
		if !ok {
			t.Fatalf("%s: no such field", c.app.Field)
		}
		got := DiffBaseline([]*Field{f}, []Reading{c.legacy}, []Reading{c.app})[0]
		if got.Outcome != c.want {
			t.Errorf("%s: %s (%s %s), want %s", c.reason, got.Outcome, got.Reason, got.Note, c.want)
		}
		if again := got.Under(Tolerance{Abs: 1}); f.Quantity == Place && again.Outcome != c.want {
			t.Errorf("%s, under another tolerance: %s, want %s", c.reason, again.Outcome, c.want)
		}
	}
}
