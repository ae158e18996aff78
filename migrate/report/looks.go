package report

import (
	"context"
	"errors"
	"iter"
	"maps"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
)

// look is a vehicle in two runs; word is nil where a run did not look at it.
type look struct {
	ordinal   int // in the later run
	vehicleID string
	userID    string
	was, is   *word
}

// word is what a run says about a vehicle.
type word struct {
	migrate.Judgement
	causes map[causeKey]bool
}

func (w *word) keys() map[causeKey]bool {
	if w == nil {
		return nil
	}
	return w.causes
}

func (w *word) has(key causeKey) bool { return w != nil && w.causes[key] }

func (w *word) verdict() string {
	if w == nil {
		return ""
	}
	return string(w.Verdict)
}

// change is a vehicle's fate: see ChangedVehicles.
func (v look) change() string {
	was, is := v.was.verdict(), v.is.verdict()
	ready := string(migrate.Ready)
	switch {
	case v.is == nil:
		return "gone"
	case v.was == nil && is == ready:
		return "added"
	case v.was == nil, was == ready && is != ready:
		return "new"
	case is == ready && was != ready:
		return "fixed"
	case was == is && (is == ready || maps.Equal(v.was.causes, v.is.causes)):
		return "unchanged"
	}
	return "changed"
}

// looks yields every vehicle that either run looked at, in the order of the vehicleIds. What the later run's sample left out,
// and what is another shard's, is no vehicle that has gone: it is passed over.
func looks(ctx context.Context, was, is *ledger.Ledger) iter.Seq2[look, error] {
	return func(yield func(look, error) bool) {
		before, err := was.Facts(ctx)
		now, err2 := is.Facts(ctx)
		h, err3 := is.Header(ctx)
		if err := errors.Join(err, err2, err3); err != nil {
			yield(look{}, err)
			return
		}
		for c, err := range ledger.Beside(ctx, was, is) {
			if err != nil {
				yield(look{}, err)
				return
			}
			v := look{was: wordOf(c.Was, before), is: wordOf(c.Is, now)}
			if v.was == nil && v.is == nil || v.is == nil && (c.Is != nil || h.Shard != "") {
				continue
			}
			v.name(c)
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (v *look) name(c ledger.Couple) {
	g := c.Is
	if g == nil {
		g = c.Was
	}
	v.ordinal, v.vehicleID, v.userID = g.Ordinal, g.VehicleID, g.UserID
}

// wordOf is nil where the run does not have the vehicle or its sample left it out.
func wordOf(g *ledger.Glimpse, facts migrate.Facts) *word {
	if g == nil || g.Undrawn && (g.Judgement.Verdict == "" || g.Judgement.Verdict == migrate.Inconclusive) {
		return nil
	}
	w := &word{Judgement: g.Judgement, causes: map[causeKey]bool{}}
	if w.Verdict == "" {
		w.Judgement = migrate.Uncalled(inventory.Entry{Ordinal: g.Ordinal, VehicleID: g.VehicleID, UserID: g.UserID}, facts)
	}
	for _, ref := range w.Causes {
		w.causes[keyOf(ref, g.Make)] = true
	}
	return w
}
