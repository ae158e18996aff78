package compare

import (
	"math"
	"strings"
	"testing"
	"time"
)

// TestEverySpellingOfAUnit holds the spellings of smartcar-v3.md §6 (documented and observed) and v2-to-v3-mapping.md §0.4.
func TestEverySpellingOfAUnit(t *testing.T) {
	tests := []struct {
		label    string
		quantity Quantity
		in, want float64
		reason   string
	}{
		{"km", Length, 5, 5, "observed"}, {"kilometers", Length, 5, 5, "documented"}, {"miles", Length, 1, 1.609344, "imperial"},
		{"Miles", Length, 1, 1.609344, "case does not matter"}, {" km ", Length, 5, 5, "blanks do not matter"},
		{"percent", Fraction, 68, 0.68, "observed"}, {"percentage", Fraction, 68, 0.68, "documented enum"}, {"fraction", Fraction, 0.68, 0.68, "v2"},
		{"kWh", Energy, 82, 82, "observed"}, {"kWhr", Energy, 82, 82, "mapping §0.4"}, {"kilowatt-hours", Energy, 82, 82, "documented enum"},
		{"watts", Power, 4683, 4.683, "webhooks"}, {"watt", Power, 4683, 4.683, "REST"}, {"kilowatts", Power, 3.5, 3.5, "documented enum"},
		{"volts", Voltage, 230, 230, "observed"}, {"ampere", Current, 16, 16, "observed"}, {"amps", Current, 16, 16, "mapping §0.4"},
		{"liters", Volume, 40, 40, "documented"}, {"gallons", Volume, 1, 3.785411784, "US gallons"},
		{"bar", Pressure, 2.6, 260, "documented"}, {"kPa", Pressure, 260, 260, "newest client"}, {"psi", Pressure, 38, 262.000777, "imperial"},
		{"km/h", Speed, 50, 50, "observed"}, {"kph", Speed, 50, 50, "documented"}, {"mph", Speed, 31.0685596, 50, "imperial"},
		{"celsius", Temperature, 21, 21, "documented"}, {"degrees-celsius", Temperature, 21, 21, "documented enum"},
		{"fahrenheit", Temperature, 212, 100, "imperial"}, {"fahrenheit", Temperature, -40, -40, "below nought"},
		{"count", Count, 2, 2, "DTC count"}, {"degrees", Angle, 90, 90, "documented enum"},
		{"minute", Duration, 5, 5, "REST"}, {"min", Duration, 5, 5, "spec"}, {"minutes", Duration, 5, 5, "documented enum"},
		{"hours", Duration, 2, 120, "documented enum"}, {"seconds", Duration, 90, 1.5, "documented enum"},
	}
	for _, tt := range tests {
		got, ok := canonical(tt.in, tt.quantity, tt.label)
		if !ok || math.Abs(got-tt.want) > 1e-6 {
			t.Errorf("%v %q (%s): %v, %v; want %v", tt.in, tt.label, tt.reason, got, ok, tt.want)
		}
	}
}

func TestUnitsAreNeverGuessed(t *testing.T) {
	tests := []struct{ name, code, body, reason string }{
		{"odometer.distance", "", `{"value":1,"unit":"furlongs"}`, "unknown"},
		{"odometer.distance", "", `{"value":1,"unit":"m"}`, "metres or miles"},
		{"odometer.distance", "", `{"value":1,"unit":"percent"}`, "of another quantity"},
		{"odometer.distance", "", `{"value":1,"unit":" "}`, "a blank is not a missing unit"},
		{"odometer.distance", "", `{"value":1,"unit":"km                        or so"}`, "a long label is not cut until it fits"},
		{"battery.percentRemaining", "", `{"value":68,"unit":"km"}`, "of another quantity"},
		{"tires.frontLeft", "", `{"values":[{"row":0,"column":0,"tirePressure":2.6}],"unit":"atm"}`, "unknown pressure"},
		{"battery.range", "", `{"value":1.7e308,"unit":"miles"}`, "too large for a conversion: infinity equals everything within 2 %"},
		{"make.charge.completion.time", "", `{"value":5,"unit":"parsec"}`, "minutes that remain have a unit, too"},
	}
	for _, tt := range tests {
		if got := say(appReading(t, tt.name, tt.body, noon)); got != "failed malformed" {
			t.Errorf("%s %s (%s): %s", tt.name, tt.body, tt.reason, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	tests := []struct{ name, body, want, reason string }{
		{"odometer.distance", `{"value":38550.5,"unit":"miles"}`, "62041.015872", "exact factor"},
		{"odometer.distance", `{"value":62041}`, "62041 !unit-missing", "no label: the canonical unit, and said so"},
		{"odometer.distance", `{"value":null,"unit":"km"}`, "empty", "null is no answer"},
		{"odometer.distance", `{"unit":"km"}`, "empty", "no value"},
		{"odometer.distance", `{"value":"62041","unit":"km"}`, "failed malformed", "a text is not a number"},
		{"odometer.distance", `{"value":true,"unit":"km"}`, "failed malformed", "a flag is not a number"},
		{"odometer.distance", `{"value":[62041],"unit":"km"}`, "failed malformed", "a list is not a number"},
		{"odometer.distance", `{"value":1e400,"unit":"km"}`, "failed malformed", "beyond every number"},
		{"odometer.distance", `{"value":1234567890123456789012345678901234567890,"unit":"km"}`, "1234567890123456800000000000000000000000", "40 digits are a number"},
		{"odometer.distance", `{"value":-1e-400,"unit":"km"}`, "-0", "below every number"},
		{"battery.percentRemaining", `{"value":68,"unit":"percent"}`, "0.68", "percent"},
		{"battery.percentRemaining", `{"value":0.68,"unit":"percent"}`, "0.0068", "the label counts, not the looks"},
		{"battery.percentRemaining", `{"value":68}`, "0.68 !unit-missing", "above 1 it can only be percent"},
		{"fuel.percentRemaining", `{"value":0.77}`, "0.0077 !unit-missing !scale-ambiguous", "fraction or percent: not guessed (row 13)"},
		{"fuel.percentRemaining", `{"value":1}`, "0.01 !unit-missing !scale-ambiguous", "1 may be 1 % or full"},
		{"fuel.percentRemaining", `{"value":0}`, "0 !unit-missing", "nought is nought either way"},
		{"charge.limit", `{"values":[{"type":"global","limit":80}],"activeLimit":90,"unit":"percent"}`, "0.8", "lower case of the documents"},
		{"charge.limit", `{"values":[{"type":"LOCATION","limit":50,"condition":{"name":"home"}},{"type":"GLOBAL","limit":80,"condition":null}],"unit":"percent"}`, "0.8", "order means nothing, null is no condition"},
		{"charge.limit", `{"values":[{"type":"GLOBAL","limit":50,"condition":{"name":"home"}}],"activeLimit":90,"unit":"percent"}`, "0.9", "a condition makes it another limit"},
		{"charge.limit", `{"values":[{"type":"GLOBAL","limit":null}],"activeLimit":90,"unit":"percent"}`, "0.9", "a limit that is null is none"},
		{"charge.limit", `{"values":[],"activeLimit":100,"unit":"percent"}`, "1", "three of four recordings"},
		{"charge.limit", `{"values":[],"activeLimit":null,"unit":"percent"}`, "failed not-applicable", "not plugged in"},
		{"battery.nominalCapacity", `{"capacity":82,"unit":"kWh"}`, "82", "a number in v3"},
		{"battery.nominalCapacity", `{"capacity":{"nominal":82},"unit":"kWh"}`, "failed malformed", "an object is v2's shape"},
		{"year", `{"year":"2024"}`, "2024", "year as text"},
		{"year", `{"year":"NaN"}`, "failed malformed", "a text that Go would read as a number"},
		{"year", `{"year":"Inf"}`, "failed malformed", "a text that Go would read as a number"},
		{"make.charge.wattmeter.wattage", `{"value":4683,"unit":"watts"}`, "4.683", "v2 speaks kW"},
	}
	for _, tt := range tests {
		if got := say(appReading(t, tt.name, tt.body, noon)); got != tt.want {
			t.Errorf("%s %s (%s): %s, want %s", tt.name, tt.body, tt.reason, got, tt.want)
		}
	}
}

// TestTirePressureLabels is the trap of v2-to-v3-mapping.md §1.1.
func TestTirePressureLabels(t *testing.T) {
	tests := []struct{ number, unit, want, reason string }{
		{"258", `"bar"`, "258 !unit-implausible", "kPa called bar: three reports"},
		{"2.6", `"bar"`, "260", "true bar (issue #109)"},
		{"38", `"psi"`, "262.000777", "imperial"},
		{"262", `"psi"`, "262 !unit-implausible", "kPa called psi"},
		{"258", `"kPa"`, "258", "the newest label"},
		{"258", `null`, "258 !unit-missing", "no label"},
		{"699.9", `"bar"`, "empty", "a sensor without a reading"},
		{"699.9", `"kPa"`, "empty", "a sensor without a reading"},
		{"700", `null`, "empty !unit-missing", "from 650 on there is none"},
		{"2.6", `"kPa"`, "2.6", "bar called kPa: kept as it is, the ratio is found in the comparison"},
		{"0", `"kPa"`, "0", "a flat tire is a value"},
	}
	for _, tt := range tests {
		body := `{"values":[{"row":1,"column":1,"tirePressure":1},{"row":0,"column":0,"tirePressure":` + tt.number + `}],"unit":` + tt.unit + `}`
		if got := say(appReading(t, "tires.frontLeft", body, noon)); got != tt.want {
			t.Errorf("%s %s (%s): %s, want %s", tt.number, tt.unit, tt.reason, got, tt.want)
		}
	}
}

func TestTheLastAxle(t *testing.T) {
	cells := `{"values":[{"row":2,"column":0,"tirePressure":300},{"row":1,"column":0,"tirePressure":200},{"row":0,"column":0,"tirePressure":250}],"unit":"kPa"`
	tests := []struct{ body, want, reason string }{
		{cells + `,"rowCount":3}`, "300", "row rowCount-1"},
		{cells + `,"rowCount":2}`, "200", "two axles"},
		{cells + `}`, "200", "not stated: two axles"},
		{cells + `,"rowCount":9}`, "empty", "no wheel stands there"},
		{`{"values":[{"row":1.2,"column":0,"tirePressure":200}],"unit":"kPa"}`, "empty", "there is no row 1.2"},
	}
	for _, tt := range tests {
		if got := say(appReading(t, "tires.backLeft", tt.body, noon)); got != tt.want {
			t.Errorf("%s (%s): %s, want %s", tt.body, tt.reason, got, tt.want)
		}
	}
}

func TestCompletionTime(t *testing.T) {
	const name = "make.charge.completion.time"
	at := legacyReading(t, name, `{"time":"2026-10-14T12:45:00Z"}`, noon)
	tests := []struct {
		body   string
		want   Outcome
		reason string
	}{
		{`{"value":45}`, Match, "minutes that remain, without a unit"},
		{`{"value":45,"unit":"minute"}`, Match, "the REST label"},
		{`{"value":0.75,"unit":"hours"}`, Match, "the label counts"},
		{`{"value":45,"unit":"hours"}`, Differs, "45 hours are not 45 minutes"},
	}
	for _, tt := range tests {
		if got := diffOne(t, name, at, appReading(t, name, tt.body, noon)); got.Outcome != tt.want {
			t.Errorf("%s (%s): %s, want %s", tt.body, tt.reason, got.Outcome, tt.want)
		}
	}
	if got := say(appReading(t, name, `{"value":45}`, time.Time{})); got != "failed malformed" {
		t.Errorf("minutes from an unknown moment: %s", got)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	r := appReading(t, "odometer.distance", `{"value":1,"unit":"`+strings.Repeat("ü", 5000)+`"}`, noon)
	if len(r.Unit) > maxLabel || strings.ContainsRune(r.Unit, '\uFFFD') {
		t.Errorf("kept %q", r.Unit)
	}
}
