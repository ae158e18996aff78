package migrate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// TestSameAPISearchesOnV3: where both legs are v3, a search for the car under another id never calls v2.0, which may be
// gone and would answer for a dead grant.
func TestSameAPISearchesOnV3(t *testing.T) {
	m, caller, _ := aSameMeter(t)
	caller.look = func(id, _ string) smartcar.Answer { return vinAnswer(id, carVIN) }
	entry := anEntry()
	entry.VIN = ""
	e := Evidence{Identity: identify(entry, nil, true), Legacy: Leg{Outcome: LegNotRun}, App: Leg{Outcome: LegNotRun}}
	if err := m.Search(t.Context(), entry, []Link{orphan("new-1", "")}, &e); err != nil {
		t.Fatal(err)
	}
	wantCalls(t, caller, "opaque first-token-0001 "+userID, "look new-1")
	wantJudged(t, Judge(entry, e, Facts{}, rules.Rules{}), "blocked vehicle-id-changed")
}

// TestSameAPIRechecksOnV3: and so does a recheck.
func TestSameAPIRechecksOnV3(t *testing.T) {
	m, caller, _ := aSameMeter(t)
	caller.signals = func() smartcar.Answer { return signalsWith(61188) }
	e, got := measure(t, m)
	if got != "blocked value-differs(odometer.distance)" {
		t.Fatalf("judged %q", got)
	}
	caller.calls, e.At = nil, noon
	m.Now = func() time.Time { return noon.Add(2 * time.Minute) }
	got, _ = askAgain(t, m, &e)
	if want := []string{"opaque first-token-0001 " + userID, "signals " + userID, "opaque first-token-0001 " + userID}; !slices.Equal(caller.calls, want) || got != "blocked value-differs(odometer.distance)" {
		t.Errorf("called %q, judged %q", caller.calls, got)
	}
	if e.Again != (Spent{Requests: 3, Legacy: 2, App: 1}) {
		t.Errorf("it cost %+v", e.Again)
	}
}

// TestATokenThatDiesBetweenTwoBatches: a batch refused for a make's own path is sent again without it; a token that died in
// the meantime is the vehicle's trouble and does not end the run.
func TestATokenThatDiesBetweenTwoBatches(t *testing.T) {
	m, caller, tokens := aMeter(t)
	m.Fields = compare.All()
	caller.batch = func(_ string, paths []string) smartcar.Answer {
		tokens.mu.Lock()
		defer tokens.mu.Unlock()
		tokens.tokens = []inventory.Token{{Dead: true}}
		return refused(400, "VALIDATION", "PARAMETER")
	}
	_, got := measure(t, m)
	if !strings.HasPrefix(got, "inconclusive") || len(caller.sent("batch")) != 1 {
		t.Errorf("judged %q after %q", got, caller.calls)
	}
}

// TestABreachIsToldOfVehiclesLeftOut: in whatever case the ledger writes the id.
func TestABreachIsToldOfVehiclesLeftOut(t *testing.T) {
	facts := Facts{Breached: []string{strings.ToUpper(carID)}}
	wantJudged(t, LeftOut(anEntry(), facts), "blocked isolation-breach")
	wantJudged(t, LeftOut(anEntry(), Facts{}), "inconclusive not-run")
}
