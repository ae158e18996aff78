package rules

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGateGrammar(t *testing.T) {
	for _, c := range []struct {
		text string
		want Gate
		said string // the one spelling; "" where text is in it
	}{
		{"blocked == 0", Gate{Count: "blocked", Op: "=="}, ""},
		{"blocked==0", Gate{Count: "blocked", Op: "=="}, "blocked == 0"},
		{"  ready\t>=\t100 ", Gate{Count: "ready", Op: ">=", Number: 100}, "ready >= 100"},
		{"new-blocked < 3", Gate{Count: "new-blocked", Op: "<", Number: 3}, ""},
		{"inconclusive<=2%", Gate{Count: "inconclusive", Op: "<=", Number: 2, Percent: true}, "inconclusive <= 2%"},
		{"broken > 0.0001 %", Gate{Count: "broken", Op: ">", Number: 0.0001, Percent: true}, "broken > 0.0001%"},
		{"blocked <= 1% @95%", Gate{Count: "blocked", Op: "<=", Number: 1, Percent: true, Confidence: 95}, ""},
		{"blocked <= 1%@ 99.9 %", Gate{Count: "blocked", Op: "<=", Number: 1, Percent: true, Confidence: 99.9}, "blocked <= 1% @99.9%"},
		{"proven >= 95% in cohort eu-pilot", Gate{Count: "proven", Op: ">=", Number: 95, Percent: true, Cohort: "eu-pilot"}, ""},
		{"proven >= 95% @90% in make TESLA", Gate{Count: "proven", Op: ">=", Number: 95, Percent: true, Confidence: 90, Make: "TESLA"}, ""},
		{"lost == 0 in make 'LAND ROVER'", Gate{Count: "lost", Op: "==", Make: "LAND ROVER"}, `lost == 0 in make "LAND ROVER"`},
		{`lost == 0 in cohort 'a "b" c'`, Gate{Count: "lost", Op: "==", Cohort: `a "b" c`}, ""},
		{`lost == 0 in cohort "it's"`, Gate{Count: "lost", Op: "==", Cohort: "it's"}, ""},
		{"lost == 0 in cohort Größe/1", Gate{Count: "lost", Op: "==", Cohort: "Größe/1"}, ""},
		{"unverifiable of security.doors.frontLeft <= 5%", Gate{Count: "unverifiable", Field: "security.doors.frontLeft", Op: "<=", Number: 5, Percent: true}, ""},
	} {
		g, err := ParseGate(c.text)
		if d := cmp.Diff(c.want, g); err != nil || d != "" {
			t.Errorf("%q: %v\n%s", c.text, err, d)
		}
		if want := c.said; g.String() != want && (want != "" || g.String() != c.text) {
			t.Errorf("%q is said as %q", c.text, g)
		}
		encoded, err := json.Marshal(g)
		var again Gate
		if err2 := json.Unmarshal(encoded, &again); err != nil || err2 != nil || again != g {
			t.Errorf("%q became %s and %+v: %v %v", c.text, encoded, again, err, err2)
		}
	}
}

// TestGateErrors: the golden files hold the others; here is the form on the command line.
func TestGateErrors(t *testing.T) {
	_, err := ParseGate("bloked == 0")
	if err == nil || err.Error() != `unknown count "bloked" (did you mean blocked?)` {
		t.Error(err)
	}
	if _, err := ParseGate("blocked <= 101%"); err == nil || err.Error() != "a percentage is over 100%" {
		t.Error(err)
	}
}

// TestHolds: each comparison below, at and above its number.
func TestHolds(t *testing.T) {
	for op, want := range map[string][3]bool{"==": {false, true, false}, "<=": {true, true, false}, ">=": {false, true, true}, "<": {true, false, false}, ">": {false, false, true}} {
		for _, number := range []float64{1, 2.5, 33.3333} {
			for i, n := range []float64{number - 0.0001, number, number + 0.0001} {
				if got := (Gate{Op: op, Number: number}).Holds(n); got != want[i] {
					t.Errorf("%v %s %v: %v", n, op, number, got)
				}
			}
		}
	}
	if g := (Gate{Op: "<=", Number: 0.1}); !g.Holds(100 * 1.0 / 1000) {
		t.Error("1 of 1000 is not 0.1%: float arithmetic shows")
	}
}

func FuzzGate(f *testing.F) {
	f.Add("proven >= 95% @90% in make 'LAND ROVER'")
	f.Add("unverifiable of location <= 5%")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ParseGate(text)
		if err != nil {
			return
		}
		if again, err := ParseGate(g.String()); err != nil || again != g {
			t.Errorf("%q is said as %q, which is %+v, %v", text, g, again, err)
		}
	})
}
