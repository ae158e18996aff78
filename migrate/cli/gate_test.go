package cli_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// lossWaived lets the lost signal of the lossy fleet stand until a day.
func lossWaived(expires time.Time) string {
	return "waivers: [{id: W-17, cause: signal-lost, reason: not shown, owner: ops@example.com, expires: " + expires.Format(time.DateOnly) + "}]\n"
}

// wantGate runs gate on the run and demands its exit code and lines of its output.
func (b *bench) wantGate(want int, lines string, args ...string) (stderr string) {
	b.t.Helper()
	code, stdout, stderr := b.call(append([]string{"gate", b.path("out")}, args...)...)
	if code != want || stdout != lines {
		b.t.Errorf("gate %v: exit %d, want %d\n%swant\n%s%s", args, code, want, stdout, lines, stderr)
	}
	return stderr
}

// TestGateSaysWhatTheRunDid: the gates of a run without a call, others in their place, and nothing written.
func TestGateSaysWhatTheRunDid(t *testing.T) {
	b := newBench(t, lossy())
	b.runRules(3, "gates: [blocked <= 1, ready >= 50%]\n")
	sent, before := len(b.world.Requests()), b.files("out")
	b.wantGate(3, "gate no         blocked <= 1 (observed 2)\ngate yes        ready >= 50% (observed 75% (6 of 8))\n")
	b.wantGate(0, "gate yes        lost == 2 (observed 2)\n", "--require", "lost==2")
	b.wantGate(4, "gate yes        blocked < 3 (observed 2)\ngate undecided  new-blocked == 0 (observed there is no earlier run to compare with (give one with --previous))\n", "--require", "blocked < 3; new-blocked == 0")
	b.wantGate(2, "", "--require", "blocked")
	b.wantGate(2, "", "another")
	if code, _, _ := b.call("gate", b.path("nowhere")); code != 2 {
		t.Errorf("a directory that is not there: exit %d", code)
	}
	if after := b.files("out"); after != before || len(b.world.Requests()) != sent {
		t.Errorf("gate changed %s to %s, and sent %d requests", before, after, len(b.world.Requests())-sent)
	}
}

// files are the names in a directory.
func (b *bench) files(dir string) string {
	b.t.Helper()
	entries, err := os.ReadDir(b.path(dir))
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// TestGateHoldsWaiversAgainstToday: the run goes by its own end, gate by the day it is asked on.
func TestGateHoldsWaiversAgainstToday(t *testing.T) {
	b := newBench(t, lossy())
	b.runRules(0, lossWaived(b.clock.Now().UTC().AddDate(0, 0, 3)))
	b.wantGate(0, "gate yes        blocked == 0 (observed 0)\n")
	b.clock.Sleep(b.ctx, 96*time.Hour)
	if said := b.wantGate(3, "gate no         blocked == 0 (observed 2)\n"); !strings.Contains(said, "waiver W-17 expired after ") {
		t.Errorf("it said %q", said)
	}
	if code, _, _ := b.call("rejudge", b.path("out"), "--dry-run"); code != 0 {
		t.Errorf("rejudge goes by the run's end: exit %d", code)
	}
}

// TestGateOfAnUnfinishedRun: what was never called is inconclusive, whatever the run would have ended with.
func TestGateOfAnUnfinishedRun(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(12, 4))
	if code, _, stderr := b.run("--max-requests", "14", "--negative-control", "0"); code != 4 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	if code, stdout, stderr := b.call("gate", b.path("out")); code != 4 || !strings.HasPrefix(stdout, "gate undecided  blocked == 0 (observed 0 to ") || !strings.Contains(stderr, " of 12 vehicles were never called") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := b.call("gate", b.path("out"), "--require", "inconclusive < 12", "--require", "blocked == 0"); code != 0 || !strings.HasSuffix(stdout, "gate yes        blocked == 0 (observed 0)\n") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

// TestStrictKeepsGraverCodes: an unused waiver never hides that a person must act, or that there was an interrupt.
func TestStrictKeepsGraverCodes(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(4, 5))
	unused := lossWaived(b.clock.Now().AddDate(1, 0, 0))
	b.runRules(0, unused)
	b.env["SMARTCAR_CLIENT_SECRET"] = "not-the-secret-at-all"
	b.runRules(5, unused+"fields: {require: [location]}\n", "--strict")
	b.env["SMARTCAR_CLIENT_SECRET"] = b.world.ClientSecrets()[0]
	b.runRules(2, unused+"fields: {require: [location]}\n", "--strict")

	late := newBench(t, parkedFleet(4, 1))
	ctx, cancel := context.WithCancel(t.Context())
	late.ctx, late.sleep = ctx, func(context.Context, time.Duration) { cancel() } // every vehicle was measured; it waits to ask again
	late.runRules(130, unused, "--strict")

	breach := fixtures.HealthyScenario(6, 1)
	breach.Defects = map[string]fixtures.Amount{"isolation-breach": {Count: 6}}
	newBench(t, breach).runRules(6, unused, "--strict")
	if said := newBench(t, fixtures.HealthyScenario(9, 1)).runRules(4, unused, "--strict", "--sample", "3"); !strings.Contains(said, "--strict waits for the whole") {
		t.Errorf("a sample said %q", said)
	}
}
