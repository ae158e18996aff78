package report

import (
	"context"
	"errors"
	"slices"
	"time"

	"scmigrate/migrate/ledger"
)

// MostHistory is how many earlier runs a report looks back on.
const MostHistory = 12

// History is what earlier runs counted: that of --previous, the one which that run was held against, and so on.
type History struct {
	Runs  []PastRun `json:"runs"`  // the oldest first; the report's own run is not among them
	Ended string    `json:"ended"` // why it goes no further back, in a sentence that names no directory; "": there is no run before
}

// PastRun is an earlier run in numbers.
type PastRun struct {
	ID         string    `json:"id"`
	FinishedAt time.Time `json:"finishedAt"` // of an incomplete run: its last record
	Complete   bool      `json:"complete"`
	Total      int       `json:"total"`
	Verdicts   Verdicts  `json:"verdicts"`
	Alike      bool      `json:"alike"`  // the same fields, legs, legacy API, sample and shard: otherwise its counts mean something else and are not drawn
	Unlike     []string  `json:"unlike"` // what is different to the report's run, another inventory and other rules among it
}

// PastRunOf counts an earlier run of the same fleet. Of its ledger the header, the rules and the tally are read, whatever
// its size.
func PastRunOf(ctx context.Context, was, is *ledger.Ledger) (PastRun, error) {
	before, err := headerOf(ctx, was)
	now, err2 := headerOf(ctx, is)
	tally, err3 := was.Tally(ctx)
	if err := errors.Join(err, err2, err3); err != nil {
		return PastRun{}, err
	}
	short := runOf(before, tally.Counts())
	p := PastRun{ID: short.ID, FinishedAt: short.FinishedAt, Complete: short.Complete, Total: short.Total, Verdicts: short.Verdicts, Unlike: unlike(before, now)}
	if before.InventoryDigest != now.InventoryDigest {
		p.Unlike = append(p.Unlike, "another inventory")
	}
	before.RulesDigest = now.RulesDigest
	p.Alike = len(unlike(before, now)) == 0
	return p, nil
}

// notReady are those which a fleet works off.
func (v Verdicts) notReady() int { return v.Blocked + v.Inconclusive + v.Broken }

// marked tells that a run is drawn although something about it is different.
func (p PastRun) marked() bool { return p.Alike && len(p.Unlike) > 0 }

// burnt are the runs whose counts stand beside those of the report's own, which is the last of them; none where that is alone.
func (s Summary) burnt() []PastRun {
	if s.History == nil {
		return nil
	}
	out := slices.DeleteFunc(slices.Clone(s.History.Runs), func(p PastRun) bool { return !p.Alike })
	if len(out) == 0 {
		return nil
	}
	return append(out, s.asPast())
}

// asPast is the report's own run in numbers.
func (s Summary) asPast() PastRun {
	return PastRun{ID: s.Run.ID, FinishedAt: s.Run.FinishedAt, Complete: s.Run.Complete, Total: s.Total, Verdicts: s.Verdicts, Alike: true}
}
