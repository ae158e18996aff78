package migrate

import (
	"slices"
	"strings"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// vehicleOf is what the rules look at.
func vehicleOf(entry inventory.Entry, e Evidence) rules.Vehicle {
	return rules.Vehicle{Fields: entry.Fields, Cohort: entry.Cohort, Make: e.Make, Model: e.Model, Year: e.Year}
}

// Weighed are the findings of a vehicle as the rules and the facts of the run read them: what the judge decides on and
// every report shows. The evidence itself stays as it was observed.
func Weighed(e Evidence, facts Facts, r rules.Rules) []compare.Finding {
	findings := make([]compare.Finding, len(e.Findings))
	for i, f := range e.Findings {
		findings[i] = weighed(f, e, facts, r)
	}
	return findings
}

// Shown are the findings for people: weighed, and those that a waiver lets stand said to be so. They are never counted as
// matches.
func Shown(rec Record, facts Facts, r rules.Rules) []compare.Finding {
	findings := Weighed(rec.Evidence, facts, r)
	for i := range findings {
		if slices.Contains(rec.Judgement.WaivedFields, findings[i].Field) {
			findings[i].Outcome = compare.Waived
		}
	}
	return findings
}

func weighed(f compare.Finding, e Evidence, facts Facts, r rules.Rules) compare.Finding {
	if t, ok := r.Tolerance[f.Field]; ok {
		f = f.Under(t)
	}
	if f.Recheck == nil && f.Outcome == compare.Differs && facts.NotAsked != "" {
		f.Recheck = &compare.Recheck{Why: facts.NotAsked}
	}
	first := f // what the recheck took away, the fleet does not give back under another name
	f = f.Rechecked()
	if s := facts.suspect(first, e.Make); s != nil {
		f.Outcome, f.Reason, f.Note = compare.Differs, s.Reason, s.Note
	}
	if limit := r.Freshness.Of(f.Field); limit > 0 && f.Unequal() && f.Outcome != compare.Differs { // a difference stays what it is, however old
		f = aged(f, f.Age(e.At), limit)
	}
	return f
}

// aged holds an unequal value that time explains or may explain against the rules' freshness. One of which only the latest
// possible time is known may be older than it looks.
func aged(f compare.Finding, age, limit time.Duration) compare.Finding {
	switch {
	case age > limit:
		f.Outcome, f.Reason = compare.Differs, compare.ReasonStale
		f.Note = "the app value is " + compare.Span(age) + " old, over the " + compare.Span(limit) + " that the rules allow"
	case f.App.Weak():
		f.Outcome, f.Reason, f.Note = compare.Unmeasured, compare.ReasonTimes, "the rules ask for its age, and it is only stated when it was fetched"
	}
	return f
}

// suspect is the fleet's word against a finding that nothing else has decided.
func (facts Facts) suspect(f compare.Finding, vehicleMake string) *Suspect {
	if f.Outcome != compare.Unverifiable && f.Outcome != compare.Drift {
		return nil
	}
	for i := range facts.Suspects {
		if s := &facts.Suspects[i]; s.Field == f.Field && s.Unit == f.App.Unit && strings.EqualFold(s.Make, vehicleMake) {
			return s
		}
	}
	return nil
}

// oldNews is the age from which an unequal app value is noted as stale where the rules say nothing: v3 refreshes about
// daily (v2-to-v3-mapping.md §4.3 item 14), and half a day on top is nobody's trouble.
const oldNews = 36 * time.Hour
