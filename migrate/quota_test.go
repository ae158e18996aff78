package migrate

import (
	"slices"
	"testing"

	"scmigrate/compare"
	"scmigrate/migrate/smartcar"
)

// TestSinglesOfTheAppLegEnd where the car's allowance or its cap is used up or it is throttled: the signals that are still
// missing fail for that reason, for now.
func TestSinglesOfTheAppLegEnd(t *testing.T) {
	quotaItem := func(_ string, paths []string) smartcar.Answer {
		var items []any
		for _, p := range paths {
			it := item(p, nil)
			if p == "/fuel" {
				it = map[string]any{"path": p, "code": 430, "body": map[string]any{"type": "BILLING", "code": "VEHICLE_REQUEST_LIMIT", "statusCode": 430}}
			}
			items = append(items, it)
		}
		return answered(map[string]any{"responses": items})
	}
	for _, c := range []struct {
		reason string
		change func(*Meter, *fakeCaller)
		calls  int
		label  string
		spent  bool
	}{
		{"nothing", func(*Meter, *fakeCaller) {}, 2, "", false},
		{"the allowance, by the first of them", func(_ *Meter, c *fakeCaller) {
			c.signal = func(string) smartcar.Answer { return refused(430, "BILLING", "VEHICLE_REQUEST_LIMIT") }
		}, 1, "BILLING/VEHICLE_REQUEST_LIMIT", true},
		{"the allowance, by an item of the legacy leg", func(_ *Meter, c *fakeCaller) { c.batch = quotaItem }, 0, quotaSpent, true},
		{"the car's own limit", func(_ *Meter, c *fakeCaller) {
			c.signal = func(string) smartcar.Answer { return refused(429, "RATE_LIMIT", "VEHICLE") }
		}, 1, "RATE_LIMIT/VEHICLE", false},
		{"the cap", func(m *Meter, _ *fakeCaller) { m.Billed = 5 }, 1, "over --max-billed-per-vehicle", false}, // three paths, one list, one signal
	} {
		m, caller, _ := aMeter(t)
		caller.signals = func() smartcar.Answer {
			return signalsAnswer(carID, 4, nil, "odometer-traveleddistance", "internalcombustionengine-range")
		}
		c.change(m, caller)
		e, _ := measure(t, m)
		if got := caller.sent("signal "); len(got) != c.calls {
			t.Errorf("%s: called %q", c.reason, got)
		}
		i := slices.IndexFunc(e.Findings, func(f compare.Finding) bool { return f.Field == "fuel.range" })
		if f := e.Findings[i].App.Failure; (f == nil) != (c.label == "") || f != nil && f.Label() != c.label && f.Note != c.label {
			t.Errorf("%s: the range failed with %+v, want %q", c.reason, f, c.label)
		}
		if m.spentUp(carID) != c.spent {
			t.Errorf("%s: used up %v", c.reason, !c.spent)
		}
	}
}

// TestARecheckEndsWithTheAllowance, and the car's other entries are not asked either.
func TestARecheckEndsWithTheAllowance(t *testing.T) {
	m, caller, _, e := apart(t)
	caller.signals = func() smartcar.Answer { return refused(430, "BILLING", "VEHICLE_REQUEST_LIMIT") }
	if got, _ := askAgain(t, m, &e); got != "blocked value-differs(odometer.distance)" || len(caller.calls) != 2 {
		t.Errorf("judged %q after %q", got, caller.calls)
	}
	caller.calls = nil
	if e, got := measure(t, m); got != "inconclusive quota-exhausted" || len(caller.calls) != 0 {
		t.Errorf("judged %q after %q: %+v", got, caller.calls, e.Legacy)
	}
}
