package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"scmigrate/migrate/ledger"
)

// MostHistory is how many earlier runs a report looks back on.
const MostHistory = 12

// History is what earlier runs counted: that of --previous, the one which that run was held against, and so on.
type History struct {
	Runs  []PastRun `json:"runs"`  // by their ends, the oldest first; the report's own run is not among them
	Ended string    `json:"ended"` // why it goes no further back, in a sentence that names no directory; "": there is no run before
}

// PastRun is an earlier run in numbers.
type PastRun struct {
	ID         string    `json:"id"`
	FinishedAt time.Time `json:"finishedAt"` // of an incomplete run: its last record
	Complete   bool      `json:"complete"`
	Total      int       `json:"total"`
	Verdicts   Verdicts  `json:"verdicts"`
	Alike      bool      `json:"alike"`  // the same fleet, fields, legs, legacy API, sample and shard: otherwise its counts mean something else and are not drawn
	Unlike     []string  `json:"unlike"` // what is different to the report's run, another inventory and other rules among it
}

// PastRunOf counts an earlier run beside the one that is reported. It keeps nothing of the ledgers' vehicles.
func PastRunOf(ctx context.Context, was, is *ledger.Ledger) (PastRun, error) {
	before, err := headerOf(ctx, was)
	now, err2 := headerOf(ctx, is)
	tally, err3 := was.Tally(ctx)
	if err := errors.Join(err, err2, err3); err != nil {
		return PastRun{}, err
	}
	short := runOf(before, tally.Counts())
	p := PastRun{ID: short.ID, FinishedAt: short.FinishedAt, Complete: short.Complete, Total: short.Total, Verdicts: short.Verdicts, Unlike: unlike(before, now)}
	if p.FinishedAt.IsZero() { // it measured nothing
		p.FinishedAt = short.StartedAt
	}
	before.RulesDigest = now.RulesDigest
	p.Alike = len(unlike(before, now)) == 0
	if before.InventoryDigest == now.InventoryDigest {
		return p, nil
	}
	looked, known, err := ledger.Shared(ctx, was, is, fleetLook)
	if another := looked > 0 && known*2 < looked; another {
		p.Alike, p.Unlike = false, append(p.Unlike, fmt.Sprintf("another fleet: of %s looked for, %s in it now", counted(looked, "vehicle"), areIn(known)))
	} else {
		p.Unlike = append(p.Unlike, "another inventory")
	}
	return p, err
}

// fleetLook is how many vehicles of another inventory are looked for: a fleet that grows or shrinks has more than half of
// them in common with what it was, and its counts are a fleet's history.
const fleetLook = 200

func areIn(n int) string {
	switch n {
	case 0:
		return "none is"
	case 1:
		return "1 is"
	}
	return count(n) + " are"
}

// notReady are those which a fleet works off.
func (v Verdicts) notReady() int { return v.Blocked + v.Inconclusive + v.Broken }

// marked tells that a run is drawn although something about it is different.
func (p PastRun) marked() bool { return p.Alike && len(p.Unlike) > 0 }

// burnt are the runs whose counts stand beside those of the report's own, which is among them; none where that is alone.
func (s Summary) burnt() []PastRun {
	if s.History == nil {
		return nil
	}
	out := slices.DeleteFunc(slices.Clone(s.History.Runs), func(p PastRun) bool { return !p.Alike })
	if len(out) == 0 {
		return nil
	}
	return s.inOrder(out)
}

// inOrder puts the report's own run among others, by their ends.
func (s Summary) inOrder(runs []PastRun) []PastRun {
	out := append(slices.Clone(runs), s.asPast())
	slices.SortStableFunc(out, func(a, b PastRun) int { return a.FinishedAt.Compare(b.FinishedAt) })
	return out
}

// asPast is the report's own run in numbers.
func (s Summary) asPast() PastRun {
	return PastRun{ID: s.Run.ID, FinishedAt: s.Run.FinishedAt, Complete: s.Run.Complete, Total: s.Total, Verdicts: s.Verdicts, Alike: true}
}
