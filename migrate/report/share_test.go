package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestShareLeaksNothing looks for every id, VIN, label and coordinate of the sample in every format.
func TestShareLeaksNothing(t *testing.T) {
	s := sampleSummary()
	s.Notes = append(s.Notes, Note{Code: "x", Text: "seen " + vehicleID(77) + " of " + strings.ToLower(sampleVIN) + " at 52.520008, 13.404954 near " + vehicleID(3)})
	s.Causes[0].Meaning = "as on " + s.Causes[0].Example
	r := Share(reportOf(s, sampleVehicles()), shareKey)
	secrets := []string{sampleLabel, sampleVIN, strings.ToLower(sampleVIN), "52.52", "13.40", "52.51", "36ab27d0", "218eda3b", "5dea93a1", "3f0e9e6c"}
	for _, name := range Formats() {
		out := string(rendered(t, name, r, Options{}))
		for _, secret := range secrets {
			if at := strings.Index(out, secret); at >= 0 {
				t.Errorf("%s: %q is in the shareable form: …%s…", name, secret, out[max(0, at-60):min(len(out), at+60)])
			}
		}
		if !strings.Contains(out, "NO-GO") && !slices.Contains([]string{"json", "csv", "github"}, name) {
			t.Errorf("%s: the answer is gone", name)
		}
	}
}

func TestShareIsPure(t *testing.T) {
	r := sample()
	before := rendered(t, "json", r, Options{})
	first := rendered(t, "json", Share(r, shareKey), Options{})
	if diff := cmp.Diff(before, rendered(t, "json", r, Options{})); diff != "" {
		t.Error("sharing changed the report itself")
	}
	if diff := cmp.Diff(first, rendered(t, "json", Share(sample(), shareKey), Options{})); diff != "" {
		t.Error("two shareable forms under one key differ")
	}
	if string(first) == string(rendered(t, "json", Share(r, []byte("another key")), Options{})) {
		t.Error("the key does not matter")
	}
}

func TestShareKeepsWhatMayBeKnown(t *testing.T) {
	r := Share(sample(), shareKey)
	if r.Run.ID != "run-7f3a" || r.Causes[0].Fingerprint != "4f1c" || r.Run.InventoryDigest != "sha256:6f1d" {
		t.Error("run id, fingerprints and digests must stay")
	}
	i := 0
	for v, err := range r.Vehicles() {
		if err != nil {
			t.Fatal(err)
		}
		if v.VehicleID != Pseudonym(shareKey, PseudonymVehicle, vehicleID(i)) || v.UserID != Pseudonym(shareKey, PseudonymUser, userID(i/2)) || v.Label != "" || v.Cohort == "" {
			t.Errorf("vehicle %d is %+v", i, v)
		}
		i++
	}
	v, _ := firstWithFields(r)
	if got := textOf(v.Fields[0].Legacy); got != Pseudonym(shareKey, PseudonymVIN, sampleVIN) || got != textOf(v.Fields[0].App) {
		t.Errorf("the VIN is %q", got)
	}
	if v.Fields[4].Legacy.Value != nil || v.Fields[4].Legacy.At == nil {
		t.Error("a position's value goes, its time stays")
	}
	if v.Fields[1].Legacy.Value != 62041.0 {
		t.Error("other values stay")
	}
}

func firstWithFields(r Report) (Vehicle, bool) {
	for v := range r.Vehicles() {
		if len(v.Fields) > 0 {
			return v, true
		}
	}
	return Vehicle{}, false
}

// TestScrub is about texts, where ids have no member of their own.
func TestScrub(t *testing.T) {
	s := sharer{key: shareKey}
	known := s.names()
	known.add(PseudonymVehicle, "van-12", "a")
	for text, want := range map[string]string{
		"van-12 is a car":                        Pseudonym(shareKey, "veh", "van-12") + " is a car",
		"id " + vehicleID(9) + ".":               "id " + Pseudonym(shareKey, "id", vehicleID(9)) + ".",
		"id sc" + vehicleID(9):                   "id " + Pseudonym(shareKey, "id", "sc"+vehicleID(9)),
		"vin " + strings.ToLower(sampleVIN):      "vin " + Pseudonym(shareKey, "vin", sampleVIN),
		"CONNECTED_SERVICES_ACCOUNT/NO_VEHICLES": "CONNECTED_SERVICES_ACCOUNT/NO_VEHICLES",
		"internationalised words stay":           "internationalised words stay",
		"at 52.520008,13.404954 or so":           "at (position) or so",
		"62041.125 km against 61980.25 km":       "62041.125 km against 61980.25 km",
		"sha256:" + strings.Repeat("0a1b", 16):   "sha256:" + strings.Repeat("0a1b", 16),
		"":                                       "",
	} {
		if got := known.scrub(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestPseudonym(t *testing.T) {
	got := Pseudonym(shareKey, PseudonymVehicle, vehicleID(1))
	if !regexp.MustCompile(`^veh-[0-9a-f]{12}$`).MatchString(got) || got == Pseudonym(shareKey, PseudonymVehicle, vehicleID(2)) || Pseudonym(shareKey, PseudonymUser, "") != "" {
		t.Errorf("pseudonym %q", got)
	}
}
