package compare

import (
	"slices"
	"strings"
	"testing"
)

func TestSelect(t *testing.T) {
	count := func(groups ...Group) int {
		return len(filter(func(f *Field) bool { return slices.Contains(groups, f.Group) }))
	}
	every := count(Standard, Location, Diagnostics, Service, MakeSpecific)
	tests := []struct {
		spec   string
		want   int
		reason string
	}{
		{"standard", count(Standard), "all but location, diagnostics, service history and make-specific"},
		{"", count(Standard), "the default"},
		{"all", every, "all data of a car, no account rows"},
		{"odometer.distance", 1, "one name"},
		{" vin , location,vin", 2, "blanks and repeats do no harm"},
	}
	for _, tt := range tests {
		got, err := Select(tt.spec)
		if err != nil || len(got) != tt.want {
			t.Errorf("Select(%q): %d fields, %v; want %d (%s)", tt.spec, len(got), err, tt.want, tt.reason)
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	tests := []struct{ spec, want, reason string }{
		{"odometer", `unknown field "odometer", did you mean "odometer.distance"?`, "a path is not a field"},
		{"vin,battery.percent", `did you mean "battery.percentRemaining"?`, "the last part helps"},
		{"vin,,id", `unknown field ""`, "an empty name"},
		{"permissions", `"permissions" is a row about accounts`, "account rows are no data of a car"},
		{"Standard", `unknown field "Standard" (see: scmigrate fields)`, "words of the flag are lower case"},
	}
	for _, tt := range tests {
		_, err := Select(tt.spec)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Select(%q) = %v, want %q (%s)", tt.spec, err, tt.want, tt.reason)
		}
	}
}

func TestSelectKeepsTheCataloguesOrder(t *testing.T) {
	fields, err := Select("vin,odometer.distance")
	if err != nil || fields[0].Name != "odometer.distance" {
		t.Errorf("got %v, %v", fields, err)
	}
}

func TestAllIsACopy(t *testing.T) {
	All()[0] = nil
	if All()[0] == nil {
		t.Error("a caller changed the catalogue")
	}
}

func TestPaths(t *testing.T) {
	fields, _ := Select("battery.range,battery.percentRemaining,charge.state,make.compass.heading")
	if got := strings.Join(Paths(fields, "KIA"), " "); got != "/battery /charge" {
		t.Errorf("a make without a compass: %s", got)
	}
	if got := strings.Join(Paths(fields, "TESLA"), " "); got != "/battery /charge /tesla/compass" {
		t.Errorf("paths stand once, in the catalogue's order: %s", got)
	}
}
