package migrate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"scmigrate/migrate/internal/crash"
)

// doubt looks for stretches, and decides about those whose probes were visited. It runs while no vehicle is visited.
func (r *Run) doubt(ctx context.Context) error {
	queued := map[int32]bool{}
	var open []stretch
	for _, s := range r.doubts {
		decided, err := r.decide(ctx, s, queued)
		if err != nil {
			return err
		}
		if !decided {
			open = append(open, s)
		}
	}
	for _, s := range r.doubtful() {
		doubted, err := r.begin(ctx, &s, queued)
		if err != nil {
			return err
		}
		if doubted {
			open = append(open, s)
		}
	}
	r.doubts = open
	return nil
}

// doubtful are the stretches that nobody has looked at.
func (r *Run) doubtful() []stretch {
	if r.Meter.outages == nil || r.Meter.Legs == "connections" {
		return nil
	}
	return r.Meter.outages.doubtful(4 * r.Concurrency) // both visits of each worker, twice over
}

// doubtUnasked is what becomes of them where the run ends before anybody can be visited once more: its report convicts none of
// their cars, and the resumed run visits them.
func (r *Run) doubtUnasked(ctx context.Context) error {
	for _, s := range r.doubtful() {
		doubted, err := r.suspect(ctx, &s)
		if err != nil {
			return err
		}
		if doubted {
			r.say(fmt.Sprintf("vehicles that were refused together before others were served: %d; they count as unmeasured until a resumed run has visited them once more", len(s.cars)))
		}
	}
	return nil
}

// suspect doubts what a stretch convicts, unless an earlier process has.
func (r *Run) suspect(ctx context.Context, s *stretch) (doubted bool, err error) {
	var confirmed int
	if s.cars, confirmed, err = r.convicted(ctx, *s); err != nil || confirmed >= len(spread(s.cars)) {
		return false, err
	}
	return true, r.change(ctx, s.cars, func(e *Evidence) { s.leg(e).Doubted = !s.leg(e).Confirmed })
}

// begin doubts a stretch and has its probes visited.
func (r *Run) begin(ctx context.Context, s *stretch, queued map[int32]bool) (doubted bool, err error) {
	if doubted, err = r.suspect(ctx, s); !doubted || err != nil {
		return false, err
	}
	s.probes = spread(s.cars)
	if same := slices.DeleteFunc(slices.Clone(s.cars), func(n int32) bool { return !queued[n] }); len(same) >= len(s.probes) { // of the other leg's
		s.probes = same
	}
	r.say(fmt.Sprintf("vehicles that were refused together before others were served: %d; visiting %d of them once more", len(s.cars), len(s.probes)))
	return true, r.queue(ctx, s.probes, queued)
}

// decide tells whether the probes have. As long as some of them wait for another visit, they have not.
func (r *Run) decide(ctx context.Context, s stretch, queued map[int32]bool) (decided bool, err error) {
	served, confirmed := 0, 0
	for _, n := range s.probes {
		rec, err := r.Store.Record(ctx, int(n))
		switch {
		case err != nil:
			return false, err
		case s.served(rec.Evidence):
			served++
		case s.leg(&rec.Evidence).Confirmed:
			confirmed++
		}
	}
	_, waiting := r.later.wait(r.Now())
	rest := slices.DeleteFunc(slices.Clone(s.cars), func(n int32) bool { return slices.Contains(s.probes, n) })
	switch {
	case served > 0:
		r.say(fmt.Sprintf("an API refused vehicles that it serves now: visiting the other %d of that time once more", len(rest)))
		return true, r.queue(ctx, rest, queued)
	case confirmed == len(s.probes):
		return true, r.change(ctx, rest, func(e *Evidence) { s.leg(e).Doubted = false })
	case !waiting:
		r.say(fmt.Sprintf("vehicles that were refused together and could not be visited once more: %d; they count as unmeasured", len(s.cars)))
		return true, nil
	}
	return false, nil
}

// convicted are the cars of a stretch that it still convicts, each once, and how many of them were refused at another time,
// too. A run at a lower level of --legs does not measure again what a higher one has.
func (r *Run) convicted(ctx context.Context, s stretch) (cars []int32, confirmed int, err error) {
	seen := map[int32]bool{}
	for _, n := range s.cars {
		if seen[n] {
			continue
		}
		seen[n] = true
		rec, err := r.Store.Record(ctx, int(n))
		if err != nil {
			return nil, 0, err
		}
		if s.refused(rec.Evidence) && (r.Meter.Legs == "both" || rec.Evidence.Legacy.Outcome == LegNotRun) {
			cars = append(cars, n)
			if s.leg(&rec.Evidence).Confirmed {
				confirmed++
			}
		}
	}
	return cars, confirmed, nil
}

// change rewrites records and judges them again.
func (r *Run) change(ctx context.Context, cars []int32, how func(*Evidence)) error {
	var group errgroup.Group
	group.SetLimit(maxSaves)
	for _, n := range cars {
		group.Go(func() (trouble error) {
			defer crash.Catch(&trouble)
			rec, err := r.Store.Record(ctx, int(n))
			if err != nil {
				return err
			}
			before := rec.Judgement.Verdict
			how(&rec.Evidence)
			rec.Judgement = Judge(rec.Entry, rec.Evidence, Facts{}, r.Rules)
			if err := r.Store.Correct(ctx, rec); err != nil {
				return err
			}
			r.watch(Event{Verdict: rec.Judgement.Verdict, Again: true, Before: before})
			return nil
		})
	}
	return group.Wait()
}

// queue has vehicles visited as soon as their makes let them be asked, each once.
func (r *Run) queue(ctx context.Context, cars []int32, queued map[int32]bool) error {
	for _, n := range cars {
		if queued[n] {
			continue
		}
		queued[n] = true
		rec, err := r.Store.Record(ctx, int(n))
		if err != nil {
			return err
		}
		at := r.Now()
		if apart := spacing(rec.Evidence.Make); apart > 0 && rec.Evidence.Legacy.called() {
			at = slices.MaxFunc([]time.Time{at, rec.At.Add(apart)}, time.Time.Compare)
		}
		r.later.add(due{at: at.UnixMilli(), ordinal: n, visits: 1})
	}
	return nil
}

// standing holds a new record of a vehicle against the one before. A doubted one stands where nobody was asked now. A leg that
// refuses the car once more is confirmed, and the record keeps its place in the order of the visits: as the last ones of the
// run, a cluster's would look like an API's end.
func (r *Run) standing(ctx context.Context, t Turn, rec *Record) (stands bool, err error) {
	uncalled := rec.Evidence.App.Outcome == LegNotRun
	if !t.Known || !uncalled && !legacySide.refused(rec.Evidence) && !appSide.refused(rec.Evidence) {
		return false, nil
	}
	before, err := r.Store.Record(ctx, t.Ordinal)
	if err != nil || uncalled {
		return before.Evidence.doubted(), err
	}
	again, anew := false, false
	for _, s := range []side{legacySide, appSide} {
		if old, now := s.leg(&before.Evidence), s.leg(&rec.Evidence); s.refused(rec.Evidence) {
			now.Confirmed = old.Doubted || old.Confirmed && s.refused(before.Evidence)
			again, anew = again || now.Confirmed, anew || !now.Confirmed
		}
	}
	if again && !anew {
		rec.At = before.At
	}
	return false, nil
}

// doubted tells whether a leg's refusal is.
func (e Evidence) doubted() bool { return e.Legacy.Doubted || e.App.Doubted }

// sound is the evidence without what is doubted.
func (e Evidence) sound() Evidence {
	for _, leg := range []*Leg{&e.Legacy, &e.App} {
		if leg.Doubted {
			leg.Outcome, leg.Failure, leg.Detail = LegUpstream, nil, "refused while the API refused others, too"
			e.Findings = nil
		}
	}
	return e
}
