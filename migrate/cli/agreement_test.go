package cli_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

// forecastWords are the figures of a plan.
var forecastWords = regexp.MustCompile(`requests +(\d+): legacy (\d+), app (\d+), token endpoint (\d+)(?s:.*)billed reads +at most (\d+) a vehicle, (\d+) in all(?s:.*)shortest duration +(\S+) at the limit`)

// TestThePlanAgreesWithTheRun: for a healthy fleet the figures of plan are those of the run: requests, billed reads, and the
// time it takes within a hundredth.
func TestThePlanAgreesWithTheRun(t *testing.T) {
	for _, c := range []struct {
		cars  int
		flags []string
	}{
		{20, nil},
		{200, nil},
		{900, nil}, // more than a day: the lists are read again
		{100, []string{"--limit", "60+30/h", "--limit-share", "100%", "--limit-per-host"}},
		{100, []string{"--legs", "app"}},
	} {
		t.Run(fmt.Sprint(c.cars, c.flags), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { agrees(t, c.cars, c.flags) })
		})
	}
}

func agrees(t *testing.T, cars int, flags []string) {
	s := fixtures.HealthyScenario(cars, 3)
	s.Simulated = fixtures.Amount{}
	s.Limits = fixtures.Limits{Bucket: 1000, PerMinute: 1000}
	b := newBenchAt(t, s, shifted)
	b.sleep = virtualSleep
	b.serveTokens(newTokenShop(b.world))
	common := append([]string{"-i", b.path("inventory.yaml")}, flags...)
	code, plan, stderr := b.call(append([]string{"plan"}, common...)...)
	found := forecastWords.FindStringSubmatch(plan)
	if code != 0 || found == nil {
		t.Fatalf("exit %d\n%s%s", code, plan, stderr)
	}
	number := func(i int) int { n, _ := strconv.Atoi(found[i]); return n }
	took, err := time.ParseDuration(found[7])
	if err != nil {
		t.Fatal(err)
	}
	began := b.clock.Now()
	if code, _, stderr := b.call(append([]string{"run", "-o", b.path("out"), "--format", "json", "--no-progress", "--recheck", "0"}, common...)...); code != 0 && code != 4 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	r := b.report()
	if got := r.Run.Requests; got["legacy"] != number(2) || got["app"] != number(3) || got["iam"] != number(4) {
		t.Errorf("requests %v, planned legacy %d, app %d, iam %d", got, number(2), number(3), number(4))
	}
	log := b.world.Requests()
	if span := log[len(log)-1].Time.Sub(began); max(span-took, took-span) > took/100+time.Minute {
		t.Errorf("it took %s, planned %s", span, took)
	}
	t.Logf("%s", found[0])
	if billed := r.Run.BilledReads; billed["legacy"]+billed["app"] > number(6) {
		t.Errorf("billed %v, planned at most %d", billed, number(6))
	}
}

// TestThePlanOfTheRest: a budget ends the run where plan says, and what is left is what plan -o says.
func TestThePlanOfTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fixtures.HealthyScenario(200, 3)
		s.Simulated, s.Limits = fixtures.Amount{}, fixtures.Limits{Bucket: 1000, PerMinute: 1000}
		b := newBenchAt(t, s, shifted)
		b.sleep = virtualSleep
		b.serveTokens(newTokenShop(b.world))
		common := []string{"-i", b.path("inventory.yaml"), "-o", b.path("out"), "--max-requests", "150"}
		run := append([]string{"run", "--format", "json", "--no-progress", "--recheck", "0"}, common...)
		for round, want := range []struct{ plan, rest string }{
			{"--max-requests 150 reaches 71 of 200 vehicles; start the same command again until it is done: about 3 runs", "requests            412:"},
			{"--max-requests 150 reaches 73 of 129 vehicles", "71 vehicles are finished; 150 requests and "},
			{"56 to call", "144 vehicles are finished; 300 requests and "},
		} {
			code, plan, stderr := b.call(append([]string{"plan"}, common...)...)
			if code != 0 || !strings.Contains(plan, want.plan) || !strings.Contains(plan, want.rest) {
				t.Errorf("round %d: exit %d, want %q and %q in\n%s%s", round, code, want.plan, want.rest, plan, stderr)
			}
			if round > 0 && !strings.Contains(plan, "the bucket holds 0 of 60 requests") {
				t.Errorf("round %d: the bucket's state is not told in\n%s", round, plan)
			}
			if code, _, stderr := b.call(run...); code != 4 && round < 2 || code != 0 && round == 2 {
				t.Fatalf("round %d: exit %d\n%s", round, code, stderr)
			}
		}
	})
}

// TestThePlanOfOnly: what would be taken over is not counted, and the run then does what plan says. The lists of the
// earlier run hold for a day.
func TestThePlanOfOnly(t *testing.T) {
	for _, later := range []time.Duration{time.Hour, 30 * time.Hour} {
		b := newBench(t, func() fixtures.Scenario {
			s := fixtures.HealthyScenario(150, 3)
			s.Simulated, s.Defects = fixtures.Amount{}, map[string]fixtures.Amount{"signal-lost": {Count: 9}}
			s.Limits = fixtures.Limits{Bucket: 1000, PerMinute: 1000}
			return s
		}())
		b.serveTokens(newTokenShop(b.world))
		if code, _, stderr := b.run("--recheck", "0"); code != 3 {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
		b.clock.Sleep(b.ctx, later)
		common := []string{"-i", b.path("inventory.yaml"), "--only", "blocked", "--previous", b.path("out"), "--limit", "unlimited"}
		code, plan, stderr := b.call(append([]string{"plan", "-o", b.path("second")}, common...)...)
		found := forecastWords.FindStringSubmatch(plan)
		if code != 0 || found == nil || !strings.Contains(plan, "9 to call") || !strings.Contains(plan, "taken over          141 vehicles") {
			t.Fatalf("exit %d\n%s%s", code, plan, stderr)
		}
		b.call(append([]string{"run", "-o", b.path("second"), "--format", "json", "--no-progress", "--recheck", "0"}, common...)...)
		got := b.reportIn(b.path("second")).Run.Requests
		if want := fmt.Sprint(got["legacy"], got["app"], got["iam"]); want != strings.Join(found[2:5], " ") {
			t.Errorf("after %s: planned %v, sent %s", later, found[2:5], want)
		}
		if code, plan, _ := b.call(append([]string{"plan", "-o", b.path("third"), "--fields", "all"}, common...)...); code != 2 {
			t.Errorf("other fields: exit %d\n%s", code, plan)
		}
	}
}

// TestThePlanCountsEachVehiclesReads: with its own fields beside those of the run.
func TestThePlanCountsEachVehiclesReads(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(4, 3))
	b.write("inventory.yaml", b.rowsText([]int{0, 1, 2, 3}, func(n int, row string) string {
		if n == 2 {
			return row + "    fields: [location, fuel.percentRemaining]\n"
		}
		return row
	}))
	_, plan, stderr := b.call("plan", "-i", b.path("inventory.yaml"), "--fields", "odometer.distance")
	if !strings.Contains(plan, "at most 5 a vehicle, 14 in all") { // odometer, vin and the signals; location and fuel once
		t.Errorf("%s%s", plan, stderr)
	}
}
