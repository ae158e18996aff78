package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// Group is what became of the vehicles of one make or one cohort.
type Group struct {
	Name     string   `json:"name"`   // "" where it is not known or not given
	Others   int      `json:"others"` // how many smaller groups are summed up here; 0: this is one group
	Vehicles int      `json:"vehicles"`
	Verdicts Verdicts `json:"verdicts"`
	Proof    Proof    `json:"proof"`
}

// MakeGroup is a make with its column of the field matrix.
type MakeGroup struct {
	Group
	Outcomes map[string]map[string]int `json:"outcomes"` // field → outcome → vehicles
}

// Ages is how much older v3's values are than v2's, over all pairs of values.
type Ages struct {
	Compared int       `json:"compared"` // pairs of which both times are known
	Unknown  int       `json:"unknown"`  // pairs that lack a time, as a VIN does
	Steps    []AgeStep `json:"steps"`    // from newer to older
}

// AgeStep counts pairs whose v3 value is older than v2's by more than Over and at most UpTo seconds; below zero it is newer.
type AgeStep struct {
	Name   string `json:"name"`
	Over   *int   `json:"overSeconds"` // nil: no bound
	UpTo   *int   `json:"upToSeconds"` // nil: no bound
	Values int    `json:"values"`
}

// A report names the largest groups, and sums up the rest. Of more cohorts than heldCohorts those that come later in the
// inventory are summed up from the start, so that memory does not depend on how the fleet is labelled.
const (
	mostGroups  = 20
	heldCohorts = 10_000
)

// breakdown counts vehicles by make and by cohort, and the ages of values.
type breakdown struct {
	makes   map[string]*MakeGroup
	cohorts map[string]*Group
	late    Group // cohorts beyond heldCohorts
	ages    Ages
}

func newBreakdown() *breakdown {
	return &breakdown{makes: map[string]*MakeGroup{}, cohorts: map[string]*Group{}, ages: Ages{Steps: ageSteps()}}
}

func (b *breakdown) add(rec migrate.Record) {
	m := b.makes[rec.Evidence.Make]
	if m == nil {
		m = &MakeGroup{Group: Group{Name: rec.Evidence.Make}, Outcomes: map[string]map[string]int{}}
		b.makes[m.Name] = m
	}
	m.count(rec.Judgement)
	b.cohort(rec.Entry.Cohort).count(rec.Judgement)
	for _, f := range rec.Evidence.Findings {
		byOutcome := m.Outcomes[f.Field]
		if byOutcome == nil {
			byOutcome = map[string]int{}
			m.Outcomes[f.Field] = byOutcome
		}
		byOutcome[string(f.Outcome)]++
		b.ages.add(f)
	}
}

func (b *breakdown) cohort(name string) *Group {
	g := b.cohorts[name]
	switch {
	case g != nil:
	case len(b.cohorts) >= heldCohorts:
		return &b.late
	default:
		g = &Group{Name: name}
		b.cohorts[name] = g
	}
	return g
}

func (g *Group) count(j migrate.Judgement) {
	g.Vehicles++
	switch j.Verdict {
	case migrate.Ready:
		g.Verdicts.Ready++
	case migrate.Blocked:
		g.Verdicts.Blocked++
	case migrate.Broken:
		g.Verdicts.Broken++
	default:
		g.Verdicts.Inconclusive++
	}
	g.Proof.count(j.Proof)
}

func (p *Proof) count(proof migrate.Proof) {
	switch proof {
	case migrate.ProofFull:
		p.Full++
	case migrate.ProofPartial:
		p.Partial++
	case migrate.ProofAppOnly:
		p.AppOnly++
	}
}

// merge takes another group's vehicles in.
func (g *Group) merge(o Group) {
	g.Others += max(o.Others, 1)
	g.Vehicles += o.Vehicles
	g.Verdicts = Verdicts{g.Verdicts.Ready + o.Verdicts.Ready, g.Verdicts.Blocked + o.Verdicts.Blocked, g.Verdicts.Broken + o.Verdicts.Broken, g.Verdicts.Inconclusive + o.Verdicts.Inconclusive}
	g.Proof = Proof{g.Proof.Full + o.Proof.Full, g.Proof.Partial + o.Proof.Partial, g.Proof.AppOnly + o.Proof.AppOnly}
}

// bySize: the most vehicles first, then by name.
func bySize(a, b Group) int {
	return cmp.Or(cmp.Compare(b.Vehicles, a.Vehicles), cmp.Compare(a.Name, b.Name))
}

// largestMakes are the makes with the most vehicles; the rest is the last of them.
func (b *breakdown) largestMakes() []MakeGroup {
	all := make([]MakeGroup, 0, len(b.makes))
	for _, m := range b.makes {
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b MakeGroup) int { return bySize(a.Group, b.Group) })
	return foldMakes(all, mostGroups)
}

// foldMakes keeps n makes and sums up the others, if there are any, as one more.
func foldMakes(all []MakeGroup, n int) []MakeGroup {
	if len(all) <= n+1 {
		return all
	}
	rest := MakeGroup{Outcomes: map[string]map[string]int{}}
	for _, m := range all[n:] {
		rest.merge(m.Group)
		addOutcomes(rest.Outcomes, m.Outcomes)
	}
	return append(slices.Clone(all[:n]), rest)
}

// largestCohorts is the same of cohorts.
func (b *breakdown) largestCohorts() []Group {
	all := make([]Group, 0, len(b.cohorts))
	for _, g := range b.cohorts {
		all = append(all, *g)
	}
	slices.SortFunc(all, bySize)
	if b.late.Vehicles == 0 {
		return foldGroups(all, mostGroups)
	}
	return foldGroups(append(all, b.late), mostGroups)
}

func foldGroups(all []Group, n int) []Group {
	if len(all) <= n+1 {
		return all
	}
	var rest Group
	for _, g := range all[n:] {
		rest.merge(g)
	}
	return append(slices.Clone(all[:n]), rest)
}

// outcomes are those of all makes together.
func (b *breakdown) outcomes() map[string]map[string]int {
	sum := map[string]map[string]int{}
	for _, m := range b.makes {
		addOutcomes(sum, m.Outcomes)
	}
	return sum
}

func addOutcomes(sum, outcomes map[string]map[string]int) {
	for field, byOutcome := range outcomes {
		if sum[field] == nil {
			sum[field] = maps.Clone(byOutcome)
			continue
		}
		for outcome, n := range byOutcome {
			sum[field][outcome] += n
		}
	}
}

// ageSteps are the steps of Ages, empty.
func ageSteps() []AgeStep {
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	return []AgeStep{
		{Name: "newer", UpTo: new(-minute)},
		{Name: "within a minute", Over: new(-minute), UpTo: new(minute)},
		{Name: "to 10 min older", Over: new(minute), UpTo: new(10 * minute)},
		{Name: "to 1 h older", Over: new(10 * minute), UpTo: new(hour)},
		{Name: "to 6 h older", Over: new(hour), UpTo: new(6 * hour)},
		{Name: "to 1 d older", Over: new(6 * hour), UpTo: new(day)},
		{Name: "to 7 d older", Over: new(day), UpTo: new(7 * day)},
		{Name: "over 7 d older", Over: new(7 * day)},
	}
}

func (a *Ages) add(f compare.Finding) {
	switch {
	case f.Legacy.Status != compare.Served || f.App.Status != compare.Served:
		return
	case f.Legacy.Observed.IsZero() || f.App.Observed.IsZero():
		a.Unknown++
		return
	}
	a.Compared++
	older := f.Legacy.Observed.Sub(f.App.Observed)
	i := slices.IndexFunc(a.Steps, func(s AgeStep) bool { return s.UpTo == nil || older <= time.Duration(*s.UpTo)*time.Second })
	a.Steps[i].Values++
}
