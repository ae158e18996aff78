package migrate

import (
	"math"
	"testing"
	"time"

	"scmigrate/compare"
)

func TestUnitFactor(t *testing.T) {
	miles, pressures, percent := []float64{1.609344}, []float64{100, 6.894757293168, 14.5037738}, []float64{100}
	for _, c := range []struct {
		reason  string
		factors []float64
		ratios  []float64
		want    float64 // 0: none
	}{
		{"miles under km", miles, []float64{1.6, 1.61, 1.6, 1.62, 1.609}, 1.609344},
		{"km under miles", miles, []float64{0.62, 0.621, 0.625, 0.62, 0.62}, 1 / 1.609344},
		{"four cars are too few", miles, []float64{1.609, 1.609, 1.609, 1.609}, 0},
		{"a quarter may stray", miles, []float64{1.6, 1.61, 1.61, 1.62, 1.6, 1.61, 1, 3}, 1.609344},
		{"more may not", miles, []float64{1.6, 1.61, 1.61, 1.62, 1.6, 1, 0.9, 3}, 0},
		{"a middle beside the factor is another cause", miles, []float64{1.68, 1.66, 1.68, 1.65, 1.67}, 0},
		{"nothing is wrong", miles, []float64{1, 1.01, 0.99, 1, 1}, 0},
		{"values moved, the middle is at the factor by chance", miles, []float64{0.4, 1, 1.609, 2.4, 3}, 0},
		{"bar under kPa", pressures, []float64{100, 101, 98, 100, 103}, 100},
		{"psi under kPa", pressures, []float64{6.9, 6.8, 7, 6.9, 6.85}, 6.894757293168},
		{"kPa under bar, read as psi", pressures, []float64{1 / 14.5, 1 / 14.4, 1 / 14.6, 1 / 14.5, 1 / 14.5}, 1 / 14.5037738},
		{"a fraction under percent, a day later", percent, []float64{80, 130, 60, 104, 115, 90, 100}, 100},
		{"no unit is known to be mistaken", nil, []float64{100, 100, 100, 100, 100}, 0},
		{"nobody was measured", miles, nil, 0},
	} {
		got, ok := unitFactor(c.ratios, c.factors)
		if ok != (c.want != 0) || ok && math.Abs(got.factor/c.want-1) > 1e-9 {
			t.Errorf("%s: %+v, %v; want %g", c.reason, got, ok, c.want)
		}
	}
}

// numbers is a finding of a field with these values, the app's observed so much earlier.
func numbers(t *testing.T, name string, legacy, app float64, apart time.Duration) compare.Finding {
	t.Helper()
	f, ok := compare.Lookup(name)
	if !ok {
		t.Fatalf("no such field: %q", name)
	}
	l := compare.Reading{Field: name, Status: compare.Served, Value: compare.NumberValue(legacy), Observed: noon}
	a := compare.Reading{Field: name, Status: compare.Served, Value: compare.NumberValue(app), Observed: noon.Add(-apart)}
	return compare.Diff([]*compare.Field{f}, []compare.Reading{l}, []compare.Reading{a})[0]
}

func TestRatioOfOneCar(t *testing.T) {
	const day = 24 * time.Hour
	charge := numbers(t, "battery.percentRemaining", 0.4, 0.8, day)
	stale := numbers(t, "battery.percentRemaining", 0.4, 0.8, 2*day)
	low := numbers(t, "battery.percentRemaining", 0.4, 0.05, day)
	for _, c := range []struct {
		reason string
		f      compare.Finding
		with   []compare.Finding
		want   float64 // 0: says nothing
	}{
		{"an odometer as it is", numbers(t, "odometer.distance", 1000, 500, day), nil, 2},
		{"a range divided by its charge: half of it was driven", numbers(t, "battery.range", 200, 400, day), []compare.Finding{charge}, 1},
		{"a range in miles, half of it driven", numbers(t, "battery.range", 200, 400/1.609344, day), []compare.Finding{charge}, 1.609344},
		{"a charge of another day is not this range's", numbers(t, "battery.range", 200, 400, day), []compare.Finding{stale}, 0},
		{"a charge of a few points is too coarse", numbers(t, "battery.range", 200, 400, day), []compare.Finding{low}, 0},
		{"without a charge only what is fresh", numbers(t, "battery.range", 200, 400, day), nil, 0},
		{"fresh", numbers(t, "battery.range", 200, 180, time.Hour), nil, 200.0 / 180},
		{"the tank's litres take the fuel's place", numbers(t, "fuel.range", 300, 600, day), []compare.Finding{numbers(t, "fuel.amountRemaining", 20, 40, day)}, 1},
		{"nothing left says nothing", numbers(t, "odometer.distance", 1000, 0, day), nil, 0},
		{"a few kilometres say nothing", numbers(t, "battery.range", 8, 5, time.Minute), nil, 0},
		{"a charge below one point may be a fraction scaled twice", numbers(t, "battery.percentRemaining", 0.68, 0.0068, day), nil, 100},
		{"a full car that was at one percent", numbers(t, "battery.percentRemaining", 1, 0.01, day), nil, 1},
	} {
		field, _ := compare.Lookup(c.f.Field)
		p, _ := c.f.Pair()
		got, ok := ratioOf(field, p, c.f, append(c.with, c.f))
		if ok != (c.want != 0) || ok && math.Abs(got/c.want-1) > 1e-9 {
			t.Errorf("%s: %g, %v; want %g", c.reason, got, ok, c.want)
		}
	}
}
