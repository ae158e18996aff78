package migrate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// aCar is a record of one of the words below, "ready" among them with full proof; with "!" it shows a lost field, too.
func aCar(word string) Record {
	var r Record
	r.Judgement.Verdict, r.Judgement.Proof = Ready, ProofPartial
	show := func(field string, o compare.Outcome) {
		r.Evidence.Findings = append(r.Evidence.Findings, compare.Finding{Field: field, Outcome: o})
	}
	switch base := strings.TrimSuffix(word, "!"); base {
	case "ready":
		r.Judgement.Proof = ProofFull
	case "waived":
		r.Judgement.Causes = []CauseRef{{Code: SignalLost, Waived: true}}
	case "vague":
		show("location", compare.Unverifiable)
	case "differing":
		show("vin", compare.Differs)
		show("location", compare.Differs)
	default:
		r.Judgement = Judgement{Verdict: Verdict(base)}
	}
	if strings.HasSuffix(word, "!") {
		show("fuel.range", compare.Lost)
	}
	return r
}

// becomes is everything that a vehicle that could not be measured may turn out to be; what was seen stays seen.
var becomes = map[string][]string{
	"inconclusive":  {"ready", "waived", "vague", "differing", "blocked", "broken", "ready!", "blocked!"},
	"inconclusive!": {"ready!", "waived!", "vague!", "differing!", "blocked!", "broken!"},
}

// countedAs are the counts that a car of each word is in.
func countedAs(word string) map[string]bool {
	r := aCar(word)
	in := map[string]bool{string(r.Judgement.Verdict): true, "proven": r.Judgement.Proof == ProofFull, "waived": strings.HasPrefix(word, "waived"), "new-blocked": r.Judgement.Verdict == Blocked}
	for _, f := range r.Evidence.Findings {
		in[string(f.Outcome)] = true
	}
	return in
}

// truth is a gate's word over a fleet of which everything is known; ok is false where there is no share.
func truth(g rules.Gate, cars []map[string]bool) (holds, ok bool) {
	n, of := 0, 0
	for _, in := range cars {
		if (in["broken"] || in[excused]) && g.Count != "broken" {
			continue
		}
		of++
		if in[g.Count] {
			n++
		}
	}
	if g.Percent {
		return of > 0 && g.Holds(100*float64(n)/float64(of)), of > 0
	}
	return g.Holds(float64(n)), true
}

// resolved gives every fleet that cars may turn out to be.
func resolved(cars []string, visit func([]map[string]bool)) {
	i := slices.IndexFunc(cars, func(c string) bool { return becomes[c] != nil })
	if i < 0 {
		known := make([]map[string]bool, len(cars))
		for k, c := range cars {
			known[k] = countedAs(c)
		}
		visit(known)
		return
	}
	for _, word := range becomes[cars[i]] {
		next := slices.Clone(cars)
		next[i] = word
		resolved(next, visit)
	}
}

// tableGates are all counts but inconclusive with limits that small fleets meet, miss and leave open.
func tableGates() (gates []rules.Gate) {
	for _, count := range without(rules.GateCounts(), "inconclusive") {
		for _, limit := range []string{"== 0", "<= 1", ">= 2", "< 1", "> 0", "== 0%", "== 100%", "<= 34%", ">= 50%", "> 66.6%", "< 33.3333%"} {
			gates = append(gates, parsed(count+" "+limit)...)
		}
	}
	return gates
}

// TestGatesTruthTable: every gate over every small fleet, held against all the fleets that it may turn out to be. A gate
// holds exactly if it holds for all of them, and fails exactly if it fails for all; == may stay undecided where no whole
// number of vehicles gives the share.
func TestGatesTruthTable(t *testing.T) {
	gates := tableGates()
	for _, cars := range smallFleets() {
		f := NewFleet(gates)
		f.WasBlocked = func(inventory.Entry) bool { return false }
		for _, c := range cars {
			f.Add(aCar(c))
		}
		yes, no := make([]bool, len(gates)), make([]bool, len(gates))
		resolved(cars, func(known []map[string]bool) {
			for i, g := range gates {
				holds, ok := truth(g, known)
				yes[i], no[i] = yes[i] || ok && holds, no[i] || ok && !holds
			}
		})
		for i, got := range f.Gates() {
			want := metUndecided
			switch {
			case gates[i].Percent && !slices.ContainsFunc(cars, func(c string) bool { return c != "broken" }): // CONTRACT §3
			case yes[i] && !no[i]:
				want = metYes
			case no[i] && !yes[i]:
				want = metNo
			}
			if got.Met != want && !(gates[i].Op == "==" && got.Met == metUndecided) && !unseen(gates[i], cars) {
				t.Errorf("%v: %s: %s (%s), want %s", cars, got.Require, got.Met, got.Observed, want)
			}
		}
	}
}

// unseen: a vehicle that shows a lost field and turns out broken would no longer count as one that lost it. Its legacy leg
// has answered, so that is left out of the table.
func unseen(g rules.Gate, cars []string) bool {
	return g.Count == "lost" && slices.Contains(cars, "inconclusive!")
}

func smallFleets() [][]string {
	return fleetsOf([]string{"ready", "waived", "vague", "differing", "ready!", "blocked", "broken", "inconclusive", "inconclusive!"})
}

// fleetsOf are all fleets of up to three cars of these kinds.
func fleetsOf(kinds []string) [][]string {
	fleets := [][]string{{}}
	for i := 0; i < len(fleets); i++ {
		if last := len(fleets[i]) - 1; last < 2 {
			for k, kind := range kinds {
				if last < 0 || k >= slices.Index(kinds, fleets[i][last]) {
					fleets = append(fleets, append(slices.Clone(fleets[i]), kind))
				}
			}
		}
	}
	return fleets[1:]
}

// TestInconclusiveGate: a limit that holds takes the vehicles out of the other gates, one that fails or that is no limit
// does not.
func TestInconclusiveGate(t *testing.T) {
	c := Counts{Ready: 97, Blocked: 1, Broken: 10, Inconclusive: 2}
	for _, tt := range []struct {
		reason string
		gates  []string
		want   string
	}{
		{"alone", []string{"blocked <= 2%"}, "undecided"},
		{"allowed", []string{"inconclusive <= 2%", "blocked <= 2%"}, "yes yes"},
		{"allowed, whatever the order", []string{"blocked <= 1", "inconclusive == 2"}, "undecided yes"}, // == 2 is no limit
		{"allowed by count", []string{"blocked <= 1", "inconclusive < 3"}, "yes yes"},
		{"of the total, broken ones too", []string{"inconclusive <= 1.8%", "blocked <= 1"}, "no undecided"}, // 2 of 110 is 1.818…%
		{"too many", []string{"inconclusive <= 1", "blocked <= 2%"}, "no undecided"},
		{"a gate that wants them excuses nobody", []string{"inconclusive >= 0", "blocked <= 2%"}, "yes undecided"},
		{"out of the denominator too", []string{"inconclusive <= 2", "ready >= 98.9%"}, "yes yes"},      // 97 of 98
		{"but broken stays a share of all", []string{"inconclusive <= 2", "broken <= 9.1%"}, "yes yes"}, // 10 of 110
		{"of one cohort: of the fleet's gates, too", []string{"inconclusive <= 2 in cohort a", "blocked <= 1"}, "yes yes"},
		{"of one cohort: not those of others", []string{"inconclusive <= 2 in cohort b", "blocked <= 1"}, "undecided undecided"},
		{"a limit beside a limit counts them all", []string{"inconclusive <= 2", "inconclusive <= 1 in cohort a"}, "yes no"},
		{"one that fails takes no one out, another one may", []string{"inconclusive <= 1", "inconclusive <= 2 in make x", "blocked <= 1"}, "no yes yes"},
		{"of one cohort: of its gates", []string{"inconclusive <= 2 in cohort a", "blocked <= 1 in cohort a"}, "yes yes"},
		{"of the fleet: of every group", []string{"inconclusive <= 2", "blocked <= 1 in cohort a", "blocked <= 1 in make X"}, "yes yes yes"},
	} {
		var got []string
		for _, g := range fleetOf(c, tt.gates...).Gates() {
			got = append(got, g.Met)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %v is %s, want %s", tt.reason, tt.gates, s, tt.want)
		}
	}
}

// TestGroupsOfGates: cohorts are the inventory's, makes the cars'; a car of unknown make may be of any.
func TestGroupsOfGates(t *testing.T) {
	gates := []string{"blocked == 0", "blocked == 0 in cohort a", "blocked == 0 in make tesla", "blocked == 0 in cohort typo", "blocked <= 50% in make ford", "new-blocked == 0"}
	f := NewFleet(parsed(gates...))
	add := func(word, cohort, car string) {
		r := aCar(word)
		r.Entry.Cohort, r.Evidence.Make = cohort, car
		f.Add(r)
	}
	add("ready", "a", "TESLA")
	add("ready", "a", "FORD")
	add("blocked", "", "FORD")
	want := []string{"no 1", "yes 0", "yes 0", "undecided there is no such vehicle", "yes 50% (1 of 2)", "undecided there is no earlier run to compare with (give one with --previous)"}
	check := func() {
		t.Helper()
		for i, g := range f.Gates() {
			if got := g.Met + " " + g.Observed; got != want[i] {
				t.Errorf("%s: %s, want %s", g.Require, got, want[i])
			}
		}
	}
	check()
	add("blocked", "b", "")
	want[0], want[2], want[4] = "no 2", "undecided 0 to 1", "undecided 33.33% to 66.67% (1 to 2 of 3)"
	check()
	if f.All() != (Counts{Ready: 2, Blocked: 2}) {
		t.Errorf("counted %+v", f.All())
	}
}

// TestGatesOverASample: only a bound speaks for vehicles that were not drawn.
func TestGatesOverASample(t *testing.T) {
	frame := SampleFrame{Vehicles: 300, Of: 10_000, Users: 300, LargestUser: 1}
	for _, c := range []struct {
		reason  string
		counts  Counts
		largest int
		gates   []string
		want    string
		said    string // by the first gate
	}{
		{"no bound", Counts{Ready: 300}, 1, []string{"blocked == 0", "ready >= 50%"}, "undecided undecided", "0 of those drawn; only a gate with a bound, like @95%, speaks for the rest"},
		{"no bound, and it fails", Counts{Ready: 299, Blocked: 1}, 1, []string{"blocked == 0"}, "no", "1"},
		{"no bound, and those not drawn may be ready too", Counts{Ready: 300}, 1, []string{"ready >= 9000", "ready > 10000", "ready == 10000", "ready == 299"}, "undecided no undecided no", ""},
		{"no bound, and too many were drawn already", Counts{Ready: 290, Blocked: 10}, 1, []string{"blocked < 10", "blocked == 9"}, "no no", ""},
		{"the bound holds", Counts{Ready: 300}, 1, []string{"blocked <= 1% @95%"}, "yes", "0% to 0.99% at 95% (0 of 300)"},
		{"and beside it a gate without one", Counts{Ready: 300}, 1, []string{"blocked <= 1% @95%", "ready >= 100"}, "yes undecided", ""},
		{"more certainty than there is", Counts{Ready: 300}, 1, []string{"blocked <= 1% @99%"}, "undecided", ""},
		{"one is too many for the bound, and refutes nothing", Counts{Ready: 299, Blocked: 1}, 1, []string{"blocked <= 1% @95%"}, "undecided", ""},
		{"refuted", Counts{Ready: 280, Blocked: 20}, 1, []string{"blocked <= 1% @95%"}, "no", ""},
		{"an inconclusive one may be blocked", Counts{Ready: 299, Inconclusive: 1}, 1, []string{"blocked <= 1% @95%"}, "undecided", "0% to 1.57% at 95% (0 to 1 of 300)"},
		{"that so many of the drawn may be excuses nobody", Counts{Ready: 299, Inconclusive: 1}, 1, []string{"inconclusive <= 1", "blocked <= 1% @95%"}, "undecided undecided", ""},
		{"unless that is bounded for the fleet", Counts{Ready: 299, Inconclusive: 1}, 1, []string{"inconclusive <= 2% @95%", "blocked <= 1% @95%"}, "yes yes", ""},
		{"users of three cars count as one draw", Counts{Ready: 300}, 3, []string{"blocked <= 1% @95%", "blocked <= 3% @95%"}, "undecided yes", "0% to 2.95% at 95% (0 of 300)"},
		{"none blocked in the fleet cannot be known", Counts{Ready: 300}, 1, []string{"blocked == 0 @95%"}, "undecided", "0 to 99 at 95% (0 of 300)"},
		{"but refuted", Counts{Ready: 299, Blocked: 1}, 1, []string{"blocked == 0 @95%"}, "no", ""},
		{"a count of the fleet", Counts{Ready: 300}, 1, []string{"blocked <= 99 @95%", "ready >= 9900 @95%"}, "yes yes", ""},
		{"a count of a cohort has no end", Counts{Ready: 300}, 1, []string{"blocked <= 99 @95% in cohort a", "ready >= 300 @95% in cohort a"}, "undecided yes", "at least 0 at 95% (0 of 300)"},
		{"nothing works", Counts{Broken: 300}, 1, []string{"blocked <= 1% @95%"}, "undecided", "there is no vehicle to take a share of"},
	} {
		f := fleetOf(c.counts, c.gates...)
		sample := frame
		sample.LargestUser = c.largest
		f.Sample = &sample
		gates := f.Gates()
		var got []string
		for _, g := range gates {
			got = append(got, g.Met)
		}
		if s := strings.Join(got, " "); s != c.want || c.said != "" && gates[0].Observed != c.said {
			t.Errorf("%s: %v is %s (%s), want %s (%s)", c.reason, c.gates, s, gates[0].Observed, c.want, c.said)
		}
	}
}

// TestBoundsNeedNoSample: where every vehicle was looked at, @ asks for nothing.
func TestBoundsNeedNoSample(t *testing.T) {
	for _, sample := range []*SampleFrame{nil, {Vehicles: 4, Of: 4, LargestUser: 4}} {
		f := fleetOf(Counts{Ready: 4}, "blocked <= 1% @95%")
		f.Sample = sample
		if g := f.Gates()[0]; g.Met != "yes" || g.Observed != "0% (0 of 4)" {
			t.Errorf("%+v: %+v", sample, g)
		}
	}
}

// TestBoundsKeepTheirPromise: over every share, a gate with a 95% bound that says yes is wrong in at most one sample of
// twenty, here counted exactly.
func TestBoundsKeepTheirPromise(t *testing.T) {
	const n = 100
	for _, limit := range []string{"5", "20", "60"} {
		wrong, g := 0.0, "blocked <= "+limit+"% @95%"
		share := parsed(g)[0].Number/100 + 1e-9 // just over the limit: every yes is wrong
		for x := range n + 1 {
			f := fleetOf(Counts{Ready: n - x, Blocked: x}, g)
			f.Sample = &SampleFrame{Vehicles: n, Of: 1_000_000, LargestUser: 1}
			if f.Gates()[0].Met == "yes" {
				wrong += chance(x, n, share)
			}
		}
		if wrong > 0.05 {
			t.Errorf("%s is wrongly met in %v of the samples", g, wrong)
		}
	}
}

func chance(x, n int, p float64) float64 {
	lg := func(k int) float64 { v, _ := math.Lgamma(float64(k + 1)); return v }
	return math.Exp(lg(n) - lg(x) - lg(n-x) + float64(x)*math.Log(p) + float64(n-x)*math.Log1p(-p))
}

// TestFleetKeepsNoVehicles: a cohort per vehicle must not grow what is counted.
func TestFleetKeepsNoVehicles(t *testing.T) {
	f := NewFleet(parsed("blocked == 0 in cohort c1"))
	for i := range 1000 {
		r := aCar("ready!")
		r.Entry.Cohort, r.Evidence.Make = fmt.Sprint("c", i), fmt.Sprint("m", i)
		f.Add(r)
	}
	if len(f.groups) != 2 || f.All().Ready != 1000 {
		t.Errorf("%d groups, %+v", len(f.groups), f.All())
	}
}
