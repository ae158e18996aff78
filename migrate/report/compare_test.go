package report

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
)

// seen is a look at a vehicle by what each run said: "blocked a b" is a verdict with causes, "" a run without it.
func seen(ordinal int, was, is string) look {
	of := func(text string) *word {
		verdict, causes, _ := strings.Cut(text, " ")
		if verdict == "" {
			return nil
		}
		w := &word{Judgement: migrate.Judgement{Verdict: migrate.Verdict(verdict)}, causes: map[causeKey]bool{}}
		for _, code := range strings.Fields(causes) {
			w.causes[causeKey{code: code}] = true
		}
		return w
	}
	return look{ordinal: ordinal, vehicleID: vehicleID(ordinal), was: of(was), is: of(is)}
}

// TestFates: what has become of a vehicle, and of its cause a.
func TestFates(t *testing.T) {
	for _, c := range []struct{ was, is, vehicle, cause string }{
		{"ready", "ready", "unchanged", ""},
		{"blocked a", "blocked a", "unchanged", "unchanged"},
		{"blocked a", "blocked b", "changed", "fixed"},
		{"blocked a", "blocked a b", "changed", "unchanged"},
		{"blocked a", "broken b", "changed", "fixed"},
		{"blocked a", "ready", "fixed", "fixed"},
		{"blocked a", "inconclusive b", "changed", "gone"}, // what was not measured is not fixed
		{"inconclusive a", "inconclusive a", "unchanged", "unchanged"},
		{"inconclusive a", "ready", "fixed", "fixed"},
		{"ready", "blocked a", "new", "new"},
		{"ready", "inconclusive a", "new", "new"},
		{"ready a", "ready", "unchanged", "fixed"}, // its waiver is no longer needed
		{"ready a", "blocked a", "new", "unchanged"},
		{"", "blocked a", "new", "new"},
		{"", "ready", "added", ""},
		{"blocked a", "", "gone", "gone"},
		{"ready", "", "gone", ""},
	} {
		v, sum := seen(1, c.was, c.is), comparing{causes: map[causeKey]*ChangedCause{}, moves: map[Move]int{}}
		sum.add(v)
		fate := ""
		if a := sum.causes[causeKey{code: "a"}]; a != nil {
			fate = a.change()
		}
		if v.change() != c.vehicle || fate != c.cause {
			t.Errorf("%q to %q: vehicle %s, cause %q; want %s, %q", c.was, c.is, v.change(), fate, c.vehicle, c.cause)
		}
	}
}

// someChanges are every fate.
func someChanges() *Changes {
	sum := comparing{causes: map[causeKey]*ChangedCause{}, moves: map[Move]int{}}
	for i, c := range [][2]string{{"ready", "ready"}, {"ready", "blocked a"}, {"blocked b", "ready"}, {"blocked c", "blocked c"}, {"blocked c", "inconclusive d"}, {"blocked e", ""}, {"", "ready"}, {"", "broken a"}} {
		sum.add(seen(i, c[0], c[1]))
	}
	c := sum.changes(ledger.Header{RunID: "run-0001", FinishedAt: "2026-11-22T12:00:00Z", Complete: true, Fields: "all"}, ledger.Header{Fields: "standard", RulesDigest: "x"})
	return &c
}

func TestChanges(t *testing.T) {
	c := someChanges()
	fate := func(n int, ids ...int) Changed {
		out := Changed{Count: n}
		for _, id := range ids {
			out.Examples = append(out.Examples, vehicleID(id))
		}
		return out
	}
	want := Changes{
		Previous: Previous{ID: "run-0001", FinishedAt: parseStamp("2026-11-22T12:00:00Z"), Complete: true, Verdicts: Verdicts{Ready: 2, Blocked: 4}, Total: 6, Readiness: &Interval{2.0 / 6, 2.0 / 6}},
		Unlike:   []string{"fields all then, standard now", "other rules"},
		Vehicles: ChangedVehicles{New: fate(2, 1, 7), Fixed: fate(1, 2), Changed: fate(1, 4), Unchanged: fate(2), Added: fate(1, 6), Gone: fate(1, 5)},
		Moves: []Move{{"", "ready", 1}, {"", "broken", 1}, {"ready", "ready", 1}, {"ready", "blocked", 1}, {"blocked", "", 1}, {"blocked", "ready", 1}, {"blocked", "blocked", 1},
			{"blocked", "inconclusive", 1}},
		Causes: []ChangedCause{
			{Change: "new", Code: "a", Is: 2, New: 2, Example: vehicleID(1)},
			{Change: "new", Code: "d", Is: 1, New: 1, Example: vehicleID(4)},
			{Change: "unchanged", Code: "c", Was: 2, Is: 1, Unmeasured: 1, Example: vehicleID(3)},
			{Change: "fixed", Code: "b", Was: 1, Fixed: 1, Example: vehicleID(2)},
			{Change: "gone", Code: "e", Was: 1, Gone: 1, Example: vehicleID(5)},
		},
	}
	if diff := cmp.Diff(want, *c, cmpopts.IgnoreFields(ChangedCause{}, "Fingerprint")); diff != "" {
		t.Error(diff)
	}
}

// TestChangesAreInEveryFormat: with every fate named, the forms for people without an id in share/.
func TestChangesAreInEveryFormat(t *testing.T) {
	s := sampleSummary()
	s.Changes = someChanges()
	r := reportOf(s, sampleVehicles())
	for _, format := range []string{"terminal", "markdown", "html", "json"} {
		for name, form := range map[string]Report{"private": r, "share": Share(r, shareKey)} {
			text := strings.Join(strings.Fields(string(rendered(t, format, form, Options{Width: 200}))), " ")
			want := []string{"run-0001", "2 newly not ready, 1 fixed, 1 not ready for other causes, 2 unchanged, 1 added and ready, 1 gone", "fields all then, standard now", "2 had it, 1 have it (1 not measured now)"}
			if format == "json" {
				want = []string{`"unlike": [ "fields all then, standard now"`, `"change": "gone"`, someChanges().Causes[0].Fingerprint}
			}
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("%s %s lacks %q:\n%s", name, format, w, text)
				}
			}
			if name == "share" && strings.Contains(text, vehicleID(5)) {
				t.Errorf("%s in share names a vehicle", format)
			}
		}
	}
}

// TestBlockedIsABitEach: also of ordinals beyond those that were set.
func TestBlockedIsABitEach(t *testing.T) {
	var b Blocked
	b.set(0)
	b.set(130)
	for _, n := range []int{0, 1, 64, 130, 131, 1000} {
		if b.Was(inventory.Entry{Ordinal: n}) != (n == 0 || n == 130) {
			t.Errorf("%d is told wrongly", n)
		}
	}
}

// hostileChanges has the strings in every place that holds one.
func hostileChanges(texts []string) *Changes {
	c := someChanges()
	c.Previous.ID, c.Unlike, c.Causes = texts[0], texts, nil
	c.Vehicles.New.Examples = texts
	for _, x := range texts {
		cause := rewrite(ChangedCause{Code: "x", Field: "x", Make: "x", ErrorCode: "x", Title: "x", Verdict: "x", Fingerprint: "x", Example: "x"}, func(t string) string { return replaced(t, x) })
		cause.Change = CauseNew
		c.Causes = append(c.Causes, cause)
	}
	return c
}

// TestHostileDiff: the strings of a fleet steer no format.
func TestHostileDiff(t *testing.T) {
	for _, x := range hostileStrings() {
		c := hostileChanges([]string{x})
		d := Diff{Schema: DiffSchema, Run: c.Previous, Changes: *c, Vehicles: func() iter.Seq2[ChangedVehicle, error] {
			return func(yield func(ChangedVehicle, error) bool) {
				yield(ChangedVehicle{VehicleID: x, UserID: x, Change: "new", From: "ready", To: "blocked", Causes: []VehicleMove{{CauseNew, x, x, x, x, x}}}, nil)
			}
		}}
		for _, format := range DiffFormats() {
			var out bytes.Buffer
			if err := RenderDiff(&out, format, d, true, Options{Width: 60}); err != nil {
				t.Fatal(err)
			}
			text := out.String()
			if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || r == '\u202e' || r == '\u2066' }); i >= 0 {
				t.Errorf("%s: %.20q steers: %.80q", format, x, text[i:])
			}
			if bare := escapedMarkdown.ReplaceAllString(text, "?"); format == "markdown" && (strings.Contains(bare, "<script") || strings.Contains(bare, "](http") || strings.Contains(bare, "@everyone")) {
				t.Errorf("markdown: %.20q is markup in %s", x, text)
			}
			if format == "json" && !json.Valid(out.Bytes()) {
				t.Errorf("json: %.20q: %s", x, text)
			}
		}
	}
}
