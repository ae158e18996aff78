package migrate

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/rules"
)

// RecheckVehicles is how many vehicles of a run may be asked again when so many requests were sent: 5 % of them at three
// a vehicle, or 50 vehicles, whichever is more (CONTRACT §8.2).
func RecheckVehicles(requests int) int { return max(50, requests*5/100/3) }

// Differing are the fields of a vehicle whose differences may be gone when asked about again, as the rules read them, and
// that were asked about fewer than so many times. What only the whole fleet convicts is not among them: another look at
// one car says nothing about that.
func Differing(e Evidence, r rules.Rules, rounds int) (names []string) {
	if e.Legacy.Outcome != LegAnswered || e.App.Outcome != LegAnswered {
		return nil
	}
	for _, f := range Weighed(e, Facts{}, r) {
		stands := f.Outcome == compare.Differs && f.Reason == compare.ReasonValue && f.Recheck != nil
		if stands && f.Recheck.Answered() < rounds {
			names = append(names, f.Field)
		}
	}
	return names
}

// Disputed counts the findings that Differing may name under rules without tolerances of their own: no other rule makes a
// difference of values of anything that was none when it was observed.
func (e Evidence) Disputed() (n int) {
	if e.Legacy.Outcome != LegAnswered || e.App.Outcome != LegAnswered {
		return 0
	}
	for _, f := range e.Findings {
		if f.Outcome == compare.Differs && f.Reason == compare.ReasonValue {
			n++
		}
	}
	return n
}

// recheck asks again about the differences that are left at the end. Where it cannot, they stand and say why; the run is
// whole all the same. Only an interrupt and refused credentials are the run's own end.
func (r *Run) recheck(ctx, feed, work context.Context) error {
	why, err := r.rechecks(feed, work)
	switch stop := stopOf(ctx, feed, err); {
	case err == nil:
	case stop == StopBudget || stop == StopTimeBox || stop == StopPaused || stop == StopSystemic || stop == StopNoToken:
		why, err = string(stop), nil
	}
	if err != nil {
		return err
	}
	return r.Store.SetNotAsked(context.WithoutCancel(ctx), why)
}

// rechecks makes the rounds; why says what kept it from asking about everything.
func (r *Run) rechecks(feed, work context.Context) (why string, err error) {
	switch {
	case r.Rounds == 0:
		return "--recheck 0", nil
	case r.Meter.Legs != "both":
		return "--legs " + r.Meter.Legs, nil
	case r.Meter.noLegacy():
		return "the legacy side is an earlier run's, which cannot be asked again", nil
	}
	for round := 1; round <= r.Rounds; round++ {
		t, err := r.toAsk(feed, round)
		if err != nil || len(t.ordinals) == 0 {
			return t.why, err
		}
		why = t.why
		if end, ok := feed.Deadline(); ok && time.Until(end) < r.RecheckAfter {
			return "the time box ends before " + compare.Span(r.RecheckAfter) + " are over", nil
		}
		if err := r.wait(feed, t.differences); err != nil {
			return why, err
		}
		if err := r.askAgain(feed, work, round, t.ordinals); err != nil {
			return why, err
		}
	}
	return why, nil
}

// wait lets time pass, so that what was only a moment's difference may be gone.
func (r *Run) wait(ctx context.Context, differences int) error {
	things := "difference"
	if differences != 1 {
		things += "s"
	}
	r.say(fmt.Sprintf("waiting %s before asking again about %d %s", compare.Span(r.RecheckAfter), differences, things))
	return r.rest(ctx, r.RecheckAfter)
}

// rest lets time pass; the error is the context's.
func (r *Run) rest(ctx context.Context, d time.Duration) error {
	if r.Sleep != nil {
		r.Sleep(ctx, d)
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// disputes are the vehicles to ask again, in calling order.
type disputes struct {
	ordinals    []int
	differences int
	why         string // why not all that differ are among them
}

// toAsk finds the vehicles with differences that were asked about fewer than round times, as many as may be asked:
// vehicles that were asked before do not count again.
func (r *Run) toAsk(ctx context.Context, round int) (t disputes, err error) {
	var all []dispute
	var ordinals []int
	for rec, err := range r.Store.Disputed(ctx, len(r.Rules.Tolerance) > 0) {
		if err != nil {
			return t, err
		}
		if n := len(Differing(rec.Evidence, r.Rules, round)); n > 0 {
			all, ordinals = append(all, dispute{rec.Entry.Ordinal, n, rec.Evidence.Again != Spent{} || spacing(rec.Evidence.Make) > 0}), append(ordinals, rec.Entry.Ordinal)
		}
	}
	limit, spare, err := r.spare(ctx)
	if err != nil {
		return t, err
	}
	if ordinals, err = r.Store.InTurn(ctx, ordinals); err != nil {
		return t, err
	}
	for _, n := range ordinals {
		i, _ := slices.BinarySearchFunc(all, n, func(d dispute, n int) int { return cmp.Compare(d.ordinal, n) })
		if !all[i].free {
			if spare <= 0 {
				t.why = fmt.Sprintf("no more than %d vehicles are asked again in a run of this size", limit)
				continue
			}
			spare--
		}
		t.ordinals, t.differences = append(t.ordinals, n), t.differences+all[i].fields
	}
	return t, nil
}

// dispute is a vehicle that may be asked again, about so many fields; free: it takes nobody's place, because it was asked
// again in an earlier round, or may not be (see spacing), which is said.
type dispute struct {
	ordinal, fields int
	free            bool
}

// spare is how many vehicles may be asked again in this run, and how many of them are left.
func (r *Run) spare(ctx context.Context) (limit, spare int, err error) {
	done, err := r.Store.Rechecks(ctx)
	if err != nil {
		return 0, 0, err
	}
	requests, err := r.Store.Requests(ctx)
	if err != nil {
		return 0, 0, err
	}
	sent := -done.Requests
	for _, n := range requests {
		sent += n
	}
	limit = RecheckVehicles(sent)
	return limit, limit - done.Vehicles, nil
}

// askAgain asks vehicles again, several at a time, but never two entries of one car.
func (r *Run) askAgain(feed, work context.Context, round int, ordinals []int) error {
	r.say(fmt.Sprintf("vehicles to ask again: %d", len(ordinals)))
	return inParallel(feed, work, r.Concurrency, each(ordinals), func(ctx context.Context, ordinal int) error {
		rec, err := r.Store.Record(ctx, ordinal)
		if err != nil {
			return err
		}
		leave, err := r.cars.enter(ctx, strings.ToLower(rec.Entry.VehicleID))
		if err != nil {
			return err
		}
		defer leave()
		return r.again(ctx, rec, round)
	})
}

func each(ordinals []int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for _, n := range ordinals {
			if !yield(n, nil) {
				return
			}
		}
	}
}

// again asks one vehicle again and saves what came of it, also of a round that was cut short: it was paid for.
func (r *Run) again(ctx context.Context, rec Record, round int) error {
	before := rec.Evidence.Again
	turn, err := r.Store.Turn(ctx, rec.Entry.Ordinal)
	if err != nil {
		return err
	}
	rec.Evidence.Earlier = turn.Billed - rec.Evidence.billed()
	asked := r.Meter.Recheck(ctx, rec.Entry, &rec.Evidence, Differing(rec.Evidence, r.Rules, round))
	after := rec.Evidence.Again
	if asked != nil && after == before {
		return asked
	}
	rec.Judgement = Judge(rec.Entry, rec.Evidence, Facts{}, r.Rules)
	spent := Spent{after.Requests - before.Requests, after.Legacy - before.Legacy, after.App - before.App}
	if err := r.Store.SaveRecheck(context.WithoutCancel(ctx), rec, spent); err != nil {
		return &unsaved{err}
	}
	return asked
}
