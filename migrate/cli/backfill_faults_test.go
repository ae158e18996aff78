package cli_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"

	"scmigrate/fixtures"
)

// TestBackfillFaults: whatever strikes whichever source, no row gets another's userId, and the search ends.
func TestBackfillFaults(t *testing.T) {
	for _, leg := range []string{"legacy", "connections", "management", "iam"} {
		for i, kind := range fixtures.FaultKinds() {
			for j, share := range []float64{1, 0.3} {
				if underRace && (i+4*j)%8 != 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%.0f%%", leg, kind, 100*share), func(t *testing.T) {
					s := fixtures.Scenario{Seed: 21, Vehicles: 24, Defects: map[string]fixtures.Amount{"two-users": {Count: 4}, "not-connected": {Count: 1}},
						Faults: []fixtures.Fault{{Kind: kind, Leg: leg, Share: fixtures.Amount{Share: share}}}}
					dir := t.TempDir()
					synctest.Test(t, func(t *testing.T) { backfillUnder(t, dir, s) })
				})
			}
		}
	}
}

func backfillUnder(t *testing.T, dir string, s fixtures.Scenario) {
	b := newBenchIn(t, dir, s, shifted)
	b.orphaned()
	b.env["SMARTCAR_MANAGEMENT_TOKEN"] = b.world.ManagementToken()
	for _, from := range []string{"connections,user", "management"} {
		code, stdout, stderr := b.call("inventory", "backfill", "-i", b.path("inventory.yaml"), "-o", b.path("new.yaml"), "--from", from, "--overwrite")
		if !slices.Contains([]int{0, 4, 5}, code) {
			t.Errorf("%s: code %d, %s", from, code, stderr)
		}
		if _, err := os.Stat(b.path("new.yaml")); err != nil { // the credentials were refused, or a host was silent
			if code != 4 && code != 5 {
				t.Error(err)
			}
			continue
		}
		rows := b.world.Inventory()
		for i, got := range b.users("new.yaml") {
			if got[1] != "" && got[1] != rows[i].UserID {
				t.Errorf("%s: %v is %s's\n%s", from, got, rows[i].UserID, stdout)
			}
		}
		if err := os.Remove(b.path("new.yaml")); err != nil {
			t.Fatal(err)
		}
	}
	if v := b.world.Violations(); len(v) > 0 {
		t.Errorf("violations: %v", v)
	}
}
