// Package rules holds what a company demands of its migration beyond the defaults (CONTRACT §5).
package rules

import (
	"slices"
	"time"

	"scmigrate/compare"
)

// Rules are the rules file. The zero Rules require every field that the legacy leg answers, waive nothing and judge no age.
type Rules struct {
	Retirement  time.Time                    `json:"retirement,omitzero"` // the day v2.0 ends; zero: not stated
	Require     []string                     `json:"require,omitempty"`   // fields, by name; empty: every field that the legacy leg answers
	Cohorts     map[string][]string          `json:"cohorts,omitempty"`   // fields required of the vehicles of a cohort, in place of Require
	Ignore      []string                     `json:"ignore,omitempty"`    // fields that are never required
	Permissions []string                     `json:"permissions,omitempty"`
	Tolerance   map[string]compare.Tolerance `json:"tolerance,omitempty"` // by field, in its canonical unit, in place of the catalogue's
	Freshness   Freshness                    `json:"freshness,omitzero"`
	Waivers     []Waiver                     `json:"waivers,omitempty"`
	Gates       []Gate                       `json:"gates,omitempty"` // conditions of the cut-over; empty: DefaultGate
}

// Freshness is how old an app value may be that is not equal to the legacy one. Zero: age is reported, not judged.
type Freshness struct {
	Default time.Duration            `json:"default,omitempty"`
	Fields  map[string]time.Duration `json:"fields,omitempty"`
}

// Of is the limit of one field, 0 where there is none.
func (f Freshness) Of(field string) time.Duration {
	if own, ok := f.Fields[field]; ok {
		return own
	}
	return f.Default
}

// Waiver says that a cause may stand on the vehicles it matches. A waiver without reason, owner or expiry is refused.
type Waiver struct {
	ID          string    `json:"id"`
	Cause       string    `json:"cause"`
	Field       string    `json:"field,omitempty"` // "": the cause whatever its field
	Match       Match     `json:"match,omitzero"`
	Reason      string    `json:"reason"`
	Owner       string    `json:"owner"`
	Expires     time.Time `json:"expires"`               // it waives until the end of this day (UTC)
	MaxVehicles *int      `json:"maxVehicles,omitempty"` // matching more vehicles it waives nothing; nil: no limit
}

// Match narrows a waiver; zero members match everything. Make and model are compared without case.
type Match struct {
	Make   string `json:"make,omitempty"`
	Model  string `json:"model,omitempty"`
	Year   int    `json:"year,omitempty"`
	Cohort string `json:"cohort,omitempty"`
}

// Vehicle is what the rules look at to know which of them apply.
type Vehicle struct {
	Fields []string // the inventory entry's own fields
	Cohort string
	Make   string
	Model  string
	Year   int
}

// Named are the fields that are required of a vehicle by name: its own, else its cohort's, else the rules'; nil where
// every field that the legacy leg answers is.
func (r Rules) Named(v Vehicle) []string {
	switch {
	case len(v.Fields) > 0:
		return v.Fields
	case len(r.Cohorts[v.Cohort]) > 0:
		return r.Cohorts[v.Cohort]
	case len(r.Require) > 0:
		return r.Require
	}
	return nil
}

// Names are all fields that the rules require of any vehicle by name, in the order of their names.
func (r Rules) Names() []string {
	names := slices.Clone(r.Require)
	for _, fields := range r.Cohorts {
		names = append(names, fields...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Required tells whether a finding's field must work after the cut-over (CONTRACT §6: the vehicle's fields, else the
// rules, else every field that the legacy leg answers or might answer).
func (r Rules) Required(v Vehicle, f compare.Finding) bool {
	if f.Outcome == compare.NoCounterpart || slices.Contains(r.Ignore, f.Field) {
		return false
	}
	if named := r.Named(v); named != nil {
		return slices.Contains(named, f.Field)
	}
	return f.Legacy.Status == compare.Served || f.Outcome == compare.Unmeasured && f.Reason != compare.ReasonUnasked
}
