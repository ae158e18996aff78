package cli_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// lossy is a healthy fleet of which two vehicles lost a signal.
func lossy() fixtures.Scenario {
	s := fixtures.HealthyScenario(8, 5)
	s.Defects = map[string]fixtures.Amount{"signal-lost/absent": {Count: 2}}
	return s
}

// rulesJSON is report.json as far as rules decide it.
type rulesJSON struct {
	Run struct {
		RulesDigest string   `json:"rulesDigest"`
		NotExamined []string `json:"notExamined"`
	} `json:"run"`
	Verdicts map[string]int                            `json:"verdicts"`
	Proof    map[string]int                            `json:"proof"`
	Waived   int                                       `json:"waived"`
	Gates    []struct{ Require, Met, Observed string } `json:"gates"`
	Outcomes map[string]map[string]int                 `json:"outcomes"`
	Notes    []struct{ Code, Text string }             `json:"notes"`
	Causes   []struct{ Code, Field, Example string }   `json:"causes"`
}

func (b *bench) rulesReport() (r rulesJSON) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.read("out/report.json")), &r); err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// runRules runs under rules and demands an exit code.
func (b *bench) runRules(want int, rules string, more ...string) string {
	b.t.Helper()
	b.write("rules.yaml", "version: 1\n"+rules)
	code, stdout, stderr := b.run(append([]string{"--rules", b.path("rules.yaml"), "--no-progress"}, more...)...)
	if code != want {
		b.t.Fatalf("exit %d, want %d, under\n%s\n%s%s", code, want, rules, stdout, stderr)
	}
	return stderr
}

const aWaiver = "waivers: [{id: W-17, cause: signal-lost, reason: not shown, owner: fleet, expires: 2090-01-31}]\n"

// TestOtherRulesJudgeAnew: the same evidence under other rules, without a call.
func TestOtherRulesJudgeAnew(t *testing.T) {
	b := newBench(t, lossy())
	if code, stdout, stderr := b.run(); code != 3 {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	before, sent := b.rulesReport(), len(b.world.Requests())
	if before.Run.RulesDigest != "none" || len(before.Causes) == 0 {
		t.Fatalf("without rules: %+v", before)
	}
	field := before.Causes[0].Field
	for _, c := range []struct {
		reason, rules string
		exit, waived  int
		notes, gates  string
	}{
		{"waived", aWaiver, 0, 2, "", "yes"},
		{"a waiver that is over", strings.ReplaceAll(aWaiver, "2090", "2020"), 3, 0, "waiver-expired", "no"},
		{"a waiver for one vehicle", strings.ReplaceAll(aWaiver, "owner:", "maxVehicles: 1, owner:"), 3, 0, "waiver-void", "no"},
		{"a waiver for nothing", strings.ReplaceAll(aWaiver, "owner:", "match: {make: NOBODY}, owner:"), 3, 0, "waiver-unused", "no"},
		{"not required", "fields: {ignore: [" + strings.ReplaceAll(field, "*", "frontLeft") + "]}\n", 0, 0, "", "yes"},
		{"another gate", "gates: [blocked <= 2, \"ready >= 70%\"]\n", 0, 0, "", "yes yes"},
		{"a gate that fails", aWaiver + "gates: [waived == 0]\n", 3, 2, "", "no"},
		{"a gate that cannot be decided", "gates: [new-blocked == 0, blocked <= 9]\n", 4, 0, "", "undecided yes"},
		{"a cohort that nobody has", "gates: [blocked == 0 in cohort typo]\n", 4, 0, "", "undecided"},
	} {
		b.runRules(c.exit, c.rules)
		r := b.rulesReport()
		var notes, gates []string
		for _, n := range r.Notes {
			if strings.HasPrefix(n.Code, "waiver-") {
				notes = append(notes, n.Code)
			}
		}
		for _, g := range r.Gates {
			gates = append(gates, g.Met)
		}
		if r.Waived != c.waived || strings.Join(notes, " ") != c.notes || strings.Join(gates, " ") != c.gates || !strings.HasPrefix(r.Run.RulesDigest, "sha256:") {
			t.Errorf("%s: waived %d, notes %v, gates %v, digest %s", c.reason, r.Waived, r.Notes, r.Gates, r.Run.RulesDigest)
		}
		if waived := sumOf(r.Outcomes, "waived"); (waived > 0) != (c.waived > 0) || sumOf(r.Outcomes, "match") != sumOf(before.Outcomes, "match") {
			t.Errorf("%s: %d outcomes are waived, %d match", c.reason, waived, sumOf(r.Outcomes, "match"))
		}
		if named := strings.Count(b.read("out/report.json"), `W-17"`); c.waived > 0 && named < c.waived {
			t.Errorf("%s: the waiver is named %d times", c.reason, named)
		}
		if c.waived > 0 && r.Proof["partial"] < 2 {
			t.Errorf("%s: proof %v", c.reason, r.Proof)
		}
	}
	for _, request := range b.world.Requests()[sent:] {
		if request.VehicleID != "" && !strings.Contains(request.Path, "connections") {
			t.Errorf("a finished vehicle was called again: %v", request)
		}
	}
}

func sumOf(outcomes map[string]map[string]int, name string) (n int) {
	for _, byOutcome := range outcomes {
		n += byOutcome[name]
	}
	return n
}

// TestRulesFetchWhatTheyRequire: a required field outside --fields is asked for, in a new run and in one that goes on.
func TestRulesFetchWhatTheyRequire(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(3, 5))
	const rules = "fields: {require: [vin, odometer.distance, location]}\n"
	b.run()
	if r := b.rulesReport(); r.Outcomes["location"] != nil || !strings.Contains(strings.Join(r.Run.NotExamined, " "), "location") {
		t.Fatalf("location was asked for: %v", r.Outcomes["location"])
	}
	b.runRules(0, rules)
	r := b.rulesReport()
	if seen := r.Outcomes["location"]; seen["match"]+seen["drift"]+seen["unverifiable"] != 3 || strings.Contains(strings.Join(r.Run.NotExamined, " "), "location") {
		t.Errorf("location came to %v, not examined %v", seen, r.Run.NotExamined)
	}
	b.runRules(2, rules, "--max-billed-per-vehicle", "13")
}

// TestStrictRefusesUnusedWaivers: at the end of a run that looked at everything.
func TestStrictRefusesUnusedWaivers(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(2, 5))
	b.runRules(0, aWaiver)
	if said := b.runRules(2, aWaiver, "--strict"); !strings.Contains(said, "waivers that match no vehicle: W-17 (remove them") {
		t.Error(said)
	}
}

// TestRequire: gates from the command line stand beside those of the rules.
func TestRequire(t *testing.T) {
	b := newBench(t, lossy())
	b.runRules(3, "gates: [blocked <= 2]\n", "--require", "ready >= 100%", "--require", `lost == 0 in cohort "a, b"; broken == 0`)
	var said []string
	for _, g := range b.rulesReport().Gates {
		said = append(said, g.Require+" "+g.Met)
	}
	if s := strings.Join(said, "; "); s != `blocked <= 2 yes; ready >= 100% no; lost == 0 in cohort "a, b" undecided; broken == 0 yes` {
		t.Error(s)
	}
}

// TestFaultyRulesSendNothing: everything that is wrong is said at once, with its line, before the first call.
func TestFaultyRulesSendNothing(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(2, 5))
	said := b.runRules(2, "fields: {require: [odometer]}\ngates: [blokced == 0]\n", "--require", "blocked = 0")
	for _, want := range []string{`rules.yaml:2: unknown field "odometer", did you mean "odometer.distance"?`, `rules.yaml:3: a gate cannot be read: unknown count "blokced" (did you mean blocked?)`,
		`--require "blocked = 0": a comparison is missing after the count`} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
	if code, _, stderr := b.run("--rules", b.path("nowhere.yaml")); code != 2 || !strings.Contains(stderr, "cannot read the rules") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if n := len(b.world.Requests()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestPlanHoldsTheEndAgainstTheRetirement: before the first call, by the rate limit.
func TestPlanHoldsTheEndAgainstTheRetirement(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(2, 5))
	for day, want := range map[string]string{"2090-01-01": "can end ", "2020-01-01": "cannot end before it"} {
		b.write("rules.yaml", "version: 1\nretirement: "+day+"\nfields: {cohorts: {all: {require: [location]}}}\n")
		code, stdout, stderr := b.call("plan", "-i", b.path("inventory.yaml"), "--rules", b.path("rules.yaml"))
		if code != 0 || !strings.Contains(stdout, "v2.0 ends on "+day) || !strings.Contains(stdout, want) {
			t.Errorf("exit %d: %s%s", code, stdout, stderr)
		}
	}
}

// TestReadmeRulesAreRules: the README's example is taken, by plan, as it stands.
func TestReadmeRulesAreRules(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Rules\n")
	_, block, _ := strings.Cut(section, "```yaml\n")
	example, _, found := strings.Cut(block, "```")
	b := newBench(t, fixtures.HealthyScenario(2, 5))
	b.write("rules.yaml", example)
	if code, _, stderr := b.call("plan", "-i", b.path("inventory.yaml"), "--rules", b.path("rules.yaml")); code != 0 || !found || !strings.Contains(example, "waivers:") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestRulesNameACohortThatNobodyIsIn: a misspelt name would demand its fields of nobody, without a word.
func TestRulesNameACohortThatNobodyIsIn(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(3, 5))
	b.write("inventory.yaml", regexp.MustCompile(`cohort: .*`).ReplaceAllString(b.inventory(), "cohort: pilot"))
	for name, want := range map[string]bool{"pilot": false, "pilto": true} {
		b.runRules(0, "fields: {cohorts: {"+name+": {require: [vin]}}}\n")
		noted := false
		for _, n := range b.rulesReport().Notes {
			noted = noted || n.Code == "cohort-unused" && strings.Contains(n.Text, "("+name+")")
		}
		if noted != want {
			t.Errorf("%s: noted %v, want %v: %+v", name, noted, want, b.rulesReport().Notes)
		}
	}
}
