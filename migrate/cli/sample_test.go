package cli_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// drawn are the vehicles of the inventory that were called.
func (b *bench) drawn() map[string]bool {
	in := map[string]bool{}
	for _, row := range b.world.Inventory() {
		if b.sent(row.VehicleID) > 0 {
			in[row.VehicleID] = true
		}
	}
	return in
}

// TestSampleCallsWholeUsersAndNobodyElse: what was not drawn costs nothing, is not trouble, and no gate without a bound holds.
func TestSampleCallsWholeUsersAndNobodyElse(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(120, 5))
	code, stdout, stderr := b.run("--sample", "20")
	if code != 4 {
		t.Fatalf("exit %d, want 4: a sample without a bound decides nothing\n%s%s", code, stdout, stderr)
	}
	in := b.drawn()
	users := map[string]bool{}
	for _, row := range b.world.Inventory() {
		users[row.UserID] = users[row.UserID] || in[row.VehicleID]
	}
	for _, row := range b.world.Inventory() {
		if in[row.VehicleID] != users[row.UserID] {
			t.Errorf("user %s was torn apart", row.UserID)
		}
	}
	r := b.report()
	s := r.Run.Sample
	if s == nil || s.Asked != "20" || s.Of != 120 || s.Seed != 1 || s.Vehicles != len(in) || len(in) < 20 || len(in) > 30 {
		t.Fatalf("sample %+v, %d called", s, len(in))
	}
	if r.Total != len(in) || r.Verdicts["ready"] != len(in) || r.Verdicts["inconclusive"] != 0 || !r.Run.Complete || len(r.Vehicles) != 120 {
		t.Errorf("total %d, verdicts %v, complete %v, %d vehicles listed", r.Total, r.Verdicts, r.Run.Complete, len(r.Vehicles))
	}
	for _, v := range r.Vehicles {
		if out := !in[v.VehicleID]; out != v.Undrawn || out && (v.Verdict != "inconclusive" || len(v.Causes) != 1 || v.Causes[0].Code != "not-run" || v.Causes[0].Detail != "not drawn into the sample") {
			t.Errorf("%s: drawn %v, reported %+v", v.VehicleID, !out, v)
		}
	}
	if r.Run.Requests["legacy"] != len(in) {
		t.Errorf("%d legacy requests for %d drawn", r.Run.Requests["legacy"], len(in))
	}
	b.saysWhatASampleProves(stdout)
}

func (b *bench) saysWhatASampleProves(stdout string) {
	b.t.Helper()
	for _, file := range []string{"out/report.html", "out/report.md", ""} {
		text := stdout
		if file != "" {
			bytes, err := os.ReadFile(b.path(file))
			if err != nil {
				b.t.Fatal(err)
			}
			text = string(bytes)
		}
		text = strings.Join(strings.Fields(text), " ")
		for _, want := range []string{"of 120 vehicles were drawn (by whole users, seed 1): blocked 0 of", "no vehicle outside the sample is proved"} {
			if !strings.Contains(text, want) {
				b.t.Errorf("%s does not say %q", file, want)
			}
		}
	}
}

// TestResumeKeepsTheSample: the same vehicles again, more where it is extended, and no other sample.
func TestResumeKeepsTheSample(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(120, 6))
	b.run("--sample", "20", "--sample-seed", "9", "--negative-control", "0")
	first := b.drawn()
	for _, c := range []struct {
		args   []string
		want   string
		reason string
	}{
		{[]string{"--sample", "10"}, "may be extended but not made smaller", "what was measured would be left out"},
		{[]string{"--sample", "20", "--sample-seed", "8"}, "begun with --sample-seed 9", "another order is another sample"},
		{[]string{"--sample", "a few"}, "is no sample", "a word"},
	} {
		if code, _, stderr := b.run(c.args...); code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %s; want %q (%s)", c.args, code, stderr, c.want, c.reason)
		}
	}
	b.run("--negative-control", "0")
	if again := b.drawn(); len(again) != len(first) {
		t.Errorf("a resume without --sample called %d vehicles, the sample has %d", len(again), len(first))
	}
	if _, stdout, _ := b.call("status", b.path("out")); !strings.Contains(stdout, "of 120 vehicles were drawn (--sample 20, seed 9)") {
		t.Errorf("status says nothing of the sample:\n%s", stdout)
	}
	b.run("--sample", "40", "--negative-control", "0")
	more := b.drawn()
	for id := range first {
		if !more[id] || b.sent(id) != 2 {
			t.Errorf("%s was drawn first and then sent %d requests", id, b.sent(id))
		}
	}
	if r := b.report(); r.Run.Sample.Vehicles != len(more) || len(more) < 40 {
		t.Errorf("extended to %d, reported %+v", len(more), r.Run.Sample)
	}
	if code, stdout, stderr := b.run("--sample", "100%"); code != 0 || len(b.drawn()) != 120 || !strings.Contains(strings.Join(strings.Fields(stdout), " "), "that is every vehicle") {
		t.Errorf("exit %d, %d drawn\n%s%s", code, len(b.drawn()), stdout, stderr)
	}
}

func TestASampleIsNotMadeOfAWholeRun(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(3, 6))
	b.run()
	if code, _, stderr := b.run("--sample", "2"); code != 2 || !strings.Contains(stderr, "begun over every vehicle") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestPlanForecastsTheSample: as many vehicles as the run then calls.
func TestPlanForecastsTheSample(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(120, 5))
	_, stdout, _ := b.call("plan", "-i", b.path("inventory.yaml"), "--sample", "10%", "--sample-seed", "3")
	b.run("--sample", "10%", "--sample-seed", "3")
	r := b.report()
	n := r.Run.Sample.Vehicles
	for _, want := range []string{fmt.Sprintf("%d of 120 vehicles, whole users; the others are not called", n), fmt.Sprintf("legacy %d, app %d,", n, r.Run.Requests["app"])} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the plan does not say %q:\n%s", want, stdout)
		}
	}
}
