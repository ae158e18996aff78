package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// The width of the terminal format.
const (
	defaultWidth = 80
	leastWidth   = 40
	mostCauses   = 12 // rows of the causes table; the rest is counted
)

// renderTerminal is the summary for a person at a prompt: the answer, the numbers, what to do, where to look. It reads
// no vehicle.
func renderTerminal(w io.Writer, r Report, o Options) error {
	s := rewrite(r.forPeople(), withoutCommands)
	t := &terminal{sticky: sticky{w: w}, width: terminalWidth(o.Width), paint: painter(o.Color)}
	t.answer(s)
	t.verdicts(s)
	t.facts("", s.facts())
	t.causes(ranked(s.Causes))
	t.gates(s.Gates)
	t.changes(s.Changes)
	t.history(s)
	t.notes(s.Notes)
	t.next(s, o)
	return t.err
}

func terminalWidth(width int) int {
	if width == 0 {
		return defaultWidth
	}
	return max(width, leastWidth)
}

type terminal struct {
	sticky
	width int
	paint painter
}

// painter colours text, or does not.
type painter bool

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p painter) in(colour, text string) string {
	if !p || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// colours of decisions, verdicts and gates.
func colourOf(word string) string {
	return map[string]string{
		string(Go): green, string(NoGo): red, string(CouldNotTell): yellow,
		"ready": green, "blocked": red, "inconclusive": yellow, "broken": dim,
		"yes": green, "no": red, "undecided": yellow,
	}[word]
}

func (t *terminal) line(text string) { t.text(text + "\n") }

// heading leaves a blank line before a part.
func (t *terminal) heading(text string) { t.line("\n" + t.paint.in(bold, text)) }

func (t *terminal) answer(s Summary) {
	if text := s.shardText(); text != "" {
		t.wrapped("", text)
	}
	word := string(s.Decision())
	t.line(t.paint.in(bold+";"+colourOf(word), word))
	t.wrapped("", s.because())
	t.wrapped("", fmt.Sprintf("Readiness %s %s.", s.readinessText(), s.denominatorText()))
	if text := s.sampleText(); text != "" {
		t.wrapped("", text)
	}
}

func (t *terminal) verdicts(s Summary) {
	t.line("")
	digits := len(count(s.Total))
	for _, row := range s.Verdicts.rows() {
		t.wrapped(fmt.Sprintf("  %s %*s  %-12s  ", t.paint.in(colourOf(row.Name), row.Mark), digits, count(row.Count), row.Name), row.Meaning)
	}
	t.line("")
}

func (t *terminal) facts(indent string, facts []fact) {
	for _, f := range facts {
		t.wrapped(indent+fmt.Sprintf("%-13s", f.Name), f.Text)
	}
}

func (t *terminal) causes(causes []Cause) {
	if len(causes) == 0 {
		return
	}
	t.heading("What stands in the way")
	for _, c := range causes[:min(len(causes), mostCauses)] {
		title := joined("  ", c.Code, c.subject())
		t.wrapped(fmt.Sprintf("%s %6s  ", t.paint.in(colourOf(c.Verdict), markOf(c.Verdict)), count(c.Vehicles)), title)
		t.wrapped(strings.Repeat(" ", 10), c.doing())
	}
	if rest := len(causes) - mostCauses; rest > 0 {
		t.line(fmt.Sprintf("  and %s, in the report", counted(rest, "more cause")))
	}
}

func (t *terminal) gates(gates []Gate) {
	t.heading("Gates")
	if len(gates) == 0 {
		t.line("  none was evaluated")
	}
	for _, g := range gates {
		t.wrapped("  "+t.paint.in(colourOf(g.Met), fmt.Sprintf("%-11s", g.Met)), fmt.Sprintf("%s (observed %s)", g.Require, g.Observed))
	}
}

func (t *terminal) notes(notes []Note) {
	if len(notes) == 0 {
		return
	}
	t.heading("Notes")
	for _, n := range notes {
		t.wrapped(fmt.Sprintf("  %6s  ", count(n.Count)), joined(": ", n.Code, n.Text))
	}
}

func (t *terminal) next(s Summary, o Options) {
	t.heading("Where to look next")
	dir := strings.TrimSuffix(withoutCommands(plain(o.Dir)), "/")
	switch {
	case slices.Contains(o.Written, "html") || dir == "":
		t.wrapped("  ", strings.TrimPrefix(dir+"/report.html", "/")+": every cause, every vehicle, both legs side by side")
		t.wrapped("  ", "share/ beside it: the same without ids, labels and positions, for forwarding")
	default:
		t.wrapped("  ", "scmigrate report "+dir+": writes the report with every cause and every vehicle")
	}
	if len(s.Causes) > 0 {
		t.wrapped("  ", "scmigrate explain "+ranked(s.Causes)[0].Code+": what the first cause means and what to do")
	}
}

// wrapped writes text after a prefix, broken at blanks to the width, later lines under the first.
func (t *terminal) wrapped(prefix, text string) {
	indent := strings.Repeat(" ", visible(prefix))
	for i, line := range wrap(text, t.width-len(indent)) {
		if i > 0 {
			prefix = indent
		}
		t.line(prefix + line)
	}
}
