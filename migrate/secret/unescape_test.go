package secret

import (
	"fmt"
	"html/template"
	"strings"
	"testing"
	"testing/iotest"
)

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "",
		"a&#43;b&amp;c&#34;&#x2b;&quot;":        `a+b&c"+"`,
		`a\_b\*c\\d\"`:                          `a_b*c\d"`,
		`\u002b\u00e9\ud83d\ude00\x2b\n`:        "+é😀+\n",
		"@<!-- -->x":                            "@x",
		`\uZZZZ \x2 \q & &; &nosuch; &# <!-- x`: `\uZZZZ \x2 \q & &; &nosuch; &# <!-- x`,
		`&amp;#43; \u0026#43;`:                  "&#43; &#43;",
		`ends in \`:                             `ends in \`,
		"%2B stays":                             "%2B stays",
	} {
		for cut := range len(in) + 1 {
			got, used := unescape(nil, []byte(in[:cut]), false)
			if got, _ = unescape(got, []byte(in[used:]), true); string(got) != want {
				t.Errorf("%q cut at %d: %q, want %q", in, cut, got, want)
			}
		}
	}
}

// Every format's way to write a secret is known, and that of formats which nobody thought of.
func TestFindWhatFormatsEscape(t *testing.T) {
	secrets := []string{odd, "under_score*star", "a+b/c=d==", `back\_sla%41sh&amp;"x`, `"quo""ted"`, "t\tab\nline é"}
	markdown := strings.NewReplacer("&", "&amp;", `\`, "&#92;", "_", `\_`, "*", `\*`, "<", "&lt;", ">", "&gt;", "@", "@<!-- -->", "#", `\#<!-- -->`, "|", "&#124;")
	for _, plain := range secrets {
		v := vaultWith(plain)
		for name, text := range map[string]string{
			"template":   template.HTMLEscapeString(plain),
			"attribute":  attribute(t, plain),
			"xml":        xmlEscaped(plain),
			"markdown":   markdown.Replace(plain),
			"json":       jsonEscaped(plain, true),
			"json raw":   jsonEscaped(plain, false),
			"csv":        strings.ReplaceAll(plain, `"`, `""`),
			"runner":     strings.NewReplacer("%", "%25", "\n", "%0A").Replace(plain),
			"all u":      every(plain, `\u%04x`),
			"all U":      every(plain, `\u%04X`),
			"entities":   every(plain, "&#%d;"),
			"entities x": every(plain, "&#x%04X;"),
		} {
			for at := chunk - len(text) - 1; at < chunk+2; at += 1 + len(text)/3 {
				line := strings.Repeat("-", at) + text + "-----"
				found, print, err := v.Find(iotest.HalfReader(strings.NewReader(line)))
				if !found || err != nil || print != New(plain).Fingerprint() {
					t.Fatalf("%q as %s at %d: found %v, fingerprint %q, err %v", plain, name, at, found, print, err)
				}
			}
		}
	}
}

func every(plain, format string) string {
	var text strings.Builder
	for _, r := range plain {
		fmt.Fprintf(&text, format, r)
	}
	return text.String()
}

func attribute(t *testing.T, plain string) string {
	var text strings.Builder
	if err := template.Must(template.New("").Parse(`<i title="{{.}}">`)).Execute(&text, plain); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
