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

// Add counts a vehicle.
func (c *Counts) Add(v Verdict) {
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
	Proven     int            // ready with full proof
	Waived     int            // ready by a waiver
	NewBlocked int            // blocked, and not so in the earlier run
	Seen       map[string]int // vehicles, broken ones left out, by what a gate may count: "differs", "lost", "unverifiable", "unverifiable of FIELD"
	Unplaced   int            // of a make's group: vehicles whose make is not known, which may be of this one

	doubts map[excuses]*doubt // the inconclusive vehicles among them, by the gates that may take them out
}

// excuses are the gates on inconclusive vehicles, a bit for each scope, that are about a vehicle.
type excuses uint64

// maxExcuses is how many scopes may take vehicles out; further ones are gates like others, which makes no gate hold that
// should not.
const maxExcuses = 64

// doubt are inconclusive vehicles.
type doubt struct {
	vehicles   int
	unplaced   int            // beside them: of unknown make, perhaps not of the group
	wasBlocked int            // of vehicles: blocked in the earlier run, so that they cannot be newly so
	seen       map[string]int // of vehicles: as Group.Seen
}

// Fleet counts a run's records for its gates. It keeps the groups that the gates name and nothing else, so its size does
// not depend on the fleet.
type Fleet struct {
	Sample     *SampleFrame               // nil: every vehicle was looked at
	WasBlocked func(inventory.Entry) bool // in an earlier run; nil: there is none, and what is newly blocked is not known

	gates   []rules.Gate
	groups  map[scope]*Group
	excuses map[scope]excuses // one bit for each scope that has a limit on inconclusive vehicles
}

// scope is what a gate is about; the zero scope is every vehicle.
type scope struct{ cohort, make string }

func scopeOf(g rules.Gate) scope { return scope{g.Cohort, strings.ToLower(g.Make)} }

// NewFleet starts counting for these gates, the default gate where there are none.
func NewFleet(gates []rules.Gate) *Fleet {
	if len(gates) == 0 {
		gates = []rules.Gate{defaultGate()}
	}
	f := &Fleet{gates: gates, groups: map[scope]*Group{{}: {}}, excuses: map[scope]excuses{}}
	for _, g := range gates {
		s := scopeOf(g)
		f.groups[s] = &Group{}
		if excusing(g) && f.excuses[s] == 0 && len(f.excuses) < maxExcuses {
			f.excuses[s] = 1 << len(f.excuses)
		}
	}
	return f
}

// excusing tells a gate that takes vehicles out of the others if it holds: one that limits the inconclusive ones.
func excusing(g rules.Gate) bool { return g.Count == string(Inconclusive) && g.Limits() }

// Add counts a record as people are shown it: with a verdict, its findings weighed and waived (Shown).
func (f *Fleet) Add(rec Record) {
	car, excused := strings.ToLower(rec.Evidence.Make), excuses(0)
	for s, bit := range f.excuses {
		if s.holds(car, rec.Entry.Cohort) {
			excused |= bit
		}
	}
	for s, g := range f.groups {
		switch {
		case s.make != "" && car == "":
			g.place(rec.Judgement.Verdict, excused|f.excuses[s])
		case s.holds(car, rec.Entry.Cohort):
			g.add(rec, excused, f.WasBlocked)
		}
	}
}

func (s scope) holds(car, cohort string) bool {
	return (s.make == "" || s.make == car) && (s.cohort == "" || s.cohort == cohort)
}

// All are the counts of every vehicle.
func (f *Fleet) All() Counts { return f.groups[scope{}].Counts }

func (g *Group) add(rec Record, excused excuses, wasBlocked func(inventory.Entry) bool) {
	j := rec.Judgement
	g.Counts.Add(j.Verdict)
	was := wasBlocked != nil && wasBlocked(rec.Entry)
	for count, met := range map[*int]bool{
		&g.Proven:     j.Verdict == Ready && j.Proof == ProofFull,
		&g.Waived:     j.Waived(),
		&g.NewBlocked: j.Verdict == Blocked && wasBlocked != nil && !was,
	} {
		if met {
			*count++
		}
	}
	seen := []string{}
	if j.Verdict != Broken {
		seen = seenIn(rec.Evidence.Findings)
	}
	g.Seen = oneMore(g.Seen, seen)
	if !undecided(j.Verdict) {
		return
	}
	d := g.doubt(excused)
	if d.vehicles++; was {
		d.wasBlocked++
	}
	d.seen = oneMore(d.seen, seen)
}

// place takes a vehicle that may be of this make.
func (g *Group) place(v Verdict, excused excuses) {
	if g.Unplaced++; undecided(v) {
		g.doubt(excused).unplaced++
	}
}

func undecided(v Verdict) bool { return v == Inconclusive || v == "" }

func (g *Group) doubt(excused excuses) *doubt {
	if g.doubts == nil {
		g.doubts = map[excuses]*doubt{}
	}
	if g.doubts[excused] == nil {
		g.doubts[excused] = &doubt{}
	}
	return g.doubts[excused]
}

// split are the group's doubts that gates which hold take out, and the others.
func (g *Group) split(holding excuses) (out, in doubt) {
	for excused, d := range g.doubts {
		if excused&holding != 0 {
			out.plus(d)
		} else {
			in.plus(d)
		}
	}
	return out, in
}

func (d *doubt) plus(other *doubt) {
	d.vehicles, d.unplaced, d.wasBlocked = d.vehicles+other.vehicles, d.unplaced+other.unplaced, d.wasBlocked+other.wasBlocked
	if d.seen == nil {
		d.seen = map[string]int{}
	}
	for name, n := range other.seen {
		d.seen[name] += n
	}
}

// outcomesSeen are the outcomes that gates count.
var outcomesSeen = []compare.Outcome{compare.Differs, compare.Lost, compare.Unverifiable}

// seenIn are the names, each once, that gates may count the findings by.
func seenIn(findings []compare.Finding) (names []string) {
	for _, f := range findings {
		if slices.Contains(outcomesSeen, f.Outcome) {
			names = append(names, string(f.Outcome), string(f.Outcome)+" of "+f.Field)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func oneMore(counts map[string]int, names []string) map[string]int {
	if counts == nil && len(names) > 0 {
		counts = map[string]int{}
	}
	for _, name := range names {
		counts[name]++
	}
	return counts
}
