package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// diffJSON is what diff writes as JSON.
type diffJSON struct {
	Schema string `json:"schema"`
	Run    struct {
		Total int `json:"total"`
	} `json:"run"`
	changesJSON
	Vehicles []struct {
		VehicleID, UserID, Change, From, To string
		Causes                              []struct{ Change, Code string }
	} `json:"vehicles"`
}

// TestDiff: run against run, in every format, whatever the order of the inventories.
func TestDiff(t *testing.T) {
	b, lost := twoNights(t)
	b.measure(3, "out")
	sent := len(b.world.Requests())
	diff := func(format string, more ...string) string {
		t.Helper()
		code, stdout, stderr := b.call(append([]string{"diff", b.path("first"), b.path("out"), "--format", format}, more...)...)
		if code != 0 || stderr != "" {
			t.Errorf("exit %d: %s", code, stderr)
		}
		return stdout
	}
	var d diffJSON
	if err := json.Unmarshal([]byte(diff("json")), &d); err != nil {
		t.Fatal(err)
	}
	if d.Schema != "scmigrate/diff/1" || d.Run.Total != 7 || d.Changes.Previous.Total != 8 || d.Changes.Vehicles["unchanged"].Count != 5 || len(d.Vehicles) != 3 {
		t.Errorf("%+v", d)
	}
	for _, v := range d.Vehicles {
		switch {
		case v.VehicleID == lost[0] && v.Change == "fixed" && v.From == "blocked" && v.To == "ready" && v.Causes[0].Change == "gone" && v.Causes[0].Code == "signal-lost":
		case v.VehicleID == lost[1] && v.Change == "gone" && v.To == "":
		case v.Change == "new" && v.From == "ready" && v.To == "blocked" && v.UserID == "218eda3b-0000-49a8-8f3d-00000000dead" && v.Causes[0].Change == "new":
		default:
			t.Errorf("vehicle %+v", v)
		}
	}
	for format, want := range map[string][]string{
		"terminal": {"What changed", "1 newly not ready, 1 fixed", "fixed     " + lost[0] + "  blocked to ready  -signal-lost", "gone      " + lost[1] + "  blocked to not in the run", "signal-lost"},
		"markdown": {"### What changed", "| fixed | " + lost[0] + " | blocked to ready | -signal-lost"},
	} {
		text := diff(format)
		for _, w := range want {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(w), " ")) {
				t.Errorf("%s lacks %q:\n%s", format, w, text)
			}
		}
		if diff(format, "--list-all") != text {
			t.Errorf("%s: three vehicles are all", format)
		}
	}
	if len(b.world.Requests()) != sent {
		t.Error("diff called somebody")
	}
}

// TestDiffOfARejudgedCopy: the same run under other rules has other verdicts, and says that the rules are others.
func TestDiffOfARejudgedCopy(t *testing.T) {
	b := newBench(t, lossy())
	b.run("--no-progress")
	b.write("rules.yaml", "version: 1\n"+aWaiver)
	if code, _, stderr := b.call("rejudge", b.path("out"), "--rules", b.path("rules.yaml"), "-o", b.path("copy")); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	code, stdout, _ := b.call("diff", b.path("out"), b.path("copy"))
	if code != 0 || !strings.Contains(stdout, "2 fixed") || !strings.Contains(strings.Join(strings.Fields(stdout), " "), "not asked alike (other rules)") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

func TestDiffRefuses(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(2, 3))
	b.run("--no-progress")
	out := b.path("out")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{out}, "give two runs' directories"},
		{[]string{out, out}, "are the same directory"},
		{[]string{out, b.path("nowhere")}, "no ledger here"},
		{[]string{out, b.path("nowhere"), "--format", "html"}, `unknown format "html"`},
	} {
		if code, _, stderr := b.call(append([]string{"diff"}, c.args...)...); code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d: %s", c.args, code, stderr)
		}
	}
}
