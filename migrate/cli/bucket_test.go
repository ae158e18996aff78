package cli_test

import (
	"testing"
	"testing/synctest"

	"scmigrate/fixtures"
)

// TestAResumedRunKeepsToTheBucket: a run that has been at the limit for hours has left nothing in the bucket, however long
// it takes to fill.
func TestAResumedRunKeepsToTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fixtures.HealthyScenario(200, 3)
		s.Limits = fixtures.Limits{Bucket: 60, PerMinute: 1}
		b := newBenchAt(t, s, shifted)
		b.sleep = virtualSleep
		b.serveTokens(newTokenShop(b.world))
		started := b.clock.Now()
		for round := range 3 {
			code, _, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("out"), "--format", "json", "--no-progress", "--max-requests", "150")
			if want := []int{4, 4, 0}[round]; code != want {
				t.Fatalf("round %d: exit %d\n%s", round, code, stderr)
			}
		}
		wantWholeRate(t, b.world.Requests(), started)
	})
}
