package report

import (
	"fmt"
	"strings"
)

// mostChanges is how many causes of each fate the formats for people name.
const mostChanges = 8

// fates are what has become of vehicles, in the order of every report.
func (v *ChangedVehicles) fates() []struct {
	name string
	*Changed
} {
	return []struct {
		name string
		*Changed
	}{{"new", &v.New}, {"fixed", &v.Fixed}, {"changed", &v.Changed}, {"unchanged", &v.Unchanged}, {"added", &v.Added}, {"gone", &v.Gone}}
}

// vehicleIDs are those that the changes name.
func (c *Changes) vehicleIDs() (ids []string) {
	for _, f := range c.Vehicles.fates() {
		ids = append(ids, f.Examples...)
	}
	for _, cause := range c.Causes {
		ids = append(ids, cause.Example)
	}
	return ids
}

// changes puts pseudonyms where a member holds an id; texts were scrubbed already.
func (s sharer) changes(out *Changes, in Changes) {
	out.Previous.ID = in.Previous.ID
	for i, f := range in.Vehicles.fates() {
		out.Vehicles.fates()[i].Examples = s.all(PseudonymVehicle, f.Examples)
	}
	for i, c := range in.Causes {
		out.Causes[i].Example, out.Causes[i].Fingerprint = Pseudonym(s.key, PseudonymVehicle, c.Example), c.Fingerprint
	}
}

// sinceText names the earlier run.
func (c *Changes) sinceText() string {
	return fmt.Sprintf("Since the run of %s (%s)", stamp(c.Previous.FinishedAt), c.Previous.ID)
}

// changedText is what became of the vehicles, in one sentence, and what makes the runs hard to compare.
func (c *Changes) changedText() string {
	v := c.Vehicles
	text := fmt.Sprintf("%s newly not ready, %s fixed, %s not ready for other causes, %s unchanged, %s added and ready, %s gone; ready were %s of %s.",
		count(v.New.Count), count(v.Fixed.Count), count(v.Changed.Count), count(v.Unchanged.Count), count(v.Added.Count), count(v.Gone.Count), count(c.Previous.Verdicts.Ready), count(c.Previous.Total))
	if len(c.Unlike) > 0 {
		text += " The runs were not asked alike (" + strings.Join(c.Unlike, "; ") + "): what looks new or fixed may only be asked or judged differently."
	}
	if !c.Previous.Complete {
		text += " The earlier run is not complete."
	}
	return text
}

// named are the causes of a fate that are named, and how many are not. Those that only stay are counted.
func (c *Changes) named(change string) (first []ChangedCause, rest int) {
	for _, cause := range c.Causes {
		switch {
		case cause.Change != change:
		case len(first) < mostChanges:
			first = append(first, cause)
		default:
			rest++
		}
	}
	return first, rest
}

// causeFates are the fates of causes in the order of every report.
func causeFates() []string { return []string{CauseNew, CauseFixed, CauseGone, CauseUnchanged} }

// subject is what a changed cause is about besides its code.
func (c ChangedCause) subject() string { return joined(", ", c.Field, c.Make, c.ErrorCode) }

// inVehicles is a changed cause in numbers of vehicles.
func (c ChangedCause) inVehicles() string {
	parts := []string{}
	for _, p := range []struct {
		n    int
		text string
	}{{c.New, "new"}, {c.Fixed, "fixed"}, {c.Unmeasured, "not measured now"}, {c.Gone, "gone"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n)+" "+p.text)
		}
	}
	text := fmt.Sprintf("%s had it, %s have it", count(c.Was), count(c.Is))
	switch {
	case c.Change == CauseNew:
		return count(c.Is)
	case len(parts) == 0:
		return count(c.Is) + " as before"
	default:
		return text + " (" + strings.Join(parts, ", ") + ")"
	}
}

// moved is what became of the verdicts that did not stay.
func (c *Changes) moved() []string {
	var texts []string
	for _, m := range c.Moves {
		if m.From != m.To {
			texts = append(texts, fmt.Sprintf("%s %s to %s", count(m.Vehicles), orAbsent(m.From), orAbsent(m.To)))
		}
	}
	return texts
}

func orAbsent(verdict string) string {
	if verdict == "" {
		return "not in the run"
	}
	return verdict
}

// changes writes what has become of the fleet since an earlier run.
func (t *terminal) changes(c *Changes) {
	if c == nil {
		return
	}
	t.heading("What changed")
	t.wrapped("  ", c.sinceText()+": "+c.changedText())
	if moves := c.moved(); len(moves) > 0 {
		t.wrapped("  ", "Verdicts: "+strings.Join(moves, ", ")+".")
	}
	for _, fate := range causeFates() {
		first, rest := c.named(fate)
		for _, cause := range first {
			t.wrapped(fmt.Sprintf("  %-10s", fate), joined("  ", cause.Code, cause.subject())+": "+cause.inVehicles())
		}
		if rest > 0 {
			t.line(fmt.Sprintf("  %-10sand %s", fate, counted(rest, "more cause")))
		}
	}
}

func (m *markdown) changes(c *Changes) {
	if c == nil {
		return
	}
	m.line("\n### What changed\n")
	m.line("%s: %s", c.sinceText(), c.changedText())
	if moves := c.moved(); len(moves) > 0 {
		m.line("\nVerdicts: %s.", strings.Join(moves, ", "))
	}
	rows, more := c.rows()
	if len(rows) > 0 {
		m.table([]string{"cause is", "cause", "where", "vehicles"}, rows)
	}
	if more > 0 {
		m.line("\nand %s.", counted(more, "more cause"))
	}
}

// rows are the named causes as cells, and how many are not named.
func (c *Changes) rows() (rows [][]string, more int) {
	for _, fate := range causeFates() {
		first, rest := c.named(fate)
		for _, cause := range first {
			rows = append(rows, []string{fate, cause.Code, cause.subject(), cause.inVehicles()})
		}
		more += rest
	}
	return rows, more
}

// facts are the changes as a list, for the page; none where there is nothing to compare with.
func (c *Changes) facts() []fact {
	if c == nil {
		return nil
	}
	out := []fact{{c.sinceText(), c.changedText()}}
	if moves := c.moved(); len(moves) > 0 {
		out = append(out, fact{"verdicts", strings.Join(moves, ", ")})
	}
	rows, more := c.rows()
	for _, r := range rows {
		out = append(out, fact{r[0], joined(" ", r[1], r[2]) + ": " + r[3]})
	}
	if more > 0 {
		out = append(out, fact{"and", counted(more, "more cause")})
	}
	return out
}
