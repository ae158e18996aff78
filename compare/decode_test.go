package compare

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/car.txt anew")

// carFields are all the data of a car, the make-specific ones of a Land Rover being none.
func carFields(t testing.TB) []*Field {
	t.Helper()
	fields, err := Select("all")
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

// bothLegs reads a batch and a signals answer of testdata into the two lists of Readings.
func bothLegs(t testing.TB, fields []*Field, batch, signals string) (legacy, app []Reading) {
	t.Helper()
	const carMake = "LAND_ROVER"
	legacy = ReadLegacy(fields, carMake, Paths(fields, carMake), mustBatch(t, testdata(t, batch)))
	return legacy, ReadApp(fields, mustSignals(t, testdata(t, signals)))
}

// TestOneCarWhole reads a whole batch and a whole list of signals with every kind of trouble the recordings show, and
// holds every field against testdata/car.txt: field, legacy leg, app leg, outcome. -update writes it anew.
func TestOneCarWhole(t *testing.T) {
	fields := carFields(t)
	legacy, app := bothLegs(t, fields, "batch.json", "signals.json")
	var text strings.Builder
	for _, f := range Diff(fields, legacy, app) {
		fmt.Fprintf(&text, "%s | %s | %s | %s\n", f.Field, say(f.Legacy), say(f.App), strings.TrimSpace(string(f.Outcome)+" "+string(f.Reason)))
	}
	golden := filepath.Join("testdata", "car.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Split(string(testdata(t, "car.txt")), "\n")
	got := strings.Split(text.String(), "\n")
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			t.Fatalf("line %d:\ngot  %q\nwant %q", i+1, slices.Concat(got, []string{"", ""})[i], slices.Concat(want, []string{"", ""})[i])
		}
	}
}

// TestNothingIsDropped holds testdata against itself: what came must be in a Reading, whatever it says.
func TestNothingIsDropped(t *testing.T) {
	fields := carFields(t)
	legacy, app := bothLegs(t, fields, "batch.json", "signals.json")
	for path, item := range mustBatch(t, testdata(t, "batch.json")).Items {
		mine := filterReadings(legacy, func(r Reading) bool { return r.Source == path })
		if len(mine) == 0 {
			t.Errorf("%s: no field reads it", path)
		}
		for _, r := range mine {
			if failed := r.Status == Failed; failed != (item.Code != 200) || failed && (r.Failure.Type == "" || r.Failure.Status != item.Code) {
				t.Errorf("%s: item %d became %s %+v", path, item.Code, say(r), r.Failure)
			}
		}
	}
	signals := mustSignals(t, testdata(t, "signals.json"))
	for code, sig := range signals.ByCode {
		mine := filterReadings(app, func(r Reading) bool { return r.Source == code })
		second := code == "closure-enginecover" // behind a first choice that came
		if slices.Contains(signals.Unmapped(), code) != (len(mine) == 0) && !second {
			t.Errorf("%s: %d fields read it, unmapped %v", code, len(mine), signals.Unmapped())
		}
		for _, r := range mine {
			if failed := r.Status == Failed; failed != (sig.Status != "SUCCESS") || failed && r.Failure.Type == "" {
				t.Errorf("%s: a signal of %s became %s", code, sig.Status, say(r))
			}
		}
	}
}

func filterReadings(readings []Reading, keep func(Reading) bool) []Reading {
	return slices.DeleteFunc(slices.Clone(readings), func(r Reading) bool { return !keep(r) })
}

// TestSecretsAndPlacesStayOutside: the url with a token, the prose of errors, old bodies and positions.
func TestSecretsAndPlacesStayOutside(t *testing.T) {
	fields := carFields(t)
	legacy, app := bothLegs(t, fields, "batch.json", "signals.json")
	out, err := json.Marshal(Diff(fields, legacy, app))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"canary", "connect.smartcar.com", "52.52", "13.40", "Deprecated", "7400", "\"value\":41"} {
		if strings.Contains(string(out), word) {
			t.Errorf("%q is in the findings", word)
		}
	}
}

func TestOlderShapes(t *testing.T) {
	s := mustSignals(t, testdata(t, "signals_older.json"))
	if len(s.ByCode) != 5 || s.Total != -1 || !s.Complete() || s.VehicleID() != "" {
		t.Fatalf("%d signals, total %d, vehicle %q", len(s.ByCode), s.Total, s.VehicleID())
	}
	tests := []struct{ name, want, observed, reason string }{
		{"odometer.distance", "48213.5", "2026-10-14T02:55:53Z", "epoch milliseconds"},
		{"battery.percentRemaining", "0.61", "2026-10-14T02:55:53Z", "epoch seconds"},
		{"vin", "SALTEST0000000042", "", "nought for static signals"},
		{"security.isLocked", "true", "", "no status on success, meta {}"},
		{"tesla.charge.chargeRate", "failed not-applicable", "2026-10-14T02:55:53Z", "meta inside attributes, digits as text"},
	}
	for _, tt := range tests {
		r := ReadApp([]*Field{field(t, tt.name)}, s)[0]
		observed := ""
		if !r.Observed.IsZero() {
			observed = r.Observed.Format("2006-01-02T15:04:05Z")
		}
		if say(r) != tt.want || observed != tt.observed {
			t.Errorf("%s (%s): %s at %q", tt.name, tt.reason, say(r), observed)
		}
	}
}

func TestSingleSignal(t *testing.T) {
	wrapped, err := ParseSignal(testdata(t, "signal_single.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Data json.RawMessage }
	if err := json.Unmarshal(testdata(t, "signal_single.json"), &doc); err != nil {
		t.Fatal(err)
	}
	bare, err := ParseSignal(doc.Data)
	if err != nil {
		t.Fatal(err)
	}
	vin := []*Field{field(t, "vin")}
	for _, s := range []Signals{wrapped, bare} {
		if got := say(ReadApp(vin, s)[0]); got != "SALTEST0000000042" {
			t.Errorf("vin: %s", got)
		}
	}
	if wrapped.Text("make") != "Land Rover" || wrapped.Number("year") != 2024 || wrapped.VehicleID() == "" {
		t.Errorf("the car of a single answer: %v", wrapped.Vehicle)
	}
}
