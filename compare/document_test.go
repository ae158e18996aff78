package compare

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

func mustDocument(t testing.TB, body string) Document {
	t.Helper()
	d, err := ParseDocument([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return d
}

// inBody puts JSON where a signal's body stands, so that the rules for bodies apply.
func inBody(inner string) string {
	return `{"data":[{"id":"some-signal","attributes":{"body":` + inner + `}}]}`
}

// told writes differences in one line each, their pointers from the body on.
func toldOf(differences []Difference) string {
	var lines []string
	for _, d := range differences {
		pointer := strings.TrimPrefix(d.Pointer, "/data/some-signal/attributes/body")
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s>%s", d.Kind, pointer, d.Legacy, d.App)))
	}
	return strings.Join(lines, "; ")
}

func TestDifferencesOfBodies(t *testing.T) {
	for _, c := range []struct{ reason, legacy, app, want string }{
		{"the same", `{"value":1}`, `{"value":1}`, ""},
		{"members in another order", `{"a":1,"b":2}`, `{"b":2,"a":1}`, ""},
		{"numbers are numbers however written", `{"value":[1,10,0.5,0]}`, `{"value":[1.0,1e1,5e-1,-0.0]}`, ""},
		{"20 digits are not rounded", `{"value":12345678901234567890}`, `{"value":12345678901234567891}`, "changed /value 12345678901234567890>12345678901234567891"},
		{"a number is no text", `{"value":1}`, `{"value":"1"}`, `changed /value 1>"1"`},
		{"texts are exact", `{"value":"Off"}`, `{"value":"off"}`, `changed /value "Off">"off"`},
		{"null is not missing", `{"value":null}`, `{}`, "removed /value null>"},
		{"an empty list is not missing", `{"a":[]}`, `{}`, "removed /a []>"},
		{"an empty object is not an empty list", `{"a":{}}`, `{"a":[]}`, "changed /a {}>[]"},
		{"an object is no list of the same", `{"a":{"0":1}}`, `{"a":[1]}`, "changed /a {}>[]"},
		{"an unknown list is ordered", `{"steps":[1,2]}`, `{"steps":[2,1]}`, "changed /steps/0 1>2; changed /steps/1 2>1"},
		{"wheels in any order", `{"values":[{"row":0,"column":0,"p":1},{"row":0,"column":1,"p":2}]}`, `{"values":[{"row":0,"column":1,"p":2},{"row":0,"column":0,"p":1}]}`, ""},
		{"one wheel differs", `{"values":[{"row":0,"column":0,"p":1},{"row":0,"column":1,"p":2}]}`, `{"values":[{"row":0,"column":1,"p":3},{"row":0,"column":0,"p":1}]}`, "changed /values/row=0,column=1/p 2>3"},
		{"records by their id", `{"values":[{"id":"a","n":1},{"id":"b","n":1}]}`, `{"values":[{"id":"b","n":1},{"id":"a","n":2}]}`, "changed /values/a/n 1>2"},
		{"limits by their type", `{"values":[{"type":"GLOBAL","limit":80}]}`, `{"values":[{"type":"GLOBAL","limit":90},{"type":"CONNECTOR","limit":50}]}`,
			`added /values/CONNECTOR >{}; added /values/CONNECTOR/limit >50; added /values/CONNECTOR/type >"CONNECTOR"; changed /values/GLOBAL/limit 80>90`},
		{"two of one type are told by their content", `{"values":[{"type":"L","n":1},{"type":"L","n":2}]}`, `{"values":[{"type":"L","n":2},{"type":"L","n":1}]}`, ""},
		{"words are a set", `{"values":["a","b"]}`, `{"values":["b","a"]}`, ""},
		{"that counts", `{"values":["a","a","b"]}`, `{"values":["a","b","b"]}`, `changed /values/"a" 2>1; changed /values/"b" 1>2`},
		{"sets within an element", `{"values":[{"schedules":[{"start":"08:00","days":["MO","TU"]},{"start":"09:00","days":[]}]}]}`,
			`{"values":[{"schedules":[{"start":"09:00","days":[]},{"start":"08:00","days":["TU","MO"]}]}]}`, ""},
		{"names are escaped", `{"a/b~c":1}`, `{"a/b~c":2}`, "changed /a~1b~0c 1>2"},
		{"a body that is no object", `{"value":{"x":1}}`, `{"value":3}`, "changed /value {}>3; removed /value/x 1>"},
	} {
		got := toldOf(mustDocument(t, inBody(c.legacy)).Differences(mustDocument(t, inBody(c.app))))
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.reason, got, c.want)
		}
	}
}

// TestWhatIsLeftOut: addresses, times and the frame around the data are no differences; the car's attributes are.
func TestWhatIsLeftOut(t *testing.T) {
	answer := `{"data":[{"id":"a-b","attributes":{"code":"a-b","body":{"value":1}},"meta":{"oemUpdatedAt":"%s"},"links":{"self":"%s"}}],"meta":{"totalCount":1},"links":{"self":"%s"},
		"included":{"vehicle":{"id":"%s","attributes":{"make":"%s"},"links":{"self":"%s"}},"user":{"id":"%s"}}}`
	one := mustDocument(t, fmt.Sprintf(answer, "1", "1", "1", "1", "TESLA", "1", "1"))
	two := mustDocument(t, fmt.Sprintf(answer, "2", "2", "2", "2", "VOLVO", "2", "2"))
	if got, want := toldOf(one.Differences(two)), `changed /included/vehicle/attributes/make "TESLA">"VOLVO"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, r := range documentRules {
		if r.how == leftOut && r.why == "" {
			t.Errorf("%s is left out and nobody says why", r.pattern)
		}
	}
}

// TestAnyOrderOfARecordedAnswer: signals, wheels and doors of a recorded answer in any order are the same document.
func TestAnyOrderOfARecordedAnswer(t *testing.T) {
	body := testdata(t, "signals.json")
	want := mustDocument(t, string(body))
	for seed := range uint64(20) {
		v, err := parseBody(body)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := json.Marshal(shuffled(v, rand.New(rand.NewPCG(seed, 2))))
		if d := want.Differences(mustDocument(t, string(again))); len(d) > 0 {
			t.Fatalf("seed %d: %s", seed, toldOf(d))
		}
	}
}

func TestCanonicalNumbers(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"0.000", "0"}, {"0e999999999999", "0"}, {"1", "1"}, {"1.0", "1"}, {"100e-2", "1"}, {"1E3", "1000"}, {"-12.340", "-12.34"},
		{"0.05", "0.05"}, {"5e-2", "0.05"}, {"1e-30", "1e-30"}, {"1e30", "1e30"}, {"100000000000000000000", "100000000000000000000"}, {"1e99999999999999999999", "1e99999999999999999999"},
	} {
		if got := canonicalNumber(c.in); got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
}

// TestNoPlaceIsShown: places are compared, and neither pointers nor texts say where.
func TestNoPlaceIsShown(t *testing.T) {
	for _, c := range []struct{ reason, legacy, app string }{
		{"members", `{"latitude":52.516272,"longitude":13.377722}`, `{"latitude":48.858093,"longitude":2.294694}`},
		{"a number by another name", `{"here":[52.516272,13.377722]}`, `{"here":[48.858093,2.294694]}`},
		{"a text", `{"value":"52.516272,13.377722"}`, `{"value":"48.858093,2.294694"}`},
		{"in a set, as its key", `{"values":[{"a":1,"location":{"address":"Pariser Platz","latitude":52.516272}}]}`, `{"values":[{"a":1,"location":{"address":"Quai Branly","latitude":48.858093}}]}`},
		{"a set of numbers", `{"values":[52.516272]}`, `{"values":[48.858093]}`},
		{"a condition", `{"values":[{"type":"LOCATION","condition":{"name":"Pariser Platz"}}]}`, `{"values":[{"type":"LOCATION","condition":{"name":"Quai Branly"}}]}`},
		{"an exponent", `{"here":5.2516272e1}`, `{"here":4.8858093e1}`},
	} {
		differences := mustDocument(t, inBody(c.legacy)).Differences(mustDocument(t, inBody(c.app)))
		if len(differences) == 0 {
			t.Errorf("%s: not compared", c.reason)
		}
		wantNoPlace(t, c.reason, fmt.Sprintf("%+v", differences))
		for _, body := range []string{c.legacy, c.app} {
			v, _ := parseBody([]byte(body))
			wantNoPlace(t, c.reason, brief(canonicalText(v, []string{"data", "some-signal", "attributes", "body"}, true), maxText))
		}
	}
}

func wantNoPlace(t *testing.T, reason, text string) {
	t.Helper()
	for _, canary := range []string{"516", "377", "858", "294", "Platz", "Branly"} {
		if strings.Contains(text, canary) {
			t.Errorf("%s: %q is kept in %s", reason, canary, text)
		}
	}
}

// nested is a tree of lists, two by two, whose leaves are numbered from n on.
func nested(depth, n int) string {
	if depth == 0 {
		return fmt.Sprint(n)
	}
	half := 1 << (depth - 1)
	return "[" + nested(depth-1, n) + "," + nested(depth-1, n+half) + "]"
}

// TestNestedListsAreLinear: go-cmp on the decoded tree of the larger one, 34,000 nodes, takes many seconds (STYLE, traps).
// Allocations are counted, not seconds: they are the same on a busy machine. Sixteen times the leaves, and four levels more.
func TestNestedListsAreLinear(t *testing.T) {
	work := func(depth int, format string) float64 {
		legacy, app := fmt.Sprintf(format, nested(depth, 0)), fmt.Sprintf(format, nested(depth, 100_000))
		return testing.AllocsPerRun(1, func() {
			if len(mustDocument(t, legacy).Differences(mustDocument(t, app))) == 0 {
				t.Error("no differences")
			}
		})
	}
	for reason, format := range map[string]string{"ordered": `{"a":%s}`, "a set": inBody(`{"values":%s}`)} {
		if small, large := work(10, format), work(14, format); large > 32*small {
			t.Errorf("%s: %.0f allocations became %.0f", reason, small, large)
		}
	}
}

func BenchmarkDifferences(b *testing.B) {
	one, two := mustDocument(b, `{"a":`+nested(14, 0)+`}`), mustDocument(b, `{"a":`+nested(14, 100_000)+`}`)
	for b.Loop() {
		one.Differences(two)
	}
}

// FuzzDocument: a document equals itself and any other writing of itself, and two documents are equal exactly where their
// canonical texts are.
func FuzzDocument(f *testing.F) {
	names := []string{`{"data":[{"id":"a","attributes":{"body":{"values":[1,1.0,"1"]}}}]}`, `{"a":{"0":1}}`, `{"a":[1]}`, `{"values":[{"row":0,"column":1},{"row":0}]}`, `[[],{}]`, `{"":{"":0}}`, `{"a/b":1,"a":{"b":1}}`}
	for _, one := range names {
		for _, two := range names {
			f.Add([]byte(one), []byte(two))
		}
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		a, errA := parseBody(one)
		b, errB := parseBody(two)
		if errA != nil || errB != nil {
			return
		}
		again, _ := json.Marshal(a)
		if d := newDocument(a).Differences(mustDocument(t, string(again))); len(d) > 0 {
			t.Fatalf("%s is not itself: %s", one, toldOf(d))
		}
		differences := newDocument(a).Differences(newDocument(b))
		if same := canonicalText(a, nil, false) == canonicalText(b, nil, false); same != (len(differences) == 0) {
			t.Fatalf("%s and %s: %v by their texts, but %s", one, two, same, toldOf(differences))
		}
		for _, d := range differences {
			if len([]rune(d.Pointer)) > maxPointer || len([]rune(d.Legacy)) > maxText || len([]rune(d.App)) > maxText {
				t.Fatalf("too long: %+v", d)
			}
		}
	})
}

// FuzzCanonicalNumber: the text is the number, exactly.
func FuzzCanonicalNumber(f *testing.F) {
	for _, s := range []string{"1", "-0.10e2", "12345678901234567890.5", "1e-25", "9e21", "00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !json.Valid([]byte(s)) || strings.TrimSpace(s) != s || !strings.ContainsAny(s[:1], "-0123456789") || len(s) > 40 {
			return
		}
		if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 4 {
			return // big.Rat would write it out
		}
		want, ok := new(big.Rat).SetString(s)
		got, is := new(big.Rat).SetString(canonicalNumber(s))
		if !ok || !is || want.Cmp(got) != 0 || canonicalNumber(canonicalNumber(s)) != canonicalNumber(s) {
			t.Fatalf("%s became %s", s, canonicalNumber(s))
		}
	})
}
