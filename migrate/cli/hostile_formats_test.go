package cli_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"scmigrate/fixtures"
	"scmigrate/migrate/report"
)

// hostileNames are labels that an inventory may hold, waivers' texts, and makes and models that an answer may hold.
func hostileNames() []string {
	return []string{"</script><script>alert(1)</script>", "]]> <!-- ", "=cmd()|' /C calc'!A0", "+1", "-1+1", "@SUM(1)", "a;=cmd()", "`code` | pipe | <b>", "\"quoted\", \"cell\"", "::error::x", "%0A::stop-commands::x ##[add-mask]x", "&amp;<img src=x onerror=alert(1)>",
		"[a](https://evil.example) @everyone #1", "漢字 e\u0301"}
}

// hostileAnswers puts the names in the place of makes and models.
func (b *bench) hostileAnswers(more ...string) {
	names := append(hostileNames(), more...)
	member := regexp.MustCompile(`"(make|model)":\s*"([^"]*)"`)
	inner := b.transport
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		answer, err := inner.RoundTrip(r)
		if err != nil || !strings.HasPrefix(r.URL.Path, "/v3/") {
			return answer, err
		}
		body, err := io.ReadAll(answer.Body)
		body = member.ReplaceAllFunc(body, func(found []byte) []byte {
			parts := member.FindSubmatch(found)
			return fmt.Appendf(nil, "%q:%s", parts[1], asJSON(names[len(parts[2])%len(names)]))
		})
		answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		answer.Header.Del("Content-Length")
		return answer, err
	})
}

func asJSON(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestHostileNamesFromOutside takes them all the way: from the inventory, the rules and Smartcar's answers through the
// ledger into every format, each read back by its own parser.
func TestHostileNamesFromOutside(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(60, 4))
	var rows []int
	for n := range b.world.Inventory() {
		rows = append(rows, n)
	}
	own := regexp.MustCompile(`(?m)^    label:.*\n`)
	b.write("inventory.yaml", b.rowsText(rows, func(n int, lines string) string {
		return own.ReplaceAllString(lines, "") + "    label: " + asJSON(hostileNames()[n%len(hostileNames())]) + "\n"
	}))
	var waivers []string
	for i, x := range hostileNames() {
		waivers = append(waivers, fmt.Sprintf("{id: %s, cause: %s, reason: %s, owner: %s, expires: 2090-01-31}", asJSON(fmt.Sprint("W-", i)), []string{"signal-lost", "value-differs", "permission-lost"}[i%3], asJSON(x), asJSON(x)))
	}
	b.write("rules.yaml", "version: 1\nwaivers: ["+strings.Join(waivers, ",\n  ")+"]\n")
	b.hostileAnswers(strings.Repeat("W", 10_000), "nul\x00 bidi\u202e\u2066 lone\rreturn \x1b[31m", "bad \xff\xfe utf8")
	code, stdout, stderr := b.run("--format", strings.Join(report.Formats(), ","), "--rules", b.path("rules.yaml"), "--no-progress")
	if code != 3 && code != 4 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for line := range strings.Lines(stdout) {
		annotation := strings.HasPrefix(line, "::error title=") || strings.HasPrefix(line, "::warning title=") || strings.HasPrefix(line, "::notice title=")
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "::") && !annotation || strings.Contains(line, "##[") || strings.Contains(line, "\x1b") {
			t.Errorf("a runner or terminal obeys %q", line)
		}
	}
	for _, form := range []string{"out/", "out/share/"} {
		b.readsBack(form, len(rows))
	}
	labels, makes := 0, 0
	for _, row := range parsedRows(t, b.read("out/vehicles.csv"))[1:] {
		if row[4] != "" {
			labels++
		}
		if strings.ContainsAny(row[6], "<=`|;:\"") {
			makes++
		}
	}
	if labels != len(rows) || makes == 0 || !strings.Contains(b.read("out/report.json"), `\u003c/script\u003e`) {
		t.Errorf("only %d labels and %d makes of %d vehicles reached the reports", labels, makes, len(rows))
	}
}

func parsedRows(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// readsBack reads the files of one form.
func (b *bench) readsBack(form string, vehicles int) {
	b.t.Helper()
	rows := parsedRows(b.t, b.read(form+"vehicles.csv"))
	if len(rows) != 1+vehicles {
		b.t.Errorf("%svehicles.csv has %d rows for %d vehicles", form, len(rows)-1, vehicles)
	}
	for _, row := range rows {
		for _, cell := range row {
			if start := strings.TrimLeft(cell, `" `); strings.IndexAny(start, "=+-@") == 0 {
				b.t.Errorf("%svehicles.csv has the cell %q", form, cell)
			}
		}
	}
	var suites struct {
		Tests string `xml:"tests,attr"`
		Cases []struct {
			Name string `xml:"name,attr"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal([]byte(b.read(form+"report.junit.xml")), &suites); err != nil || len(suites.Cases) != vehicles || suites.Tests != fmt.Sprint(vehicles) {
		b.t.Errorf("%sreport.junit.xml: %v, %d cases", form, err, len(suites.Cases))
	}
	var doc reportJSON
	if err := json.Unmarshal([]byte(b.read(form+"report.json")), &doc); err != nil || len(doc.Vehicles) != vehicles {
		b.t.Errorf("%sreport.json: %v, %d vehicles", form, err, len(doc.Vehicles))
	}
	page, err := html.Parse(strings.NewReader(b.read(form + "report.html")))
	if err != nil {
		b.t.Fatal(err)
	}
	scripts := 0
	for n := range page.Descendants() {
		switch n.Data {
		case "script":
			scripts++
		case "img", "iframe":
			b.t.Errorf("%sreport.html has an element %s", form, n.Data)
		}
	}
	if scripts != 2 {
		b.t.Errorf("%sreport.html has %d scripts, want its data and its own", form, scripts)
	}
	if text := b.read(form + "report.md"); len(text) > 65536 || strings.Contains(text, "<script") || strings.Contains(text, "<img") || regexp.MustCompile(`[^\\]\]\(`).MatchString(text) {
		b.t.Errorf("%sreport.md: %d bytes, or markup from outside", form, len(text))
	}
}
