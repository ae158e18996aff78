package cli

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/rules"
)

// How many changed vehicles, and how many waivers that could be written, are shown without --list-all.
const (
	mostListed  = 20
	mostWaivers = 5
)

// account tells what a rejudge changed. It keeps the first few vehicles; with --list-all they are written as they come.
type account struct {
	out     io.Writer
	hearing *hearing
	all     bool
	first   []string
	err     error // of out, the first
}

func newAccount(out io.Writer, h *hearing, o rejudgeOptions) *account {
	return &account{out: out, hearing: h, all: o.listAll}
}

func (a *account) line(format string, args ...any) {
	if a.err == nil {
		_, a.err = fmt.Fprintf(a.out, format+"\n", args...)
	}
}

// vehicle is told of every vehicle, in inventory order.
func (a *account) vehicle(before, after migrate.Record, changed bool) error {
	if !changed {
		return nil
	}
	text := fmt.Sprintf("  %s  %s -> %s", cmp.Or(after.Entry.VehicleID, "(no vehicleId)"), a.word(before), a.word(after))
	switch {
	case a.all:
		a.line("%s", text)
	case len(a.first) < mostListed:
		a.first = append(a.first, text)
	}
	return a.err
}

// word is a judgement in a few words: the verdict and what it is for.
func (a *account) word(r migrate.Record) string {
	if r.Judgement.Verdict == "" {
		return "not called"
	}
	var causes []string
	for _, c := range r.Judgement.Causes {
		text := strings.TrimSpace(string(c.Code) + " " + c.Field)
		if c.Waived {
			text += " waived"
		}
		causes = append(causes, text)
	}
	if len(causes) == 0 {
		return string(r.Judgement.Verdict)
	}
	return fmt.Sprintf("%s (%s)", r.Judgement.Verdict, strings.Join(causes, ", "))
}

// write says the rest, when every vehicle was judged.
func (a *account) write(o rejudgeOptions) {
	r := a.hearing.review
	a.line("%d of %d vehicles are judged differently.", r.Changed(), r.Counts().Total())
	a.corrected(o)
	if impacts := r.Impacts(); len(impacts) > 0 {
		a.line("\nWhat the rules do, each judged with and without it:")
		for _, text := range impacts {
			a.line("  %s", text)
		}
	}
	if moves := r.Moves(); len(moves) > 0 {
		a.line("\nVerdicts:")
		for _, m := range moves {
			a.line("  %-12s -> %-12s %d", m.From, m.To, m.Vehicles)
		}
	}
	if !a.all && len(a.first) > 0 {
		a.line("\nVehicles:\n%s", strings.Join(a.first, "\n"))
		if rest := r.Changed() - len(a.first); rest > 0 {
			a.line("  and %d more (--list-all)", rest)
		}
	}
	a.waivers(r.Suggestions())
	c := r.Counts()
	a.line("\nready %d, blocked %d, broken %d, inconclusive %d", c.Ready, c.Blocked, c.Broken, c.Inconclusive)
	if o.dryRun {
		a.line("Nothing was written (--dry-run).")
		return
	}
	a.line("Judgements and reports: %s", cmp.Or(o.out, o.dir))
}

func (a *account) corrected(o rejudgeOptions) {
	c := a.hearing.corrected
	if a.hearing.file == nil {
		return
	}
	a.line("The inventory corrects %d userIds and other values of %d vehicles.", c.users, c.others)
	if c.unjudged > 0 {
		a.line("%s.", unjudgedText(c.unjudged, o.inventory, cmp.Or(o.out, o.dir)))
	}
}

// waivers shows what could be written into a rules file. The file is refused until a person has filled them in.
func (a *account) waivers(list []migrate.WaiverSuggestion) {
	if len(list) == 0 {
		return
	}
	a.line("\nThe narrowest waivers for what still blocks, where a waiver may. Paste one only after filling in who answers for it:\nwaivers:")
	for i, s := range list {
		if i == mostWaivers && !a.all {
			a.line("  # and %d more (--list-all)", len(list)-i)
			break
		}
		a.waiver(a.id(i), s)
	}
}

// id is one that no waiver of the rules has.
func (a *account) id(i int) string {
	id := "S-" + strconv.Itoa(i+1)
	for _, w := range a.hearing.rules.Waivers {
		if w.ID == id {
			return id + "-new"
		}
	}
	return id
}

func (a *account) waiver(id string, s migrate.WaiverSuggestion) {
	a.line("  - id: %s\n    cause: %s", id, s.Cause)
	if s.Field != "" {
		a.line("    field: %s", s.Field)
	}
	if match := matchText(s.Match); match != "" {
		a.line("    match: {%s}", match)
	}
	a.line("    maxVehicles: %d\n    reason: \"\"   # why may this stand?\n    owner: \"\"    # who answers for it?\n    expires: \"\"  # until which day? (2027-01-31)", s.Vehicles)
}

// matchText quotes what came from outside, so that it is one plain YAML string whatever is in it.
func matchText(m rules.Match) string {
	var parts []string
	for _, p := range []struct{ key, value string }{{"make", m.Make}, {"model", m.Model}, {"year", yearText(m.Year)}, {"cohort", m.Cohort}} {
		switch {
		case p.value == "":
		case p.key == "year":
			parts = append(parts, "year: "+p.value)
		default:
			parts = append(parts, p.key+": "+strconv.QuoteToASCII(p.value))
		}
	}
	return strings.Join(parts, ", ")
}

func yearText(year int) string {
	if year == 0 {
		return ""
	}
	return strconv.Itoa(year)
}
