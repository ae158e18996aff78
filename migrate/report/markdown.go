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

const markdownCut = "\n*This report is cut here to fit a comment; the HTML and JSON reports have it whole.*\n"

// maxLeftOut is how many bytes the sentence may take that says what was left out.
const maxLeftOut = 400

// renderMarkdown is the report for a pull request or a step summary. Each list has its part of the room, so that no long
// one drives out what comes after it; the provenance has its place from the start. What does not fit is left out row by
// row, and the last sentence counts it.
func renderMarkdown(w io.Writer, r Report, o Options) error {
	s := rewrite(named(r.Summary), markdownText)
	room := markdownRoom(o.Room) - maxLeftOut
	origin := &markdown{room: room / 4}
	origin.provenance(s)
	m := &markdown{room: room - origin.out.Len()}
	m.answer(s)
	m.causes(s.Causes)
	m.gates(s.Gates)
	m.changes(s.Changes)
	m.history(s)
	m.notes(s.Notes)
	m.outcomes(s.Outcomes)
	if err := m.vehicles(r); err != nil {
		return err
	}
	m.full = m.full || origin.full
	_, err := io.WriteString(w, m.out.String()+origin.out.String()+m.leftOut())
	return err
}

func markdownRoom(room int) int {
	if room <= 0 {
		return maxMarkdown
	}
	return min(room, maxMarkdown)
}

type markdown struct {
	out  strings.Builder
	room int
	full bool
	left []string // what lists left out: "12 causes"
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
	m.line("%s", tableHead(header))
	for _, row := range rows {
		m.line("%s", tableRow(row))
	}
}

func tableHead(header []string) string {
	return "\n" + tableRow(header) + "\n|" + strings.Repeat(" --- |", len(header))
}

func tableRow(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }

// markdownList is a part of the report that may be long.
type markdownList struct {
	heading string
	noun    string // one of what is listed
	until   int    // percent of the room that may be full after it
	head    string // stands before the first row, "" for none
}

// list writes as many rows as its part of the room holds, and counts the others, of which more may have been left out before.
func (m *markdown) list(l markdownList, rows []string, more int) {
	begin := "\n### " + l.heading + "\n" + l.head + "\n"
	until := m.room * l.until / 100
	for i, row := range rows {
		text := row + "\n"
		if i == 0 {
			text = begin + text
		}
		if m.full || m.out.Len()+len(text) > until {
			more += len(rows) - i
			break
		}
		m.out.WriteString(text)
	}
	if more > 0 {
		m.left = append(m.left, counted(more, l.noun))
	}
}

// leftOut is the sentence that says what is missing, "" where nothing is.
func (m *markdown) leftOut() string {
	switch {
	case len(m.left) == 0 && !m.full:
		return ""
	case len(m.left) == 0:
		return markdownCut
	}
	return "\n*Left out to fit a comment: " + strings.Join(m.left, ", ") + ". The HTML and JSON reports have it whole.*\n"
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
	var rows []string
	for _, c := range ranked(causes) {
		rows = append(rows, tableRow([]string{count(c.Vehicles), "`" + markOf(c.Verdict) + "` " + c.Code, c.subject(), joined(": ", c.Title, c.Action), c.Who}))
	}
	m.list(markdownList{"What stands in the way", "cause", 45, tableHead([]string{"vehicles", "cause", "where", "what to do", "who"})}, rows, 0)
}

func (m *markdown) gates(gates []Gate) {
	if len(gates) == 0 {
		m.line("\n### Gates\n\nNone was evaluated.")
	}
	var rows []string
	for _, g := range gates {
		rows = append(rows, tableRow([]string{g.Require, g.Met, g.Observed}))
	}
	m.list(markdownList{"Gates", "gate", 55, tableHead([]string{"gate", "met", "observed"})}, rows, 0)
}

func (m *markdown) notes(notes []Note) {
	var rows []string
	for _, n := range notes {
		rows = append(rows, fmt.Sprintf("- **%s** (%s): %s", n.Code, count(n.Count), n.Text))
	}
	m.list(markdownList{"Notes", "note", 75, ""}, rows, 0)
}

func (m *markdown) outcomes(outcomes map[string]map[string]int) {
	columns := outcomeColumns(outcomes)
	var rows []string
	for _, field := range slices.Sorted(maps.Keys(outcomes)) {
		row := []string{field}
		for _, o := range columns {
			row = append(row, countOrDash(outcomes[field][o]))
		}
		rows = append(rows, tableRow(row))
	}
	m.list(markdownList{"Fields", "field", 85, tableHead(append([]string{"field"}, columns...))}, rows, 0)
}

// vehicles lists those that are not ready.
func (m *markdown) vehicles(r Report) error {
	var rows []string
	more := 0
	for v, err := range r.Vehicles() {
		switch {
		case err != nil:
			return err
		case v.Verdict == "ready", v.leftOut():
		case len(rows) == maxMarkdownVehicles:
			more++
		default:
			rows = append(rows, tableRow(vehicleCells(rewrite(withoutFields(v), markdownText))))
		}
	}
	m.list(markdownList{"Vehicles that are not ready", "vehicle", 100, tableHead([]string{"vehicle", "make, model", "verdict", "causes"})}, rows, more)
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
