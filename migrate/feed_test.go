package migrate

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/smartcar"
)

// TestSavingHoldsNoWorker: two workers call a car a second each, however long a commit takes, and nobody hears of a car
// before it is durable.
func TestSavingHoldsNoWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, store := runOf(t, 100, 2)
		store.slow = 20 * time.Second
		var told int
		var mu sync.Mutex
		r.Watch = func(Event) {
			mu.Lock()
			defer mu.Unlock()
			store.mu.Lock()
			durable := len(store.records) // read in the order in which the cars are told
			store.mu.Unlock()
			if told++; told > durable {
				t.Errorf("%d cars are told, %d durable", told, durable)
			}
		}
		started := time.Now()
		if stop, err := r.feed(t.Context(), t.Context()); err != nil || stop != StopNone {
			t.Fatalf("%q, %v", stop, err)
		}
		if took := time.Since(started); took > 75*time.Second || len(store.records) != 100 || told != 100 {
			t.Errorf("%d durable, %d told after %s", len(store.records), told, took)
		}
	})
}

// TestNothingPaidForIsLost: what was called when a run is interrupted is durable when it ends, however slow the disk is.
func TestNothingPaidForIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := runOf(t, 100, 4)
		store.slow = 20 * time.Second
		feed, interrupt := context.WithTimeout(t.Context(), 10*time.Second+time.Second/2)
		defer interrupt()
		if _, err := r.feed(feed, t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if len(caller.batches) < 40 || len(store.records) != len(caller.batches) {
			t.Errorf("%d cars called, %d durable", len(caller.batches), len(store.records))
		}
	})
}

// TestALedgerThatFailsEndsTheRun as a failure, also when it is interrupted, and at once: it waits for no car that may be
// asked again later.
func TestALedgerThatFailsEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := runOf(t, 100, 2)
		store.fails = 10
		caller.batch = func(string, int) *smartcar.Answer {
			a := refused(429, "RATE_LIMIT", "VEHICLE")
			return &a
		}
		started := time.Now()
		_, err := r.feed(t.Context(), t.Context())
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if stop := stopOf(ended, ended, err); !errors.Is(err, errDisk) || stop != StopNone {
			t.Errorf("%v is told as %q", err, stop)
		}
		if took := time.Since(started); took > 10*time.Second || len(caller.batches) > 16 {
			t.Errorf("%d cars called in %s", len(caller.batches), took)
		}
	})
}

// TestOneCarOfTwoUsers: two entries that are one car, in whatever case, are never called together; the garage watches that.
func TestOneCarOfTwoUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := runOf(t, 40, 8)
		for i := 1; i < 40; i += 2 {
			store.entries[i].VehicleID, store.entries[i].UserID = strings.ToUpper(store.entries[i-1].VehicleID), strangeID
		}
		if stop, err := r.feed(t.Context(), t.Context()); err != nil || stop != StopNone {
			t.Fatalf("%q, %v", stop, err)
		}
		for id, n := range caller.batches {
			if n != 2 {
				t.Errorf("%s was called %d times", id, n)
			}
		}
	})
}

// TestAThrottledCarHoldsNoWorker: one car in a hundred is throttled for five minutes; the others are done long before, and it
// is visited once more when it may be, and not when it was measured in the meantime.
func TestAThrottledCarHoldsNoWorker(t *testing.T) {
	for _, measured := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r, caller, store := runOf(t, 100, 1)
			caller.batch = func(id string, n int) *smartcar.Answer {
				if id != "car-0000" || n > 0 {
					return nil
				}
				a := refused(429, "RATE_LIMIT", "VEHICLE")
				a.Failure.RetryAfter = 5 * time.Minute
				return &a
			}
			var others time.Time
			started := time.Now()
			store.saved = func(rec Record) {
				if rec.Entry.Ordinal != 0 {
					others = time.Now()
				} else if measured {
					rec.Evidence.Legacy, rec.Judgement.Verdict = Leg{Outcome: LegAnswered}, Ready
					store.records[0] = rec
				}
			}
			stop, err := r.feed(t.Context(), t.Context())
			if err != nil || stop != StopNone || others.Sub(started) > 101*time.Second {
				t.Fatalf("%q, %v; the others took %s", stop, err, others.Sub(started))
			}
			want, took := 2, time.Since(started)
			if measured {
				want = 1
			}
			if caller.batches["car-0000"] != want || took < 5*time.Minute && !measured || took > 6*time.Minute {
				t.Errorf("measured %v: called %d times in %s", measured, caller.batches["car-0000"], took)
			}
			if f := store.records[0].Evidence.Legacy; f.Outcome != LegAnswered || f.Failure != nil && f.Failure.Kind == compare.KindVehicleLimit {
				t.Errorf("measured %v: %+v", measured, f)
			}
		})
	}
}

// TestACarThatAnswersEveryHalfHour, of two users: the second entry is put off, says why, and is measured when its time has
// come, if the run may wait for so long; otherwise the run ends at once, to be resumed.
func TestACarThatAnswersEveryHalfHour(t *testing.T) {
	for _, box := range []time.Duration{0, 2 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			r, caller, store := runOf(t, 2, 8)
			store.make, store.entries[1].VehicleID, store.entries[1].UserID = "Buick", "CAR-0000", strangeID
			feed := t.Context()
			if box > 0 {
				var cancel func()
				feed, cancel = context.WithTimeout(feed, box)
				defer cancel()
			}
			var told, again int
			r.Watch = func(e Event) {
				if e.Word == "" {
					told++
				}
				if e.Again {
					again++
				}
			}
			started := time.Now()
			stop, err := r.feed(feed, t.Context())
			took := time.Since(started)
			var waiting *Record
			for _, rec := range store.records {
				if rec.Evidence.Legacy.Outcome == LegNotRun {
					waiting = &rec
				}
			}
			if box > 0 {
				if err != nil || stop != StopNone || waiting != nil || caller.batches["car-0000"] != 2 || took < 30*time.Minute || took > 31*time.Minute || told != 3 || again != 1 {
					t.Errorf("%q, %v after %s: %d calls, %d told, %d again, %+v", stop, err, took, caller.batches["car-0000"], told, again, waiting)
				}
				return
			}
			if err != nil || stop != StopPaused || waiting == nil || caller.batches["car-0000"] != 1 || took > time.Minute {
				t.Fatalf("%q, %v after %s: %d calls, %+v", stop, err, took, caller.batches["car-0000"], waiting)
			}
			if j := waiting.Judgement; j.Verdict != Inconclusive || j.Causes[0] != (CauseRef{Code: NotRun, Detail: "a BUICK may be asked once in 30 min only"}) {
				t.Errorf("judged %+v", j)
			}
		})
	}
}

// TestNoVehicleUnderAnOldList: the list that has become too old while a throttled car rested is read before its next visit.
func TestNoVehicleUnderAnOldList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := runOf(t, 3, 2)
		r.listsDue = time.Now().Add(3 * time.Minute)
		var called []time.Time
		caller.batch = func(id string, n int) *smartcar.Answer {
			if id != "car-0001" {
				return nil
			}
			if called = append(called, time.Now()); n > 0 {
				return nil
			}
			a := refused(429, "RATE_LIMIT", "VEHICLE")
			a.Failure.RetryAfter = 5 * time.Minute
			return &a
		}
		if stop, err := r.feed(t.Context(), t.Context()); err != nil || stop != StopNone {
			t.Fatalf("%q, %v", stop, err)
		}
		if len(called) != 2 || len(store.listed) == 0 || store.listed[0].Before(called[0]) || store.listed[0].After(called[1]) {
			t.Errorf("called at %v, listed at %v", called, store.listed)
		}
	})
}

// TestSearchesLookOnce: several cars of one user may be the same new connection; it is asked once.
func TestSearchesLookOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, caller, _ := aMeter(t) // fails when two calls of one leg are in flight
		caller.hold = func(context.Context, string) { time.Sleep(time.Second) }
		caller.look = func(id, _ string) smartcar.Answer { return vinAnswer(id, otherVIN) }
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				e := Evidence{Identity: identify(anEntry(), nil, true), Legacy: Leg{Outcome: LegNotRun}, App: Leg{Outcome: LegNotRun}}
				if err := m.Search(t.Context(), anEntry(), []Link{orphan("new-1", "")}, &e); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		wantCalls(t, caller, "look new-1")
	})
}

// TestAKeptRecordIsSaid: a car that has had what it may have keeps what is on record of it, and the run says so.
func TestAKeptRecordIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := runOf(t, 2, 1)
		r.Meter.Billed = 5 // a visit costs four
		kept := Record{Entry: store.entries[0], Evidence: Evidence{Legacy: Leg{Outcome: LegTimeout}, App: Leg{Outcome: LegAnswered}}, Judgement: Judgement{Verdict: Inconclusive}}
		store.records[0], store.billed = kept, map[int]int{0: 4}
		var words []string
		r.Watch = func(e Event) {
			if e.Word != "" {
				words = append(words, e.Word)
			}
		}
		if stop, err := r.feed(t.Context(), t.Context()); err != nil || stop != StopNone {
			t.Fatalf("%q, %v", stop, err)
		}
		if store.records[0].Evidence.Legacy.Outcome != LegTimeout || caller.batches["car-0000"] != 0 || caller.batches["car-0001"] != 1 || len(words) != 1 || !strings.HasSuffix(words[0], "used up: 1") {
			t.Errorf("%+v, %v, %q", store.records[0].Evidence.Legacy, caller.batches, words)
		}
	})
}

// TestABudgetThatEndsBeforeTheLastCar ends the run, however many workers there are: nobody waits for a car that was drawn and
// is not begun any more.
func TestABudgetThatEndsBeforeTheLastCar(t *testing.T) {
	for _, workers := range []int{1, 2, 8, 16} {
		synctest.Test(t, func(t *testing.T) {
			r, caller, store := runOf(t, 20, workers)
			r.Meter.Caller = &budgeted{garage: caller, left: 20 - max(1, workers/8) - 1}
			feed, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_, err := r.feed(feed, t.Context())
			if stop := stopOf(t.Context(), feed, err); stop != StopBudget || feed.Err() != nil {
				t.Errorf("%d workers: %q, %v", workers, stop, err)
			}
			if len(store.records) < len(caller.batches) {
				t.Errorf("%d workers: %d cars called, %d durable", workers, len(caller.batches), len(store.records))
			}
		})
	}
}

// budgeted lets so many cars be called.
type budgeted struct {
	*garage
	left int
}

// BatchFrom is the garage's while the budget lasts.
func (b *budgeted) BatchFrom(ctx context.Context, id string, token smartcar.TokenFunc, paths []string) (smartcar.Answer, error) {
	b.mu.Lock()
	b.left--
	over := b.left < 0
	b.mu.Unlock()
	if over {
		return smartcar.Answer{}, smartcar.ErrBudget
	}
	return b.garage.BatchFrom(ctx, id, token, paths)
}

// TestWhatWasReadPathByPathIsPaidFor: where batch is refused, a run that ends between two paths keeps what the first ones cost.
func TestWhatWasReadPathByPathIsPaidFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := runOf(t, 1, 1)
		caller.batch = func(string, int) *smartcar.Answer {
			a := refused(430, "BILLING", "INVALID_PLAN")
			return &a
		}
		r.Meter.Caller = &pathwise{garage: caller, left: 2}
		if _, err := r.feed(t.Context(), t.Context()); !errors.Is(err, smartcar.ErrBudget) {
			t.Error(err)
		}
		rec := store.records[0]
		if e := rec.Evidence; e.Legacy.Billed != 2 || !e.Cut || rec.Judgement.Verdict != Inconclusive || rec.Finished() {
			t.Errorf("%+v is %+v", e.Legacy, rec.Judgement)
		}
	})
}

// pathwise lets so many paths be read singly.
type pathwise struct {
	*garage
	left int
}

// LegacyGetFrom serves an empty object while the budget lasts, and only the legacy leg is called.
func (p *pathwise) LegacyGetFrom(context.Context, string, string, smartcar.TokenFunc) (smartcar.Answer, error) {
	if p.left--; p.left < 0 {
		return smartcar.Answer{}, smartcar.ErrBudget
	}
	a := answered(map[string]any{})
	a.Attempts = 1
	return a, nil
}

// Signals is beyond the budget, too.
func (p *pathwise) Signals(context.Context, string, string) (smartcar.Answer, error) {
	return smartcar.Answer{}, smartcar.ErrBudget
}
