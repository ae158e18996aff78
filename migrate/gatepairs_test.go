package migrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// excused is a vehicle that could not be measured and that a gate has taken out: in no count, and in no share but that of
// broken vehicles, which is of all.
const excused = "excused"

// limits are what the truth table puts beside every other gate: none, of all, of a group.
func limits() []string {
	return []string{"", "inconclusive == 0", "inconclusive <= 1", "inconclusive < 50%", "inconclusive <= 1 in cohort a", "inconclusive <= 50% in make X", "inconclusive >= 1"}
}

// TestGatesBesideALimitTruthTable: gates × inconclusive × broken, with the exit code. Vehicles that a limit which holds speaks
// of are out of the other gate; for all that the rest may turn out to be, the gate's word must be the truth.
func TestGatesBesideALimitTruthTable(t *testing.T) {
	gates := tableGates()
	for _, limit := range limits() {
		for _, cars := range placedFleets() {
			all := gates
			if limit != "" {
				all = append(parsed(limit), gates...)
			}
			f := NewFleet(all)
			f.WasBlocked = func(inventory.Entry) bool { return false }
			for _, c := range cars {
				f.Add(placed(c))
			}
			got, words := f.Gates(), truthsBeside(limit, gates, cars)
			beside, got := got[:len(got)-len(gates)], got[len(got)-len(gates):]
			for i, g := range gates {
				if open := g.Op == "==" && got[i].Met == metUndecided; got[i].Met != words[i] && !open {
					t.Errorf("%v with %q: %s: %s (%s), want %s", cars, limit, g, got[i].Met, got[i].Observed, words[i])
				}
				wantExit(t, f, append(slices.Clone(beside), got[i]), fmt.Sprintf("%v with %q and %s", cars, limit, g))
			}
		}
	}
}

// wantExit holds the exit code against what the gates came to.
func wantExit(t *testing.T, f *Fleet, gates []Gate, what string) {
	t.Helper()
	want := ExitReady
	for _, g := range gates {
		if g.Met == metUndecided {
			want = ExitUndecided
		}
	}
	if f.All().Ready == 0 {
		want = ExitUndecided
	}
	if slices.ContainsFunc(gates, func(g Gate) bool { return g.Met == metNo }) {
		want = ExitGate
	}
	if got := ExitCode(StopNone, gates, f.All().Ready); got != want {
		t.Errorf("%s: exit %d, want %d: %+v", what, got, want, gates)
	}
}

// placed is the car of a word like "broken/a": with a cohort, and of make X where that is "a".
func placed(word string) Record {
	kind, cohort, _ := strings.Cut(word, "/")
	r := aCar(kind)
	r.Entry.Cohort, r.Evidence.Make = cohort, map[string]string{"a": "X", "b": "Y"}[cohort]
	return r
}

// placedFleets are all fleets of up to three of these cars.
func placedFleets() [][]string {
	return fleetsOf([]string{"ready/a", "blocked/b", "broken/a", "broken/b", "inconclusive/a", "inconclusive/b"})
}

// truthsBeside is what each gate must come to beside a limit; == may stay undecided.
func truthsBeside(limit string, gates []rules.Gate, cars []string) []string {
	words, working := make([]string, len(cars)), false
	for i, c := range cars {
		words[i], _, _ = strings.Cut(c, "/")
		working = working || words[i] != "broken"
	}
	if limit != "" {
		takeOut(parsed(limit)[0], cars, words)
	}
	yes, no := make([]bool, len(gates)), make([]bool, len(gates))
	resolved(words, func(known []map[string]bool) {
		for i, g := range gates {
			holds, ok := truth(g, known)
			yes[i], no[i] = yes[i] || ok && holds, no[i] || ok && !holds
		}
	})
	want := make([]string, len(gates))
	for i, g := range gates {
		switch want[i] = metUndecided; {
		case g.Percent && !working: // CONTRACT §3
		case yes[i] && !no[i]:
			want[i] = metYes
		case no[i] && !yes[i]:
			want[i] = metNo
		}
	}
	return want
}

// takeOut excuses the vehicles that a limit is about, where it holds.
func takeOut(limit rules.Gate, cars, words []string) {
	about := func(c string) bool {
		return limit.Cohort == "" && limit.Make == "" || strings.HasSuffix(c, "/a")
	}
	n, of, working := 0, 0, 0
	for i, c := range cars {
		if about(c) {
			of++
			n += map[string]int{"inconclusive": 1}[words[i]]
			working += map[bool]int{true: 1}[words[i] != "broken"]
		}
	}
	share := float64(n)
	if limit.Percent && of > 0 {
		share = 100 * float64(n) / float64(of)
	}
	if of == 0 || limit.Percent && working == 0 || !limit.Limits() || !limit.Holds(share) {
		return
	}
	for i, c := range cars {
		if about(c) && words[i] == "inconclusive" {
			words[i] = excused
		}
	}
}

// TestNewBlocked: a vehicle that was blocked before is no news, and cannot become any when it is measured.
func TestNewBlocked(t *testing.T) {
	f := NewFleet(parsed("new-blocked == 0", "new-blocked <= 1", "blocked == 0"))
	f.WasBlocked = func(e inventory.Entry) bool { return e.Cohort == "was" }
	for _, word := range []string{"ready/", "blocked/was", "inconclusive/was", "broken/was"} {
		f.Add(placed(word))
	}
	want := func(words ...string) {
		t.Helper()
		for i, g := range f.Gates() {
			if got := g.Met + " " + g.Observed; got != words[i] {
				t.Errorf("%s: %s, want %s", g.Require, got, words[i])
			}
		}
	}
	want("yes 0", "yes 0", "no 1 to 2")
	f.Add(placed("inconclusive/"))
	want("undecided 0 to 1", "yes 0 to 1", "no 1 to 3")
	f.Add(placed("blocked/"))
	want("no 1 to 2", "undecided 1 to 2", "no 2 to 4")
}

// TestUnplacedVehiclesAreTakenOut: a car that was never called has no make, and a limit that holds speaks of it, too.
func TestUnplacedVehiclesAreTakenOut(t *testing.T) {
	f := NewFleet(parsed("inconclusive <= 1", "blocked == 0 in make X", "ready >= 100% in make X"))
	f.Add(placed("ready/a"))
	f.Add(placed("inconclusive/"))
	for _, g := range f.Gates() {
		if g.Met != metYes {
			t.Errorf("%+v", g)
		}
	}
}
