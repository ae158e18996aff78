package migrate

import (
	"reflect"
	"strings"
	"testing"

	"scmigrate/migrate/rules"
)

// TestExitCodes: the truth table of CONTRACT §3 under the default gate, blocked × inconclusive × ready × stop.
func TestExitCodes(t *testing.T) {
	fixed := map[Stop]int{StopBreach: ExitBreach, StopCredentials: ExitCredentials, StopInterrupted: ExitInterrupted}
	for _, stop := range []Stop{StopNone, StopInterrupted, StopTimeBox, StopBudget, StopCredentials, StopAppRefused, StopNoList, StopNoToken, StopPaused, StopSystemic, StopBreach} {
		for mask := range 16 {
			c := Counts{Blocked: 2 * (mask & 1), Inconclusive: 3 * (mask >> 1 & 1), Ready: 5 * (mask >> 2 & 1), Broken: 7 * (mask >> 3)}
			want := ExitReady
			switch code, decided := fixed[stop]; {
			case decided:
				want = code
			case c.Blocked > 0:
				want = ExitGate
			case c.Inconclusive > 0 || c.Ready == 0:
				want = ExitUndecided
			case stop != StopNone && stop != StopTimeBox && stop != StopBudget: // it could not call: nothing was said today
				want = ExitUndecided
			}
			if got := ExitCode(stop, fleetOf(c).Gates(), c.Ready); got != want {
				t.Errorf("stop %q, %+v: exit %d, want %d", stop, c, got, want)
			}
		}
	}
}

// fleetOf is a fleet of these counts, all of cohort "a" and make "X", the ready ones with full proof.
func fleetOf(c Counts, gates ...string) *Fleet {
	f := NewFleet(parsed(gates...))
	for word, n := range map[string]int{"ready": c.Ready, "blocked": c.Blocked, "broken": c.Broken, "inconclusive": c.Inconclusive} {
		for range n {
			r := aCar(word)
			r.Entry.Cohort, r.Evidence.Make = "a", "X"
			f.Add(r)
		}
	}
	return f
}

func parsed(texts ...string) (gates []rules.Gate) {
	for _, text := range texts {
		g, err := rules.ParseGate(text)
		if err != nil {
			panic(err)
		}
		gates = append(gates, g)
	}
	return gates
}

// TestDefaultGate: it holds only if it holds with every inconclusive vehicle against it, and fails only if it fails without.
func TestDefaultGate(t *testing.T) {
	for _, c := range []struct {
		counts        Counts
		met, observed string
	}{
		{Counts{Ready: 3}, "yes", "0"},
		{Counts{}, "yes", "0"},
		{Counts{Broken: 9}, "yes", "0"},
		{Counts{Ready: 3, Blocked: 1}, "no", "1"},
		{Counts{Blocked: 1, Inconclusive: 4}, "no", "1"},
		{Counts{Ready: 3, Inconclusive: 4}, "undecided", "0 to 4"},
	} {
		gates := fleetOf(c.counts).Gates()
		if len(gates) != 1 || gates[0].Require != "blocked == 0" || gates[0].Met != c.met || !strings.HasPrefix(gates[0].Observed, c.observed) {
			t.Errorf("%+v: %+v, want %s (%s)", c.counts, gates, c.met, c.observed)
		}
	}
}

// TestReadiness: ready ÷ (total − broken), every inconclusive vehicle counted against and for.
func TestReadiness(t *testing.T) {
	for _, c := range []struct {
		counts    Counts
		low, high float64
		ok        bool
	}{
		{Counts{Ready: 31, Blocked: 6, Broken: 2, Inconclusive: 1}, 31.0 / 38, 32.0 / 38, true}, // the contract's example
		{Counts{Ready: 1}, 1, 1, true},
		{Counts{Blocked: 1}, 0, 0, true},
		{Counts{Inconclusive: 4}, 0, 1, true},
		{Counts{Broken: 4}, 0, 0, false},
		{Counts{}, 0, 0, false},
	} {
		low, high, ok := c.counts.Readiness()
		if low != c.low || high != c.high || ok != c.ok {
			t.Errorf("%+v: %v to %v (%v), want %v to %v (%v)", c.counts, low, high, ok, c.low, c.high, c.ok)
		}
	}
}

// TestTallyCounts: vehicles that were never called count as inconclusive.
func TestTallyCounts(t *testing.T) {
	tally := Tally{Total: 10, Verdicts: map[Verdict]int{Ready: 3, Blocked: 2, Broken: 1, Inconclusive: 1}}
	if got, want := tally.Counts(), (Counts{Ready: 3, Blocked: 2, Broken: 1, Inconclusive: 4}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if got := tally.Measured(); got != 7 {
		t.Errorf("%d measured, want 7", got)
	}
}

// TestFactsOf: one car refused is one car's trouble; everybody refused is a setting.
func TestFactsOf(t *testing.T) {
	for _, c := range []struct {
		reason string
		tally  Tally
		stop   Stop
		want   Facts
	}{
		{"healthy", Tally{Legacy: outcomes{LegAnswered: 3}, App: outcomes{LegAnswered: 3}}, StopNone, Facts{}},
		{"one 404", Tally{Legacy: outcomes{LegNotFound: 1}, App: outcomes{LegAnswered: 1}}, StopNone, Facts{}},
		{"every legacy leg 404", Tally{Legacy: outcomes{LegNotFound: 2}, App: outcomes{LegAnswered: 2}}, StopNone, Facts{LegacyRetired: true}},
		{"404s, but one car works", Tally{Legacy: outcomes{LegNotFound: 9, LegAnswered: 1}}, StopNone, Facts{}},
		{"404s, but one car asks for a login: v2 lives", Tally{Legacy: outcomes{LegNotFound: 9, LegReauth: 1}}, StopNone, Facts{}},
		{"v3 refuses two opaque tokens", Tally{Legacy: outcomes{LegOpaqueRefused: 1, LegOpaqueDenied: 1}, App: outcomes{LegAnswered: 2}}, StopNone, Facts{LegacyRetired: true}},
		{"v3 refuses one of them to any token", Tally{Legacy: outcomes{LegOpaqueDenied: 2}, App: outcomes{LegAnswered: 1, LegNotConnected: 1}}, StopNone, Facts{}},
		{"v3 takes another opaque token", Tally{Legacy: outcomes{LegOpaqueRefused: 2, LegAnswered: 1}, App: outcomes{LegAnswered: 3}}, StopNone, Facts{}},
		{"fresh tokens of two grants refused", Tally{Legacy: outcomes{LegGrantDead: 5}, RefusedGrants: 2}, StopNone, Facts{LegacyRetired: true}},
		{"fresh tokens of one grant refused", Tally{Legacy: outcomes{LegGrantDead: 5}, RefusedGrants: 1}, StopNone, Facts{}},
		{"old tokens refused prove nothing", Tally{Legacy: outcomes{LegTokenRefused: 5}}, StopNone, Facts{}},
		{"one car refused by v3", Tally{App: outcomes{LegNotConnected: 1}}, StopNone, Facts{}},
		{"every app call refused", Tally{App: outcomes{LegNotConnected: 1, LegUnauthorized: 1}}, StopNone, Facts{AppNotEnabled: true}},
		{"refused, but one store is only empty", Tally{App: outcomes{LegNotConnected: 9, LegEmptyStore: 1}}, StopNone, Facts{}},
		{"the list itself was refused", Tally{}, StopAppRefused, Facts{AppNotEnabled: true}},
		{"nothing was called", Tally{}, StopInterrupted, Facts{}},
	} {
		if got := factsOf(c.tally, c.stop); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.reason, got, c.want)
		}
	}
}

type outcomes = map[LegOutcome]int
