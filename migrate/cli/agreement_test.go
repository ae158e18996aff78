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
			{"--max-requests 150 reaches 74 of 129 vehicles", "71 vehicles are finished; 150 requests and "},
			{"55 to call", "145 vehicles are finished; 300 requests and "},
		} {
			code, plan, stderr := b.call(append([]string{"plan"}, common...)...)
			if code != 0 || !strings.Contains(plan, want.plan) || !strings.Contains(plan, want.rest) {
				t.Errorf("round %d: exit %d, want %q and %q in\n%s%s", round, code, want.plan, want.rest, plan, stderr)
			}
			if code, _, stderr := b.call(run...); code != 4 && round < 2 || code != 0 && round == 2 {
				t.Fatalf("round %d: exit %d\n%s", round, code, stderr)
			}
		}
	})
}
