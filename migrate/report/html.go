package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

//go:embed page.gohtml
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"count": count, "mark": markOf, "vehicles": vehicles, "anchor": anchor, "dash": countOrDash, "sentence": sentence,
}).Parse(pageSource))

// firstCauses is how many causes the first screen shows, maxCauses how many the page does.
const (
	firstCauses = 5
	maxCauses   = 300
)

// page is what the template sees: words and numbers, all decided here.
type page struct {
	Policy    string
	CSS       template.CSS
	JS        template.JS
	Summary   Summary
	Decision  Decision
	Class     string // of the decision: yes, no or undecided
	Because   string
	Part      string // says that this is a shard; "" where it is not
	Sample    string // what a sample proves; "" where there is none
	Readiness string
	Of        string
	Counted   string // what the verdicts count
	Verdicts  []verdictRow
	Bar       []segment
	BarText   string
	First     []causeRow
	Actors    string // who could free how many vehicles
	Causes    []causeRow
	More      int // causes beyond the first screen
	Untold    int // causes beyond the page
	Facts     []fact
	Charts    []chart
	BurnDown  columnChart
	Matrix    fieldMatrix
	Columns   []string
	Outcomes  []outcomeRow
	Notes     []Note
	Origin    []fact
	Since     []fact // what changed since an earlier run; none: there is nothing to compare with
	List      vehicleList
}

// outcomeRow is a field with its vehicles by outcome.
type outcomeRow struct {
	Field  string
	Counts []outcomeCount
}

type outcomeCount struct {
	Outcome string
	Count   int
}

// renderHTML writes one file that needs nothing beside it: no outside reference, no inline handler, a content security
// policy that allows exactly the style and script it carries. Without JavaScript everything but the vehicle list reads.
func renderHTML(w io.Writer, r Report, _ Options) error {
	causes := byUnblocked(r.Causes)
	list, err := listVehicles(r, causes[:min(len(causes), maxCauses)])
	if err != nil {
		return err
	}
	return pageTemplate.Execute(w, buildPage(r.forPeople(), list))
}

// buildPage takes a summary that is plain already.
func buildPage(s Summary, list vehicleList) page {
	causes := causeRows(byUnblocked(s.Causes)[:len(list.cars)], list.cars)
	first := causes[:min(len(causes), firstCauses)]
	columns := outcomeColumns(s.Outcomes)
	bar := layOut(verdictParts(s.Verdicts, s.Proof), bannerWide)
	return page{
		Policy: policy(), CSS: template.CSS(pageCSS), JS: template.JS(pageJS), List: list,
		Summary: s, Decision: s.Decision(), Class: classOf(s.Decision()), Because: s.because(), Part: s.shardText(), Sample: s.sampleText(), Readiness: s.readinessText(), Of: s.denominatorText(),
		Counted: s.drawn(s.Total), Verdicts: s.provedRows(), Bar: bar, BarText: partsText(bar),
		First: first, Actors: actorsText(s.Causes), Causes: causes, More: len(s.Causes) - len(first), Untold: len(s.Causes) - len(causes),
		Facts: slices.Concat(s.changedFacts(), s.readyDateFacts(), s.facts()), Charts: charts(s, causes), BurnDown: burnDown(s), Matrix: matrixOf(s), Columns: columns, Outcomes: outcomeRows(s.Outcomes, columns), Notes: s.Notes, Origin: s.provenance(), Since: slices.Concat(s.historyFacts(), s.Changes.facts()),
	}
}

// provedRows are the verdicts; that of the ready ones says how they were proved.
func (s Summary) provedRows() []verdictRow {
	rows := s.Verdicts.rows()
	if s.Verdicts.Ready > 0 {
		rows[0].Meaning += ": " + strings.TrimPrefix(s.proofText(), "of the ready ones ")
	}
	return rows
}

func classOf(d Decision) string {
	return map[Decision]string{Go: "yes", NoGo: "no", CouldNotTell: "undecided"}[d]
}

// policy is the page's content security policy. The hashes are of the exact text between the tags.
func policy() string {
	return fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'", hashOf(pageCSS), hashOf(pageJS))
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func outcomeRows(outcomes map[string]map[string]int, columns []string) []outcomeRow {
	var rows []outcomeRow
	for _, field := range slices.Sorted(maps.Keys(outcomes)) {
		row := outcomeRow{Field: field}
		for _, o := range columns {
			row.Counts = append(row.Counts, outcomeCount{o, outcomes[field][o]})
		}
		rows = append(rows, row)
	}
	return rows
}

// anchor is the n-th cause's place in the page.
func anchor(n int) string { return "cause-" + strconv.Itoa(n+1) }

// sentence is text with a capital first letter, but for names like "v3", and without its own full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	r, size := utf8.DecodeRuneInString(text)
	if size < len(text) && unicode.IsDigit(rune(text[size])) {
		return strings.TrimSuffix(text, ".")
	}
	return strings.TrimSuffix(string(unicode.ToUpper(r))+text[size:], ".")
}
