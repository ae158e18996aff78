package report

import (
	"fmt"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// add takes a vehicle that an earlier run measured into account.
func (b *Baseline) add(rec migrate.Record) {
	at := rec.Evidence.Baseline
	if at.IsZero() {
		return
	}
	b.Vehicles++
	if b.Oldest.IsZero() || at.Before(b.Oldest) {
		b.Oldest = at.UTC()
	}
	if at.After(b.Newest) {
		b.Newest = at.UTC()
	}
}

// baselineOf is nil where there is a legacy leg.
func (s *summing) baselineOf() *Baseline {
	if s.header.LegacyAPI != migrate.LegacyNone {
		return nil
	}
	b := s.baseline
	b.RunID = s.header.BaselineRun
	return &b
}

// fact says what a run against an earlier one proves and what not.
func (b *Baseline) fact(end time.Time) fact {
	if b.Vehicles == 0 {
		return fact{"baseline", fmt.Sprintf("the legacy side is that of run %s, which has no legacy answer of any vehicle here", b.RunID)}
	}
	return fact{"baseline", fmt.Sprintf("the legacy side is what run %s was served, between %s and %s (%s before this run's end), for %s; v2.0 was not called. Ready means: v3 still serves all of that, with values that are possible after that time",
		b.RunID, stamp(b.Oldest), stamp(b.Newest), compare.Span(end.Sub(b.Newest)), vehicles(b.Vehicles))}
}

// servedText is the GO of a run against an earlier one.
func (s Summary) servedText() string {
	return fmt.Sprintf("Every gate holds; for %s v3 still serves what the earlier run's legacy leg served.%s", vehicles(s.Verdicts.Ready), s.leftBehind())
}
