package cli_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

// thrown makes a healthy fleet with a fault for a share of its vehicles.
func thrown(t *testing.T, n int, f fixtures.Fault) *bench {
	s := fixtures.HealthyScenario(n, 11)
	s.Makes = map[string]int{"TESLA": 1} // no make with a spacing of its own
	s.Faults = []fixtures.Fault{f}
	b := newBenchAt(t, s, shifted)
	b.sleep = virtualSleep
	return b
}

// signalsOf are the app leg's requests, by vehicle id, with their times since the start.
func signalsOf(b *bench, started time.Time) map[string][]time.Duration {
	times := map[string][]time.Duration{}
	for _, r := range b.world.Requests() {
		if id, ok := strings.CutSuffix(strings.TrimPrefix(r.Path, "/v3/vehicles/"), "/signals"); ok {
			times[id] = append(times[id], r.Time.Sub(started))
		}
	}
	return times
}

// TestAThrottledVehicleComesAgain: its limit holds it for five minutes, and nobody else. Then it is asked again, in the same
// run, and once more only as long as it is throttled.
func TestAThrottledVehicleComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := thrown(t, 100, fixtures.Fault{Kind: "429-vehicle", Leg: "legacy", Vehicles: fixtures.Amount{Share: 0.05}, First: 1, RetryAfter: 5 * time.Minute})
		started := b.clock.Now()
		code, stdout, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("out"), "--format", "json", "--limit", "unlimited", "--concurrency", "2", "--negative-control", "0")
		if r := b.report(); code != 0 || r.Verdicts["ready"] != 100 {
			t.Fatalf("exit %d, %v\n%s%s", code, r.Verdicts, stdout, stderr)
		}
		twice := 0
		for id, times := range signalsOf(b, started) {
			if times[0] > time.Minute {
				t.Errorf("%s waited %s for a throttled one", id, times[0])
			}
			if len(times) > 1 {
				if twice++; times[1] < 5*time.Minute || len(times) > 2 {
					t.Errorf("%s was asked at %v", id, times)
				}
			}
		}
		if twice == 0 || twice > 20 || !strings.Contains(stderr, "waiting 4 min for vehicles") && !strings.Contains(stderr, "waiting 5 min for vehicles") {
			t.Errorf("%d vehicles came again\n%s", twice, stderr)
		}
	})
}

// TestOnlyLongWaitsEndTheRun at once, to be resumed: longer than the time box leaves, or than a quarter of an hour.
func TestOnlyLongWaitsEndTheRun(t *testing.T) {
	for _, c := range []struct {
		reason string
		flags  []string
		wait   time.Duration
	}{
		{"without a time box", nil, 20 * time.Minute},
		{"with one", []string{"--time-box", "3m"}, 5 * time.Minute},
	} {
		t.Run(c.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := thrown(t, 40, fixtures.Fault{Kind: "429-vehicle", Leg: "legacy", Vehicles: fixtures.Amount{Share: 0.1}, First: 1, RetryAfter: c.wait})
				started := b.clock.Now()
				args := append([]string{"run", "-i", b.path("inventory.yaml"), "-o", b.path("out"), "--format", "json", "--limit", "unlimited"}, c.flags...)
				code, _, stderr := b.call(args...)
				if took := b.clock.Now().Sub(started); code != 4 || took > time.Minute || !strings.Contains(stderr, "only waits longer than") {
					t.Errorf("exit %d after %s\n%s", code, took, stderr)
				}
				time.Sleep(c.wait)
				if code, _, stderr := b.call(args...); code != 0 {
					t.Errorf("resumed: exit %d\n%s", code, stderr)
				}
			})
		})
	}
}

// TestAQuotaEndsTheCallsToItsVehicle, for all entries of the car and for the rest of the run, and says so.
func TestAQuotaEndsTheCallsToItsVehicle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := thrown(t, 40, fixtures.Fault{Kind: "430", Leg: "legacy", Vehicles: fixtures.Amount{Share: 0.1}})
		started := b.clock.Now()
		if code, _, stderr := b.run("--limit", "unlimited", "--negative-control", "0"); code != 4 {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
		for id, times := range signalsOf(b, started) {
			if len(times) != 1 {
				t.Errorf("%s was called %d times", id, len(times))
			}
		}
		found := 0
		for _, v := range b.report().Vehicles {
			if v.Verdict != "ready" {
				found++
				if v.Verdict != "inconclusive" || v.Causes[0].Code != "quota-exhausted" {
					t.Errorf("%s is %s for %+v", v.VehicleID, v.Verdict, v.Causes)
				}
			}
		}
		if found == 0 {
			t.Error("no vehicle met the fault")
		}
	})
}
