package migrate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// apart is a meter whose car's app leg tells another odometer than its legacy leg, with the evidence of a first visit.
func apart(t *testing.T) (*Meter, *fakeCaller, *fakeTokens, Evidence) {
	t.Helper()
	m, caller, tokens := aMeter(t)
	caller.signals = func() smartcar.Answer { return signalsWith(61188) }
	e, got := measure(t, m)
	if got != "blocked value-differs(odometer.distance)" {
		t.Fatalf("judged %q", got)
	}
	caller.calls = nil
	m.Now = func() time.Time { return noon.Add(2 * time.Minute) }
	e.At = noon
	return m, caller, tokens, e
}

// signalsWith is a healthy store with another odometer.
func signalsWith(km float64) smartcar.Answer {
	odometer := aSignal("odometer-traveleddistance", "")
	odometer["attributes"].(map[string]any)["body"] = map[string]any{"value": km, "unit": "km"}
	return answered(map[string]any{"data": []any{aSignal("vehicleidentification-vin", ""), odometer, aSignal("internalcombustionengine-fuellevel", ""), aSignal("internalcombustionengine-range", "")},
		"meta": map[string]any{"totalCount": 4}})
}

func askAgain(t *testing.T, m *Meter, e *Evidence) (string, string) {
	t.Helper()
	if err := m.Recheck(t.Context(), anEntry(), e, Differing(*e, rules.Rules{}, 1)); err != nil {
		t.Fatal(err)
	}
	return told(Judge(anEntry(), *e, Facts{}, rules.Rules{})), odometerOf(*e).Note
}

func odometerOf(e Evidence) compare.Finding {
	findings := Weighed(e, Facts{}, rules.Rules{})
	return findings[slices.IndexFunc(findings, func(f compare.Finding) bool { return f.Field == "odometer.distance" })]
}

// TestRecheckIsLegacyAppLegacy: three calls, one after the other, for the differing field's path alone.
func TestRecheckIsLegacyAppLegacy(t *testing.T) { synctest.Test(t, recheckIsLegacyAppLegacy) }

func recheckIsLegacyAppLegacy(t *testing.T) {
	m, caller, _, e := apart(t)
	var asked []string
	caller.batch = func(_ string, paths []string) smartcar.Answer {
		asked = append(asked, paths...)
		return batchAnswer(paths, nil)
	}
	var flying atomic.Int32
	caller.hold = func(_ context.Context, leg string) {
		if flying.Add(1) > 1 {
			t.Errorf("the %s leg was called while another call was in flight", leg)
		}
		<-time.After(time.Second) // virtual: everything that could run in the meantime has
		flying.Add(-1)
	}
	got, note := askAgain(t, m, &e)
	if want := []string{"batch first-token-0001", "signals " + userID, "batch first-token-0001"}; !slices.Equal(caller.calls, want) {
		t.Errorf("called %q, want %q", caller.calls, want)
	}
	if !slices.Equal(asked, []string{"/odometer", "/odometer"}) {
		t.Errorf("asked for %q", asked)
	}
	if got != "blocked value-differs(odometer.distance)" || !strings.Contains(note, "still different 2 min later") {
		t.Errorf("judged %q: %s", got, note)
	}
	if want := (Spent{Requests: 3, Legacy: 2, App: 1}); e.Again != want || e.Legacy.Billed != 3 || e.App.Billed != 1 {
		t.Errorf("spent %+v beside %d and %d", e.Again, e.Legacy.Billed, e.App.Billed)
	}
}

// TestWhatARecheckBrings: the verdict and the note for what the second look shows.
func TestWhatARecheckBrings(t *testing.T) {
	dead := inventory.Token{Gone: "the owner left"}
	legacy := func(km ...float64) func(*Meter, *fakeCaller, *fakeTokens) {
		return func(_ *Meter, c *fakeCaller, _ *fakeTokens) {
			c.batch = func(string, []string) smartcar.Answer {
				now := km[0]
				km = append(km[1:], now)
				return answered(map[string]any{"responses": []any{map[string]any{"path": "/odometer", "code": 200, "body": map[string]any{"distance": now}}}})
			}
		}
	}
	for _, c := range []struct {
		reason string
		change func(*Meter, *fakeCaller, *fakeTokens)
		want   string
		note   string
		calls  int
	}{
		{"the store was refreshed", func(_ *Meter, c *fakeCaller, _ *fakeTokens) {
			c.signals = func() smartcar.Answer { return signalsWith(62000) }
		}, "ready /partial", "flapped: ", 3},
		{"the legacy value moved across", legacy(61186.5, 61189.5), "ready /full", "explained: ", 3},
		{"the legacy leg is throttled", func(_ *Meter, c *fakeCaller, _ *fakeTokens) {
			c.batch = func(string, []string) smartcar.Answer { return refused(429, "RATE_LIMIT", "VEHICLE") }
		}, "blocked value-differs(odometer.distance)", "not asked again: the legacy leg failed (RATE_LIMIT/VEHICLE)", 1},
		{"the item alone fails", func(_ *Meter, c *fakeCaller, _ *fakeTokens) {
			c.batch = func(_ string, p []string) smartcar.Answer {
				return batchAnswer(p, map[string]string{"/odometer": "UPSTREAM"})
			}
		}, "blocked value-differs(odometer.distance)", "not asked again: the legacy leg failed (UPSTREAM)", 1},
		{"the app leg is refused", func(_ *Meter, c *fakeCaller, _ *fakeTokens) {
			c.signals = func() smartcar.Answer { return refused(502, "UPSTREAM", "NO_RESPONSE") }
		}, "blocked value-differs(odometer.distance)", "not asked again: the app leg failed (UPSTREAM/NO_RESPONSE)", 2},
		{"another car answers with the right value", func(_ *Meter, c *fakeCaller, _ *fakeTokens) {
			c.signals = func() smartcar.Answer { return signalsAnswer("c0000000-0000-4000-8000-000000000009", 4, nil) }
		}, "blocked value-differs(odometer.distance)", "not asked again: the app leg failed (malformed)", 2},
		{"the grant is gone", func(_ *Meter, _ *fakeCaller, s *fakeTokens) { s.tokens = []inventory.Token{dead} },
			"blocked value-differs(odometer.distance)", "not asked again: no legacy token: the token command says: gone", 0},
		{"three reads are over the cap", func(m *Meter, _ *fakeCaller, _ *fakeTokens) { m.Billed = 6 },
			"blocked value-differs(odometer.distance)", "not asked again: over --max-billed-per-vehicle", 0},
		{"three reads fit", func(m *Meter, _ *fakeCaller, _ *fakeTokens) { m.Billed = 7 },
			"blocked value-differs(odometer.distance)", "still different", 3},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, tokens, e := apart(t)
			first := odometerOf(e)
			c.change(m, caller, tokens)
			got, note := askAgain(t, m, &e)
			if got != c.want || !strings.Contains(note, c.note) || len(caller.calls) != c.calls || e.Again.Requests != c.calls {
				t.Errorf("judged %q after %q (%d counted): %s", got, caller.calls, e.Again.Requests, note)
			}
			if f := odometerOf(e); f.Legacy.Value.Num != first.Legacy.Value.Num || f.App.Value.Num != first.App.Value.Num {
				t.Errorf("the first pair became %s and %s", f.Legacy.Value, f.App.Value)
			}
		})
	}
}

// TestARoundThatIsCutShortIsPaidFor: what was spent is on record, and the finding is as it was, to be asked again.
func TestARoundThatIsCutShortIsPaidFor(t *testing.T) {
	m, caller, _, e := apart(t)
	ctx, cancel := context.WithCancel(t.Context())
	caller.hold = func(_ context.Context, leg string) {
		if leg == "app" {
			cancel()
		}
	}
	err := m.Recheck(ctx, anEntry(), &e, []string{"odometer.distance"})
	if want := (Spent{Requests: 1, Legacy: 1}); !errors.Is(err, context.Canceled) || e.Again != want || odometerOf(e).Recheck.Answered() != 0 {
		t.Errorf("%v, spent %+v: %s", err, e.Again, odometerOf(e).Note)
	}
	if left := Differing(e, rules.Rules{}, 1); !slices.Equal(left, []string{"odometer.distance"}) {
		t.Errorf("to ask again: %q", left)
	}
}

// TestDiffering: only what may be gone when asked about again.
func TestDiffering(t *testing.T) {
	all := healthy(seen(t, "odometer.distance ok other", "tires.frontLeft ok stale", "security.isLocked ok other", "vin ok other", "fuel.range ok ok", "make ok other")...)
	_, _, _, once := apart(t)
	for _, c := range []struct {
		reason string
		e      Evidence
		rules  rules.Rules
		rounds int
		want   []string
	}{
		{"required or not, and never what is static", all, rules.Rules{Require: []string{"vin"}}, 1, []string{"odometer.distance", "security.isLocked"}},
		{"a wider tolerance", all, rules.Rules{Tolerance: map[string]compare.Tolerance{"odometer.distance": {Rel: 0.5}}}, 1, []string{"security.isLocked"}},
		{"an old difference is one of values all the same", func() Evidence { e := all; e.At = noon.Add(48 * time.Hour); return e }(),
			rules.Rules{Freshness: rules.Freshness{Default: time.Hour}}, 1, []string{"odometer.distance", "security.isLocked"}},
		{"a unit in doubt", healthy(seen(t, "odometer.distance ok miles")...), rules.Rules{}, 1, nil},
		{"one leg alone", func() Evidence { e := all; e.App.Outcome = LegTimeout; return e }(), rules.Rules{}, 1, nil},
		{"no rounds", once, rules.Rules{}, 0, nil},
	} {
		if got := Differing(c.e, c.rules, c.rounds); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.reason, got, c.want)
		}
	}
}

func TestRecheckVehicles(t *testing.T) {
	for requests, want := range map[int]int{0: 50, 80: 50, 3000: 50, 3060: 51, 40_000: 666, 2_000_000: 33_333} {
		if got := RecheckVehicles(requests); got != want {
			t.Errorf("%d requests: %d vehicles, want %d", requests, got, want)
		}
	}
}

// recheckStates are what a leg may say when it is asked again.
var recheckStates = []string{"ok", "ok", "ok", "other", "other", "later", "absent"}

// TestARecheckIsMonotone: with a recheck no vehicle is worse than without it, so taking the recheck away makes none better.
func TestARecheckIsMonotone(t *testing.T) {
	results := map[compare.RecheckResult]int{}
	eachCase(t, func(r *rand.Rand, s subject) error {
		if odds(r, 3) {
			s.rules.Waivers = []rules.Waiver{{ID: "W-1", Cause: string(ValueDiffers)}}
		}
		without, with := s.judge(), s.copied()
		for i := range with.e.Findings {
			for range r.IntN(3) {
				askedAgain(t, r, &with.e.Findings[i])
			}
		}
		for i, f := range Weighed(with.e, s.facts, s.rules) {
			before := Weighed(s.e, s.facts, s.rules)[i]
			if f.Recheck != nil {
				results[f.Recheck.Result]++
			}
			if f.Outcome != before.Outcome && before.Outcome != compare.Differs {
				return fmt.Errorf("%s became %s", before.Outcome, f.Outcome)
			}
		}
		after := with.judge()
		switch {
		case without.Verdict == Ready && after.Verdict != Ready, without.Proof == ProofFull && after.Proof != ProofFull,
			without.Verdict != Blocked && after.Verdict == Blocked:
			return fmt.Errorf("%s became %s", told(without), told(after))
		}
		return nil
	})
	for _, result := range []compare.RecheckResult{compare.NotAsked, compare.Persistent, compare.Explained, compare.Flapped} {
		if results[result] < 5 {
			t.Errorf("only %d findings were %s: the property is hardly tried", results[result], result)
		}
	}
}

// askedAgain adds a round of random answers.
func askedAgain(t *testing.T, r *rand.Rand, f *compare.Finding) {
	t.Helper()
	field, _ := compare.Lookup(f.Field)
	reading := func() compare.Reading { return read(t, field, "", pick(r, recheckStates)) }
	var kept compare.Recheck
	if f.Recheck != nil {
		kept = *f.Recheck
	}
	before, app, after := reading(), reading(), reading()
	if field.Name == "odometer.distance" && odds(r, 2) { // a car that drives while it is asked
		before, app, after = read(t, field, "", "ok"), read(t, field, "", "ok"), read(t, field, "", "ok")
		app.Value.Num, after.Value.Num = app.Value.Num+2, after.Value.Num+4
	}
	f.Recheck = kept.Add(compare.NewRound(noon.Add(time.Minute), time.Minute, before, app, after))
}
