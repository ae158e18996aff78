package cli

import (
	"context"
	"errors"
	"iter"
	"maps"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/rules"
)

// hearing is a ledger whose vehicles are judged again: under a corrected inventory where there is one, and with what came of
// it written in one piece, or not at all. It is the migrate.Store of migrate.Settle.
type hearing struct {
	*ledger.Ledger
	file    *inventory.File // nil: the entries stay
	rules   rules.Rules
	amended *ledger.Amendment // nil: nothing is written
	heard   func(before, after migrate.Record, changed bool) error

	wasBlocked func(inventory.Entry) bool // in an earlier run; nil: there is none

	review    *migrate.Review
	facts     migrate.Facts
	corrected corrections
}

// corrections are what a corrected inventory changes, found before anything is judged.
type corrections struct {
	users, others int
	reset         int                        // were faulty rows: as if never called
	unjudged      int                        // not measured with the corrected userId
	app           map[migrate.LegOutcome]int // by how much the outcomes of the app legs change by that
}

// errOtherRows means that an inventory is not the run's with other values, but has other rows.
var errOtherRows = errors.New("other rows")

// pairs yields the ledger's vehicles, each beside what it is under the corrected inventory.
func (h *hearing) pairs(ctx context.Context) iter.Seq2[[2]migrate.Record, error] {
	return func(yield func([2]migrate.Record, error) bool) {
		if h.file == nil {
			for r, err := range h.Ledger.Records(ctx) {
				if !yield([2]migrate.Record{r, r}, err) || err != nil {
					return
				}
			}
			return
		}
		next, stop := iter.Pull2(h.Ledger.Records(ctx))
		defer stop()
		err := h.file.Each(ctx, func(e inventory.Entry) error {
			r, err, more := next()
			if err == nil && (!more || !sameRow(r.Entry, e)) {
				err = errOtherRows
			}
			if err != nil {
				return err
			}
			after, err := h.under(ctx, r, e)
			if err == nil && !yield([2]migrate.Record{r, after}, nil) {
				return errEnough
			}
			return err
		})
		if err == nil {
			if _, _, more := next(); more {
				err = errOtherRows
			}
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield([2]migrate.Record{}, err)
		}
	}
}

var errEnough = errors.New("enough")

func (h *hearing) under(ctx context.Context, r migrate.Record, e inventory.Entry) (migrate.Record, error) {
	if strings.EqualFold(r.Entry.UserID, e.UserID) {
		return r.Under(e, nil), nil
	}
	links, err := h.Links(ctx, e.VehicleID)
	return r.Under(e, links), err
}

// sameRow tells whether a row of the inventory stands where the ledger has the same vehicle; a row that was faulty may have
// had no readable id.
func sameRow(was, is inventory.Entry) bool {
	return was.Ordinal == is.Ordinal && (strings.EqualFold(was.VehicleID, is.VehicleID) || was.Invalid != "" || is.Invalid != "")
}

// examine finds what the corrected inventory changes, and refuses one with other rows.
func (h *hearing) examine(ctx context.Context) error {
	h.corrected.app = map[migrate.LegOutcome]int{}
	if h.file == nil {
		return nil
	}
	for pair, err := range h.pairs(ctx) {
		if err != nil {
			return err
		}
		h.corrected.note(pair[0], pair[1])
	}
	return nil
}

func (c *corrections) note(before, after migrate.Record) {
	was, is := before.Evidence.App.Outcome, after.Evidence.App.Outcome
	switch {
	case !strings.EqualFold(before.Entry.UserID, after.Entry.UserID):
		c.users++
		if before.Judgement.Verdict != "" && is == migrate.LegNotRun && !after.Evidence.Identity.Absent {
			c.unjudged++
		}
	case otherDemands(before.Entry, after.Entry):
		c.others++
	}
	if before.Judgement.Verdict != "" && after.Judgement.Verdict == "" {
		c.reset++
	}
	if was != is {
		c.app[was]--
		c.app[is]++
	}
}

// Records are the vehicles under the corrected inventory.
func (h *hearing) Records(ctx context.Context) iter.Seq2[migrate.Record, error] {
	return func(yield func(migrate.Record, error) bool) {
		for pair, err := range h.pairs(ctx) {
			if !yield(pair[1], err) || err != nil {
				return
			}
		}
	}
}

// Tally counts the legs as they are under the corrected inventory.
func (h *hearing) Tally(ctx context.Context) (migrate.Tally, error) {
	t, err := h.Ledger.Tally(ctx)
	if err != nil {
		return t, err
	}
	t.App = maps.Clone(t.App)
	for outcome, n := range h.corrected.app {
		t.App[outcome] += n
	}
	return t, nil
}

// SetFacts takes the facts that the vehicles are to be judged under; Rejudge writes them.
func (h *hearing) SetFacts(_ context.Context, f migrate.Facts) error {
	h.facts, h.review = f, migrate.NewReview(h.rules, f)
	h.review.HoldAgainst(h.wasBlocked)
	return nil
}

// Rejudge judges every vehicle that was measured, and writes all that changed at once.
func (h *hearing) Rejudge(ctx context.Context, judge func(migrate.Record) migrate.Judgement) (changed int, err error) {
	each := func(put func(before, after migrate.Record) error) error {
		for pair, err := range h.pairs(ctx) {
			if err != nil {
				return err
			}
			if err := h.hear(pair[0], pair[1], judge, put); err != nil {
				return err
			}
		}
		return nil
	}
	if h.amended == nil {
		err = each(func(_, _ migrate.Record) error { return nil })
	} else {
		h.amended.Rules, h.amended.Facts = h.rules, h.facts
		err = h.Amend(ctx, *h.amended, each)
	}
	return h.review.Changed(), err
}

func (h *hearing) hear(before, after migrate.Record, judge func(migrate.Record) migrate.Judgement, put func(before, after migrate.Record) error) error {
	if after.Judgement.Verdict != "" {
		after.Judgement = judge(after)
	}
	if err := h.heard(before, after, h.review.Add(before, after)); err != nil {
		return err
	}
	return put(before, after)
}
