package report

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"scmigrate/migrate/internal/inorder"
)

// junitIndent stands before every element of a test case.
const junitIndent = "\n    "

// renderJUnit writes one test case per vehicle that the report counts, in the shape that Jenkins, GitLab and others read:
// a failure for blocked, an error for inconclusive, skipped for broken, which proves nothing about the switch. Vehicles
// that a sample left out are no test cases. What stands for the whole run is in the properties. It holds one batch of
// vehicles at a time; the counts of its head are the summary's.
func renderJUnit(w io.Writer, r Report, _ Options) error {
	s := r.forPeople()
	out := &sticky{w: w}
	out.text(junitHead(s))
	doing := doingByCode(s.Causes)
	for text, err := range inorder.Map(context.Background(), r.Vehicles(), func(v Vehicle) (string, error) { return junitCase(v, doing), nil }) {
		if err != nil {
			return err
		}
		out.text(text)
	}
	out.text("\n  </testsuite>\n</testsuites>\n")
	return out.err
}

// junitHead opens the document, the suites and the only suite.
func junitHead(s Summary) string {
	counts := junitAttributes("name", "scmigrate", "tests", strconv.Itoa(s.Total), "failures", strconv.Itoa(s.Verdicts.Blocked), "errors", strconv.Itoa(s.Verdicts.Inconclusive))
	var out strings.Builder
	out.WriteString(xml.Header + "<testsuites" + counts + ">\n  <testsuite" + counts)
	out.WriteString(junitAttributes("skipped", strconv.Itoa(s.Verdicts.Broken), "time", seconds(s.Run), "timestamp", s.Run.StartedAt.UTC().Format("2006-01-02T15:04:05")))
	out.WriteString(">" + junitIndent + "<properties>")
	for _, f := range junitProperties(s) {
		out.WriteString(junitIndent + "  <property" + junitAttributes("name", f.Name, "value", f.Text) + "/>")
	}
	out.WriteString(junitIndent + "</properties>")
	return out.String()
}

// seconds is how long a run took.
func seconds(r Run) string {
	return strconv.FormatFloat(max(r.FinishedAt.Sub(r.StartedAt), 0).Round(time.Millisecond).Seconds(), 'f', -1, 64)
}

// junitProperties are the answer, the gates and where it all comes from.
func junitProperties(s Summary) []fact {
	out := []fact{{"decision", string(s.Decision())}, {"because", s.because()}, {"readiness", joined(" ", s.readinessText(), s.denominatorText())}}
	for _, g := range s.Gates {
		out = append(out, fact{"gate", fmt.Sprintf("%s: %s (observed %s)", g.Require, g.Met, g.Observed)})
	}
	return append(append(out, s.facts()...), s.provenance()...)
}

// doingByCode is what to do about a cause: as this run says it, where it says something about the code.
func doingByCode(causes []Cause) map[string]string {
	out := map[string]string{}
	for _, c := range causes {
		if _, said := out[c.Code]; !said {
			out[c.Code] = joined(": ", c.Title, c.doing())
		}
	}
	return out
}

// junitCase is one vehicle, "" for one that is not counted.
func junitCase(v Vehicle, doing map[string]string) string {
	if v.leftOut() {
		return ""
	}
	name := cmp.Or(joined(" ", plain(v.VehicleID), plain(v.Label)), "(no vehicleId)")
	open := junitIndent + "<testcase" + junitAttributes("name", name, "classname", joined(".", "scmigrate", plain(v.Make)))
	element := map[string]string{"blocked": "failure", "inconclusive": "error", "broken": "skipped"}[v.Verdict]
	if element == "" {
		return open + "/>"
	}
	var first CauseRef
	if len(v.Causes) > 0 {
		first = v.Causes[0]
	}
	return open + ">" + junitIndent + "  <" + element + junitAttributes("message", first.text(), "type", plain(first.Code)) + ">" +
		xmlText(strings.Join(junitLines(v, doing), "\n")) + "</" + element + ">" + junitIndent + "</testcase>"
}

// text is a cause in one line.
func (c CauseRef) text() string { return joined(" ", plain(c.Code), plain(c.Field), plain(c.Detail)) }

// junitLines say why a vehicle is not ready, what to do, and by which requests that was found.
func junitLines(v Vehicle, doing map[string]string) []string {
	var lines []string
	for _, c := range v.Causes {
		lines = append(lines, c.text())
		if text := doing[c.Code]; text != "" {
			lines = append(lines, "  "+text)
		}
	}
	for _, f := range v.Fields {
		if f.Outcome == "differs" || f.Outcome == "lost" {
			lines = append(lines, fmt.Sprintf("%s %s: legacy %s, app %s", f.Outcome, plain(f.Field), sideText(f.Legacy), sideText(f.App)))
		}
	}
	if v.UserID != "" {
		lines = append(lines, "user "+plain(v.UserID))
	}
	if ids := append(append([]string{}, v.RequestIDs.Legacy...), v.RequestIDs.App...); len(ids) > 0 {
		lines = append(lines, "requests "+plain(strings.Join(ids, " ")))
	}
	return lines
}

// sideText is one leg of a field in a few words.
func sideText(o *Observation) string {
	switch {
	case o == nil:
		return "nothing"
	case o.Error != "":
		return plain(o.Error)
	}
	return cmp.Or(joined(" ", plain(valueText(decoded(o.Value))), plain(o.Unit)), "nothing")
}

// junitAttributes are pairs of name and value.
func junitAttributes(pairs ...string) string {
	var out strings.Builder
	for i, text := range pairs {
		if i%2 == 0 {
			out.WriteString(" " + text + "=")
		} else {
			out.WriteString(`"` + xmlText(text) + `"`)
		}
	}
	return out.String()
}

// xmlText is text for an element or an attribute; what XML 1.0 forbids, escaped or not, becomes U+FFFD.
func xmlText(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a strings.Builder takes everything
	return strings.ReplaceAll(out.String(), "&#xA;", "\n")
}
