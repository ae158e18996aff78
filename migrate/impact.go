package migrate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/rules"
)

// impact is what one element of the rules does, told by judging with and without it under the same facts.
type impact struct {
	name     string
	without  rules.Rules                // all the others
	waiver   *rules.Waiver              // the element, where it is one
	marks    func(compare.Finding) bool // what is counted of the findings; nil: standing causes are counted
	noun     string                     // of what is counted
	off, on  string                     // verbs: what it takes away, what it adds
	taken    tallied
	added    tallied
	ready    int // vehicles that are ready by it
	notReady int // vehicles that are not because of it
}

// tallied counts things and the vehicles that have them.
type tallied struct{ things, vehicles int }

func (t *tallied) add(things int) {
	if t.things += things; things > 0 {
		t.vehicles++
	}
}

// impactsOf are the elements of the rules that can change a verdict.
func impactsOf(r rules.Rules) []*impact {
	return slices.Concat(toleranceImpacts(r), freshnessImpacts(r), waiverImpacts(r), demandImpacts(r))
}

func toleranceImpacts(r rules.Rules) (list []*impact) {
	for _, field := range slices.Sorted(maps.Keys(r.Tolerance)) {
		without := r
		without.Tolerance = maps.Clone(r.Tolerance)
		delete(without.Tolerance, field)
		list = append(list, &impact{name: fmt.Sprintf("tolerance %s %s", field, strings.TrimPrefix(r.Tolerance[field].String(), "±")), without: without,
			noun: "difference", off: "clears", on: "finds", marks: func(f compare.Finding) bool { return f.Field == field && f.Outcome == compare.Differs }})
	}
	return list
}

func freshnessImpacts(r rules.Rules) (list []*impact) {
	add := func(name string, limit time.Duration, others rules.Freshness) {
		without := r
		without.Freshness = others
		list = append(list, &impact{name: fmt.Sprintf("freshness %s %s", name, compare.Span(limit)), without: without,
			noun: "stale value", off: "forgives", on: "marks", marks: func(f compare.Finding) bool { return f.Reason == compare.ReasonStale }})
	}
	if limit := r.Freshness.Default; limit > 0 {
		add("default", limit, rules.Freshness{Fields: r.Freshness.Fields})
	}
	for _, field := range slices.Sorted(maps.Keys(r.Freshness.Fields)) {
		others := rules.Freshness{Default: r.Freshness.Default, Fields: maps.Clone(r.Freshness.Fields)}
		delete(others.Fields, field)
		add(field, r.Freshness.Fields[field], others)
	}
	return list
}

func waiverImpacts(r rules.Rules) (list []*impact) {
	for i := range r.Waivers {
		without := r
		without.Waivers = slices.Delete(slices.Clone(r.Waivers), i, i+1)
		list = append(list, &impact{name: "waiver " + r.Waivers[i].ID, without: without, waiver: &r.Waivers[i], noun: "cause", off: "lets stand", on: "stands against"})
	}
	return list
}

// demandImpacts are what is required and what is not. Those that cannot be told apart are one element.
func demandImpacts(r rules.Rules) (list []*impact) {
	add := func(name string, change func(*rules.Rules)) {
		without := r
		change(&without)
		list = append(list, &impact{name: name, without: without, noun: "cause", off: "takes away", on: "adds"})
	}
	for _, field := range r.Ignore {
		add("ignore "+field, func(w *rules.Rules) {
			w.Ignore = slices.DeleteFunc(slices.Clone(r.Ignore), func(f string) bool { return f == field })
		})
	}
	if len(r.Require) > 0 {
		add("require", func(w *rules.Rules) { w.Require = nil })
	}
	for _, cohort := range slices.Sorted(maps.Keys(r.Cohorts)) {
		add("require of cohort "+cohort, func(w *rules.Rules) { w.Cohorts = maps.Clone(r.Cohorts); delete(w.Cohorts, cohort) })
	}
	if len(r.Permissions) > 0 {
		add("permissions", func(w *rules.Rules) { w.Permissions = nil })
	}
	return list
}

// weighElements judges a vehicle without each element of the rules.
func (v *Review) weighElements(rec Record) {
	if faultyEntry(rec.Entry) != "" {
		return
	}
	for _, i := range v.impacts {
		i.weigh(v, rec)
	}
}

func (i *impact) weigh(v *Review, rec Record) {
	off, on := i.findings(v, rec)
	if i.marks != nil && off+on == 0 || i.waiver != nil && !waivedBy(rec.Judgement, i.waiver) {
		return // it cannot matter here
	}
	without := Judge(rec.Entry, rec.Evidence, v.facts.of(rec), i.without)
	if i.marks == nil {
		off, on = fewer(without, rec.Judgement), fewer(rec.Judgement, without)
	}
	i.taken.add(off)
	i.added.add(on)
	switch is, was := rec.Judgement.Verdict == Ready, without.Verdict == Ready; {
	case is && !was:
		i.ready++
	case was && !is:
		i.notReady++
	}
}

// findings counts the required findings that the element takes its mark from, or gives it.
func (i *impact) findings(v *Review, rec Record) (off, on int) {
	if i.marks == nil {
		return 0, 0
	}
	for _, f := range rec.Evidence.Findings {
		if !v.rules.Required(vehicleOf(rec.Entry, rec.Evidence), f) {
			continue
		}
		with, without := i.marks(weighed(f, rec.Evidence, v.facts, v.rules)), i.marks(weighed(f, rec.Evidence, v.facts, i.without))
		switch {
		case without && !with:
			off++
		case with && !without:
			on++
		}
	}
	return off, on
}

func waivedBy(j Judgement, w *rules.Waiver) bool {
	return slices.ContainsFunc(j.Causes, func(c CauseRef) bool { return c.Waived && string(c.Code) == w.Cause })
}

// fewer counts the causes that stand in a and not in b.
func fewer(a, b Judgement) (n int) {
	for _, c := range a.Causes {
		if !c.Waived && !slices.Contains(b.Causes, c) {
			n++
		}
	}
	return n
}

// Impacts say what each element of the rules does, a sentence each.
func (v *Review) Impacts() []string {
	var lines []string
	for _, i := range v.impacts {
		lines = append(lines, i.name+": "+i.sentence(v.facts))
	}
	return lines
}

func (i *impact) sentence(facts Facts) string {
	if i.waiver != nil {
		if why, void := facts.voided(i.waiver.ID); void {
			return "waives nothing: " + why
		}
	}
	var parts []string
	for _, p := range []struct {
		verb string
		t    tallied
	}{{i.off, i.taken}, {i.on, i.added}} {
		if p.t.things > 0 {
			parts = append(parts, fmt.Sprintf("%s %s on %s", p.verb, plural(p.t.things, i.noun), plural(p.t.vehicles, "vehicle")))
		}
	}
	if len(parts) == 0 {
		return "changes nothing"
	}
	if i.ready > 0 {
		parts = append(parts, fmt.Sprintf("%s ready only by it", areOf(i.ready)))
	}
	if i.notReady > 0 {
		parts = append(parts, fmt.Sprintf("%s not ready because of it", areOf(i.notReady)))
	}
	return strings.Join(parts, "; ")
}

func areOf(n int) string {
	if n == 1 {
		return "1 vehicle is"
	}
	return fmt.Sprintf("%d vehicles are", n)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
