package compare

import (
	"strings"
	"testing"
	"time"
)

// TestFleetTablesAreOfTheCatalogue: a row that no field reads is a mistake of its name, and so is a field that changes its
// row when rows change places.
func TestFleetTablesAreOfTheCatalogue(t *testing.T) {
	used := map[string]int{}
	for _, f := range All() {
		if m, ok := f.memory(); ok && f.Dynamics != Static {
			used[m.prefix]++
			if m.For <= 0 || m.Why == "" || m.Near < 0 || m.Near > 0 && m.Near < f.Tolerance.Abs {
				t.Errorf("%s: %+v", f.Name, m)
			}
		}
	}
	for _, m := range memories {
		if used[m.prefix] == 0 {
			t.Errorf("no field reads the memory of %q", m.prefix)
		}
	}
	for name, list := range gauges {
		f, ok := Lookup(name)
		if !ok || f.UnitFactors() == nil {
			t.Errorf("%q has gauges and is no field with unit factors", name)
		}
		for _, gauge := range list {
			if g, ok := Lookup(gauge); !ok || g.LegacyPath("") != f.LegacyPath("") {
				t.Errorf("the gauge %q of %q is not of the same answer", gauge, name)
			}
		}
	}
}

func TestMemories(t *testing.T) {
	for _, tt := range []struct {
		name   string
		want   time.Duration
		reason string
	}{
		{"odometer.distance", 30 * 24 * time.Hour, "the odometer's own"},
		{"charge.limit", 7 * 24 * time.Hour, "before the rest of its path"},
		{"charge.state", time.Hour, "the rest of the path"},
		{"security.chargingPort", time.Hour, "open as long as the plug is in"},
		{"security.doors.frontLeft", 15 * time.Minute, "a door"},
		{"diagnostics.dtcCount", 0, "nobody knows how long"},
		{"make.speedometer.speed", 0, "nobody knows how long"},
	} {
		if f := field(t, tt.name); f.Memory() != tt.want {
			t.Errorf("%s (%s): %v, want %v", tt.name, tt.reason, f.Memory(), tt.want)
		}
	}
}

func TestPairs(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	reading := func(v Value, from string) Reading {
		return Reading{Status: Served, Value: v, Observed: at, TimeFrom: from}
	}
	hour := func(r Reading) Reading { r.Observed = at.Add(time.Hour); return r }
	for _, tt := range []struct {
		reason      string
		f           Finding
		ok, timed   bool
		apart       time.Duration
		legacy, app float64 // words as flags
	}{
		{"an hour apart", Finding{Field: "odometer.distance", Legacy: hour(reading(NumberValue(7), timeLegacy)), App: reading(NumberValue(8), timeMaker)}, true, true, time.Hour, 7, 8},
		{"the app value is the newer one", Finding{Field: "odometer.distance", Legacy: reading(NumberValue(7), timeLegacy), App: hour(reading(NumberValue(8), timeMaker))}, true, true, time.Hour, 7, 8},
		{"fetched, not observed", Finding{Field: "odometer.distance", Legacy: reading(NumberValue(7), timeLegacy), App: reading(NumberValue(8), timeGot)}, true, false, 0, 7, 8},
		{"no time", Finding{Field: "odometer.distance", Legacy: Reading{Status: Served, Value: NumberValue(7)}, App: reading(NumberValue(8), timeMaker)}, true, false, 0, 7, 8},
		{"a flag", Finding{Field: "security.isLocked", Legacy: reading(FlagValue(true), timeLegacy), App: reading(FlagValue(false), timeMaker)}, true, true, 0, 1, 0},
		{"one leg", Finding{Field: "security.isLocked", Legacy: reading(FlagValue(true), timeLegacy), App: Reading{Status: Absent}}, false, false, 0, 0, 0},
		{"it never changes: one car proves it", Finding{Field: "battery.nominalCapacity", Legacy: reading(NumberValue(75), ""), App: reading(NumberValue(75), "")}, false, false, 0, 0, 0},
		{"positions are not kept", Finding{Field: "location", Legacy: reading(PositionValue(1, 2), timeLegacy), App: reading(PositionValue(1, 2), timeMaker)}, false, false, 0, 0, 0},
		{"no such field", Finding{Field: "x", Legacy: reading(NumberValue(75), ""), App: reading(NumberValue(75), "")}, false, false, 0, 0, 0},
	} {
		p, ok := tt.f.Pair()
		if ok != tt.ok || ok && (p.Timed != tt.timed || p.Apart != tt.apart) {
			t.Errorf("%s: %+v, %v", tt.reason, p, ok)
			continue
		}
		legacy, app := p.Legacy.Num, p.App.Num
		if p.Legacy.Form == FormFlag {
			legacy, app = p.Legacy.Word(), p.App.Word()
		}
		if legacy != tt.legacy || app != tt.app {
			t.Errorf("%s: %g and %g, want %g and %g", tt.reason, legacy, app, tt.legacy, tt.app)
		}
	}
}

// TestPairsOfAWeakerSource: where the app's signal only knows "charging", a full car is as good as one that is not charging.
func TestPairsOfAWeakerSource(t *testing.T) {
	f := Finding{Field: "charge.state", Legacy: Reading{Status: Served, Value: TextValue("FULLY_CHARGED")}, App: Reading{Status: Served, Value: TextValue("NOT_CHARGING"), Warnings: []string{WarnWeaker}}}
	if p, ok := f.Pair(); !ok || p.Legacy.Word() != p.App.Word() {
		t.Errorf("%+v, %v", p, ok)
	}
}

// TestWordsAreEqualAsValuesAre: the code of a word is that of every spelling that counts as equal.
func TestWordsAreEqualAsValuesAre(t *testing.T) {
	words := []string{"OPEN", "CLOSED", "CHARGING", "NOT_CHARGING", "FULLY_CHARGED", "on", "ON", "not charging"}
	f := field(t, "charge.state")
	for _, a := range words {
		for _, b := range words {
			if got, want := TextValue(a).Word() == TextValue(b).Word(), f.equal(TextValue(a), TextValue(b)); got != want {
				t.Errorf("%q and %q: one code %v, equal %v", a, b, got, want)
			}
		}
	}
}

// TestUnitFactorsOverAFleet: ranges and volumes have factors that no single car is convicted by.
func TestUnitFactorsOverAFleet(t *testing.T) {
	for name, want := range map[string]float64{"battery.range": 1.609344, "fuel.range": 1.609344, "fuel.amountRemaining": 3.785411784, "charge.limit": 100, "odometer.distance": 1.609344, "tires.backLeft": 100} {
		if factors := field(t, name).UnitFactors(); len(factors) == 0 || factors[0] != want {
			t.Errorf("%s: %v", name, factors)
		}
	}
	for _, f := range All() {
		if factors := f.UnitFactors(); factors != nil && strings.HasPrefix(f.Name, "security.") {
			t.Errorf("%s: %v", f.Name, factors)
		}
	}
}
