package cli

import (
	"strings"
	"testing"

	"scmigrate/migrate/rotate"
)

// TestInert goes byte by byte, too: where a text is cut changes nothing.
func TestInert(t *testing.T) {
	for text, want := range map[string]string{
		"::error::x\n":                 ": :error::x\n",
		"a\n \t::x::\r::y::\n":         "a\n \t: :x::\r: :y::\n",
		":::error:::x":                 ": ::error:::x",
		"\u00a0\u2003::x::":            "\u00a0\u2003: :x::",
		"word ::x:: a::b":              "word ::x:: a::b",
		"x ##[y] ###[z] #[ ## [":       "x ## [y] ### [z] #[ ## [",
		"::":                           ": :",
		":\n:":                         ":\n:",
		"\x0b\x0c\u0085::stop::x":      "\x0b\x0c\u0085: :stop::x",
		"12:30:45 https://[::1]:8787/": "12:30:45 https://[::1]:8787/",
		"":                             "",
	} {
		var whole, cut strings.Builder
		in := &inert{w: &whole}
		if n, err := in.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%q: %d, %v", text, n, err)
		}
		in = &inert{w: &cut}
		for i := range len(text) {
			_, _ = in.Write([]byte(text[i : i+1]))
		}
		if whole.String() != want || cut.String() != want {
			t.Errorf("%q becomes %q, cut %q, want %q", text, whole.String(), cut.String(), want)
		}
	}
}

// TestFormulasOfLostOwners: the list of owners who must connect again is opened in spreadsheets.
func TestFormulasOfLostOwners(t *testing.T) {
	var out strings.Builder
	lost := []rotate.Lost{{Why: "-refused", Vehicles: []rotate.Vehicle{{VehicleID: "@SUM(1)", UserID: "=1+1"}}}}
	if err := writeLost(&out, lost); err != nil || out.String() != "userId,vehicleId,reason\n'=1+1,'@SUM(1),'-refused\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
