package cli_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"scmigrate/fixtures"
	"scmigrate/migrate/report"
)

// ending is one way a run ends.
type ending struct {
	name     string
	scenario fixtures.Scenario
	change   func(*bench)
	flags    []string
	want     int
}

func unchanged(*bench) {}

// endings are at least one of every exit code of CONTRACT §3.
func endings() []ending {
	healthy := fixtures.HealthyScenario(6, 1)
	with := func(kind string, n int) fixtures.Scenario {
		s := fixtures.HealthyScenario(6, 1)
		s.Defects = map[string]fixtures.Amount{kind: {Count: n}}
		return s
	}
	return []ending{
		{"all ready", healthy, unchanged, nil, 0},
		{"blocked, and the gate lets it be", with("signal-lost", 1), unchanged, []string{"--require", "blocked <= 1"}, 0},
		{"unmeasured, and a gate takes it out", with("no-data-yet", 1), unchanged, []string{"--require", "inconclusive <= 1", "--require", "blocked == 0"}, 0},
		{"ready beside broken", with("vehicle-gone", 5), unchanged, []string{"--require", "ready == 100%"}, 0},
		{"a sample with a bound", healthy, unchanged, []string{"--sample", "5", "--require", "blocked <= 90% @95%"}, 0},
		{"the reports cannot be written", healthy, func(b *bench) { b.obstruct() }, nil, 1},
		{"no such inventory", healthy, func(b *bench) { _ = os.Remove(b.path("inventory.yaml")) }, nil, 2},
		{"an unknown flag", healthy, unchanged, []string{"--fromat", "json"}, 2},
		{"a gate that cannot be read", healthy, unchanged, []string{"--require", "blocked"}, 2},
		{"a blocked vehicle", with("signal-lost", 1), unchanged, nil, 3},
		{"too many unmeasured", with("no-data-yet", 2), unchanged, []string{"--require", "inconclusive <= 1"}, 3},
		{"blocked and unmeasured", with("no-data-yet", 6), unchanged, nil, 4},
		{"a ready fleet but for one unmeasured", with("no-data-yet", 1), unchanged, nil, 4},
		{"nothing but broken", with("vehicle-gone", 6), unchanged, nil, 4},
		{"a share of nothing but broken", with("vehicle-gone", 6), unchanged, []string{"--require", "broken <= 5%"}, 4},
		{"a sample without a bound", healthy, unchanged, []string{"--sample", "5"}, 4},
		{"the budget ends first", healthy, unchanged, []string{"--max-requests", "9", "--negative-control", "0"}, 4},
		{"wrong secret", healthy, func(b *bench) { b.env["SMARTCAR_CLIENT_SECRET"] = "not-the-secret-at-all" }, nil, 5},
		{"isolation breach", with("isolation-breach", 6), unchanged, nil, 6},
		{"interrupted", healthy, func(b *bench) { b.interrupt(9) }, nil, 130},
	}
}

// interrupt ends the run when so many requests were sent.
func (b *bench) interrupt(after int32) {
	ctx, cancel := context.WithCancel(context.Background())
	b.t.Cleanup(cancel)
	var sent atomic.Int32
	b.ctx, b.transport = ctx, roundTripper(func(r *http.Request) (*http.Response, error) {
		if sent.Add(1) == after {
			cancel()
		}
		return b.world.Transport().RoundTrip(r)
	})
}

// obstruct puts a file where the run's share/ must be.
func (b *bench) obstruct() {
	if err := os.MkdirAll(b.path("out"), 0o700); err != nil {
		b.t.Fatal(err)
	}
	b.write("out/"+report.ShareDir, "in the way")
}

// TestExitCodes: every exit code, end to end, in every output format: which one was asked for decides nothing.
func TestExitCodes(t *testing.T) {
	for _, e := range endings() {
		t.Run(e.name, func(t *testing.T) {
			for _, format := range report.Formats() {
				b := newBench(t, e.scenario)
				e.change(b)
				e.wantCode(t, b, format)
			}
		})
	}
}

func (e ending) wantCode(t *testing.T, b *bench, format string) {
	t.Helper()
	code, stdout, stderr := b.run(append([]string{"--format", format, "--no-progress"}, e.flags...)...)
	if code != e.want {
		t.Errorf("%s: exit %d, want %d\n%s%s", format, code, e.want, stdout, stderr)
	}
	requests := b.world.Requests()
	if e.want == 2 && len(requests) > 0 {
		t.Errorf("%s: %d requests were sent", format, len(requests))
	}
	for _, r := range requests {
		if e.want == 5 && r.VehicleID != "" {
			t.Errorf("%s: a vehicle was called with refused credentials: %v", format, r)
		}
	}
	if e.want == 1 || e.want == 2 {
		return
	}
	if name := report.FileOf(format); name != "" {
		for _, file := range []string{name, filepath.Join(report.ShareDir, name)} {
			if _, err := os.Stat(filepath.Join(b.path("out"), file)); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
	}
	if e.want == 5 || e.want == 130 {
		return // the gates of such a run are undecided, or met by chance; why it ended is the run's to say
	}
	if code, stdout, stderr := b.call("gate", b.path("out")); code != e.want {
		t.Errorf("gate: exit %d, want the run's %d\n%s%s", code, e.want, stdout, stderr)
	}
}

// TestEveryExitCodeHasARow: the table of the help text and this one.
func TestEveryExitCodeHasARow(t *testing.T) {
	rows := map[int]int{}
	for _, e := range endings() {
		rows[e.want]++
	}
	for _, code := range []int{0, 1, 2, 3, 4, 5, 6, 130} {
		if rows[code] == 0 {
			t.Errorf("no row ends with %d", code)
		}
	}
}
