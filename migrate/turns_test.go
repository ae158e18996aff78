package migrate

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/smartcar"
)

// TestTurnstile: one at a time to a name, any number to others, and whoever waits can go away.
func TestTurnstile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gate turnstile
		var inside, most atomic.Int32
		for range 20 {
			go func() {
				leave, err := gate.enter(t.Context(), "car")
				if err != nil {
					t.Error(err)
					return
				}
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(time.Second)
				inside.Add(-1)
				leave()
			}()
		}
		synctest.Wait()
		ended, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, err := gate.enter(ended, "car"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if leave, err := gate.enter(t.Context(), "other"); err != nil {
			t.Error(err)
		} else {
			leave()
		}
		time.Sleep(time.Minute)
		gate.mu.Lock()
		defer gate.mu.Unlock()
		if most.Load() != 1 || len(gate.inside) != 0 {
			t.Errorf("%d at a time, %d names are kept", most.Load(), len(gate.inside))
		}
	})
}

// TestLaterWait: what another visit may bring, and when.
func TestLaterWait(t *testing.T) {
	passing := func(f compare.Failure) Evidence {
		return Evidence{Legacy: Leg{Outcome: legacyOutcome(f), Failure: &f}, App: Leg{Outcome: LegAnswered}}
	}
	for _, c := range []struct {
		reason string
		f      compare.Failure
		make   string
		want   time.Duration
	}{
		{"the car's own limit, as long as it says", compare.Failure{Kind: compare.KindVehicleLimit, RetryAfter: 3 * time.Minute}, "", 3 * time.Minute},
		{"the car's own limit", compare.Failure{Kind: compare.KindVehicleLimit}, "", 2 * time.Minute},
		{"a maker that answers every half hour", compare.Failure{Kind: compare.KindVehicleLimit, RetryAfter: time.Minute}, "Chevrolet", 30 * time.Minute},
		{"of such a maker, but the car was not reached", compare.Failure{Kind: compare.KindNetwork}, "GMC", time.Minute},
		{"the maker's limit", compare.Failure{Kind: compare.KindUpstream, Type: "UPSTREAM", Code: "RATE_LIMIT"}, "", 10 * time.Minute},
		{"another trouble of the maker: the next run's", compare.Failure{Kind: compare.KindUpstream, Type: "UPSTREAM", Code: "NO_RESPONSE"}, "", 0},
		{"a gateway's page", compare.Failure{Kind: compare.KindUpstream, Status: 504}, "", time.Minute},
		{"the application's limit is waited out by all", compare.Failure{Kind: compare.KindAppLimit, RetryAfter: time.Minute}, "", 0},
		{"the quota lasts a month", compare.Failure{Kind: compare.KindQuota}, "", 0},
	} {
		e := passing(c.f)
		e.Make = c.make
		got, ok := laterWait(Record{Entry: anEntry(), Evidence: e, Judgement: Judgement{Verdict: Inconclusive}})
		if ok != (c.want > 0) || ok && got != c.want {
			t.Errorf("%s: %s, %v", c.reason, got, ok)
		}
	}
	if _, ok := laterWait(Record{Entry: anEntry(), Evidence: passing(compare.Failure{Kind: compare.KindVehicleLimit}), Judgement: Judgement{Verdict: Blocked}}); ok {
		t.Error("a finished vehicle comes again")
	}
}

// TestTheBilledCapHoldsOverVisits: what earlier visits of the run cost counts, and a vehicle over the cap is not called.
func TestTheBilledCapHoldsOverVisits(t *testing.T) {
	for earlier, calls := range map[int]int{0: 2, 10: 2, 55: 2, 57: 0, 100: 0} {
		m, caller, _ := aMeter(t)
		e, err := m.Visit(t.Context(), Turn{Entry: anEntry(), Billed: earlier}, []Link{*aLink()}, true)
		if err != nil || len(caller.calls) != calls {
			t.Errorf("%d reads before: %d calls, %v", earlier, len(caller.calls), err)
		}
		if calls == 0 && (e.Legacy.Outcome != LegQuota || e.Legacy.detail() == "") {
			t.Errorf("%d reads before: %+v", earlier, e.Legacy)
		}
	}
}

// TestAQuotaIsTheCars: a second entry of the car is not called after its allowance was used up, nor is a recheck made.
func TestAQuotaIsTheCars(t *testing.T) {
	m, caller, _ := aMeter(t)
	caller.batch = func(string, []string) smartcar.Answer { return refused(430, "BILLING", "VEHICLE_REQUEST_LIMIT") }
	if _, got := measure(t, m); got != "inconclusive quota-exhausted" {
		t.Errorf("judged %q", got)
	}
	caller.calls = nil
	if e, got := measure(t, m); got != "inconclusive quota-exhausted" || len(caller.calls) != 0 || e.Legacy.detail() != quotaSpent {
		t.Errorf("judged %q after %q", got, caller.calls)
	}
}

// TestAShortWaitIsNotSaid: cars that were throttled together come back within milliseconds of each other.
func TestAShortWaitIsNotSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var words []string
		r := &Run{Now: time.Now, Watch: func(e Event) { words = append(words, e.Word) }}
		for _, wait := range []time.Duration{time.Millisecond, 999 * time.Millisecond, time.Second, 2*time.Minute + time.Millisecond} {
			at := time.Now().Add(wait)
			r.later.add(due{at: at.UnixMilli()})
			if more, err := r.await(t.Context()); err != nil || !more || time.Now().Before(at) {
				t.Errorf("%s: %v, %v, and it is %s before its time", wait, more, err, time.Until(at))
			}
			r.later.next(at)
		}
		if want := []string{"waiting 1 s for vehicles that may be asked again then", "waiting 2 min for vehicles that may be asked again then"}; !slices.Equal(words, want) {
			t.Errorf("said %q", words)
		}
	})
}
