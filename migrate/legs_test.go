package migrate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// measure measures the car with its one link and judges it.
func measure(t *testing.T, m *Meter, links ...Link) (Evidence, string) {
	t.Helper()
	if links == nil {
		links = []Link{*aLink()}
	}
	e, err := m.Measure(t.Context(), anEntry(), links, true)
	if err != nil {
		t.Fatal(err)
	}
	return e, told(Judge(anEntry(), e, Facts{}, rules.Rules{}))
}

func wantCalls(t *testing.T, c *fakeCaller, want ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(c.calls))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("called %q, want %q", got, want)
	}
}

func TestAHealthyCarCostsTwoCalls(t *testing.T) {
	m, caller, _ := aMeter(t)
	e, got := measure(t, m)
	if got != "ready /full" {
		t.Errorf("judged %q: %+v", got, e.Findings)
	}
	wantCalls(t, caller, "batch first-token-0001", "signals "+userID)
	if e.Legacy.Billed != 3 || e.App.Billed != 1 {
		t.Errorf("billed %d and %d reads, want 3 and 1", e.Legacy.Billed, e.App.Billed)
	}
	if len(e.Legacy.RequestIDs) != 1 || len(e.App.RequestIDs) != 1 {
		t.Errorf("request ids %v %v", e.Legacy.RequestIDs, e.App.RequestIDs)
	}
}

// TestTheListDecides: who is proved not to be connected is not called.
func TestTheListDecides(t *testing.T) {
	theirs := *aLink()
	theirs.UserID = strangeID
	for _, c := range []struct {
		reason string
		user   string
		links  []Link
		whole  bool
		want   string
		calls  int
	}{
		{"proved absent", userID, []Link{}, true, "blocked not-connected", 0},
		{"another user in its place", userID, []Link{theirs}, true, "blocked user-id-wrong", 0},
		{"the list proves nothing", userID, []Link{}, false, "ready /full", 3}, // and the token's user is asked for
		{"no userId, two candidates", "", []Link{*aLink(), theirs}, true, "blocked user-id-ambiguous", 0},
		{"no userId, one candidate", "", []Link{*aLink()}, true, "blocked user-id-missing", 2},
		{"no userId, nobody", "", []Link{}, true, "blocked user-id-missing not-connected", 0},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, _ := aMeter(t)
			entry := anEntry()
			entry.UserID = c.user
			e, err := m.Measure(t.Context(), entry, c.links, c.whole)
			if err != nil {
				t.Fatal(err)
			}
			wantJudged(t, Judge(entry, e, Facts{}, rules.Rules{}), c.want)
			if len(caller.calls) != c.calls {
				t.Errorf("called %q, want %d calls", caller.calls, c.calls)
			}
		})
	}
}

// TestBothLegsStartTogether: neither leg may wait for the other to end.
func TestBothLegsStartTogether(t *testing.T) {
	m, caller, _ := aMeter(t)
	started := map[string]chan struct{}{"legacy": make(chan struct{}), "app": make(chan struct{})}
	caller.hold = func(ctx context.Context, leg string) {
		close(started[leg])
		for _, other := range started {
			select {
			case <-other:
			case <-ctx.Done():
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := m.Measure(ctx, anEntry(), []Link{*aLink()}, true); err != nil {
		t.Fatalf("a leg did not start before the other ended: %v", err)
	}
}

// TestAnIncompleteListIsFilledSingly: more signals than came are asked for one by one, and what is still missing is
// unmeasured, not lost.
func TestAnIncompleteListIsFilledSingly(t *testing.T) {
	const odometer, rangeKm = "odometer-traveleddistance", "internalcombustionengine-range"
	for _, c := range []struct {
		reason string
		total  int
		single func(code string) smartcar.Answer
		want   string
		calls  bool
	}{
		{"the answer is whole: lost", 3, nil, "blocked signal-lost(odometer.distance)", false},
		{"the missing signal is there", 4, nil, "ready /full", true},
		{"the missing signal is not in the store", 4, func(string) smartcar.Answer { return refused(404, "RESOURCE_NOT_FOUND", "SIGNAL_NOT_FOUND") }, "blocked signal-lost(odometer.distance)", true},
		{"the store does not say which signal it lacks", 4, func(string) smartcar.Answer { return refused(404, "", "") }, "blocked signal-lost(odometer.distance)", true},
		{"the vehicle is not found, although its list was served", 4, func(string) smartcar.Answer { return refused(404, "RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND") }, "inconclusive signal-unavailable(odometer.distance)", true},
		{"the path is not found", 4, func(string) smartcar.Answer { return refused(404, "RESOURCE_NOT_FOUND", "INVALID_PATH") }, "inconclusive signal-unavailable(odometer.distance)", true},
		{"the missing signal fails upstream", 4, func(string) smartcar.Answer { return refused(502, "UPSTREAM", "NO_RESPONSE") }, "inconclusive signal-unavailable(odometer.distance)", true},
		{"the missing signal is not permitted", 4, func(string) smartcar.Answer { return refused(403, "PERMISSION", "") }, "blocked signal-lost(odometer.distance)", true},
		{"the missing signal is throttled", 4, func(string) smartcar.Answer { return refused(429, "RATE_LIMIT", "SMARTCAR_API") }, "inconclusive signal-unavailable(odometer.distance)", true},
		{"the missing signal cannot be read", 4, func(string) smartcar.Answer { return answered([]int{1}) }, "inconclusive signal-unavailable(odometer.distance)", true},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, _ := aMeter(t)
			caller.signals = func() smartcar.Answer { return signalsAnswer(carID, c.total, nil, odometer) }
			if c.single != nil {
				caller.signal = c.single
			}
			if _, got := measure(t, m); got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
			if called := slices.Contains(caller.calls, "signal "+odometer); called != c.calls {
				t.Errorf("called %q", caller.calls)
			}
			if len(caller.sent("signal ")) > maxSingles || slices.Contains(caller.calls, "signal "+rangeKm) {
				t.Errorf("called %q", caller.calls)
			}
		})
	}
}

// TestASingleSignalSaysWhy: the field carries the failure of its own call, not that the list was incomplete.
func TestASingleSignalSaysWhy(t *testing.T) {
	for _, c := range []struct {
		answer smartcar.Answer
		want   string
	}{
		{refused(429, "RATE_LIMIT", "SMARTCAR_API"), "RATE_LIMIT/SMARTCAR_API"},
		{refused(403, "AUTHENTICATION", "ACCESS_DENIED"), "AUTHENTICATION/ACCESS_DENIED"},
		{refused(500, "SERVER", "INTERNAL"), "SERVER/INTERNAL"},
		{refused(404, "RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND"), "RESOURCE_NOT_FOUND/VEHICLE_NOT_FOUND"},
		{answered([]int{1}), "the single signal cannot be read"},
	} {
		m, caller, _ := aMeter(t)
		caller.signals = func() smartcar.Answer { return signalsAnswer(carID, 4, nil, "odometer-traveleddistance") }
		caller.signal = func(string) smartcar.Answer { return c.answer }
		e, _ := measure(t, m)
		j := Judge(anEntry(), e, Facts{}, rules.Rules{})
		if len(j.Causes) != 1 || j.Causes[0].Detail != c.want {
			t.Errorf("causes %+v, want the detail %q", j.Causes, c.want)
		}
	}
}

func TestAnAnswerForAnotherVehicle(t *testing.T) {
	m, caller, _ := aMeter(t)
	caller.signals = func() smartcar.Answer { return signalsAnswer("c0000000-0000-4000-8000-000000000099", 4, nil) }
	if _, got := measure(t, m); got != "blocked vehicle-mismatch" {
		t.Errorf("judged %q", got)
	}
}

// TestLegsApp: without the legacy leg no token is resolved and no vehicle is better than inconclusive.
func TestLegsApp(t *testing.T) {
	m, caller, tokens := aMeter(t)
	m.Legs = "app"
	if _, got := measure(t, m); got != "inconclusive not-run" {
		t.Errorf("judged %q", got)
	}
	if tokens.asked > 0 || len(caller.sent("batch")) > 0 {
		t.Errorf("the legacy leg was touched: %d tokens, %q", tokens.asked, caller.calls)
	}
	m.Legs = "connections"
	caller.calls = nil
	if _, got := measure(t, m); got != "inconclusive not-run" || len(caller.calls) > 0 {
		t.Errorf("judged %q after %q", got, caller.calls)
	}
}

// TestTheVehiclesOwnFieldsAreRead: also those that --fields leaves out, and the VIN always.
func TestTheVehiclesOwnFieldsAreRead(t *testing.T) {
	m, caller, _ := aMeter(t)
	m.Fields, _ = compare.Select("fuel.range")
	var asked []string
	caller.batch = func(_ string, paths []string) smartcar.Answer {
		asked = paths
		return batchAnswer(paths, nil)
	}
	entry := anEntry()
	entry.Fields = []string{"odometer.distance"}
	e, err := m.Measure(t.Context(), entry, []Link{*aLink()}, true)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(asked, " "); got != "/odometer /fuel /vin" {
		t.Errorf("asked for %s", got)
	}
	wantJudged(t, Judge(entry, e, Facts{}, rules.Rules{}), "ready /full")
}

// TestTheToolsOwnTroubleIsAnError: nothing is judged of a car that the tool could not call.
func TestTheToolsOwnTroubleIsAnError(t *testing.T) {
	m, _, _ := aMeter(t)
	m.Caller = brokenCaller{m.Caller}
	if _, err := m.Measure(t.Context(), anEntry(), []Link{*aLink()}, true); !errors.Is(err, errDisk) {
		t.Errorf("measured with %v", err)
	}
	m, _, _ = aMeter(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Measure(ctx, anEntry(), []Link{*aLink()}, true); !errors.Is(err, context.Canceled) {
		t.Errorf("measured after the end with %v", err)
	}
}

type brokenCaller struct{ Caller }

func (brokenCaller) Signals(context.Context, string, string) (smartcar.Answer, error) {
	return smartcar.Answer{}, errDisk
}
