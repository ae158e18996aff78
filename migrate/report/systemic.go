package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// A cause is one setting, and not many cars, when it hits this share of the vehicles that were measured for it, of which
// there are at least so many (CONTRACT §6).
const (
	nearlyAll    = 0.9
	systemicCars = 10
)

// systemic counts what each cause hits, and what it could have hit, make by make.
type systemic struct {
	hits   map[causeKey]*gathered          // of a cause with its make, whatever the cause
	fields map[string]map[string]*measured // vehicles by make and field
	called map[string]int                  // vehicles by make: those that were called, or that the connections list decided
}

// measured are the vehicles in which a field was decided, and those in which a leg failed to answer.
type measured struct{ decided, failed int }

func newSystemic() *systemic {
	return &systemic{hits: map[causeKey]*gathered{}, fields: map[string]map[string]*measured{}, called: map[string]int{}}
}

// unsystemic are causes that are facts of the run or of the inventory's rows: said in their own words already.
var unsystemic = []migrate.Code{migrate.LegacyRetired, migrate.AppNotEnabled, migrate.NotRun, migrate.InvalidEntry, migrate.DuplicateEntry}

func (s *systemic) add(rec migrate.Record) {
	vehicleMake := rec.Evidence.Make
	fields := s.fields[vehicleMake]
	if fields == nil {
		fields = map[string]*measured{}
		s.fields[vehicleMake] = fields
	}
	for _, f := range rec.Evidence.Findings {
		m := fields[f.Field]
		if m == nil {
			m = &measured{}
			fields[f.Field] = m
		}
		m.add(f)
	}
	uncalled := false
	for _, ref := range rec.Judgement.Causes {
		if slices.Contains(unsystemic, ref.Code) {
			uncalled = true
			continue
		}
		if ref.Waived { // somebody knows of it
			continue
		}
		s.hit(causeKey{string(ref.Code), ref.Field, vehicleMake, ref.Detail}, rec.Entry.VehicleID)
	}
	if !uncalled {
		s.called[vehicleMake]++
	}
}

func (m *measured) add(f compare.Finding) {
	switch f.Outcome {
	case compare.Match, compare.Drift, compare.Waived, compare.Lost, compare.Differs, compare.Unverifiable:
		m.decided++
	case compare.Unmeasured:
		if f.Reason != compare.ReasonUnasked {
			m.failed++
		}
	}
}

func (s *systemic) hit(key causeKey, vehicleID string) {
	g := s.hits[key]
	if g == nil {
		g = &gathered{}
		s.hits[key] = g
	}
	g.add(vehicleID)
}

// measuredFor are the vehicles of a make that a cause could have hit: those in which its field was decided (or failed, for
// causes that are failures), of several fields the one that most have.
func (s *systemic) measuredFor(key causeKey) int {
	if key.field == "" {
		return s.called[key.make]
	}
	meaning, _ := migrate.LookupCause(migrate.Code(key.code))
	most := 0
	for field, m := range s.fields[key.make] {
		if !covers(key.field, field) {
			continue
		}
		n := m.decided
		if meaning.Verdict == migrate.Inconclusive {
			n += m.failed
		}
		most = max(most, n)
	}
	return most
}

// covers tells whether a cause's field ("a.b", "a.*" or "a.b, c.d") is or holds a field.
func covers(cause, field string) bool {
	if common, ok := strings.CutSuffix(cause, "*"); ok {
		return strings.HasPrefix(field, common)
	}
	return slices.Contains(strings.Split(cause, ", "), field)
}

// found is one systemic cause: of a make, or of the fleet where make is "".
type found struct {
	key  causeKey
	of   int
	hits gathered
}

// notes say each systemic cause once, those of the most vehicles first: for the fleet where it hits nearly all of several
// makes together, else for each make that it hits.
func (s *systemic) notes() []Note {
	var list []found
	for key, makes := range s.byCause() {
		whole, several := s.sum(key, makes)
		switch {
		case several && whole.nearlyAll():
			list = append(list, whole)
		default:
			list = append(list, slices.DeleteFunc(makes, func(f found) bool { return f.key.make == "" || !f.nearlyAll() })...)
		}
	}
	order := map[string]int{}
	for i, c := range migrate.Causes() {
		order[string(c.Code)] = i
	}
	slices.SortFunc(list, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.hits.count, a.hits.count), cmp.Compare(order[a.key.code], order[b.key.code]),
			cmp.Compare(a.key.field, b.key.field), cmp.Compare(a.key.detail, b.key.detail), cmp.Compare(a.key.make, b.key.make))
	})
	notes := make([]Note, 0, len(list))
	for _, f := range list {
		notes = append(notes, Note{Code: string(migrate.Systemic), Count: f.hits.count, Text: f.text(), Examples: f.hits.examples})
	}
	return notes
}

// byCause gathers the makes of each cause, under its key without a make.
func (s *systemic) byCause() map[causeKey][]found {
	causes := map[causeKey][]found{}
	for key, g := range s.hits {
		bare := key
		bare.make = ""
		causes[bare] = append(causes[bare], found{key, s.measuredFor(key), *g})
	}
	return causes
}

// sum adds up a cause over every make that was measured for it, hit or not.
func (s *systemic) sum(key causeKey, hit []found) (whole found, several bool) {
	whole.key = key
	makes := 0
	for vehicleMake := range s.called {
		key.make = vehicleMake
		if n := s.measuredFor(key); n > 0 {
			whole.of, makes = whole.of+n, makes+1
		}
	}
	slices.SortFunc(hit, func(a, b found) int { return cmp.Compare(a.key.make, b.key.make) })
	for _, f := range hit {
		whole.hits.count += f.hits.count
		whole.hits.examples = append(whole.hits.examples, f.hits.examples...)
	}
	whole.hits.examples = whole.hits.examples[:min(maxExamples, len(whole.hits.examples))]
	return whole, makes > 1 || len(hit) == 1 && hit[0].key.make == ""
}

func (f found) nearlyAll() bool {
	return f.of >= systemicCars && float64(f.hits.count) >= nearlyAll*float64(f.of)
}

func (f found) text() string {
	what, who := f.key.code, f.key.make
	if about := cmp.Or(f.key.field, f.key.detail); about != "" {
		what += " (" + about + ")"
	}
	if who == "" {
		who = "vehicles of the fleet"
	}
	why := "one setting or capability, not many cars"
	if meaning, _ := migrate.LookupCause(migrate.Code(f.key.code)); meaning.Verdict == migrate.Inconclusive {
		why = "one setting or outage, not many cars"
	}
	return fmt.Sprintf("%s on %d of %d %s: %s", what, f.hits.count, f.of, who, why)
}
