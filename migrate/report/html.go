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
	Causes    []causeRow
	More      int // causes beyond the first screen
	Untold    int // causes beyond the page
	ChartText string
	ChartTall int
	Facts     []fact
	Columns   []string
	Matrix    []matrixRow
	Notes     []Note
	Origin    []fact
	Since     []fact // what changed since an earlier run; none: there is nothing to compare with
	List      vehicleList
}

type matrixRow struct {
	Field  string
	Counts []matrixCell
}

type matrixCell struct {
	Outcome string
	Count   int
}

// renderHTML writes one file that needs nothing beside it: no outside reference, no inline handler, a content security
// policy that allows exactly the style and script it carries. Without JavaScript everything but the vehicle list reads.
func renderHTML(w io.Writer, r Report, _ Options) error {
	list, err := listVehicles(r)
	if err != nil {
		return err
	}
	p := buildPage(r.forPeople())
	p.List = list
	return pageTemplate.Execute(w, p)
}

// buildPage takes a summary that is plain already.
func buildPage(s Summary) page {
	causes := causeRows(ranked(s.Causes)[:min(len(s.Causes), maxCauses)])
	first := causes[:min(len(causes), firstCauses)]
	columns := outcomeColumns(s.Outcomes)
	return page{
		Policy: policy(), CSS: template.CSS(pageCSS), JS: template.JS(pageJS),
		Summary: s, Decision: s.Decision(), Class: classOf(s.Decision()), Because: s.because(), Part: s.shardText(), Sample: s.sampleText(), Readiness: s.readinessText(), Of: s.denominatorText(),
		Counted: s.drawn(s.Total), Verdicts: s.Verdicts.rows(), Bar: verdictBar(s), BarText: barText(s),
		First: first, Causes: causes, More: len(s.Causes) - len(first), Untold: len(s.Causes) - len(causes), ChartText: chartText(first), ChartTall: len(first) * causePitch,
		Facts: s.facts(), Columns: columns, Matrix: matrix(s.Outcomes, columns), Notes: s.Notes, Origin: s.provenance(), Since: s.Changes.facts(),
	}
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

func matrix(outcomes map[string]map[string]int, columns []string) []matrixRow {
	var rows []matrixRow
	for _, field := range slices.Sorted(maps.Keys(outcomes)) {
		row := matrixRow{Field: field}
		for _, o := range columns {
			row.Counts = append(row.Counts, matrixCell{o, outcomes[field][o]})
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
