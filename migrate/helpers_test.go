package migrate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
)

// The car of these tests. Every id is invented.
const (
	carID     = "c0000000-0000-4000-8000-000000000001"
	userID    = "a0000000-0000-4000-8000-000000000001"
	strangeID = "a0000000-0000-4000-8000-000000000002"
	carVIN    = "5YJSA1CN5DFP00101"
	otherVIN  = "WVWZZZE1ZMP000002"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func anEntry() inventory.Entry {
	return inventory.Entry{VehicleID: carID, UserID: userID, VIN: carVIN, HasToken: true}
}

// allPermissions is every permission that the catalogue knows.
func allPermissions() []string {
	var all []string
	for _, f := range compare.All() {
		all = append(all, f.Permissions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func without(list []string, drop ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(drop, s) })
}

func aLink() *Link {
	return &Link{UserID: userID, VehicleID: carID, Permissions: allPermissions(), Make: "TESLA", Model: "Model S", Year: 2014, Mode: "live"}
}

// failures are the field-level states that are errors, by the word the tables use.
var failures = map[string]compare.Failure{
	"denied":    {Kind: compare.KindNotPermitted, Status: 403, Type: "PERMISSION"},
	"incapable": {Kind: compare.KindNotCapable, Status: 501, Type: "COMPATIBILITY", Code: "VEHICLE_NOT_CAPABLE"},
	"later":     {Kind: compare.KindUpstream, Status: 502, Type: "UPSTREAM", Code: "NO_RESPONSE"},
	"throttled": {Kind: compare.KindAppLimit, Status: 429, Type: "RATE_LIMIT", Code: "SMARTCAR_API"},
	"asleep":    {Kind: compare.KindVehicleState, Status: 409, Type: "VEHICLE_STATE", Code: "ASLEEP"},
	"unplugged": {Kind: compare.KindNotApplicable, Status: 409, Type: "VEHICLE_STATE", Code: "CHARGING_PLUG_NOT_CONNECTED"},
}

// statuses are the field-level states without a value or an error.
var statuses = map[string]compare.Status{"empty": compare.Empty, "absent": compare.Absent, "unasked": compare.Unasked}

// valueOf is a plausible value of the field, another one where other is set.
func valueOf(f *compare.Field, other bool) compare.Value {
	number := 62000.0
	switch {
	case f.Name == "vin":
		return compare.TextValue(map[bool]string{false: carVIN, true: otherVIN}[other])
	case f.Quantity == compare.Closure:
		return compare.TextValue(map[bool]string{false: "CLOSED", true: "OPEN"}[other])
	case f.Quantity == compare.Flag:
		return compare.FlagValue(!other)
	case f.Quantity == compare.Word || f.Quantity == compare.Name:
		return compare.TextValue(map[bool]string{false: "TESLA", true: "VOLVO"}[other])
	case f.Quantity == compare.Fraction:
		number = 0.8
	case f.Quantity == compare.Pressure:
		number = 240
	}
	if other {
		number *= 0.7
	}
	return compare.NumberValue(number)
}

// read makes a reading in one of the tables' words: ok, other (another value, observed at noon like ok), stale (another
// value, observed an hour earlier), miles (ok under another unit), or a key of failures or statuses.
func read(t testing.TB, f *compare.Field, source, state string) compare.Reading {
	t.Helper()
	r := compare.Reading{Field: f.Name, Source: source, Status: compare.Served, Observed: noon}
	if status, ok := statuses[state]; ok {
		return compare.Reading{Field: f.Name, Source: source, Status: status}
	}
	if failure, ok := failures[state]; ok {
		return compare.Reading{Field: f.Name, Source: source, Status: compare.Failed, Failure: &failure}
	}
	switch state {
	case "ok", "other":
		r.Value = valueOf(f, state == "other")
	case "stale":
		r.Value, r.Observed = valueOf(f, true), noon.Add(-time.Hour)
	case "miles":
		r.Value = compare.NumberValue(valueOf(f, false).Num / 1.609344)
	default:
		t.Fatalf("no such state of a reading: %q", state)
	}
	return r
}

// find compares one field in the given states of the legs, through the real comparison.
func find(t testing.TB, name, legacy, app string) compare.Finding {
	t.Helper()
	f, ok := compare.Lookup(name)
	if !ok {
		t.Fatalf("no such field: %q", name)
	}
	source := ""
	if f.HasCounterpart() {
		source = f.App[0].Code
	}
	fields := []*compare.Field{f}
	l, a := read(t, f, f.Legacy.Path, legacy), read(t, f, source, app)
	return compare.Diff(fields, []compare.Reading{l}, []compare.Reading{a})[0]
}

// seen makes findings of lines "field legacy-state app-state".
func seen(t testing.TB, lines ...string) []compare.Finding {
	t.Helper()
	var findings []compare.Finding
	for _, line := range lines {
		parts := strings.Fields(line)
		if len(parts) != 3 {
			t.Fatalf("a finding is \"field legacy app\", not %q", line)
		}
		findings = append(findings, find(t, parts[0], parts[1], parts[2]))
	}
	return findings
}

// healthy is the evidence of a car that answers on both legs with these findings.
func healthy(findings ...compare.Finding) Evidence {
	return Evidence{
		Identity: Identity{Listed: aLink(), Users: []string{userID}, AskedAs: userID, Whole: true},
		Legacy:   Leg{Outcome: LegAnswered}, App: Leg{Outcome: LegAnswered}, Findings: findings,
	}
}

// told writes a judgement as the tables do: "blocked signal-lost(security.sunroof) rate-limited", the detail left out.
func told(j Judgement) string {
	words := []string{string(j.Verdict)}
	if j.Proof != ProofNone {
		words = append(words, "/"+string(j.Proof))
	}
	for _, c := range j.Causes {
		word := string(c.Code)
		if c.Field != "" {
			word += "(" + c.Field + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func wantJudged(t *testing.T, j Judgement, want string) {
	t.Helper()
	if got := told(j); got != want {
		t.Errorf("judged %q, want %q", got, want)
	}
}
