package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yuin/goldmark/ast"
	"golang.org/x/net/html"
)

// skeletons read a format with its own parser and tell what is left of a document when every text is taken away. Each
// also fails on what must not be in any text.
func skeletons(t *testing.T) map[string]func(t *testing.T, source []byte) string {
	jsonSkeleton := jsonSkeletonUnder(compiledSchema(t))
	return map[string]func(*testing.T, []byte) string{
		"html": htmlSkeleton, "markdown": markdownSkeleton, "json": jsonSkeleton, "junit": junitSkeleton, "csv": csvSkeleton, "github": githubSkeleton, "terminal": terminalSkeleton,
	}
}

// TestHostileStringsChangeNoStructure puts every hostile string into every place of a report, and that through every
// format and back by the format's own parser: what comes out is built as a harmless report is.
func TestHostileStringsChangeNoStructure(t *testing.T) {
	parsers := skeletons(t)
	for _, f := range formats() {
		skeleton := parsers[f.name]
		if skeleton == nil {
			t.Fatalf("format %s has no parser here", f.name)
		}
		t.Run(f.name, func(t *testing.T) {
			for form, made := range map[string]func([]string) Report{"private": hostile, "share": func(x []string) Report { return Share(hostile(x), shareKey) }} {
				want := skeleton(t, rendered(t, f.name, made([]string{"harmless", "harmless"}), Options{}))
				for _, x := range hostileStrings() {
					source := rendered(t, f.name, made([]string{x, x}), Options{})
					if x == "" || bytes.Contains(source, []byte("Left out to fit")) { // both leave out optional parts
						skeleton(t, source)
						continue
					}
					if diff := cmp.Diff(want, skeleton(t, source)); diff != "" {
						t.Errorf("%s: %.40q changes the structure (-want +got):\n%.2000s", form, x, diff)
					}
				}
			}
		})
	}
}

// htmlSkeleton lists every element with its attributes' names, and fails on one that could run or fetch something.
func htmlSkeleton(t *testing.T, source []byte) string {
	t.Helper()
	checkNoControl(t, source)
	doc, err := html.Parse(bytes.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for n := range doc.Descendants() {
		switch n.Type {
		case html.ElementNode:
			out.WriteString(n.Data)
			for _, a := range n.Attr {
				checkAttribute(t, a)
				out.WriteString(" " + a.Key)
			}
			out.WriteString("\n")
		case html.CommentNode:
			t.Errorf("a comment: %.60q", n.Data)
		}
	}
	return out.String()
}

func checkAttribute(t *testing.T, a html.Attribute) {
	t.Helper()
	outside := (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(a.Val, "#") && a.Val != "data:,"
	if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" || outside {
		t.Errorf("attribute %s=%.60q", a.Key, a.Val)
	}
}

// checkNoControl: nothing may steer what shows the text.
func checkNoControl(t *testing.T, source []byte) {
	t.Helper()
	for _, r := range string(source) {
		if r != '\n' && r != '\r' && r != '\u200c' && r != '\u200d' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028') {
			t.Errorf("the control character %U is in the text", r)
			return
		}
	}
}

// markdownSkeleton lists every node that is not text. The empty comment that breaks mentions is text; other HTML is not.
func markdownSkeleton(t *testing.T, source []byte) string {
	t.Helper()
	checkNoControl(t, source)
	if len(source) > maxMarkdown {
		t.Errorf("%d bytes", len(source))
	}
	var out strings.Builder
	err := ast.Walk(parsedMarkdown(source), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text, *ast.String:
			return ast.WalkContinue, nil
		case *ast.RawHTML:
			if raw := string(n.Segments.Value(source)); entering && raw != "<!-- -->" && raw != "<br>" {
				t.Errorf("raw HTML: %q", raw)
			}
			return ast.WalkContinue, nil
		case *ast.HTMLBlock, *ast.Link, *ast.AutoLink, *ast.Image:
			t.Errorf("a %s is in the report", n.Kind())
		}
		if entering {
			fmt.Fprintln(&out, n.Kind())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// jsonSkeletonUnder lists every member and element, the keys of outcomes and values left out, which are data. The document
// keeps its schema.
func jsonSkeletonUnder(schema *jsonschema.Schema) func(t *testing.T, source []byte) string {
	return func(t *testing.T, source []byte) string {
		t.Helper()
		checkNoControl(t, source)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
		var out strings.Builder
		writeShape(&out, "", value)
		return out.String()
	}
}

func writeShape(out *strings.Builder, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if strings.HasSuffix(path, "outcomes") || strings.HasSuffix(path, "value") {
				writeShape(out, path+".*", value[key])
			} else {
				writeShape(out, path+"."+key, value[key])
			}
		}
	case []any:
		for i, item := range value {
			writeShape(out, fmt.Sprint(path, i), item)
		}
	default:
		fmt.Fprintf(out, "%s %T\n", path, value)
	}
}

// junitSkeleton lists every element with its attributes' names. The document keeps its schema.
func junitSkeleton(t *testing.T, source []byte) string {
	t.Helper()
	checkNoControl(t, source)
	root := parsedJUnit(t, source)
	if counts := junitCounts(root); counts["tests"] == 0 || counts["tests"] != counts["failure"] {
		t.Errorf("cases are %v", counts)
	}
	var out strings.Builder
	root.write(&out)
	return out.String()
}

func (n xmlNode) write(out *strings.Builder) {
	out.WriteString(n.XMLName.Local)
	for _, a := range n.Attrs {
		out.WriteString(" " + a.Name.Local)
	}
	out.WriteString("\n")
	for _, child := range n.Children {
		child.write(out)
	}
}

// csvSkeleton is the number of rows, each as wide as the header; no cell may begin a formula.
func csvSkeleton(t *testing.T, source []byte) string {
	t.Helper()
	checkNoControl(t, source)
	rows := parsedCSV(t, source)
	for _, row := range rows {
		for _, cell := range row {
			if start := strings.TrimLeft(cell, `" `); strings.IndexAny(start, formulaStarts) == 0 {
				t.Errorf("a cell begins a formula: %.60q", cell)
			}
		}
	}
	return fmt.Sprint(len(rows))
}

// githubSkeleton lists the annotations by level: a runner sees nothing else.
func githubSkeleton(t *testing.T, source []byte) string {
	t.Helper()
	checkNoControl(t, source)
	var levels []string
	for _, a := range parsedAnnotations(t, source) {
		levels = append(levels, a.level)
	}
	return fmt.Sprint(levels)
}

// terminalSkeleton has no structure to change: see TestHostileTerminal.
func terminalSkeleton(t *testing.T, source []byte) string {
	t.Helper()
	checkNoControl(t, source)
	return ""
}

// TestJSONHoldsHostileStringsWhole: the formats for people may cut and replace; report.json says what was there.
func TestJSONHoldsHostileStringsWhole(t *testing.T) {
	for _, x := range hostileStrings() {
		var back struct{ Vehicles []Vehicle }
		if err := json.Unmarshal(rendered(t, "json", hostile([]string{x}), Options{}), &back); err != nil {
			t.Fatal(err)
		}
		want := strings.Map(func(r rune) rune { return r }, x) // invalid bytes become U+FFFD, one each
		v := back.Vehicles[0]
		for member, got := range map[string]string{"label": v.Label, "cohort": v.Cohort, "make": v.Make, "model": v.Model, "userId": v.UserID, "detail": v.Causes[0].Detail, "note": v.Fields[0].Note} {
			if got != want {
				t.Errorf("%s of %.40q is %.40q", member, x, got)
			}
		}
	}
}
