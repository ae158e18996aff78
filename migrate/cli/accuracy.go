package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/fixtures"
	"scmigrate/migrate"
)

// accuracy counts how a judged fleet compares with what the simulator knows about it. The judge never sees the truth: it
// meets the judgement only here.
type accuracy struct {
	vehicles  int
	matrix    map[[2]string]int // truth, judged
	falseOnes []string          // every vehicle that was judged otherwise, in words
	rightNot  int               // vehicles that are not ready, with all their root causes and no other
	not       int               // vehicles that are not ready
	codes     map[string]bool   // causes that were found
	proof     map[migrate.Proof]int
	outcomes  map[string]map[compare.Outcome]int // of required fields of ready vehicles
}

func newAccuracy() *accuracy {
	return &accuracy{matrix: map[[2]string]int{}, codes: map[string]bool{}, proof: map[migrate.Proof]int{}, outcomes: map[string]map[compare.Outcome]int{}}
}

// add takes one vehicle; findings are those that the judge decided on.
func (a *accuracy) add(truth fixtures.Truth, rec migrate.Record, findings []compare.Finding) {
	a.vehicles++
	got, judged := codes(rec.Judgement.Causes), string(rec.Judgement.Verdict)
	a.matrix[[2]string{truth.Verdict, judged}]++
	for _, code := range got {
		a.codes[code] = true
	}
	right := slices.Equal(got, truth.Causes) || len(got)+len(truth.Causes) == 0
	if truth.Verdict != string(migrate.Ready) {
		a.not++
		if right {
			a.rightNot++
		}
	}
	if !right || judged != truth.Verdict {
		a.falseOnes = append(a.falseOnes, fmt.Sprintf("%s (%s) is %s %v, judged %s %v%s", truth.VehicleID, cmp.Or(truth.Defect, "healthy"), truth.Verdict, truth.Causes, judged, got, differing(findings)))
	}
	if rec.Judgement.Verdict == migrate.Ready {
		a.proof[rec.Judgement.Proof]++
		a.fields(findings)
	}
}

// differing are the findings that differ, in words.
func differing(findings []compare.Finding) string {
	var text strings.Builder
	for _, f := range findings {
		if f.Outcome == compare.Differs {
			fmt.Fprintf(&text, "\n    %s: %s against %s: %s", f.Field, f.Legacy.Value, f.App.Value, f.Note)
		}
	}
	return text.String()
}

func (a *accuracy) fields(findings []compare.Finding) {
	for _, f := range findings {
		if f.Legacy.Status != compare.Served || f.App.Status != compare.Served {
			continue
		}
		if a.outcomes[f.Field] == nil {
			a.outcomes[f.Field] = map[compare.Outcome]int{}
		}
		a.outcomes[f.Field][f.Outcome]++
	}
}

// merge adds another fleet's counts.
func (a *accuracy) merge(b *accuracy) {
	a.vehicles, a.rightNot, a.not = a.vehicles+b.vehicles, a.rightNot+b.rightNot, a.not+b.not
	a.falseOnes = append(a.falseOnes, b.falseOnes...)
	for k, n := range b.matrix {
		a.matrix[k] += n
	}
	for k, n := range b.proof {
		a.proof[k] += n
	}
	maps.Copy(a.codes, b.codes)
	for field, counts := range b.outcomes {
		if a.outcomes[field] == nil {
			a.outcomes[field] = map[compare.Outcome]int{}
		}
		for o, n := range counts {
			a.outcomes[field][o] += n
		}
	}
}

// The figures. Shares are 0 to 1.

func (a *accuracy) falseReady() int {
	n := 0
	for k, count := range a.matrix {
		if k[0] != string(migrate.Ready) && k[1] == string(migrate.Ready) {
			n += count
		}
	}
	return n
}

// falseBlocked is the share of vehicles that are not blocked and were judged so.
func (a *accuracy) falseBlocked() float64 {
	n, of := 0, 0
	for k, count := range a.matrix {
		if k[0] != string(migrate.Blocked) {
			of += count
			if k[1] == string(migrate.Blocked) {
				n += count
			}
		}
	}
	return share(n, of)
}

func (a *accuracy) rightCause() float64 { return share(a.rightNot, a.not) }

// partial is the share of ready vehicles of which not everything was proved.
func (a *accuracy) partial() float64 {
	return share(a.proof[migrate.ProofPartial], a.proof[migrate.ProofPartial]+a.proof[migrate.ProofFull])
}

// unverifiable is the share of a field's pairs on ready vehicles that time neither explains nor refutes.
func (a *accuracy) unverifiable(field string) float64 {
	total := 0
	for _, n := range a.outcomes[field] {
		total += n
	}
	return share(a.outcomes[field][compare.Unverifiable], total)
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// print writes the confusion matrix and the figures.
func (a *accuracy) print(w io.Writer) {
	fmt.Fprintf(w, "\nconfusion matrix over %d vehicles (rows: the simulator's truth, columns: the judge)\n%14s", a.vehicles, "")
	for _, judged := range migrate.Verdicts() {
		fmt.Fprintf(w, "%14s", judged)
	}
	for _, truth := range migrate.Verdicts() {
		fmt.Fprintf(w, "\n%14s", truth)
		for _, judged := range migrate.Verdicts() {
			fmt.Fprintf(w, "%14d", a.matrix[[2]string{string(truth), string(judged)}])
		}
	}
	fmt.Fprintf(w, "\nfalse ready          %d\nfalse blocked        %.3f %%\nright root causes    %.2f %% of %d that are not ready\npartial proof        %.1f %% of the ready ones\n",
		a.falseReady(), 100*a.falseBlocked(), 100*a.rightCause(), a.not, 100*a.partial())
	fmt.Fprintln(w, "on ready vehicles, of 100 pairs    match  drift  unverifiable")
	for _, field := range slices.Sorted(maps.Keys(a.outcomes)) {
		total := 0
		for _, n := range a.outcomes[field] {
			total += n
		}
		of := func(o compare.Outcome) float64 { return 100 * share(a.outcomes[field][o], total) }
		fmt.Fprintf(w, "  %-32s %5.1f  %5.1f  %12.1f\n", field, of(compare.Match), of(compare.Drift), of(compare.Unverifiable))
	}
}

// mistakes are the vehicles that were judged otherwise, one per line, at most n.
func (a *accuracy) mistakes(n int) string {
	list := a.falseOnes
	if len(list) > n {
		list = append(slices.Clone(list[:n]), fmt.Sprintf("and %d more", len(list)-n))
	}
	return strings.Join(list, "\n")
}
