package rules

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/compare"
	"scmigrate/migrate/document"
)

const (
	folder = "../../testdata/rules"
	canary = "c4n4ry"
)

// someCauses stand for the table of causes, which package migrate keeps.
func someCauses() Options {
	return Options{Causes: []Cause{
		{"isolation-breach", "it is about whose car is read"}, {"user-id-wrong", "it is about whose car is read"}, {"not-connected", ""}, {"signal-lost", ""},
		{"stale-data", ""}, {"vehicle-gone", "it does not work today either"}, {"no-data-yet", "what could not be measured is never ready"},
		{"orphan-connection", "a note blocks nothing"},
	}}
}

func TestBadRules(t *testing.T) {
	files, err := filepath.Glob(folder + "/*.bad.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			want, err2 := os.ReadFile(strings.TrimSuffix(path, ".bad.yaml") + ".want")
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			_, err = Parse("rules.yaml", text, someCauses())
			got := problemsOf(t, err)
			lines := strings.Split(strings.TrimSpace(string(want)), "\n")
			if len(got) != len(lines) {
				t.Errorf("%d problems, want %d:\n%v", len(got), len(lines), err)
			}
			for i := range min(len(got), len(lines)) {
				if !strings.HasPrefix(got[i].String(), "rules.yaml:"+lines[i]) {
					t.Errorf("problem %d is\n%s\nwant\nrules.yaml:%s", i, got[i], lines[i])
				}
			}
		})
	}
}

// problemsOf demands that err is a *document.Problems that shows nothing that might be a secret.
func problemsOf(t *testing.T, err error) []document.Problem {
	t.Helper()
	var p *document.Problems
	if !errors.As(err, &p) {
		t.Fatalf("not a *document.Problems: %v", err)
	}
	if strings.Contains(strings.ToLower(err.Error()), canary) {
		t.Errorf("a value is shown:\n%v", err)
	}
	return p.List
}

func mustParse(t *testing.T, text string) Rules {
	t.Helper()
	r, err := Parse("rules.yaml", []byte(text), someCauses())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFullRules(t *testing.T) {
	text, err := os.ReadFile(folder + "/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	january, most := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), 200
	want := Rules{
		Retirement:  time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		Require:     []string{"vin", "odometer.distance", "battery.percentRemaining"},
		Ignore:      []string{"service.history"},
		Cohorts:     map[string][]string{"eu-pilot": {"vin", "location"}, "2026": {"fuel.range"}},
		Permissions: []string{"control_charge"},
		Tolerance: map[string]compare.Tolerance{"odometer.distance": {Abs: 1}, "battery.range": {Rel: 0.02}, "fuel.range": {Abs: 5, Rel: 0.02}, "battery.percentRemaining": {Abs: 0.02},
			"charge.limit": {Abs: 0.5}, "tires.frontLeft": {Abs: 6.894757293168}, "location": {Abs: 100}},
		Freshness: Freshness{Default: 36 * time.Hour, Fields: map[string]time.Duration{"location": time.Hour, "tires.frontLeft": 60 * time.Hour}},
		Waivers: []Waiver{
			{ID: "W-17", Cause: "signal-lost", Field: "security.sunroof", Match: Match{Make: "POLESTAR"}, Reason: "not shown in our app", Owner: "fleet-team@example.com", Expires: january, MaxVehicles: &most},
			{ID: "W-18", Cause: "not-connected", Match: Match{"TESLA", "Model S", 2014, "eu-pilot"}, Reason: "they leave us in January", Owner: "fleet-team@example.com", Expires: january},
		},
		Gates: []Gate{
			{Count: "blocked", Op: "=="}, {Count: "inconclusive", Op: "<=", Number: 2, Percent: true}, {Count: "proven", Op: ">=", Number: 95, Percent: true, Cohort: "eu-pilot"},
			{Count: "blocked", Op: "<=", Number: 1, Percent: true, Confidence: 95}, {Count: "unverifiable", Field: "location", Op: "<=", Number: 5, Percent: true, Make: "LAND ROVER"},
		},
	}
	if d := cmp.Diff(want, mustParse(t, string(text))); d != "" {
		t.Error(d)
	}
}

func TestRulesThatSayNothing(t *testing.T) {
	for _, text := range []string{"version: 1\n", "version: 1\nfields:\ngates: []\nwaivers: ~\ntolerance: {}\n", "\ufeffversion: 1\r\nfields: {cohorts: {a: {}}}\r\n"} {
		if r := mustParse(t, text); r.Digest() != "none" {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

func TestRulesAreBounded(t *testing.T) {
	_, err := Parse("rules.yaml", []byte("version: 1\n#"+strings.Repeat("x", MaxSize)), Options{})
	if got := problemsOf(t, err); len(got) != 1 || !strings.Contains(err.Error(), "rules.yaml: the file is larger than 1 MiB") {
		t.Error(err)
	}
	_, err = Parse("rules.yaml", []byte("version: 1\ngates:\n"+strings.Repeat("  - c4n4ry\n", 500)), Options{})
	if got := problemsOf(t, err); len(got) != document.MaxProblems || !strings.HasSuffix(err.Error(), "and 400 more problems") {
		t.Errorf("%d problems", len(got))
	}
}

// TestDigest: what a run was judged by has one name, however it was written down.
func TestDigest(t *testing.T) {
	const base = "version: 1\nfields: {require: [vin, odometer.distance]}\ntolerance: {odometer.distance: 1km, battery.range: 2%}\ngates: [blocked == 0, inconclusive <= 2%]\n"
	for _, c := range []struct {
		reason, text string
		same         bool
	}{
		{"comments and order", "# why\ngates: ['inconclusive<=2.0%', blocked  ==  0]\ntolerance: {battery.range: 2%, odometer.distance: 1000m}\nfields:\n  require: [odometer.distance, vin]\nversion: 1\n", true},
		{"another tolerance", strings.ReplaceAll(base, "1km", "2km"), false},
		{"another gate", strings.ReplaceAll(base, "2%]", "3%]"), false},
		{"a field less", strings.ReplaceAll(base, "vin, ", ""), false},
		{"a waiver more", base + "waivers: [{id: W-1, cause: signal-lost, reason: r, owner: o, expires: 2027-01-31}]\n", false},
	} {
		if got := mustParse(t, c.text).Digest() == mustParse(t, base).Digest(); got != c.same {
			t.Errorf("%s: the same digest: %v", c.reason, got)
		}
	}
	if d := mustParse(t, base).Digest(); !strings.HasPrefix(d, "sha256:") || len(d) != 7+64 {
		t.Errorf("digest %q", d)
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob(folder + "/*.yaml")
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if r, err := Parse("rules.yaml", text, someCauses()); err == nil && r.Digest() == "" {
			t.Error("no digest")
		}
	})
}
