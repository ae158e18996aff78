package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// xsd is the part of XML Schema that junit.xsd uses.
type xsd struct {
	Elements []xsdElement `xml:"element"`
}

type xsdElement struct {
	Name string `xml:"name,attr"`
	Type struct {
		Mixed    bool       `xml:"mixed,attr"`
		Children []xsdChild `xml:"sequence>element"`
		Attrs    []xsdAttr  `xml:"attribute"`
	} `xml:"complexType"`
}

type xsdChild struct {
	Ref string `xml:"ref,attr"`
	Max string `xml:"maxOccurs,attr"`
}

type xsdAttr struct {
	Name string `xml:"name,attr"`
	Type string `xml:"type,attr"`
	Use  string `xml:"use,attr"`
}

var xsdTypes = map[string]*regexp.Regexp{
	"xs:string": regexp.MustCompile(`(?s)^.*$`), "xs:nonNegativeInteger": regexp.MustCompile(`^\d+$`), "xs:decimal": regexp.MustCompile(`^-?\d+(\.\d+)?$`),
	"xs:dateTime": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`),
}

// xmlNode is any element.
type xmlNode struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []xmlNode  `xml:",any"`
	Text     string     `xml:",chardata"`
}

func (n xmlNode) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func junitSchema(t *testing.T) map[string]xsdElement {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "report", "junit.xsd"))
	if err != nil {
		t.Fatal(err)
	}
	var schema xsd
	if err := xml.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	out := map[string]xsdElement{}
	for _, e := range schema.Elements {
		out[e.Name] = e
	}
	return out
}

// parsedJUnit reads a report and holds it against junit.xsd.
func parsedJUnit(t *testing.T, text []byte) xmlNode {
	t.Helper()
	var root xmlNode
	if err := xml.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	if err := againstXSD(junitSchema(t), root); err != nil {
		t.Error(err)
	}
	return root
}

func againstXSD(schema map[string]xsdElement, n xmlNode) error {
	e, known := schema[n.XMLName.Local]
	if !known || n.XMLName.Space != "" {
		return fmt.Errorf("no element %v", n.XMLName)
	}
	if !e.Type.Mixed && strings.TrimSpace(n.Text) != "" {
		return fmt.Errorf("%s holds the text %q", e.Name, n.Text)
	}
	errs := []error{e.checkAttrs(n), e.checkOrder(n)}
	for _, child := range n.Children {
		errs = append(errs, againstXSD(schema, child))
	}
	return errors.Join(errs...)
}

func (e xsdElement) checkAttrs(n xmlNode) error {
	seen := map[string]string{}
	for _, a := range n.Attrs {
		if _, twice := seen[a.Name.Local]; twice {
			return fmt.Errorf("%s has %s twice", e.Name, a.Name.Local)
		}
		seen[a.Name.Local] = a.Value
	}
	for _, a := range e.Type.Attrs {
		value, is := seen[a.Name]
		if !is && a.Use == "required" || is && !xsdTypes[a.Type].MatchString(value) {
			return fmt.Errorf("%s: %s is %q, want %s %s", e.Name, a.Name, value, a.Use, a.Type)
		}
		delete(seen, a.Name)
	}
	if len(seen) > 0 {
		return fmt.Errorf("%s has attributes that do not exist: %v", e.Name, seen)
	}
	return nil
}

// checkOrder: every child is where the sequence has it, and not more often.
func (e xsdElement) checkOrder(n xmlNode) error {
	at, times := 0, 0
	for _, child := range n.Children {
		for at < len(e.Type.Children) && e.Type.Children[at].Ref != child.XMLName.Local {
			at, times = at+1, 0
		}
		if times++; at == len(e.Type.Children) || e.Type.Children[at].Max == "1" && times > 1 {
			return fmt.Errorf("%s has %s where it may not be", e.Name, child.XMLName.Local)
		}
	}
	return nil
}

// junitCounts are the cases of a suite by what they hold.
func junitCounts(root xmlNode) map[string]int {
	out := map[string]int{}
	for _, n := range root.Children[0].Children {
		if n.XMLName.Local != "testcase" {
			continue
		}
		out["tests"]++
		for _, c := range n.Children {
			out[c.XMLName.Local]++
		}
	}
	return out
}

func TestJUnitIsOneCasePerVehicle(t *testing.T) {
	fleet := append(sampleVehicles(), Vehicle{VehicleID: "left out", Verdict: "inconclusive", Undrawn: true})
	for name, r := range map[string]Report{"private": reportOf(sampleSummary(), fleet), "share": Share(reportOf(sampleSummary(), fleet), shareKey)} {
		root := parsedJUnit(t, rendered(t, "junit", r, Options{}))
		suite, got := root.Children[0], junitCounts(root)
		for attr, element := range map[string]string{"tests": "tests", "failures": "failure", "errors": "error", "skipped": "skipped"} {
			if suite.attr(attr) != fmt.Sprint(got[element]) || got[element] == 0 {
				t.Errorf("%s: %s is %q, the cases are %v", name, attr, suite.attr(attr), got)
			}
		}
		blocked := suite.Children[4]
		if name == "private" && (blocked.attr("name") != vehicleID(3)+" "+sampleLabel || blocked.attr("classname") != "scmigrate.POLESTAR" || !strings.Contains(blocked.Children[0].Text, "change the code to do without it")) {
			t.Errorf("the blocked vehicle is %+v", blocked)
		}
	}
}

func TestJUnitSchemaSeesFaults(t *testing.T) {
	schema := junitSchema(t)
	for _, text := range []string{
		`<testsuites tests="1" failures="0"/>`, `<testsuites tests="-1" failures="0" errors="0"/>`, `<testsuites tests="1" failures="0" errors="0" x="1"/>`, `<testsuites tests="1" failures="0" errors="0">x</testsuites>`,
		`<testcase name="a" classname="b"><failure/><failure/></testcase>`, `<testcase name="a" classname="b"><failure/><skipped/></testcase>`, `<script/>`, `<testcase name="a" classname="b"><script/></testcase>`,
	} {
		var n xmlNode
		if err := xml.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		if againstXSD(schema, n) == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}

// TestFleetFormatsHoldNoFleet renders thirty thousand vehicles that exist one at a time.
func TestFleetFormatsHoldNoFleet(t *testing.T) {
	v := sampleVehicles()[3]
	r := reportOf(sampleSummary(), nil)
	var most uint64
	r.Vehicles = func() iter.Seq2[Vehicle, error] {
		return func(yield func(Vehicle, error) bool) {
			for i := range 30_000 {
				if i%10_000 == 9_999 {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
				if !yield(v, nil) {
					return
				}
			}
		}
	}
	for _, format := range []string{"junit", "csv"} {
		var before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		size := &counter{}
		if most = 0; Render(size, format, r, Options{}) != nil || size.n < 9<<20 {
			t.Errorf("%s: %d bytes", format, size.n)
		}
		if grown := int64(most) - int64(before.HeapAlloc); grown > 5<<20 {
			t.Errorf("%s holds %d bytes while it writes %d", format, grown, size.n)
		}
	}
}

// counter counts what is written.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

var _ io.Writer = (*counter)(nil)

func TestXMLText(t *testing.T) {
	for text, want := range map[string]string{
		"]]> <a b='c\"&": "]]&gt; &lt;a b=&#39;c&#34;&amp;", "\x00\x0b\x1b": "\uFFFD\uFFFD\uFFFD", "\uFFFE\uFFFF": "\uFFFD\uFFFD", "a\nb": "a\nb", "\xff": "\uFFFD", "é漢👩": "é漢👩",
	} {
		if got := xmlText(text); got != want || bytes.ContainsRune([]byte(got), 0) {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
