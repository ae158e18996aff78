package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"scmigrate/migrate/internal/crash"
)

// feed hands the vehicles to the workers, in their turns, and waits until all of them are durable. A worker calls; judging
// and saving is done behind it, so that the next vehicle is called meanwhile. A visit that was cut short is saved, too.
func (r *Run) feed(feed, work context.Context) (Stop, error) {
	var saves errgroup.Group
	saves.SetLimit(maxSaves)
	feed, endFeed := context.WithCancel(feed)
	work, endWork := context.WithCancel(work)
	giveUp := func() { endFeed(); endWork() } // what is called while the ledger fails is paid for in vain
	defer giveUp()
	visit := func(ctx context.Context, t Turn) error {
		record, leave, err := r.visit(ctx, t)
		record.At = r.Now()
		if errors.As(err, new(*crash.Error)) {
			giveUp()
		}
		saves.Go(func() (trouble error) {
			defer crash.Catch(&trouble)
			defer r.visits.Release(1)
			defer leave()
			var saved error
			if err == nil {
				saved = r.save(ctx, t, record)
			} else {
				saved = r.saveCut(ctx, t, record)
			}
			if saved != nil {
				giveUp()
				return &unsaved{saved}
			}
			return nil
		})
		return err
	}
	err := errors.Join(inParallel(feed, work, visitorsFor(r.Concurrency), r.turns(feed), visit), saves.Wait())
	if n := r.spared.Load(); n > 0 {
		r.say(fmt.Sprintf("vehicles not called again, since --max-billed-per-vehicle or their calls of the month are used up: %d", n))
	}
	if err == nil && r.onlyWaits {
		return StopPaused, nil
	}
	return StopNone, err
}

// unsaved is trouble with the ledger: whatever else ends the run, it failed.
type unsaved struct{ error }

// Unwrap is the trouble itself.
func (u *unsaved) Unwrap() error { return u.error }

// maxSaves is how many vehicles may be judged and saved at a time: a commit takes all that wait for it.
const maxSaves = 64

// visit measures one vehicle. Its car is not called again until leave is called.
func (r *Run) visit(ctx context.Context, t Turn) (record Record, leave func(), err error) {
	defer crash.Catch(&err)
	record.Entry, leave = t.Entry, func() {}
	if faultyEntry(t.Entry) != "" {
		return record, leave, nil
	}
	links, whole, err := r.linksOf(ctx, t.Entry)
	if err != nil {
		return record, leave, err
	}
	out, err := r.cars.enter(ctx, strings.ToLower(t.VehicleID))
	if err != nil {
		return record, leave, err
	}
	if t.Wait, err = r.spaced(ctx, t.Entry, links); err != nil {
		return record, out, err
	}
	if record.Evidence, err = r.Meter.Visit(ctx, t, links, whole); err != nil {
		return record, out, err
	}
	return record, out, r.search(ctx, t.Entry, &record.Evidence)
}

// save judges and saves one vehicle. It counts as done only when it is durable.
func (r *Run) save(ctx context.Context, t Turn, record Record) error {
	record.Judgement = Judge(t.Entry, record.Evidence, Facts{}, r.Rules)
	if record.Evidence.Spared && t.Known { // what was found out before says more than that nobody asked again
		if record.Evidence.Wait == 0 {
			r.spared.Add(1)
		}
		r.postpone(t, record)
		r.watch(Event{Verdict: Inconclusive, Again: t.Visits > 0})
		return nil
	}
	stands, err := r.standing(context.WithoutCancel(ctx), t, &record)
	if err != nil || stands {
		return err
	}
	if err := r.Store.Save(context.WithoutCancel(ctx), record); err != nil {
		return err
	}
	r.postpone(t, record)
	r.watch(Event{Verdict: record.Judgement.Verdict, Again: t.Visits > 0})
	return nil
}

// saveCut keeps what a vehicle cost whose visit was cut short after one of its calls: it was called, and paid for. Without
// findings it is never ready, and it is repeated on resume.
func (r *Run) saveCut(ctx context.Context, t Turn, record Record) error {
	e := &record.Evidence
	if !e.Legacy.called() && !e.App.called() && !e.Identity.Absent {
		return nil
	}
	e.Findings, e.Cut = nil, true
	for _, leg := range []*Leg{&e.Legacy, &e.App} {
		switch {
		case !leg.called():
			leg.Detail = "the run ended before this leg was called"
		case leg.Outcome == LegNotRun: // read path by path
			leg.Detail = "the run ended before this leg was read to its end"
		}
	}
	record.Judgement = Judge(record.Entry, record.Evidence, Facts{}, r.Rules)
	if t.Known {
		before, err := r.Store.Record(context.WithoutCancel(ctx), t.Ordinal)
		if err != nil {
			return err
		}
		if before.Evidence.doubted() { // it still is, and stays in its place
			return r.Store.SaveRecheck(context.WithoutCancel(ctx), before, Spent{Legacy: e.Legacy.Billed, App: e.App.Billed})
		}
	}
	return r.Store.Save(context.WithoutCancel(ctx), record)
}
