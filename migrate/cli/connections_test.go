package cli_test

import (
	"slices"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// listFleet has one of everything that the connections list alone decides, and things that it cannot know.
func listFleet() fixtures.Scenario {
	one := fixtures.Amount{Count: 2}
	return fixtures.Scenario{Seed: 6, Vehicles: 60, Subscribed: fixtures.Amount{Share: 1}, Orphans: 2, Defects: map[string]fixtures.Amount{
		"user-id-wrong": one, "user-id-missing": one, "user-id-ambiguous": one, "not-connected": one, "permission-lost": one, "signal-lost": one, "legacy-grant-dead": one}}
}

// permissionRules names fields whose permissions are then judged from the list alone.
const permissionRules = `version: 1
fields: {require: [vin, odometer.distance, battery.percentRemaining, fuel.percentRemaining, tires.frontLeft, security.isLocked, charge.state]}
`

// TestTheListAloneDecidesUsersAndConnections: the first hour of a migration blocks what the list proves and calls nothing
// ready; no vehicle is called but for the negative controls, and no legacy token is used.
func TestTheListAloneDecidesUsersAndConnections(t *testing.T) {
	b := newBench(t, listFleet())
	b.write("rules.yaml", permissionRules)
	code, stdout, stderr := b.run("--legs", "connections", "--rules", b.path("rules.yaml"))
	r := b.report()
	if code != 3 || r.Verdicts["ready"] != 0 || r.Verdicts["broken"] != 0 || r.Run.Requests["legacy"] != 0 || r.Run.BilledReads["app"] != 0 {
		t.Fatalf("exit %d, %v, %v\n%s%s", code, r.Verdicts, r.Run.Requests, stdout, stderr)
	}
	truth := map[string]fixtures.Truth{}
	for _, v := range b.world.Truth() {
		truth[v.VehicleID] = v
	}
	decides := []string{"user-id-wrong", "user-id-missing", "user-id-ambiguous", "not-connected", "vehicle-id-changed"}
	seen := map[string]int{}
	for _, v := range r.Vehicles {
		cause := v.Causes[0].Code
		seen[cause]++
		want := truth[v.VehicleID].Causes
		switch {
		case v.Verdict == "blocked" && !slices.Contains(want, cause):
			t.Errorf("%s is blocked by %s, and the truth is %v", v.VehicleID, cause, want)
		case v.Verdict != "blocked" && (v.Verdict != "inconclusive" || cause != "not-run"):
			t.Errorf("%s is %s by %s", v.VehicleID, v.Verdict, cause)
		case v.Verdict != "blocked" && len(want) > 0 && slices.Contains(decides, want[0]):
			t.Errorf("%s is not blocked, and the list proves %v", v.VehicleID, want)
		}
	}
	for _, cause := range []string{"user-id-wrong", "user-id-missing", "user-id-ambiguous", "not-connected", "permission-lost"} {
		if seen[cause] == 0 {
			t.Errorf("no vehicle is %s: %v", cause, seen)
		}
	}
	for _, want := range []string{"proves ", "proves not", "no vehicle was called", "--legs both", "orphan-connection"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the report lacks %q:\n%s", want, stdout)
		}
	}
}

// TestTheListAloneWithNothingAgainstAFleet: it does not call that ready, and says what it did find.
func TestTheListAloneWithNothingAgainstAFleet(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(20, 5))
	code, stdout, _ := b.run("--legs", "connections")
	if code != 4 || !strings.Contains(stdout, "The connections list has nothing against 20 of 20 vehicles") || strings.Contains(stdout, "nothing was proved") {
		t.Errorf("exit %d:\n%s", code, stdout)
	}
	if code, _, _ = b.run("--legs", "both"); code != 0 || b.report().Verdicts["ready"] != 20 {
		t.Errorf("then both legs: exit %d, %v", code, b.report().Verdicts)
	}
}
