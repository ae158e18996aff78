package compare

import (
	"math"
	"strings"
	"testing"
)

// TestParseTolerance: what people write, in the field's canonical unit.
func TestParseTolerance(t *testing.T) {
	for _, c := range []struct {
		field, text string
		want        Tolerance
		trouble     string
	}{
		{"odometer.distance", "1km", Tolerance{Abs: 1}, ""},
		{"odometer.distance", "0.5", Tolerance{Abs: 0.5}, ""},
		{"odometer.distance", "0", Tolerance{}, ""},
		{"odometer.distance", "500 m", Tolerance{Abs: 0.5}, ""},
		{"odometer.distance", "1 mile", Tolerance{Abs: 1.609344}, ""},
		{"odometer.distance", "2%", Tolerance{Rel: 0.02}, ""},
		{"odometer.distance", "1km or 2%", Tolerance{Abs: 1, Rel: 0.02}, ""},
		{"odometer.distance", "2 % or 1 km", Tolerance{Abs: 1, Rel: 0.02}, ""},
		{"battery.percentRemaining", "2%", Tolerance{Rel: 0.02}, ""},
		{"battery.percentRemaining", "0.02", Tolerance{Abs: 0.02}, ""},
		{"battery.percentRemaining", "2 points", Tolerance{Abs: 0.02}, ""},
		{"battery.percentRemaining", "2 percent", Tolerance{}, "does not fit"},
		{"battery.percentRemaining", "2", Tolerance{}, "from 0 to 1"},
		{"tires.frontLeft", "5kPa", Tolerance{Abs: 5}, ""},
		{"tires.frontLeft", "0.1 bar", Tolerance{Abs: 10}, ""},
		{"tires.frontLeft", "1km", Tolerance{}, "kept in kPa"},
		{"make.thermometer.exterior", "9f", Tolerance{Abs: 5}, ""},
		{"tesla.charge.chargerPhases", "1", Tolerance{Abs: 1}, ""},
		{"location", "100m", Tolerance{Abs: 100}, ""},
		{"location", "0.1km", Tolerance{Abs: 100}, ""},
		{"location", "1%", Tolerance{}, "no percentage of a place"},
		{"vin", "1", Tolerance{}, "no number"},
		{"charge.isPluggedIn", "1", Tolerance{}, "no number"},
		{"odometer.distance", "1km or 2km", Tolerance{}, "stands between"},
		{"odometer.distance", "1km or 2% or 3", Tolerance{}, "one amount"},
		{"odometer.distance", "101%", Tolerance{}, "over 100%"},
		{"odometer.distance", "-1km", Tolerance{}, "0 or more"},
		{"odometer.distance", "1e3", Tolerance{}, "does not fit"},
		{"odometer.distance", "inf", Tolerance{}, "0 or more"},
		{"odometer.distance", "", Tolerance{}, "0 or more"},
	} {
		f, ok := Lookup(c.field)
		if !ok {
			t.Fatalf("no field %q", c.field)
		}
		got, err := ParseTolerance(f, c.text)
		switch {
		case c.trouble != "":
			if err == nil || !strings.Contains(err.Error(), c.trouble) {
				t.Errorf("%s, %q: %v, want %q", c.field, c.text, err, c.trouble)
			}
		case err != nil || math.Abs(got.Abs-c.want.Abs) > 1e-9 || math.Abs(got.Rel-c.want.Rel) > 1e-9:
			t.Errorf("%s, %q: %+v, %v", c.field, c.text, got, err)
		}
	}
}
