package compare

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// reading makes a Reading of each availability.
func reading(word string) Reading {
	r := Reading{Field: "odometer.distance", Status: Status(word)}
	switch word {
	case "served":
		r.Value = NumberValue(5)
	case "lasting":
		r.Status, r.Failure = Failed, &Failure{Kind: KindNotCapable}
	case "passing":
		r.Status, r.Failure = Failed, &Failure{Kind: KindUpstream}
	case "state":
		r.Status, r.Failure = Failed, &Failure{Kind: KindNotApplicable}
	}
	return r
}

// TestAvailability is the whole table: what two statuses mean before any value is looked at.
func TestAvailability(t *testing.T) {
	columns := strings.Fields("served empty absent lasting state passing unasked")
	rows := map[string]string{
		"served":  "match lost lost lost unmeasured/app unmeasured/app unmeasured/unasked",
		"empty":   "gained absent absent absent absent absent absent",
		"absent":  "gained absent absent absent absent absent absent",
		"lasting": "gained absent absent absent absent absent absent",
		"state":   "gained absent absent absent absent absent absent",
		"passing": "unmeasured/legacy unmeasured/legacy unmeasured/legacy unmeasured/legacy unmeasured/legacy unmeasured/both unmeasured/legacy",
		"unasked": "unmeasured/unasked unmeasured/unasked unmeasured/unasked unmeasured/unasked unmeasured/unasked unmeasured/unasked unmeasured/unasked",
	}
	for _, legacy := range columns {
		wants := strings.Fields(rows[legacy])
		for i, app := range columns {
			f := diffOne(t, "odometer.distance", reading(legacy), reading(app))
			if got := strings.TrimSuffix(string(f.Outcome)+"/"+string(f.Reason), "/"); got != wants[i] {
				t.Errorf("legacy %s, app %s: %s, want %s", legacy, app, got, wants[i])
			}
		}
	}
}

func TestEveryKindIsDecided(t *testing.T) {
	served := reading("served")
	for _, codes := range kindTable {
		for _, kind := range codes {
			failed := Reading{Status: Failed, Failure: &Failure{Kind: kind}}
			app, legacy := diffOne(t, "odometer.distance", served, failed), diffOne(t, "odometer.distance", failed, served)
			// On the legacy leg what concerns the account, the token or our request says nothing about the field.
			unsaid := kind.Passing() || slices.Contains([]Kind{KindInvalid, KindForbidden, KindReauth, KindGone, KindNotFound}, kind)
			if unsaid != (legacy.Outcome == Unmeasured) || kind.Passing() && app.Outcome != Unmeasured {
				t.Errorf("%s passing %v: app %s, legacy %s", kind, kind.Passing(), app.Outcome, legacy.Outcome)
			}
		}
	}
	if got := diffOne(t, "odometer.distance", served, Reading{Status: Failed}).Outcome; got != Unmeasured {
		t.Errorf("a failure without a reason proves no loss: %s", got)
	}
}

func TestNoCounterpart(t *testing.T) {
	const name = "battery.nominalCapacity.url"
	for word, want := range map[string]Outcome{"served": NoCounterpart, "empty": Nowhere, "passing": Nowhere, "unasked": Nowhere} {
		if got := diffOne(t, name, reading(word), Reading{Status: Absent}).Outcome; got != want {
			t.Errorf("legacy %s: %s, want %s", word, got, want)
		}
	}
}

const hour = time.Hour

// TestEqualAndUnequal is the heart: values, times, and what they come to.
func TestEqualAndUnequal(t *testing.T) {
	never := time.Time{}
	tests := []struct {
		name, legacy, app string
		legacyAt, appAt   time.Time
		want              string
		reason            string
	}{
		{"odometer.distance", `{"distance":1000}`, `{"value":1001,"unit":"km"}`, noon, noon, "match", "within 1 km"},
		{"odometer.distance", `{"distance":1000}`, `{"value":1001.01,"unit":"km"}`, noon, noon, "differs/value", "one moment, beyond 1 km"},
		{"odometer.distance", `{"distance":1000}`, `{"value":1002,"unit":"km"}`, noon, noon.Add(2 * time.Second), "differs/value", "2 s are one moment"},
		{"odometer.distance", `{"distance":1000}`, `{"value":1002,"unit":"km"}`, noon, noon.Add(-2 * time.Second), "differs/value", "2 s are one moment, either way"},
		{"odometer.distance", `{"distance":1000}`, `{"value":1002,"unit":"km"}`, noon, noon.Add(3 * time.Second), "differs/value", "faster than any car"},
		{"odometer.distance", `{"distance":1000}`, `{"value":990,"unit":"km"}`, noon, noon.Add(-hour), "drift", "an hour older"},
		{"odometer.distance", `{"distance":1000}`, `{"value":990,"unit":"km"}`, never, never, "differs/value", "no time on either leg: must be equal"},
		{"odometer.distance", `{"distance":1000}`, `{"value":990,"unit":"km"}`, noon, never, "differs/value", "one leg without a time: nothing can be explained by it"},
		{"odometer.distance", `{"distance":1000}`, `{"value":1000,"unit":"km"}`, noon, noon.Add(-90 * 24 * hour), "match", "equal, however old"},
		{"battery.percentRemaining", `{"percentRemaining":0.68}`, `{"value":69,"unit":"percent"}`, noon, noon, "match", "within 0.01"},
		{"battery.percentRemaining", `{"percentRemaining":0.68}`, `{"value":70,"unit":"percent"}`, noon, noon, "differs/value", "beyond 0.01"},
		{"battery.range", `{"range":300}`, `{"value":294.1,"unit":"km"}`, noon, noon, "match", "within 2 % of the larger"},
		{"battery.range", `{"range":300}`, `{"value":293.9,"unit":"km"}`, noon, noon, "differs/value", "beyond 2 %"},
		{"battery.range", `{"range":10}`, `{"value":9,"unit":"km"}`, noon, noon, "match", "within 1 km where that is more"},
		{"battery.nominalCapacity", `{"capacity":{"nominal":82}}`, `{"capacity":82.0,"unit":"kWh"}`, noon, never, "match", "exact"},
		{"battery.nominalCapacity", `{"capacity":{"nominal":82}}`, `{"capacity":81.9,"unit":"kWh"}`, noon, noon.Add(-hour), "differs/value", "static: time explains nothing"},
		{"vin", `{"vin":"SALTEST0000000042"}`, `{"value":"saltest0000000042"}`, never, never, "match", "case is no difference"},
		{"vin", `{"vin":"SALTEST0000000042"}`, `{"value":"SALTEST0000000043"}`, never, never, "differs/value", "another car"},
		{"make", `{"make":"LAND_ROVER"}`, `{"make":"Land Rover"}`, never, never, "match", "underscore, blank, case"},
		{"make", `{"make":"LAND_ROVER"}`, `{"make":"Jaguar"}`, never, never, "differs/value", "another make"},
		{"year", `{"year":2024}`, `{"year":"2024"}`, never, never, "match", "number and text"},
		{"year", `{"year":2024}`, `{"year":2023}`, never, never, "differs/value", "static"},
		{"charge.isPluggedIn", `{"isPluggedIn":true}`, `{"value":false}`, noon, noon, "differs/value", "one moment"},
		{"charge.isPluggedIn", `{"isPluggedIn":true}`, `{"value":false}`, noon, noon.Add(-time.Minute), "unverifiable", "volatile, another moment"},
		{"charge.isPluggedIn", `{"isPluggedIn":true}`, `{"value":false}`, never, never, "unmeasured/times", "volatile, no time"},
		{"charge.state", `{"state":"FULLY_CHARGED"}`, `{"value":"NOT_CHARGING"}`, noon, noon, "differs/value", "the first choice tells them apart"},
		{"charge.state", `{"state":"CHARGING"}`, `{"value":"charging"}`, noon, noon, "match", "case"},
		{"security.doors.backLeft", `{"doors":[{"type":"backLeft","status":"LOCKED"}]}`, `{"values":[{"row":1,"column":0,"isOpen":false}]}`, noon, noon, "match", "LOCKED is closed"},
		{"security.doors.backLeft", `{"doors":[{"type":"backLeft","status":"CLOSED"}]}`, `{"values":[{"row":0,"column":1,"isOpen":false},{"row":1,"column":0,"isOpen":true}]}`, noon, noon, "differs/value", "the right door"},
		{"location", `{"latitude":52.52,"longitude":13.4}`, `{"latitude":52.5208,"longitude":13.4}`, noon, noon, "match", "89 m"},
		{"location", `{"latitude":52.52,"longitude":13.4}`, `{"latitude":52.521,"longitude":13.4}`, noon, noon, "differs/value", "111 m"},
		{"location", `{"latitude":52.52,"longitude":13.4}`, `{"latitude":13.4,"longitude":52.52}`, noon, noon.Add(-hour), "differs/value", "an hour older"},
		{"location", `{"latitude":0,"longitude":179.9999}`, `{"latitude":0,"longitude":-179.9999}`, noon, noon, "match", "22 m over the date line"},
		{"diagnostics.dtcs", `{"activeCodes":[{"code":"P1"},{"code":"P2"}]}`, `{"values":[{"code":"P2"},{"code":"P1"}]}`, noon, noon, "match", "order means nothing"},
		{"diagnostics.dtcs", `{"activeCodes":[{"code":"P1"}]}`, `{"values":[{"code":"P1"},{"code":"P1"}]}`, noon, noon, "differs/value", "two are not one"},
		{"diagnostics.dtcCount", `{"activeCodes":[]}`, `{"value":0,"unit":"count"}`, noon, noon, "match", "none"},
		{"make.charge.wattmeter.wattage", `{"wattage":7.4}`, `{"value":7400,"unit":"watts"}`, noon, noon, "match", "kW and W"},
		{"tesla.charge.chargePortLatch", `{"chargePortLatch":"Engaged"}`, `{"value":true}`, noon, noon, "match", "a word and a flag"},
	}
	for _, tt := range tests {
		f := diffOne(t, tt.name, legacyReading(t, tt.name, tt.legacy, tt.legacyAt), appReading(t, tt.name, tt.app, tt.appAt))
		if got := strings.TrimSuffix(string(f.Outcome)+"/"+string(f.Reason), "/"); got != tt.want {
			t.Errorf("%s %s %s (%s): %s, want %s (%s)", tt.name, tt.legacy, tt.app, tt.reason, got, tt.want, f.Note)
		}
		if f.Outcome != Match && f.Note == "" {
			t.Errorf("%s (%s): %s without a word why", tt.name, tt.reason, f.Outcome)
		}
	}
}

// TestUnitSuspects: numbers that agree under another unit, in either direction, however old the app value is.
func TestUnitSuspects(t *testing.T) {
	tests := []struct {
		name, legacy, app string
		suspect           bool
		reason            string
	}{
		{"odometer.distance", `{"distance":62041}`, `{"value":38550.5,"unit":"km"}`, true, "miles called km"},
		{"odometer.distance", `{"distance":38550.5}`, `{"value":62041,"unit":"km"}`, true, "the legacy number is the mile"},
		{"odometer.distance", `{"distance":62041}`, `{"value":38500,"unit":"km"}`, false, "not within 1 km under the factor"},
		{"battery.percentRemaining", `{"percentRemaining":0.68}`, `{"value":0.68,"unit":"percent"}`, true, "a fraction called percent"},
		{"battery.percentRemaining", `{"percentRemaining":0.68}`, `{"value":6800,"unit":"percent"}`, true, "percent of percent"},
		{"battery.percentRemaining", `{"percentRemaining":0.005}`, `{"value":40,"unit":"percent"}`, false, "small numbers agree with anything"},
		{"battery.percentRemaining", `{"percentRemaining":0}`, `{"value":50,"unit":"percent"}`, false, "nought agrees with anything"},
		{"fuel.percentRemaining", `{"percentRemaining":0.77}`, `{"value":0.77}`, true, "no unit: fraction or percent"},
		{"fuel.percentRemaining", `{"percentRemaining":0.01}`, `{"value":1}`, true, "no unit: equal only if it was percent"},
		{"fuel.amountRemaining", `{"amountRemaining":40}`, `{"value":10.567,"unit":"liters"}`, false, "gallons called litres: refuelling reaches such ratios; still no match"},
		{"tires.frontLeft", `{"frontLeft":262}`, `{"values":[{"row":0,"column":0,"tirePressure":2.62}],"unit":"kPa"}`, true, "bar called kPa"},
		{"tires.frontLeft", `{"frontLeft":262}`, `{"values":[{"row":0,"column":0,"tirePressure":38}],"unit":"kPa"}`, true, "psi called kPa"},
		{"tires.frontLeft", `{"frontLeft":258}`, `{"values":[{"row":0,"column":0,"tirePressure":258}],"unit":"bar"}`, true, "kPa called bar"},
		{"tires.frontLeft", `{"frontLeft":258}`, `{"values":[{"row":0,"column":0,"tirePressure":230}],"unit":"bar"}`, true, "the label is wrong whatever the number"},
		{"battery.range", `{"range":320}`, `{"value":198.8,"unit":"km"}`, false, "driving reaches such ratios"},
		{"fuel.range", `{"range":320}`, `{"value":515,"unit":"km"}`, false, "driving reaches such ratios"},
		{"make.charge.wattmeter.wattage", `{"wattage":7.4}`, `{"value":7.4,"unit":"watts"}`, true, "kW called watts"},
		{"battery.nominalCapacity", `{"capacity":{"nominal":82}}`, `{"capacity":82000,"unit":"kWh"}`, true, "Wh called kWh"},
	}
	for _, tt := range tests {
		for _, age := range []time.Duration{0, 30 * 24 * hour} {
			f := diffOne(t, tt.name, legacyReading(t, tt.name, tt.legacy, noon), appReading(t, tt.name, tt.app, noon.Add(-age)))
			if f.Outcome == Match || (f.Reason == ReasonUnit) != tt.suspect || tt.suspect && f.Outcome != Differs {
				t.Errorf("%s %s %s, %v old (%s): %s %s %q", tt.name, tt.legacy, tt.app, age, tt.reason, f.Outcome, f.Reason, f.Note)
			}
		}
	}
}

func TestWeakerSource(t *testing.T) {
	f := field(t, "charge.state")
	app := appReadingOf(t, f, "charge-ischarging", `{"value":false}`, noon)
	for state, want := range map[string]Outcome{"FULLY_CHARGED": Match, "NOT_CHARGING": Match, "CHARGING": Differs} {
		got := diffOne(t, f.Name, legacyReading(t, f.Name, `{"state":"`+state+`"}`, noon), app)
		if got.Outcome != want || !got.App.Warned(WarnWeaker) {
			t.Errorf("%s: %s %v", state, got.Outcome, got.App.Warnings)
		}
	}
}

func TestPositionsAreComparedByDistance(t *testing.T) {
	legacy := legacyReading(t, "location", `{"latitude":52.52,"longitude":13.405}`, noon)
	app := appReading(t, "location", `{"latitude":48.8566,"longitude":2.3522}`, noon)
	f := diffOne(t, "location", legacy, app)
	if f.Distance == nil || math.Abs(*f.Distance-877_460) > 1000 {
		t.Errorf("Berlin to Paris is 877 km, got %v", f.Distance)
	}
	for _, bad := range []string{`{"latitude":91,"longitude":0}`, `{"latitude":0,"longitude":181}`, `{"latitude":"1","longitude":2}`, `{"latitude":1e400,"longitude":2}`} {
		if got := say(appReading(t, "location", bad, noon)); got != "failed malformed" {
			t.Errorf("%s: %s", bad, got)
		}
	}
}

// TestNothingLeftToCompare: positions do not survive JSON; a pair of such Readings is no match.
func TestNothingLeftToCompare(t *testing.T) {
	legacy := roundTrip(t, legacyReading(t, "location", `{"latitude":1,"longitude":2}`, noon))
	app := roundTrip(t, appReading(t, "location", `{"latitude":50,"longitude":2}`, noon))
	if f := diffOne(t, "location", legacy, app); f.Outcome != Unmeasured || f.Distance != nil {
		t.Errorf("%s, %v", f.Outcome, f.Distance)
	}
}

// TestUnreadableElementsAreNotEqual: two lists of elements nobody can read.
func TestUnreadableElementsAreNotEqual(t *testing.T) {
	tests := []struct{ name, legacy, app, reason string }{
		{"diagnostics.dtcs", `{"activeCodes":["P1"]}`, `{"values":["P2"]}`, "bare codes"},
		{"diagnostics.dtcs", `{"activeCodes":[{"code":null}]}`, `{"values":[{"code":null}]}`, "codes that are null"},
		{"service.history", `[{"a":1}]`, `{"values":[{"b":2}]}`, "records of another shape"},
		{"service.history", `[5]`, `{"values":["x"]}`, "no records"},
		{"battery.nominalCapacity.availableCapacities", `{"availableCapacities":[5]}`, `{"availableCapacities":[7]}`, "bare numbers"},
	}
	for _, tt := range tests {
		f := diffOne(t, tt.name, legacyReading(t, tt.name, tt.legacy, noon), appReading(t, tt.name, tt.app, noon))
		if f.Outcome != Unmeasured {
			t.Errorf("%s (%s): %s: %s, %s", tt.name, tt.reason, f.Outcome, say(f.Legacy), say(f.App))
		}
	}
}

func TestAgeNotes(t *testing.T) {
	tests := []struct {
		appAt        time.Time
		want, reason string
	}{
		{noon.Add(-150 * time.Minute), "the app value is 2 h 30 min older", "hours"},
		{noon.Add(30 * time.Second), "the app value is 30 s newer", "seconds"},
		{noon.Add(-59 * time.Minute), "the app value is 59 min older", "minutes"},
		{noon.Add(-50 * hour), "the app value is 2 d 2 h older", "days"},
		{noon, "", "one moment"},
		{time.Time{}, "", "unknown"},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "the app value is 106751 d 23 h newer", "further than a Duration reaches"},
	}
	for _, tt := range tests {
		f := diffOne(t, "odometer.distance", legacyReading(t, "odometer.distance", `{"distance":1}`, noon), appReading(t, "odometer.distance", `{"value":1,"unit":"km"}`, tt.appAt))
		if f.Outcome != Match || f.Note != tt.want {
			t.Errorf("%s: %s %q, want %q", tt.reason, f.Outcome, f.Note, tt.want)
		}
	}
}

// TestTheTimeOfStoringIsNoMoment: a value was observed when it was stored or earlier, so two equal times prove nothing.
func TestTheTimeOfStoringIsNoMoment(t *testing.T) {
	at := time.Date(2026, 6, 30, 0, 3, 53, 0, time.UTC)
	legacy := Reading{Status: Served, Value: NumberValue(62041), Observed: at, TimeFrom: "sc-data-age"}
	app := Reading{Status: Served, Value: NumberValue(62001), Observed: at, TimeFrom: timeStored}
	if got := diffOne(t, "odometer.distance", legacy, app).Outcome; got != Unverifiable {
		t.Errorf("%s, want unverifiable", got)
	}
	app.TimeFrom = "oemUpdatedAt"
	if got := diffOne(t, "odometer.distance", legacy, app).Outcome; got != Differs {
		t.Errorf("%s, want differs", got)
	}
}
