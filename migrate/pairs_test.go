package migrate

import (
	"strings"
	"testing"

	"scmigrate/migrate/rules"
)

// pairTable is what CONTRACT §6 says about every pair of outcomes: the car is listed with its user and with every
// permission, and all its fields match where they were answered. Columns: legacy outcome, app outcome, judgement.
//
// The rules behind it: a leg that could not be measured is inconclusive by its own cause; two passing failures are
// both-failed; what the legacy leg proves dead is broken, whatever the store still serves; the app leg's demand for a new
// login blocks only beside a legacy leg that works; a refused user blocks unless the legacy leg is dead; not-run is said
// only of cars that were never called, or whose legacy leg was left out on purpose.
const pairTable = `
answered         answered         ready /full
answered         not-run          inconclusive not-run
answered         rate-limited     inconclusive rate-limited
answered         quota            inconclusive quota-exhausted
answered         upstream         inconclusive upstream-error
answered         unreachable      inconclusive vehicle-unreachable
answered         timeout          inconclusive timeout
answered         malformed        inconclusive malformed-response
answered         reauthentication blocked app-reauthentication-needed
answered         gone             blocked app-reauthentication-needed
answered         not-connected    blocked not-connected
answered         unauthorized     inconclusive upstream-error
answered         empty-store      inconclusive no-data-yet

not-run          answered         inconclusive not-run
not-run          not-run          inconclusive not-run
not-run          rate-limited     inconclusive rate-limited
not-run          quota            inconclusive quota-exhausted
not-run          upstream         inconclusive upstream-error
not-run          unreachable      inconclusive vehicle-unreachable
not-run          timeout          inconclusive timeout
not-run          malformed        inconclusive malformed-response
not-run          reauthentication inconclusive not-run
not-run          gone             inconclusive not-run
not-run          not-connected    blocked not-connected
not-run          unauthorized     inconclusive upstream-error
not-run          empty-store      inconclusive no-data-yet

rate-limited     answered         inconclusive rate-limited
rate-limited     not-run          inconclusive rate-limited
rate-limited     rate-limited     inconclusive both-failed
rate-limited     quota            inconclusive both-failed
rate-limited     upstream         inconclusive both-failed
rate-limited     unreachable      inconclusive both-failed
rate-limited     timeout          inconclusive both-failed
rate-limited     malformed        inconclusive both-failed
rate-limited     reauthentication inconclusive rate-limited
rate-limited     gone             inconclusive rate-limited
rate-limited     not-connected    blocked not-connected rate-limited
rate-limited     unauthorized     inconclusive both-failed
rate-limited     empty-store      inconclusive no-data-yet rate-limited

quota            answered         inconclusive quota-exhausted
quota            not-run          inconclusive quota-exhausted
quota            rate-limited     inconclusive both-failed
quota            quota            inconclusive both-failed
quota            upstream         inconclusive both-failed
quota            unreachable      inconclusive both-failed
quota            timeout          inconclusive both-failed
quota            malformed        inconclusive both-failed
quota            reauthentication inconclusive quota-exhausted
quota            gone             inconclusive quota-exhausted
quota            not-connected    blocked not-connected quota-exhausted
quota            unauthorized     inconclusive both-failed
quota            empty-store      inconclusive no-data-yet quota-exhausted

upstream         answered         inconclusive upstream-error
upstream         not-run          inconclusive upstream-error
upstream         rate-limited     inconclusive both-failed
upstream         quota            inconclusive both-failed
upstream         upstream         inconclusive both-failed
upstream         unreachable      inconclusive both-failed
upstream         timeout          inconclusive both-failed
upstream         malformed        inconclusive both-failed
upstream         reauthentication inconclusive upstream-error
upstream         gone             inconclusive upstream-error
upstream         not-connected    blocked not-connected upstream-error
upstream         unauthorized     inconclusive both-failed
upstream         empty-store      inconclusive no-data-yet upstream-error

unreachable      answered         inconclusive vehicle-unreachable
unreachable      not-run          inconclusive vehicle-unreachable
unreachable      rate-limited     inconclusive both-failed
unreachable      quota            inconclusive both-failed
unreachable      upstream         inconclusive both-failed
unreachable      unreachable      inconclusive both-failed
unreachable      timeout          inconclusive both-failed
unreachable      malformed        inconclusive both-failed
unreachable      reauthentication inconclusive vehicle-unreachable
unreachable      gone             inconclusive vehicle-unreachable
unreachable      not-connected    blocked not-connected vehicle-unreachable
unreachable      unauthorized     inconclusive both-failed
unreachable      empty-store      inconclusive no-data-yet vehicle-unreachable

timeout          answered         inconclusive timeout
timeout          not-run          inconclusive timeout
timeout          rate-limited     inconclusive both-failed
timeout          quota            inconclusive both-failed
timeout          upstream         inconclusive both-failed
timeout          unreachable      inconclusive both-failed
timeout          timeout          inconclusive both-failed
timeout          malformed        inconclusive both-failed
timeout          reauthentication inconclusive timeout
timeout          gone             inconclusive timeout
timeout          not-connected    blocked not-connected timeout
timeout          unauthorized     inconclusive both-failed
timeout          empty-store      inconclusive no-data-yet timeout

malformed        answered         inconclusive malformed-response
malformed        not-run          inconclusive malformed-response
malformed        rate-limited     inconclusive both-failed
malformed        quota            inconclusive both-failed
malformed        upstream         inconclusive both-failed
malformed        unreachable      inconclusive both-failed
malformed        timeout          inconclusive both-failed
malformed        malformed        inconclusive both-failed
malformed        reauthentication inconclusive malformed-response
malformed        gone             inconclusive malformed-response
malformed        not-connected    blocked not-connected malformed-response
malformed        unauthorized     inconclusive both-failed
malformed        empty-store      inconclusive no-data-yet malformed-response

reauthentication answered         broken reauthentication-needed
reauthentication not-run          broken reauthentication-needed
reauthentication rate-limited     broken reauthentication-needed
reauthentication quota            broken reauthentication-needed
reauthentication upstream         broken reauthentication-needed
reauthentication unreachable      broken reauthentication-needed
reauthentication timeout          broken reauthentication-needed
reauthentication malformed        broken reauthentication-needed
reauthentication reauthentication broken reauthentication-needed
reauthentication gone             broken reauthentication-needed
reauthentication not-connected    broken not-connected reauthentication-needed
reauthentication unauthorized     broken reauthentication-needed
reauthentication empty-store      broken reauthentication-needed

gone             answered         broken vehicle-gone
gone             not-run          broken vehicle-gone
gone             rate-limited     broken vehicle-gone
gone             quota            broken vehicle-gone
gone             upstream         broken vehicle-gone
gone             unreachable      broken vehicle-gone
gone             timeout          broken vehicle-gone
gone             malformed        broken vehicle-gone
gone             reauthentication broken vehicle-gone
gone             gone             broken vehicle-gone
gone             not-connected    broken not-connected vehicle-gone
gone             unauthorized     broken vehicle-gone
gone             empty-store      broken vehicle-gone

token-missing    answered         inconclusive legacy-token-missing
token-missing    not-run          inconclusive legacy-token-missing
token-missing    rate-limited     inconclusive legacy-token-missing rate-limited
token-missing    quota            inconclusive legacy-token-missing quota-exhausted
token-missing    upstream         inconclusive legacy-token-missing upstream-error
token-missing    unreachable      inconclusive legacy-token-missing vehicle-unreachable
token-missing    timeout          inconclusive legacy-token-missing timeout
token-missing    malformed        inconclusive legacy-token-missing malformed-response
token-missing    reauthentication inconclusive legacy-token-missing
token-missing    gone             inconclusive legacy-token-missing
token-missing    not-connected    blocked not-connected legacy-token-missing
token-missing    unauthorized     inconclusive legacy-token-missing upstream-error
token-missing    empty-store      inconclusive legacy-token-missing no-data-yet

token-refused    answered         inconclusive legacy-token-refused
token-refused    not-run          inconclusive legacy-token-refused
token-refused    rate-limited     inconclusive legacy-token-refused rate-limited
token-refused    quota            inconclusive legacy-token-refused quota-exhausted
token-refused    upstream         inconclusive legacy-token-refused upstream-error
token-refused    unreachable      inconclusive legacy-token-refused vehicle-unreachable
token-refused    timeout          inconclusive legacy-token-refused timeout
token-refused    malformed        inconclusive legacy-token-refused malformed-response
token-refused    reauthentication inconclusive legacy-token-refused
token-refused    gone             inconclusive legacy-token-refused
token-refused    not-connected    blocked not-connected legacy-token-refused
token-refused    unauthorized     inconclusive legacy-token-refused upstream-error
token-refused    empty-store      inconclusive legacy-token-refused no-data-yet

grant-dead       answered         broken legacy-grant-dead
grant-dead       not-run          broken legacy-grant-dead
grant-dead       rate-limited     broken legacy-grant-dead
grant-dead       quota            broken legacy-grant-dead
grant-dead       upstream         broken legacy-grant-dead
grant-dead       unreachable      broken legacy-grant-dead
grant-dead       timeout          broken legacy-grant-dead
grant-dead       malformed        broken legacy-grant-dead
grant-dead       reauthentication broken legacy-grant-dead
grant-dead       gone             broken legacy-grant-dead
grant-dead       not-connected    broken not-connected legacy-grant-dead
grant-dead       unauthorized     broken legacy-grant-dead
grant-dead       empty-store      broken legacy-grant-dead

token-wrong      answered         inconclusive legacy-token-wrong
token-wrong      not-run          inconclusive legacy-token-wrong
token-wrong      rate-limited     inconclusive legacy-token-wrong rate-limited
token-wrong      quota            inconclusive legacy-token-wrong quota-exhausted
token-wrong      upstream         inconclusive legacy-token-wrong upstream-error
token-wrong      unreachable      inconclusive legacy-token-wrong vehicle-unreachable
token-wrong      timeout          inconclusive legacy-token-wrong timeout
token-wrong      malformed        inconclusive legacy-token-wrong malformed-response
token-wrong      reauthentication inconclusive legacy-token-wrong
token-wrong      gone             inconclusive legacy-token-wrong
token-wrong      not-connected    blocked not-connected legacy-token-wrong
token-wrong      unauthorized     inconclusive legacy-token-wrong upstream-error
token-wrong      empty-store      inconclusive legacy-token-wrong no-data-yet

not-found        answered         inconclusive legacy-token-wrong
not-found        not-run          inconclusive legacy-token-wrong
not-found        rate-limited     inconclusive legacy-token-wrong rate-limited
not-found        quota            inconclusive legacy-token-wrong quota-exhausted
not-found        upstream         inconclusive legacy-token-wrong upstream-error
not-found        unreachable      inconclusive legacy-token-wrong vehicle-unreachable
not-found        timeout          inconclusive legacy-token-wrong timeout
not-found        malformed        inconclusive legacy-token-wrong malformed-response
not-found        reauthentication inconclusive legacy-token-wrong
not-found        gone             inconclusive legacy-token-wrong
not-found        not-connected    blocked not-connected legacy-token-wrong
not-found        unauthorized     inconclusive legacy-token-wrong upstream-error
not-found        empty-store      inconclusive legacy-token-wrong no-data-yet

opaque-refused   answered         inconclusive legacy-token-refused
opaque-refused   not-run          inconclusive legacy-token-refused
opaque-refused   rate-limited     inconclusive legacy-token-refused rate-limited
opaque-refused   quota            inconclusive legacy-token-refused quota-exhausted
opaque-refused   upstream         inconclusive legacy-token-refused upstream-error
opaque-refused   unreachable      inconclusive legacy-token-refused vehicle-unreachable
opaque-refused   timeout          inconclusive legacy-token-refused timeout
opaque-refused   malformed        inconclusive legacy-token-refused malformed-response
opaque-refused   reauthentication inconclusive legacy-token-refused
opaque-refused   gone             inconclusive legacy-token-refused
opaque-refused   not-connected    blocked not-connected legacy-token-refused
opaque-refused   unauthorized     inconclusive legacy-token-refused upstream-error
opaque-refused   empty-store      inconclusive legacy-token-refused no-data-yet

opaque-denied    answered         inconclusive legacy-token-wrong
opaque-denied    not-run          inconclusive legacy-token-wrong
opaque-denied    rate-limited     inconclusive legacy-token-wrong rate-limited
opaque-denied    quota            inconclusive legacy-token-wrong quota-exhausted
opaque-denied    upstream         inconclusive legacy-token-wrong upstream-error
opaque-denied    unreachable      inconclusive legacy-token-wrong vehicle-unreachable
opaque-denied    timeout          inconclusive legacy-token-wrong timeout
opaque-denied    malformed        inconclusive legacy-token-wrong malformed-response
opaque-denied    reauthentication inconclusive legacy-token-wrong
opaque-denied    gone             inconclusive legacy-token-wrong
opaque-denied    not-connected    blocked not-connected legacy-token-wrong
opaque-denied    unauthorized     inconclusive legacy-token-wrong upstream-error
opaque-denied    empty-store      inconclusive legacy-token-wrong no-data-yet

no-baseline      answered         inconclusive legacy-unmeasured
no-baseline      not-run          inconclusive legacy-unmeasured
no-baseline      rate-limited     inconclusive legacy-unmeasured
no-baseline      quota            inconclusive legacy-unmeasured
no-baseline      upstream         inconclusive legacy-unmeasured
no-baseline      unreachable      inconclusive legacy-unmeasured
no-baseline      timeout          inconclusive legacy-unmeasured
no-baseline      malformed        inconclusive legacy-unmeasured
no-baseline      reauthentication inconclusive legacy-unmeasured
no-baseline      gone             inconclusive legacy-unmeasured
no-baseline      not-connected    blocked not-connected legacy-unmeasured
no-baseline      unauthorized     inconclusive legacy-unmeasured
no-baseline      empty-store      inconclusive legacy-unmeasured
`

// pairs reads pairTable.
func pairs(t *testing.T) map[[2]LegOutcome]string {
	t.Helper()
	wanted := map[[2]LegOutcome]string{}
	for line := range strings.Lines(pairTable) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		key := [2]LegOutcome{LegOutcome(words[0]), LegOutcome(words[1])}
		if wanted[key] != "" {
			t.Fatalf("two rows for %v", key)
		}
		wanted[key] = strings.Join(words[2:], " ")
	}
	return wanted
}

// TestEveryPairOfOutcomes fails when an outcome is added without rows, and when a row's outcome is gone.
func TestEveryPairOfOutcomes(t *testing.T) {
	wanted := pairs(t)
	for _, legacy := range LegacyOutcomes() {
		for _, app := range AppOutcomes() {
			want, decided := wanted[[2]LegOutcome{legacy, app}]
			if !decided {
				t.Errorf("nobody has decided what legacy %q × app %q means", legacy, app)
			}
			for name, e := range map[string]Evidence{"with findings": pairEvidence(t, legacy, app), "without": {}} {
				e.Identity, e.Legacy.Outcome, e.App.Outcome = healthy().Identity, legacy, app
				if name == "without" && legacy == LegAnswered && app == LegAnswered {
					continue // nothing compared: its own test
				}
				if got := told(Judge(anEntry(), e, Facts{}, rules.Rules{})); got != want {
					t.Errorf("%s, legacy %s × app %s: judged %q, want %q", name, legacy, app, got, want)
				}
			}
			delete(wanted, [2]LegOutcome{legacy, app})
		}
	}
	for key := range wanted {
		t.Errorf("the table has a row for %v, which is no pair of outcomes", key)
	}
}

// pairEvidence has findings as the comparison makes them: served where the leg answered, failed where it did not.
func pairEvidence(t *testing.T, legacy, app LegOutcome) Evidence {
	t.Helper()
	states := func(o LegOutcome) string {
		switch o {
		case LegAnswered:
			return " ok"
		case LegNotRun:
			return " unasked"
		}
		return " later"
	}
	tail := states(legacy) + states(app)
	return healthy(seen(t, "odometer.distance"+tail, "security.isLocked"+tail, "vin"+tail)...)
}

// TestOnlyOnePairIsReady says the heart of the table in one line.
func TestOnlyOnePairIsReady(t *testing.T) {
	for key, want := range pairs(t) {
		if strings.HasPrefix(want, "ready") != (key == [2]LegOutcome{LegAnswered, LegAnswered}) {
			t.Errorf("%v: %s", key, want)
		}
	}
}

// TestUnknownOutcomesAreNeverReady: an outcome that a later version wrote into the ledger decides nothing.
func TestUnknownOutcomesAreNeverReady(t *testing.T) {
	for _, odd := range []LegOutcome{"", "half-answered", "ANSWERED"} {
		for _, e := range []Evidence{
			{Legacy: Leg{Outcome: odd}, App: Leg{Outcome: LegAnswered}},
			{Legacy: Leg{Outcome: LegAnswered}, App: Leg{Outcome: odd}},
			{Legacy: Leg{Outcome: odd}, App: Leg{Outcome: odd}},
		} {
			e.Identity, e.Findings = healthy().Identity, seen(t, "odometer.distance ok ok")
			if j := Judge(anEntry(), e, Facts{}, rules.Rules{}); j.Verdict != Inconclusive {
				t.Errorf("legacy %q × app %q: %s", e.Legacy.Outcome, e.App.Outcome, told(j))
			}
		}
	}
}
