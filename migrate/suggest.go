package migrate

import (
	"cmp"
	"slices"

	"scmigrate/migrate/rules"
)

// WaiverSuggestion is the narrowest waiver that would let one cause stand on the vehicles that are blocked by it now. It is
// not a waiver: reason, owner and expiry are a person's to give.
type WaiverSuggestion struct {
	Cause    Code
	Field    string // "": the cause concerns the whole vehicle
	Match    rules.Match
	Vehicles int
}

// wantedWaiver is what a suggestion is made for.
type wantedWaiver struct {
	code        Code
	field, make string
}

// affected are the vehicles with it: how many, and what they have in common so far.
type affected struct {
	vehicles int
	common   rules.Match
}

// wantWaivers notes what waivers would be needed for a blocked vehicle. Only where both legs answered can one make it ready.
func (v *Review) wantWaivers(rec Record) {
	if rec.Judgement.Verdict != Blocked || rec.Evidence.Legacy.Outcome != LegAnswered || rec.Evidence.App.Outcome != LegAnswered {
		return
	}
	seen := map[wantedWaiver]bool{}
	for _, ref := range rec.Judgement.Causes {
		cause, _ := LookupCause(ref.Code)
		if ref.Waived || cause.Unwaived || cause.Verdict != Blocked {
			continue
		}
		fields := []string{""}
		if ref.Field != "" {
			fields = v.fieldsWaivedFor(rec, ref.Code)
		}
		for _, field := range fields {
			seen[wantedWaiver{ref.Code, field, rec.Evidence.Make}] = true
		}
	}
	for key := range seen {
		v.want(key, rec)
	}
}

// fieldsWaivedFor are the fields that a waiver of a cause would let stand. A cause names several fields of one signal by
// their common beginning, a waiver names one.
func (v *Review) fieldsWaivedFor(rec Record, code Code) []string {
	trial := v.rules
	trial.Waivers = append([]rules.Waiver{{ID: "\x00trial", Cause: string(code)}}, v.rules.Waivers...)
	fields := Judge(rec.Entry, rec.Evidence, v.facts.of(rec), trial).WaivedFields
	return slices.DeleteFunc(fields, func(f string) bool { return slices.Contains(rec.Judgement.WaivedFields, f) })
}

func (v *Review) want(key wantedWaiver, rec Record) {
	e := rec.Evidence
	match := rules.Match{Make: e.Make, Model: e.Model, Year: e.Year, Cohort: rec.Entry.Cohort}
	a := v.wanted[key]
	if a == nil {
		a = &affected{common: match}
		v.wanted[key] = a
	}
	a.vehicles++
	a.common = common(a.common, match)
}

// common is what two matches agree on; what they do not agree on is left open.
func common(a, b rules.Match) rules.Match {
	keep := func(mine *string, other string) {
		if *mine != other {
			*mine = ""
		}
	}
	keep(&a.Model, b.Model)
	keep(&a.Cohort, b.Cohort)
	if a.Year != b.Year {
		a.Year = 0
	}
	return a
}

// Suggestions are a waiver for every cause that blocks and may be waived, the most vehicles first. It names model, year and
// cohort where all affected vehicles share them and other vehicles of the make are not affected.
func (v *Review) Suggestions() []WaiverSuggestion {
	list := make([]WaiverSuggestion, 0, len(v.wanted))
	for key, a := range v.wanted {
		s := WaiverSuggestion{Cause: key.code, Field: key.field, Vehicles: a.vehicles, Match: rules.Match{Make: key.make}}
		if a.vehicles < v.makes[key.make] {
			s.Match = a.common
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b WaiverSuggestion) int {
		return cmp.Or(cmp.Compare(b.Vehicles, a.Vehicles), cmp.Compare(rank(a.Cause), rank(b.Cause)), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Match.Make, b.Match.Make))
	})
	return list
}
