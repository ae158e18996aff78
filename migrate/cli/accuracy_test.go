package cli

import (
	"errors"
	"flag"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

var (
	accuracySeeds = flag.Int("accuracy.seeds", 0, "how many seeded fleets; 0: 20, or 1 under the race detector")
	accuracyFirst = flag.Uint64("accuracy.first", 1, "the first seed")
	accuracySize  = flag.Int("accuracy.vehicles", 1000, "vehicles in a fleet; fewer than 1000 are a fleet of the demo")
)

// The figures that may not get worse (issue "the truth of the verdict"). They hold for every seed that was tried, not only
// for those of this test.
const (
	mostFalseReady   = 0
	mostFalseBlocked = 0.001 // of those that are not blocked
	leastRightCause  = 0.995 // of those that are not ready: all root causes, and no other
	mostPartial      = 0.47  // of the ready ones; half of these fleets is read from a store that is up to a day old
)

// mostUnverifiable bounds the share of pairs on ready vehicles that time neither explains nor refutes, for the fields that
// move at all. A field that is not named has none.
var mostUnverifiable = map[string]float64{
	"battery.percentRemaining": 0.46, "battery.range": 0.46, "charge.isPluggedIn": 0.34, "charge.state": 0.39, "charge.limit": 0.02, "odometer.distance": 0.02,
	"fuel.percentRemaining": 0.34, "fuel.amountRemaining": 0.34, "fuel.range": 0.42, "tires.frontLeft": 0.25, "tires.frontRight": 0.25, "tires.backLeft": 0.25, "tires.backRight": 0.25,
	"security.isLocked": 0.12, "security.chargingPort": 0.34, "security.doors.frontLeft": 0.03, "security.windows.frontLeft": 0.04, "security.storage.rear": 0.02,
	"engine.oil.lifeRemaining": 0.01,
}

// TestAccuracy judges seeded fleets with every kind of defect and oddity and holds every vehicle against the truth. The
// confusion matrix is printed under -v:
//
//	go test ./migrate/cli -run Accuracy -v
//	go test ./migrate/cli -run Accuracy -v -accuracy.first 4711 -accuracy.seeds 5
func TestAccuracy(t *testing.T) {
	seeds, size := *accuracySeeds, *accuracySize
	if seeds == 0 {
		seeds, size = accuracyDefault, min(size, accuracyMost)
	}
	scenario := fixtures.AccuracyScenario
	if size < 1000 {
		scenario = fixtures.DemoScenario
	}
	total := newAccuracy()
	var mu sync.Mutex
	t.Run("fleets", func(t *testing.T) {
		for seed := *accuracyFirst; seed < *accuracyFirst+uint64(seeds); seed++ {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				synctest.Test(t, func(t *testing.T) {
					a := judgedFleet(t, dir, scenario(size, seed))
					mu.Lock()
					defer mu.Unlock()
					total.merge(a)
				})
			})
		}
	})
	var text strings.Builder
	total.print(&text)
	t.Log(text.String())
	if n := total.falseReady(); n > mostFalseReady {
		t.Errorf("%d vehicles are called ready and are not", n)
	}
	if p := total.falseBlocked(); p > mostFalseBlocked {
		t.Errorf("%.3f %% are called blocked and are not", 100*p)
	}
	if p := total.rightCause(); p < leastRightCause {
		t.Errorf("only %.2f %% have the right root causes", 100*p)
	}
	if size < 1000 {
		return // too few for shares of proofs
	}
	if p := total.partial(); p > mostPartial {
		t.Errorf("%.1f %% of the ready ones have a partial proof", 100*p)
	}
	for field := range total.outcomes {
		if p := total.unverifiable(field); p > mostUnverifiable[field] {
			t.Errorf("%s: %.1f %% of the pairs are unverifiable, at most %.1f %% were", field, 100*p, 100*mostUnverifiable[field])
		}
	}
	if t.Failed() {
		t.Log(total.mistakes(60))
	}
}

// judgedFleet runs the whole command line over a simulated fleet, in virtual time: the same seed, the same fleet.
func judgedFleet(t *testing.T, dir string, s fixtures.Scenario) *accuracy {
	t.Helper()
	now := func() time.Time { return time.Now().AddDate(26, 10, 19) } // a bubble's time begins in the year 2000
	world, err := fixtures.New(s, fixtures.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	inventory := filepath.Join(dir, "inventory.yaml")
	if err := writeWith(inventory, world.WriteInventory); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	p := Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.Discard, Now: now, Transport: world.Transport(),
		LookupEnv: demoEnv(Process{LookupEnv: func(string) (string, bool) { return "", false }}, world)}
	o := demoOptions(inventory, filepath.Join(dir, "out"))
	o.format, o.noProgress = "json", true
	if err := errors.Join(o.check(), o.checkRun()); err != nil {
		t.Fatal(err)
	}
	if err := runFleet(t.Context(), p, o); !expectedExit(err) {
		t.Fatalf("%v: %s", err, out.String())
	}
	a, err := measureAccuracy(t.Context(), o.out, world)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
