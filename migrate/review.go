package migrate

import (
	"slices"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// Review adds up what changes when a fleet is judged again. Its size depends on the rules and on how many different things
// are wrong, not on the fleet.
type Review struct {
	rules    rules.Rules
	facts    Facts
	impacts  []*impact
	moves    map[move]int
	fleet    *Fleet
	wanted   map[wantedWaiver]*affected
	makes    map[string]int
	uncalled int
	changed  int
}

type move struct{ from, to Verdict }

// NewReview is the review of judging by these rules, under these facts of the run.
func NewReview(r rules.Rules, facts Facts) *Review {
	return &Review{rules: r, facts: facts, impacts: impactsOf(r), fleet: NewFleet(r.Gates), moves: map[move]int{}, wanted: map[wantedWaiver]*affected{}, makes: map[string]int{}}
}

// HoldAgainst tells, before the first vehicle, which ones were blocked in an earlier run; nil: there is none.
func (v *Review) HoldAgainst(wasBlocked func(inventory.Entry) bool) { v.fleet.WasBlocked = wasBlocked }

// Add takes one vehicle into account, as it was judged before and as it is now, and tells whether that is another word.
// Vehicles that the sample left out are passed over.
func (v *Review) Add(before, after Record) (changed bool) {
	if after.Undrawn && after.Judgement.Verdict == "" {
		return false
	}
	if after.Judgement.Verdict == "" {
		v.uncalled++
	}
	was, is := v.word(before), v.word(after)
	v.count(after, is)
	v.moves[move{was.Verdict, is.Verdict}]++
	if after.Judgement.Verdict != "" {
		v.makes[after.Evidence.Make]++
		v.weighElements(after)
		v.wantWaivers(after)
	}
	changed = was.Verdict != is.Verdict || was.Proof != is.Proof || !slices.Equal(was.Causes, is.Causes)
	if changed {
		v.changed++
	}
	return changed
}

// word is a vehicle's judgement, also where it was never called.
func (v *Review) word(r Record) Judgement {
	if r.Judgement.Verdict == "" {
		return Uncalled(r.Entry, v.facts)
	}
	return r.Judgement
}

// count counts a vehicle for the gates, as people are shown it.
func (v *Review) count(rec Record, word Judgement) {
	rec.Judgement = word
	rec.Evidence.Findings = Shown(rec, v.facts, v.rules)
	v.fleet.Add(rec)
}

// Counts are the verdicts now, Changed how many vehicles are judged differently, Uncalled how many were never called.
func (v *Review) Counts() Counts { return v.fleet.All() }

// Gates evaluates the gates of the rules; frame is what a sample was drawn from, nil where every vehicle was looked at.
func (v *Review) Gates(frame *SampleFrame) []Gate {
	v.fleet.Sample = frame
	return v.fleet.Gates()
}

// Changed: see Counts.
func (v *Review) Changed() int { return v.changed }

// Uncalled: see Counts.
func (v *Review) Uncalled() int { return v.uncalled }

// Move is how many vehicles went from one verdict to another.
type Move struct {
	From, To Verdict
	Vehicles int
}

// Moves are the changed verdicts, in the order of reports.
func (v *Review) Moves() []Move {
	var moves []Move
	for _, from := range Verdicts() {
		for _, to := range Verdicts() {
			if n := v.moves[move{from, to}]; n > 0 && from != to {
				moves = append(moves, Move{from, to, n})
			}
		}
	}
	return moves
}
