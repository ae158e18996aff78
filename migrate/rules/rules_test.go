package rules

import (
	"slices"
	"testing"

	"scmigrate/compare"
)

func TestRequired(t *testing.T) {
	const field = "odometer.distance"
	served := compare.Reading{Status: compare.Served}
	for _, c := range []struct {
		reason string
		rules  Rules
		own    []string
		find   compare.Finding
		want   bool
	}{
		{"legacy answers", Rules{}, nil, compare.Finding{Outcome: compare.Match, Legacy: served}, true},
		{"legacy answers, the app does not", Rules{}, nil, compare.Finding{Outcome: compare.Lost, Legacy: served}, true},
		{"legacy has nothing", Rules{}, nil, compare.Finding{Outcome: compare.Gained, App: served}, false},
		{"legacy answered without a value", Rules{}, nil, compare.Finding{Outcome: compare.Gained, Legacy: compare.Reading{Status: compare.Empty}, App: served}, false},
		{"nobody has it", Rules{}, nil, compare.Finding{Outcome: compare.Nowhere}, false},
		{"legacy might answer", Rules{}, nil, compare.Finding{Outcome: compare.Unmeasured, Reason: compare.ReasonLegacy}, true},
		{"both might", Rules{}, nil, compare.Finding{Outcome: compare.Unmeasured, Reason: compare.ReasonBoth}, true},
		{"never asked for", Rules{}, nil, compare.Finding{Outcome: compare.Unmeasured, Reason: compare.ReasonUnasked}, false},
		{"legacy answers, the app was never asked", Rules{}, nil, compare.Finding{Outcome: compare.Unmeasured, Reason: compare.ReasonUnasked, Legacy: served}, true},
		{"no counterpart by design", Rules{}, nil, compare.Finding{Outcome: compare.NoCounterpart, Legacy: served}, false},
		{"no counterpart, even by name", Rules{Require: []string{field}}, []string{field}, compare.Finding{Outcome: compare.NoCounterpart, Legacy: served}, false},

		{"the rules name it", Rules{Require: []string{"vin", field}}, nil, compare.Finding{Outcome: compare.Nowhere}, true},
		{"the rules name others", Rules{Require: []string{"vin"}}, nil, compare.Finding{Outcome: compare.Match, Legacy: served}, false},
		{"the vehicle names it, the rules name others", Rules{Require: []string{"vin"}}, []string{field}, compare.Finding{Outcome: compare.Match, Legacy: served}, true},
		{"the vehicle names others, the rules name it", Rules{Require: []string{field}}, []string{"vin"}, compare.Finding{Outcome: compare.Match, Legacy: served}, false},
		{"named, never asked for", Rules{Require: []string{field}}, nil, compare.Finding{Outcome: compare.Unmeasured, Reason: compare.ReasonUnasked}, true},

		{"ignored", Rules{Ignore: []string{field}}, nil, compare.Finding{Outcome: compare.Match, Legacy: served}, false},
		{"ignored wins over required", Rules{Ignore: []string{field}, Require: []string{field}}, []string{field}, compare.Finding{Outcome: compare.Match, Legacy: served}, false},
		{"another one is ignored", Rules{Ignore: []string{"vin"}}, nil, compare.Finding{Outcome: compare.Match, Legacy: served}, true},
		{"a name is not a prefix", Rules{Require: []string{"odometer"}}, nil, compare.Finding{Outcome: compare.Match, Legacy: served}, false},
	} {
		c.find.Field = field
		if got := c.rules.Required(Vehicle{Fields: c.own}, c.find); got != c.want {
			t.Errorf("%s: required %v, want %v", c.reason, got, c.want)
		}
	}
}

// TestRequiredHasNoGaps: every outcome is decided one way or the other by the default rules, and the ones that are
// served by the legacy leg always count, save those without a counterpart.
func TestRequiredHasNoGaps(t *testing.T) {
	for _, o := range compare.Outcomes() {
		f := compare.Finding{Field: "vin", Outcome: o, Legacy: compare.Reading{Status: compare.Served}}
		if got, want := (Rules{}).Required(Vehicle{}, f), o != compare.NoCounterpart; got != want {
			t.Errorf("%s: required %v, want %v", o, got, want)
		}
	}
	if !slices.Contains(compare.Outcomes(), compare.NoCounterpart) {
		t.Error("no-counterpart is no outcome any more: this test says nothing")
	}
}
