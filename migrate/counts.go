package migrate

import (
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// Counts are the verdicts of a run; vehicles that were never called count as inconclusive.
type Counts struct{ Ready, Blocked, Broken, Inconclusive int }

// Total is every vehicle.
func (c Counts) Total() int { return c.Ready + c.Blocked + c.Broken + c.Inconclusive }

// Readiness is ready ÷ (total − broken), with every inconclusive vehicle counted against and for. ok is false where
// there is no vehicle that works today.
func (c Counts) Readiness() (low, high float64, ok bool) {
	working := c.Total() - c.Broken
	if working == 0 {
		return 0, 0, false
	}
	return float64(c.Ready) / float64(working), float64(c.Ready+c.Inconclusive) / float64(working), true
}

func (c *Counts) add(v Verdict) {
	switch v {
	case Ready:
		c.Ready++
	case Blocked:
		c.Blocked++
	case Broken:
		c.Broken++
	default:
		c.Inconclusive++
	}
}

// Group is what gates count of some vehicles: of all, of a cohort or of a make.
type Group struct {
	Counts
	Proven     int             // ready with full proof
	Waived     int             // ready by a waiver
	NewBlocked int             // blocked, and not so in the earlier run
	Seen       map[string]Seen // by what a gate may count: "differs", "lost", "unverifiable", "unverifiable of FIELD"
	Unplaced   int             // of a make's group: vehicles whose make is not known, which may be of this one
}

// Seen are the vehicles, broken ones left out, on which a field came to an outcome, and how many of them are inconclusive.
type Seen struct{ Vehicles, Inconclusive int }

// Fleet counts a run's records for its gates. It keeps the groups that the gates name and nothing else, so its size does
// not depend on the fleet.
type Fleet struct {
	Sample     *SampleFrame               // nil: every vehicle was looked at
	WasBlocked func(inventory.Entry) bool // in an earlier run; nil: there is none, and what is newly blocked is not known

	gates  []rules.Gate
	groups map[scope]*Group
}

// scope is what a gate is about; the zero scope is every vehicle.
type scope struct{ cohort, make string }

func scopeOf(g rules.Gate) scope { return scope{g.Cohort, strings.ToLower(g.Make)} }

// NewFleet starts counting for these gates, the default gate where there are none.
func NewFleet(gates []rules.Gate) *Fleet {
	if len(gates) == 0 {
		gates = []rules.Gate{defaultGate()}
	}
	f := &Fleet{gates: gates, groups: map[scope]*Group{{}: {}}}
	for _, g := range gates {
		f.groups[scopeOf(g)] = &Group{}
	}
	return f
}

// Add counts a record as people are shown it: with a verdict, its findings weighed and waived (Shown).
func (f *Fleet) Add(rec Record) {
	car := strings.ToLower(rec.Evidence.Make)
	for s, g := range f.groups {
		switch {
		case s.make != "" && car == "":
			g.Unplaced++
		case s.make != "" && s.make != car, s.cohort != "" && s.cohort != rec.Entry.Cohort:
		default:
			g.add(rec, f.WasBlocked)
		}
	}
}

// All are the counts of every vehicle.
func (f *Fleet) All() Counts { return f.groups[scope{}].Counts }

func (g *Group) add(rec Record, wasBlocked func(inventory.Entry) bool) {
	j := rec.Judgement
	g.Counts.add(j.Verdict)
	for count, met := range map[*int]bool{
		&g.Proven:     j.Verdict == Ready && j.Proof == ProofFull,
		&g.Waived:     j.Waived(),
		&g.NewBlocked: j.Verdict == Blocked && wasBlocked != nil && !wasBlocked(rec.Entry),
	} {
		if met {
			*count++
		}
	}
	if j.Verdict != Broken {
		g.see(rec.Evidence.Findings, j.Verdict)
	}
}

// outcomesSeen are the outcomes that gates count.
var outcomesSeen = []compare.Outcome{compare.Differs, compare.Lost, compare.Unverifiable}

func (g *Group) see(findings []compare.Finding, v Verdict) {
	names := map[string]bool{}
	for _, f := range findings {
		if slices.Contains(outcomesSeen, f.Outcome) {
			names[string(f.Outcome)] = true
			names[string(f.Outcome)+" of "+f.Field] = true
		}
	}
	if g.Seen == nil && len(names) > 0 {
		g.Seen = map[string]Seen{}
	}
	for name := range names {
		s := g.Seen[name]
		if s.Vehicles++; v == Inconclusive || v == "" {
			s.Inconclusive++
		}
		g.Seen[name] = s
	}
}
