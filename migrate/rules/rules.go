// Package rules holds what a company demands of its migration beyond the defaults.
package rules

import (
	"slices"

	"scmigrate/compare"
)

// Rules say which fields are required. The zero Rules require every field that the legacy leg answers.
type Rules struct {
	Require []string // fields, by name; empty: every field that the legacy leg answers
	Ignore  []string // fields that are never required
}

// Required tells whether a finding's field must work after the cut-over, for a vehicle that itself requires own
// (CONTRACT §6: the vehicle's fields, else the rules, else every field that the legacy leg answers or might answer).
func (r Rules) Required(own []string, f compare.Finding) bool {
	if f.Outcome == compare.NoCounterpart || slices.Contains(r.Ignore, f.Field) {
		return false
	}
	for _, explicit := range [][]string{own, r.Require} {
		if len(explicit) > 0 {
			return slices.Contains(explicit, f.Field)
		}
	}
	return f.Legacy.Status == compare.Served || f.Outcome == compare.Unmeasured && f.Reason != compare.ReasonUnasked
}
