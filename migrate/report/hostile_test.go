package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// hostileStrings are what labels, makes, error codes and ids may hold.
func hostileStrings() []string {
	return []string{
		"</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "]]>", "<!--", "--><script>", "javascript:alert(1)",
		"`code` | pipe || \\| end", "[link](https://evil.example)", "https://evil.example www.evil.example", "@everyone #1 **bold** _it_ ~~no~~ <b>", "- item", "+ item", "= head",
		"line\nbreak\r\n| a | b |\n# head", "\x1b[31mred\x1b]8;;https://evil.example\x07", "nul\x00byte", "\u202eright to left\u2066", "\u2028line", "bad utf8 \xff\xfe", "{{.}}", "${x}", "=cmd()", "+1", "-1", "@x", "x;=cmd()", "\t=1", "lone\rreturn", "\r=1", "\ufeff=1", "＝cmd()",
		"::error::x", "::stop-commands::x", "%0A::error::x", "##[add-mask]x", "title=x,file=y::z", "\ufffe\uffff", "\x0b\x0c\x7f\u0085", "\ud7ff\U0010ffff", "&amp;&#0;&lt;", "<![CDATA[", "```\nx\n```", "    code", "1. one", "> quote",
		"| --- |", "---", "<details>", "<!-- -->", "'; DROP TABLE", "\"quoted\", \"cell\"", "\\", "*", "_", "",
		strings.Repeat("long ", 2000), strings.Repeat("W", 10_000), strings.Repeat("漢", 3000), "e\u0301\u200d👩‍🚒",
	}
}

func everyHostileString() []string { return hostileStrings() }

// hostile is a report with the strings in every place that holds one, but for the closed lists.
func hostile(texts []string) Report {
	s := sampleSummary()
	var causes []Cause
	var fleet []Vehicle
	s.Outcomes = map[string]map[string]int{}
	for i, x := range texts {
		c := rewrite(Cause{Code: "x", Field: "x", Make: "x", ErrorCode: "x", Title: "x", Fingerprint: "x", Example: "x", Meaning: "x", Action: "x", Who: "x"}, func(t string) string { return replaced(t, x) })
		c.Verdict, c.Vehicles = "blocked", 100-i
		causes = append(causes, c)
		s.Notes = append(s.Notes, Note{x, i, x, []string{x}})
		s.Gates = append(s.Gates, Gate{x, "no", x})
		s.Outcomes[x] = map[string]int{"match": 1}
		group := Group{Name: x, Vehicles: 2, Verdicts: Verdicts{Ready: 1, Blocked: 1}}
		s.Makes, s.Cohorts = append(s.Makes, MakeGroup{group, s.Outcomes}), append(s.Cohorts, group)
		side := &Observation{Value: map[string]any{x: []any{x}}, Unit: x, Source: x, Error: x}
		v := Vehicle{VehicleID: x, UserID: x, SuggestedUserID: new(x), SuggestedVehicleID: new(x), Label: x, Cohort: x, Make: x, Model: x, Mode: x, Verdict: "blocked", Identity: x,
			Causes: []CauseRef{{x, x, x, false}}, Notes: []CauseRef{{x, x, x, true}}, RequestIDs: RequestIDs{[]string{x}, []string{x}},
			Fields: []Field{{x, "differs", side, &Observation{Value: x}, x}}}
		fleet = append(fleet, v)
	}
	s.Causes, s.Run.NotExamined = causes, texts
	s.Changes = hostileChanges(texts)
	s.History = &History{Ended: texts[0], Runs: []PastRun{{ID: texts[0], Alike: true, Unlike: texts}}}
	s.Run.Stopped, s.Run.Only = texts[0], texts[0]
	s.Run.ID, s.Tool.Version, s.Run.Fields = texts[0], texts[0], texts[1%len(texts)]
	return reportOf(s, fleet)
}

func replaced(text, by string) string { return strings.ReplaceAll(text, "x", by) }

func TestHostileTerminal(t *testing.T) {
	for _, width := range []int{0, 1, 60, 200} {
		out := string(rendered(t, "terminal", hostile(hostileStrings()), Options{Width: width, Dir: "out\x1b[2J"}))
		for n, line := range strings.Split(out, "\n") {
			if visible(line) > terminalWidth(width) {
				t.Errorf("width %d, line %d has %d columns: %q", width, n+1, visible(line), line)
			}
			if i := strings.IndexFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' || r == '\u2066' }); i >= 0 {
				t.Errorf("line %d steers the terminal: %q", n+1, line)
			}
		}
	}
}

// cellBreak is a pipe that ends a table cell.
var cellBreak = regexp.MustCompile(`[^\\]\|`)

// escapedMarkdown is a character that the parser takes as text.
var escapedMarkdown = regexp.MustCompile(`\\[!-/:-@\[-` + "`" + `{-~]|&#?[a-z0-9]+;`)

func TestHostileMarkdown(t *testing.T) {
	for _, x := range hostileStrings() {
		out := string(rendered(t, "markdown", hostile([]string{x}), Options{}))
		if len(out) > maxMarkdown {
			t.Errorf("%.20q: %d bytes", x, len(out))
		}
		header := 0
		for n, line := range strings.Split(out, "\n") {
			cells := len(cellBreak.FindAllString(" "+line, -1))
			switch {
			case !strings.HasPrefix(line, "|"):
				header = 0
			case header == 0:
				header = cells
			case cells != header:
				t.Errorf("%.20q: line %d has %d cells for %d: %.120q", x, n+1, cells-1, header-1, line)
			}
			for _, bad := range []string{"<script", "<img", "<b>", "<svg", "](http", "https://", "www.", "@everyone", "#1", "**bold", "[link]"} {
				if strings.Contains(escapedMarkdown.ReplaceAllString(line, "?"), bad) {
					t.Errorf("%.20q: line %d holds %q: %.120q", x, n+1, bad, line)
				}
			}
		}
	}
}

var scripts = regexp.MustCompile(`(?s)<script[^>]*>(.*?)</script>`)

// TestPageData reads the list's data as the page's script does.
func TestPageData(t *testing.T) {
	page := rendered(t, "html", hostile(hostileStrings()), Options{})
	blocks := scripts.FindAllSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d script blocks, want the data and the script", len(blocks))
	}
	var list vehicleList
	if err := json.Unmarshal(blocks[0][1], &list); err != nil {
		t.Fatal(err)
	}
	if len(list.IDs) != len(hostileStrings()) || list.IDs[0] != hostileStrings()[0] {
		t.Errorf("ids are %.80q", list.IDs)
	}
	if string(blocks[1][1]) != pageJS || !strings.Contains(policy(), hashOf(pageJS)) {
		t.Error("the script is not the one that the policy allows")
	}
	if !bytes.Contains(page, []byte("<style>"+pageCSS+"</style>")) {
		t.Error("the style is not the one that the policy allows")
	}
}
