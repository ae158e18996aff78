package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
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
		"line\nbreak\r\n| a | b |\n# head", "\x1b[31mred\x1b]8;;https://evil.example\x07", "nul\x00byte", "\u202eright to left\u2066", "\u2028line", "bad utf8 \xff\xfe", "{{.}}", "${x}", "=cmd()", "",
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
		side := &Observation{Value: map[string]any{x: []any{x}}, Unit: x, Source: x, Error: x}
		v := Vehicle{VehicleID: x, UserID: x, SuggestedUserID: new(x), SuggestedVehicleID: new(x), Label: x, Cohort: x, Make: x, Model: x, Mode: x, Verdict: "blocked", Identity: x,
			Causes: []CauseRef{{x, x, x, false}}, Notes: []CauseRef{{x, x, x, true}}, RequestIDs: RequestIDs{[]string{x}, []string{x}},
			Fields: []Field{{x, "differs", side, &Observation{Value: x}, x}}}
		fleet = append(fleet, v)
	}
	s.Causes, s.Run.NotExamined = causes, texts
	s.Changes = hostileChanges(texts)
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

func TestTerminalColour(t *testing.T) {
	plainText := rendered(t, "terminal", sample(), Options{})
	coloured := rendered(t, "terminal", sample(), Options{Color: true})
	if bytes.Contains(plainText, []byte("\x1b")) || !bytes.Contains(coloured, []byte("\x1b[1;31mNO-GO\x1b[0m")) {
		t.Error("colour is not what the option says")
	}
	if got := ansi.ReplaceAll(coloured, nil); !bytes.Equal(got, plainText) {
		t.Error("colour changes the text")
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

func TestMarkdownFitsAComment(t *testing.T) {
	s := sampleSummary()
	for len(s.Causes) < 2000 {
		s.Causes = append(s.Causes, s.Causes[0])
	}
	out := string(rendered(t, "markdown", reportOf(s, sampleVehicles()), Options{}))
	if len(out) > maxMarkdown || !strings.HasSuffix(out, markdownCut) || !strings.Contains(out, "## NO-GO") {
		t.Errorf("%d bytes, ends %q", len(out), out[len(out)-80:])
	}
}

var (
	scripts = regexp.MustCompile(`(?s)<script[^>]*>(.*?)</script>`)
	styles  = regexp.MustCompile(`(?s)<style>.*?</style>`)
)

// TestHostileHTML walks the page's elements: only the template's own may be there, and no attribute may run anything.
func TestHostileHTML(t *testing.T) {
	want := elements(t, rendered(t, "html", hostile([]string{"harmless", "harmless"}), Options{}))
	for _, x := range hostileStrings() {
		if x == "" {
			continue // leaves out optional parts
		}
		page := rendered(t, "html", hostile([]string{x, x}), Options{})
		if got := elements(t, page); got != want {
			t.Errorf("%.30q changes the page's elements:\n%s\nwant\n%s", x, got, want)
		}
		if bytes.ContainsRune(page, 0) || bytes.ContainsRune(page, '\u202e') || bytes.ContainsRune(page, '\x1b') {
			t.Errorf("%.30q: a control character is in the page", x)
		}
	}
}

// elements lists every start tag with its attributes' names, and fails on one that could run or fetch something.
func elements(t *testing.T, page []byte) string {
	t.Helper()
	page = styles.ReplaceAll(scripts.ReplaceAll(page, []byte("<script></script>")), []byte("<style></style>"))
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var out strings.Builder
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			fmt.Fprint(&out, e.Name.Local)
			for _, a := range e.Attr {
				checkAttribute(t, a)
				fmt.Fprint(&out, " ", a.Name.Local)
			}
			out.WriteString("\n")
		}
	}
}

func checkAttribute(t *testing.T, a xml.Attr) {
	t.Helper()
	name := strings.ToLower(a.Name.Local)
	outside := (name == "href" || name == "src") && !strings.HasPrefix(a.Value, "#") && a.Value != "data:,"
	if strings.HasPrefix(name, "on") || name == "style" || name == "srcdoc" || outside {
		t.Errorf("attribute %s=%.60q", a.Name.Local, a.Value)
	}
}

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
