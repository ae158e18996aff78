package rules

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

var idShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (r *reader) readWaivers(n *yaml.Node) {
	ids := map[string]bool{}
	r.items(n, "waivers", "write each as - {id: W-1, cause: …}", func(item *yaml.Node) {
		if item.Kind != yaml.MappingNode {
			r.at(item, "a waiver must be a mapping, not "+shape(item), "")
			return
		}
		w := r.readWaiver(item)
		if ids[w.ID] {
			r.at(item, "two waivers have one id", "reports name waivers by their ids: give each its own")
		}
		ids[w.ID] = w.ID != ""
		r.rules.Waivers = append(r.rules.Waivers, w)
	})
}

func (r *reader) readWaiver(item *yaml.Node) (w Waiver) {
	given := map[string]bool{}
	line := func(text *string) func(*yaml.Node, string) {
		return func(n *yaml.Node, what string) {
			*text, _ = r.text(n, what, func(s string) complaint { return lineComplaint(s, maxText) })
		}
	}
	table := []key{}
	for _, k := range []struct {
		name string
		read func(*yaml.Node, string)
	}{
		{"id", func(n *yaml.Node, what string) { w.ID, _ = r.text(n, what, idComplaint) }},
		{"cause", func(n *yaml.Node, what string) { w.Cause, _ = r.text(n, what, r.causeComplaint) }},
		{"field", func(n *yaml.Node, _ string) { w.Field, _ = r.field(n) }},
		{"match", func(n *yaml.Node, _ string) { r.readMatch(n, &w.Match) }},
		{"reason", line(&w.Reason)},
		{"owner", line(&w.Owner)},
		{"expires", func(n *yaml.Node, what string) { w.Expires = r.date(n, what) }},
		{"maxVehicles", func(n *yaml.Node, what string) { w.MaxVehicles = r.limit(n, what) }},
	} {
		table = append(table, key{k.name, func(n *yaml.Node) { given[k.name] = true; k.read(n, "a waiver's "+k.name) }})
	}
	r.walk(item, "a waiver", table)
	r.demand(item, given)
	return w
}

// demand refuses a waiver that nobody answers for: without reason, owner or end it would stand for ever.
func (r *reader) demand(item *yaml.Node, given map[string]bool) {
	var missing []string
	for _, name := range []string{"id", "cause", "reason", "owner", "expires"} {
		if !given[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		r.at(item, "a waiver has no "+strings.Join(missing, ", no "), "every waiver needs an id, a cause, a reason, an owner and a day on which it expires")
	}
}

func (r *reader) limit(n *yaml.Node, what string) *int {
	limit, ok := r.whole(n, what, 0, 1_000_000_000)
	if !ok {
		return nil
	}
	return &limit
}

func (r *reader) readMatch(n *yaml.Node, m *Match) {
	name := func(text *string, what string) func(*yaml.Node) {
		return func(n *yaml.Node) { *text, _ = r.text(n, what, nameComplaint) }
	}
	r.walk(n, "match", []key{
		{"make", name(&m.Make, "make")},
		{"model", name(&m.Model, "model")},
		{"year", func(n *yaml.Node) { m.Year, _ = r.whole(n, "year", 1900, 2100) }},
		{"cohort", name(&m.Cohort, "cohort")},
	})
}

func idComplaint(s string) complaint {
	if !idShape.MatchString(s) {
		return complaint{"must be up to 64 letters, digits, dots and dashes", "write it like W-17"}
	}
	return complaint{}
}

func (r *reader) causeComplaint(code string) complaint {
	known := make([]string, 0, len(r.causes))
	for _, c := range r.causes {
		switch {
		case c.Code != code:
		case c.Refusal == "":
			return complaint{}
		default:
			return complaint{code + " cannot be waived", c.Refusal}
		}
		if c.Refusal == "" {
			known = append(known, c.Code)
		}
	}
	c := unknownWord("cause", code, known)
	return complaint{"is an " + c.message, c.hint}
}

// Matching are the waivers that match a cause of a vehicle, the narrowest first, those as narrow as each other in the order
// of the file. Which of them are in force (their expiry, their maxVehicles) is a fact of the run, and not decided here.
func (r Rules) Matching(v Vehicle, cause, field string) []*Waiver {
	var list []*Waiver
	for i := range r.Waivers {
		if w := &r.Waivers[i]; w.Cause == cause && (w.Field == "" || w.Field == field) && w.Match.holds(v) {
			list = append(list, w)
		}
	}
	slices.SortStableFunc(list, func(a, b *Waiver) int { return cmp.Compare(b.narrowness(), a.narrowness()) })
	return list
}

// narrowness counts what a waiver demands of a vehicle and a field.
func (w Waiver) narrowness() int {
	n := 0
	for _, narrows := range []bool{w.Field != "", w.Match.Make != "", w.Match.Model != "", w.Match.Year != 0, w.Match.Cohort != ""} {
		if narrows {
			n++
		}
	}
	return n
}

func (m Match) holds(v Vehicle) bool {
	return (m.Make == "" || strings.EqualFold(m.Make, v.Make)) && (m.Model == "" || strings.EqualFold(m.Model, v.Model)) &&
		(m.Year == 0 || m.Year == v.Year) && (m.Cohort == "" || m.Cohort == v.Cohort)
}
