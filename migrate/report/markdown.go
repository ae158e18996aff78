package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// The limits of the Markdown format: a pull request comment holds 65,536 characters (LIBRARIES §2), counted here in
// bytes, of which there are never fewer; a table for reading is not a list of a fleet.
const (
	maxMarkdown         = 65536
	maxMarkdownVehicles = 200
)

const markdownCut = "\n*This report is cut here to fit a comment; report.html and report.json have it whole.*\n"

// renderMarkdown is the report for a pull request or a step summary. What does not fit is left out from the end, line by
// line, and a sentence says so.
func renderMarkdown(w io.Writer, r Report, _ Options) error {
	s := rewrite(named(r.Summary), markdownText)
	m := &markdown{room: maxMarkdown - len(markdownCut)}
	m.answer(s)
	m.causes(s.Causes)
	m.gates(s.Gates)
	m.changes(s.Changes)
	m.notes(s.Notes)
	m.outcomes(s.Outcomes)
	if err := m.vehicles(r); err != nil {
		return err
	}
	m.provenance(s)
	if m.full {
		m.out.WriteString(markdownCut)
	}
	_, err := io.WriteString(w, m.out.String())
	return err
}

type markdown struct {
	out  strings.Builder
	room int
	full bool
}

// line writes one line if it fits; after the first that does not, none is written.
func (m *markdown) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...) + "\n"
	if m.full = m.full || m.out.Len()+len(text) > m.room; !m.full {
		m.out.WriteString(text)
	}
}

// table writes rows under a header; the cells are escaped already.
func (m *markdown) table(header []string, rows [][]string) {
	m.line("")
	m.line("| %s |", strings.Join(header, " | "))
	m.line("|%s", strings.Repeat(" --- |", len(header)))
	for _, row := range rows {
		m.line("| %s |", strings.Join(row, " | "))
	}
}

func (m *markdown) answer(s Summary) {
	if text := s.shardText(); text != "" {
		m.line("> **%s**\n", text)
	}
	m.line("## %s", s.Decision())
	m.line("")
	m.line("%s", s.because())
	m.line("")
	m.line("**Readiness %s** %s.", s.readinessText(), s.denominatorText())
	if text := s.sampleText(); text != "" {
		m.line("\n%s", text)
	}
	var rows [][]string
	for _, v := range s.Verdicts.rows() {
		rows = append(rows, []string{"`" + v.Mark + "` " + v.Name, count(v.Count), v.Meaning})
	}
	m.table([]string{"verdict", "vehicles", "meaning"}, rows)
	m.line("")
	for _, f := range s.facts() {
		m.line("- **%s**: %s", f.Name, f.Text)
	}
}

func (m *markdown) causes(causes []Cause) {
	if len(causes) == 0 {
		return
	}
	m.line("\n### What stands in the way")
	var rows [][]string
	for _, c := range ranked(causes) {
		rows = append(rows, []string{count(c.Vehicles), "`" + markOf(c.Verdict) + "` " + c.Code, c.subject(), joined(": ", c.Title, c.Action), c.Who})
	}
	m.table([]string{"vehicles", "cause", "where", "what to do", "who"}, rows)
}

func (m *markdown) gates(gates []Gate) {
	m.line("\n### Gates")
	if len(gates) == 0 {
		m.line("\nNone was evaluated.")
		return
	}
	var rows [][]string
	for _, g := range gates {
		rows = append(rows, []string{g.Require, g.Met, g.Observed})
	}
	m.table([]string{"gate", "met", "observed"}, rows)
}

func (m *markdown) notes(notes []Note) {
	if len(notes) == 0 {
		return
	}
	m.line("\n### Notes\n")
	for _, n := range notes {
		m.line("- **%s** (%s): %s", n.Code, count(n.Count), n.Text)
	}
}

func (m *markdown) outcomes(outcomes map[string]map[string]int) {
	if len(outcomes) == 0 {
		return
	}
	columns := outcomeColumns(outcomes)
	var rows [][]string
	for _, field := range slices.Sorted(maps.Keys(outcomes)) {
		row := []string{field}
		for _, o := range columns {
			row = append(row, countOrDash(outcomes[field][o]))
		}
		rows = append(rows, row)
	}
	m.line("\n### Fields")
	m.table(append([]string{"field"}, columns...), rows)
}

// vehicles lists those that are not ready.
func (m *markdown) vehicles(r Report) error {
	var rows [][]string
	listed, missing := 0, 0
	for v, err := range r.Vehicles() {
		switch {
		case err != nil:
			return err
		case v.Verdict == "ready", v.leftOut():
			continue
		case listed == maxMarkdownVehicles:
			missing++
			continue
		}
		listed++
		rows = append(rows, vehicleCells(rewrite(withoutFields(v), markdownText)))
	}
	if listed == 0 {
		return nil
	}
	m.line("\n### Vehicles that are not ready")
	m.table([]string{"vehicle", "make, model", "verdict", "causes"}, rows)
	if missing > 0 {
		m.line("\n%s more are in report.json.", count(missing))
	}
	return nil
}

func withoutFields(v Vehicle) Vehicle {
	v.Fields = nil
	return v
}

func vehicleCells(v Vehicle) []string {
	var causes []string
	for _, c := range v.Causes {
		causes = append(causes, joined(" ", c.Code, c.Field, c.Detail))
	}
	return []string{joined(" ", v.VehicleID, v.Label), joined(", ", v.Make, v.Model), "`" + markOf(v.Verdict) + "` " + v.Verdict, strings.Join(causes, "<br>")}
}

func (m *markdown) provenance(s Summary) {
	m.line("\n### Provenance\n")
	for _, f := range s.provenance() {
		m.line("- **%s**: %s", f.Name, f.Text)
	}
}

// markdownEscapes keep text from being markup. Where a backslash would hide the character from the parser but not from
// GitHub's mention, issue and link filters, an empty comment breaks the word.
var markdownEscapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "`", "&#96;", `\`, "&#92;",
	"[", `\[`, "]", `\]`, "*", `\*`, "_", `\_`, "~", `\~`, "!", `\!`, "$", `\$`,
	"@", "@<!-- -->", "#", `\#<!-- -->`, "://", "&#58;//", "www.", "www&#46;",
)

// markdownText is s as plain text inside a Markdown line or table cell.
func markdownText(s string) string {
	s = strings.TrimSpace(plain(s))
	escaped := markdownEscapes.Replace(s)
	if s != "" && strings.ContainsRune("-+=", rune(s[0])) {
		escaped = `\` + escaped
	}
	return escaped
}
