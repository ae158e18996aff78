package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// open finds a signal for a Reading: it notes the times, the failure, or why there is none. ok tells that there is a body.
func (s Signals) open(code string, r *Reading) (sig Signal, ok bool) {
	sig, came := s.ByCode[code]
	if !came {
		switch failure := s.failed[code]; {
		case failure != nil:
			r.Status, r.Failure = Failed, failure
		case !s.Complete() && !s.absent[code]:
			r.fail("the list of signals is incomplete")
		}
		return sig, false
	}
	sig.times(r)
	if sig.Failure != nil {
		r.Status, r.Failure = Failed, sig.Failure
		return sig, false
	}
	return sig, true
}

// sameWords tells whether two Readings come from one source under one label: the two legs of the same-API mode. What is
// wrong with the label is then wrong with both.
func (r Reading) sameWords(other Reading) bool {
	return r.Source != "" && r.Source == other.Source && r.Unit == other.Unit && slices.Equal(r.Warnings, other.Warnings)
}

// SameAPI are the fields that both legs can be asked for where both are v3: those that v3 has. A field of v2 alone is not
// asked for, and so is neither lost nor absent.
func SameAPI(fields []*Field) []*Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f *Field) bool { return !f.HasCounterpart() })
}

// unmapped stands for a signal of which only the code is known: its value may change at any moment.
var unmapped = &Field{Dynamics: Volatile}

// DiffUnmapped compares the signals that came on either leg and that no field of the catalogue reads, in the same-API mode:
// their bodies as documents, by code. The Findings' fields are the codes, their values short texts of the bodies for
// people; positions and what opens something are withheld from them, and compared all the same.
func DiffUnmapped(legacy, app Signals) []Finding {
	codes := map[string]bool{}
	for _, code := range slices.Concat(legacy.Unmapped(), app.Unmapped()) {
		codes[code] = true
	}
	findings := make([]Finding, 0, len(codes))
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		findings = append(findings, diffBodies(code, legacy, app))
	}
	return findings
}

func diffBodies(code string, legacy, app Signals) Finding {
	left, was := legacy.body(code)
	right, is := app.body(code)
	f := Finding{Field: code, Legacy: left, App: right}
	rule := ruled(left, right)
	if rule.outcome != "" {
		f.Outcome, f.Reason = rule.outcome, rule.reason
		return f
	}
	f.weighBodies(was.Differences(is))
	return f
}

// body reads a signal's whole body.
func (s Signals) body(code string) (Reading, Document) {
	r := Reading{Field: code, Status: Absent, Source: code}
	sig, ok := s.open(code, &r)
	switch {
	case !ok:
		return r, Document{}
	case isHollow(toObject(sig.Body)):
		r.Status = Empty
		return r, Document{}
	}
	place := []string{"data", code, "attributes", "body"}
	r.Status, r.Value = Served, TextValue(withheldText)
	if !isPrivateSignal(code) {
		r.Value = TextValue(brief(canonicalText(sig.Body, place, true), maxText))
	}
	return r, newDocument(sig.Body, place...)
}

// isPrivateSignal tells signals whose whole body says where a car is, or what its owner calls it.
func isPrivateSignal(code string) bool {
	group, name, _ := strings.Cut(code, "-")
	return group == "location" || isPrivate(name)
}

// isHollow tells bodies that hold no answer (CONTRACT §6): nothing but null, [] and UNKNOWN beside the unit.
func isHollow(body object) bool {
	for name, v := range body {
		if name != "unit" && name != "rowCount" && name != "columnCount" && !isEmpty(v) {
			return false
		}
	}
	return true
}

// weighBodies decides two bodies: equal ones match, unequal ones of one moment differ; otherwise the times decide as they do
// for everything that may change at any moment.
func (f *Finding) weighBodies(differences []Difference) {
	if len(differences) == 0 {
		f.Outcome, f.Note = Match, ageNote(f.Legacy, f.App)
		return
	}
	f.weighTimes(unmapped)
	f.Note = strings.TrimPrefix(f.Note+"; ", "; ") + placesOf(differences)
}

// maxPlaces is how many differing places a note names.
const maxPlaces = 5

// placesOf names where two bodies differ.
func placesOf(differences []Difference) string {
	var places []string
	for _, d := range differences[:min(len(differences), maxPlaces)] {
		pointer := d.Pointer
		if pointer == "" {
			pointer = "(the whole body)"
		}
		places = append(places, fmt.Sprintf("%s %s", pointer, d.Kind))
	}
	if more := len(differences) - maxPlaces; more > 0 {
		places = append(places, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(places, ", ")
}
