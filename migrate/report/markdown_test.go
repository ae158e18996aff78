package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// parsedMarkdown reads a report as GitHub does.
func parsedMarkdown(source []byte) ast.Node {
	return goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
}

// longFleet has this many of everything that a list holds, the texts of each longer by the extra bytes.
type longFleet struct{ causes, notes, fields, vehicles, extra int }

func (c longFleet) report() Report {
	s := sampleSummary()
	template, pad := s.Causes[0], strings.Repeat("x", c.extra)
	s.Causes, s.Notes, s.Outcomes = nil, nil, map[string]map[string]int{}
	for i := range c.causes {
		template.Title = fmt.Sprint("title ", i, pad)
		s.Causes = append(s.Causes, template)
	}
	for i := range c.notes {
		s.Notes = append(s.Notes, Note{Code: "n" + strconv.Itoa(i), Count: i, Text: "some text" + pad})
	}
	for i := range c.fields {
		s.Outcomes["f"+strconv.Itoa(i)] = map[string]int{"match": i + 1}
	}
	var fleet []Vehicle
	for i := range c.vehicles {
		v := sampleVehicles()[3]
		v.VehicleID, v.Label = vehicleID(i), pad
		fleet = append(fleet, v)
	}
	return reportOf(s, fleet)
}

// listed are the rows of the tables and lists by the heading they stand under.
func listed(source []byte) map[string]int {
	under, rows := "", map[string]int{}
	for node := parsedMarkdown(source).FirstChild(); node != nil; node = node.NextSibling() {
		switch node.Kind() {
		case ast.KindHeading:
			under = string(node.Lines().Value(source))
		case tables.KindTable:
			rows[under] += node.ChildCount() - 1 // its header
		case ast.KindList:
			rows[under] += node.ChildCount()
		}
	}
	return rows
}

// toldLeftOut is what the last sentence says is missing of a noun.
func toldLeftOut(t *testing.T, source []byte, noun string) int {
	t.Helper()
	at := bytes.Index(source, []byte("*Left out to fit a comment: "))
	if at < 0 {
		return 0
	}
	found := regexp.MustCompile(`([0-9,]+) ` + noun + `s?\b`).FindSubmatch(source[at:])
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(strings.ReplaceAll(string(found[1]), ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMarkdownFitsAComment grows every list over its limit, byte by byte at the edge, and holds what the report lists and
// what it says is missing against what there is.
func TestMarkdownFitsAComment(t *testing.T) {
	for _, c := range []longFleet{{5, 2, 6, 5, 0}, {1000, 0, 6, 5, 0}, {5, 1000, 6, 5, 0}, {5, 2, 1500, 5, 0}, {5, 2, 6, 500, 0}, {600, 600, 1500, 500, 0}, {60, 60, 60, 60, 390}, {0, 0, 0, 0, 0}} {
		for step := range 10 {
			c.extra++
			c.check(t, 0)
			c.check(t, 20_000+step)
		}
		c.check(t, 4096)
	}
}

func (c longFleet) check(t *testing.T, room int) {
	t.Helper()
	source := rendered(t, "markdown", c.report(), Options{Room: room})
	if limit := markdownRoom(room); len(source) > limit || utf8.RuneCount(source) > limit {
		t.Fatalf("%+v: %d bytes for %d", c, len(source), limit)
	}
	there := listed(source)
	for _, list := range []struct {
		heading, noun string
		n             int
	}{{"What stands in the way", "cause", c.causes}, {"Notes", "note", c.notes}, {"Fields", "field", c.fields}, {"Vehicles that are not ready", "vehicle", c.vehicles}} {
		if missing := toldLeftOut(t, source, list.noun); there[list.heading]+missing != list.n {
			t.Errorf("%+v, room %d: %d %ss are listed and %d told missing, of %d", c, room, there[list.heading], list.noun, missing, list.n)
		}
	}
	if !bytes.Contains(source, []byte("## NO-GO")) || !bytes.Contains(source, []byte("### Provenance")) {
		t.Errorf("%+v: the answer or the provenance is gone", c)
	}
}

// TestMarkdownMeetsItsLimitExactly: nothing is missing where all fits.
func TestMarkdownMeetsItsLimitExactly(t *testing.T) {
	whole := len(rendered(t, "markdown", sample(), Options{}))
	for room, cut := range map[int]bool{whole + maxLeftOut + 4000: false, whole + maxLeftOut - 1: true} {
		source := rendered(t, "markdown", sample(), Options{Room: room})
		if got := len(source) < whole; got != cut || bytes.Contains(source, []byte("*Left out")) != cut {
			t.Errorf("room %d for %d bytes: %d written\n%s", room, whole, len(source), source)
		}
	}
}

func TestMarkdownCutInProse(t *testing.T) {
	s := sampleSummary()
	s.Run.NotExamined = strings.Split(strings.Repeat("another area of a name that is long,", 3000), ",")
	source := rendered(t, "markdown", reportOf(s, sampleVehicles()), Options{})
	if len(source) > maxMarkdown || !bytes.Contains(source, []byte("## NO-GO")) || !bytes.Contains(source, []byte("Left out to fit a comment: 5 causes")) {
		t.Errorf("%d bytes, ends %q", len(source), source[len(source)-300:])
	}
}
