package cli_test

import (
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// TestOnlyCallsWhatIsChosen: the others are taken over with the time of their evidence, and the verdicts of all are counted.
func TestOnlyCallsWhatIsChosen(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(60, 3))
	if code, _, stderr := b.run("--recheck", "0"); code != 3 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	before := b.report()
	called := len(b.world.Requests())
	b.clock.Sleep(b.ctx, 3*time.Hour)
	code, _, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("second"), "--only", "inconclusive,unit-suspect", "--previous", b.path("out"), "--format", "json", "--limit", "unlimited", "--no-progress",
		"--timeout-legacy", "3s", "--timeout-app", "3s", "--negative-control", "0", "--recheck", "0")
	if code != 3 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	visited := map[string]bool{}
	for _, r := range b.world.Requests()[called:] {
		visited[idIn(r.Path)] = true
	}
	text := b.read("second/report.json")
	for _, want := range []string{`"only": "inconclusive,unit-suspect"`, `"carried": {`, `"code": "carried"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %s", want)
		}
	}
	was := map[string]string{}
	for _, v := range before.Vehicles {
		chosen := v.Verdict == "inconclusive"
		for _, c := range v.Causes {
			chosen = chosen || c.Code == "unit-suspect"
		}
		if visited[v.VehicleID] && !chosen {
			t.Errorf("%s is %s %+v and was called again", v.VehicleID, v.Verdict, v.Causes)
		}
		was[v.VehicleID] = v.Verdict
	}
	after := b.reportIn(b.path("second"))
	for _, v := range after.Vehicles {
		if before := was[v.VehicleID]; before != "inconclusive" && v.Verdict != before && before != "blocked" {
			t.Errorf("%s was %s and is %s", v.VehicleID, before, v.Verdict)
		}
	}
	_, status, _ := b.call("status", b.path("second"))
	if !strings.Contains(status, "taken over from an earlier run") {
		t.Errorf("status: %s", status)
	}
	if code, _, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("second"), "--format", "json", "--limit", "unlimited", "--no-progress", "--recheck", "0", "--timeout-legacy", "3s", "--timeout-app", "3s"); code != 3 {
		t.Errorf("resumed without the flags: exit %d\n%s", code, stderr)
	}
}

// idIn is the vehicle that a path is of, "" for others.
func idIn(path string) string {
	_, rest, _ := strings.Cut(path, "/vehicles/")
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// TestOnlyRefusesWhatItCannotCount.
func TestOnlyRefusesWhatItCannotCount(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(5, 3))
	if code, _, stderr := b.run(); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	sent := len(b.world.Requests())
	out, other := b.path("out"), b.path("other")
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--only", "blocked"}, "--only: give --previous DIR0, too"},
		{[]string{"--previous", out}, "--previous: give --only VERDICT|CAUSE, too"},
		{[]string{"--only", "blokced", "--previous", out}, `did you mean "blocked"?`},
		{[]string{"--only", "blocked", "--previous", b.path("nowhere")}, "no ledger here"},
		{[]string{"--only", "blocked", "--previous", other}, "is the directory of this run"},
		{[]string{"--only", "blocked", "--previous", out, "--fields", "all"}, "was run with --fields standard"},
		{[]string{"--only", "blocked", "--previous", out, "--legs", "app"}, "was run with --legs both"},
		{[]string{"--only", "blocked", "--previous", out, "--sample", "3"}, "leave --sample and --shard out"},
	} {
		code, _, stderr := b.call(append([]string{"run", "-i", b.path("inventory.yaml"), "-o", other}, c.flags...)...)
		if code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, want %q in %s", c.flags, code, c.want, stderr)
		}
	}
	if n := len(b.world.Requests()); n != sent {
		t.Errorf("%d requests were sent", n-sent)
	}
}
