package migrate

import (
	"testing"

	"scmigrate/compare"
	"scmigrate/migrate/smartcar"
)

// TestWholeLegRefusals: what an answer for the whole call means, on either leg beside a healthy one.
func TestWholeLegRefusals(t *testing.T) {
	for _, c := range []struct {
		leg    string
		answer smartcar.Answer
		want   string
	}{
		{"legacy", refused(403, "PERMISSION", ""), "inconclusive legacy-token-wrong"},
		{"legacy", refused(400, "CONNECTED_SERVICES_ACCOUNT", "AUTHENTICATION_FAILED"), "broken reauthentication-needed"},
		{"legacy", refused(400, "CONNECTED_SERVICES_ACCOUNT", "VEHICLE_MISSING"), "broken vehicle-gone"},
		{"legacy", refused(429, "RATE_LIMIT", "SMARTCAR_API"), "inconclusive rate-limited"},
		{"legacy", refused(430, "BILLING", "VEHICLE_REQUEST_LIMIT"), "inconclusive quota-exhausted"},
		{"legacy", refused(502, "UPSTREAM", "NO_RESPONSE"), "inconclusive upstream-error"},
		{"legacy", refused(409, "VEHICLE_STATE", "ASLEEP"), "inconclusive vehicle-unreachable"},
		{"legacy", answered([]string{"not", "a", "batch"}), "inconclusive malformed-response"},
		{"app", refused(403, "PERMISSION", ""), "blocked not-connected"},
		{"app", refused(404, "RESOURCE_NOT_FOUND", "VEHICLE"), "blocked not-connected"},
		{"app", refused(401, "AUTHENTICATION", ""), "inconclusive upstream-error"},
		{"app", refused(400, "CONNECTED_SERVICES_ACCOUNT", "AUTHENTICATION_FAILED"), "blocked app-reauthentication-needed"},
		{"app", refused(429, "RATE_LIMIT", "SMARTCAR_API"), "inconclusive rate-limited"},
		{"app", refused(500, "SERVER", "INTERNAL"), "inconclusive upstream-error"},
		{"app", answered(map[string]any{"data": []any{}, "meta": map[string]any{"totalCount": 0}}), "inconclusive no-data-yet"},
		{"app", answered(map[string]any{"signals": "elsewhere"}), "inconclusive malformed-response"},
	} {
		m, caller, _ := aMeter(t)
		if c.leg == "legacy" {
			caller.batch = func(string, []string) smartcar.Answer { return c.answer }
		} else {
			caller.signals = func() smartcar.Answer { return c.answer }
		}
		if _, got := measure(t, m); got != c.want {
			t.Errorf("%s leg, %d %s: judged %q, want %q", c.leg, c.answer.Status, c.answer.Body, got, c.want)
		}
	}
}

// TestBatchRefusedReadsSingly: a plan without batch costs single calls, in sequence and within the billed cap.
func TestBatchRefusedReadsSingly(t *testing.T) {
	for _, c := range []struct {
		reason string
		cap    int
		want   string
		gets   int
	}{
		{"all paths fit", 60, "ready /full", 3},
		{"just so", 3, "ready /full", 3},
		{"one path over the cap is unmeasured", 2, "inconclusive legacy-unmeasured(vin)", 2},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, _ := aMeter(t)
			m.Billed = c.cap
			caller.batch = func(string, []string) smartcar.Answer { return refused(430, "BILLING", "INVALID_PLAN") }
			e, got := measure(t, m)
			if got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
			if gets := caller.sent("get"); len(gets) != c.gets || e.Legacy.Billed > c.cap {
				t.Errorf("%d single calls (%q), %d billed, cap %d", len(gets), gets, e.Legacy.Billed, c.cap)
			}
		})
	}
}

// TestSingleFailuresAreItems: a single GET that fails is one item's trouble, and not billed; a car that is throttled or whose
// allowance is used up is not asked for the rest.
func TestSingleFailuresAreItems(t *testing.T) {
	m, caller, _ := aMeter(t)
	caller.batch = func(string, []string) smartcar.Answer { return refused(430, "BILLING", "INVALID_PLAN") }
	for _, c := range []struct {
		answer smartcar.Answer
		want   string
		calls  int
	}{
		{refused(502, "UPSTREAM", "NO_RESPONSE"), "inconclusive legacy-unmeasured(fuel.*)", 3},
		{refused(429, "RATE_LIMIT", "VEHICLE"), "inconclusive legacy-unmeasured(fuel.*) legacy-unmeasured(vin)", 2},
		{refused(430, "BILLING", "VEHICLE_REQUEST_LIMIT"), "inconclusive legacy-unmeasured(fuel.*) legacy-unmeasured(vin)", 2},
	} {
		caller.calls = nil
		caller.get = func(path string) smartcar.Answer {
			if path == "/fuel" {
				return c.answer
			}
			return answered(legacyBodies[path])
		}
		e, got := measure(t, m)
		if gets := caller.sent("get"); got != c.want || len(gets) != c.calls || e.Legacy.Billed != c.calls-1 {
			t.Errorf("%s: judged %q after %q, %d billed", c.answer.Failure.Label(), got, gets, e.Legacy.Billed)
		}
	}
}

// TestNotFoundTwiceIsNotFound: batch 404, the first path 404: the vehicle is unknown, and nobody asks for every path.
func TestNotFoundTwiceIsNotFound(t *testing.T) {
	m, caller, _ := aMeter(t)
	m.Fields = compare.All()
	caller.batch = func(string, []string) smartcar.Answer { return refused(404, "RESOURCE_NOT_FOUND", "VEHICLE") }
	caller.get = func(string) smartcar.Answer { return refused(404, "RESOURCE_NOT_FOUND", "VEHICLE") }
	e, got := measure(t, m)
	if e.Legacy.Outcome != LegNotFound || got != "inconclusive legacy-token-wrong" {
		t.Errorf("legacy %s, judged %q", e.Legacy.Outcome, got)
	}
	if gets := caller.sent("get"); len(gets) != 1 {
		t.Errorf("%d single calls: %q", len(gets), gets)
	}
}

// TestAccountTroubleInItems: Smartcar answers static endpoints while the account is dead (smartcar-v2.md §5).
func TestAccountTroubleInItems(t *testing.T) {
	for _, c := range []struct {
		reason  string
		failing map[string]string
		want    string
	}{
		{"every live item asks for a login", map[string]string{"*": "CONNECTED_SERVICES_ACCOUNT"}, "broken reauthentication-needed"},
		{"every live item is throttled", map[string]string{"*": "RATE_LIMIT"}, "inconclusive rate-limited"},
		{"every live item fails upstream", map[string]string{"*": "UPSTREAM"}, "inconclusive upstream-error"},
		{"one live item asks for a login, another works", map[string]string{"/fuel": "CONNECTED_SERVICES_ACCOUNT"}, "inconclusive legacy-unmeasured(fuel.*)"},
		{"one live item is throttled, another works", map[string]string{"/fuel": "RATE_LIMIT"}, "inconclusive legacy-unmeasured(fuel.*)"},
		{"no live item is permitted: nothing live to lose", map[string]string{"*": "PERMISSION"}, "ready /full"},
		{"the car can do nothing live", map[string]string{"*": "COMPATIBILITY"}, "ready /full"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, _ := aMeter(t)
			caller.batch = func(_ string, paths []string) smartcar.Answer { return batchAnswer(paths, c.failing) }
			if _, got := measure(t, m); got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
		})
	}
}

// TestAccountTroubleInSignals: the same on the app leg.
func TestAccountTroubleInSignals(t *testing.T) {
	live := []string{"odometer-traveleddistance", "internalcombustionengine-fuellevel", "internalcombustionengine-range"}
	for kind, want := range map[string]string{
		"CONNECTED_SERVICES_ACCOUNT": "blocked app-reauthentication-needed",
		"RATE_LIMIT":                 "inconclusive rate-limited",
		"UPSTREAM":                   "inconclusive upstream-error",
		"COMPATIBILITY":              "blocked signal-lost(odometer.distance) signal-lost(fuel.percentRemaining) signal-lost(fuel.range)",
	} {
		m, caller, _ := aMeter(t)
		failing := map[string]string{}
		for _, code := range live {
			failing[code] = kind
		}
		caller.signals = func() smartcar.Answer { return signalsAnswer(carID, 4, failing) }
		if _, got := measure(t, m); got != want {
			t.Errorf("%s: judged %q, want %q", kind, got, want)
		}
	}
}
