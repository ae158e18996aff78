package migrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate/rules"
)

// The memory of the fleet-wide tests, whatever the fleet: this many groups of (field, make, unit), which is more than
// Smartcar has, with this many cars of each. More cars would tell flags apart that are no better than chance although
// nothing is wrong, because they are as short-lived as an open door.
const (
	maxGroups = 4096
	maxSample = 1000
)

// suspects are the fields that no single car convicts and the fleet does (DESIGN §3.3), in the order of the catalogue, the
// makes and the units. A field that is no suspect is not thereby cleared: what single cars could not prove stays so.
func suspects(ctx context.Context, s Store, r rules.Rules) ([]Suspect, error) {
	fleet := fleetTest{rules: r, groups: map[groupID]*group{}}
	for rec, err := range s.Records(ctx) {
		if err != nil {
			return nil, err
		}
		fleet.add(rec)
	}
	return fleet.verdict(), nil
}

// fleetTest gathers what the cars of a fleet say together.
type fleetTest struct {
	rules  rules.Rules
	groups map[groupID]*group
}

type groupID struct{ field, vehicleMake, unit string }

// group is one field of the cars of one make, as labelled by the app leg with one unit.
type group struct {
	field   *compare.Field
	factors []float64 // unit factors that its numbers may show
	changes int       // findings that a suspect would change
	ratios  sample[float64]
	couples sample[couple]
	ordered bool // the couples are numbers
}

// add takes a vehicle on which both legs answered. Two different cars prove nothing about a field; the evidence says so, not
// an earlier judgement, which may be another inventory's.
func (t *fleetTest) add(rec Record) {
	e := rec.Evidence
	if e.Legacy.Outcome != LegAnswered || e.App.Outcome != LegAnswered || len(twoCars(rec.Entry, e)) > 0 {
		return
	}
	vehicleMake := strings.ToUpper(e.Make)
	for _, f := range e.Findings {
		if p, ok := f.Pair(); ok {
			t.pair(groupID{f.Field, vehicleMake, f.App.Unit}, p, f, e)
		}
	}
}

func (t *fleetTest) pair(id groupID, p compare.Pair, f compare.Finding, e Evidence) {
	g := t.group(id)
	if g == nil {
		return
	}
	if t.undecided(f, e) {
		g.changes++
	}
	number := p.Legacy.Form == compare.FormNumber
	g.ordered = g.ordered || number
	c := couple{p.Legacy.Num, p.App.Num}
	if !number {
		c = couple{p.Legacy.Word(), p.App.Word()}
	}
	if memory := g.field.Memory(); memory > 0 && p.Timed && p.Apart <= memory {
		g.couples.add(c)
	}
	if g.factors == nil {
		return
	}
	if ratio, ok := ratioOf(g.field, p, f, e.Findings); ok {
		g.ratios.add(ratio)
	}
}

// undecided tells whether nothing but the fleet decides a finding: see Facts.suspect.
func (t *fleetTest) undecided(f compare.Finding, e Evidence) bool {
	if _, own := t.rules.Tolerance[f.Field]; !own && !f.Unequal() {
		return false
	}
	o := weighed(f, e, Facts{}, t.rules).Outcome
	return o == compare.Unverifiable || o == compare.Drift
}

// group is nil where there are too many: text from outside must not fill the memory.
func (t *fleetTest) group(id groupID) *group {
	g := t.groups[id]
	if g == nil && len(t.groups) < maxGroups {
		field, _ := compare.Lookup(id.field)
		g = &group{field: field, factors: field.UnitFactors()}
		t.groups[id] = g
	}
	return g
}

func (t *fleetTest) verdict() []Suspect {
	var list []Suspect
	for _, field := range compare.All() {
		from := len(list)
		for id, g := range t.groups {
			if id.field != field.Name || g.changes == 0 {
				continue
			}
			if s, ok := g.suspect(id, t.alike(g)); ok {
				list = append(list, s)
			}
		}
		slices.SortFunc(list[from:], func(a, b Suspect) int { return cmp.Or(cmp.Compare(a.Make, b.Make), cmp.Compare(a.Unit, b.Unit)) })
	}
	return list
}

// alike tells whether two values may well be one car's, under the rules' tolerance too.
func (t *fleetTest) alike(g *group) func(a, b float64) bool {
	if !g.ordered {
		return func(a, b float64) bool { return a == b }
	}
	field := *g.field
	if own, ok := t.rules.Tolerance[field.Name]; ok {
		field.Tolerance = own
	}
	return field.Alike
}

// suspect holds a group against both tests: a wrong unit explains why the legs agree no better than chance.
func (g *group) suspect(id groupID, alike func(a, b float64) bool) (Suspect, bool) {
	s := Suspect{Field: id.field, Make: id.vehicleMake, Unit: id.unit, Vehicles: g.changes}
	if u, ok := unitFactor(g.ratios.kept, g.factors); ok {
		s.Reason = compare.ReasonUnit
		s.Note = fmt.Sprintf("in the middle of %d %s legacy : app is %.4g, and %d are close to the unit factor %.6g: a wrong unit, not other values",
			u.cars, carsOf(id.vehicleMake), u.middle, u.near, u.factor)
		return s, true
	}
	if c, ok := strangers(g.couples.kept, alike, g.ordered); ok {
		s.Reason = compare.ReasonValue
		s.Note = fmt.Sprintf("of %d %s observed by both legs within %s, %d agree; as many would (%.3g) if the values were dealt out at random: no single car shows it, the fleet does",
			c.n, carsOf(id.vehicleMake), compare.Span(g.field.Memory()), c.agree, c.chance*float64(c.n))
		return s, true
	}
	return Suspect{}, false
}

func carsOf(vehicleMake string) string {
	if vehicleMake == "" {
		return "cars of unknown make"
	}
	return vehicleMake
}

// sample keeps at most maxSample of the values it is given, spread evenly over them in their order: every one at first,
// then every second, every fourth. The same values in the same order give the same sample.
type sample[T any] struct {
	kept         []T
	seen, stride int
}

func (s *sample[T]) add(v T) {
	if s.stride == 0 {
		s.stride = 1
	}
	if len(s.kept) == maxSample {
		for i := range maxSample / 2 {
			s.kept[i] = s.kept[2*i]
		}
		s.kept, s.stride = s.kept[:maxSample/2], 2*s.stride
	}
	if s.seen%s.stride == 0 {
		s.kept = append(s.kept, v)
	}
	s.seen++
}
