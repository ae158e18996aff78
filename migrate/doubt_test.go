package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/migrate/smartcar"
)

// TestAnIllAPIConvictsNobody: an API that refuses everybody for a while, in the middle of a run, as if every grant were dead or
// nobody connected. Whoever stood in that stretch is visited once more, and is found to be what it is.
func TestAnIllAPIConvictsNobody(t *testing.T) {
	for _, c := range []struct {
		leg, kind string
		status    int
	}{
		{"app", "PERMISSION", 403}, {"app", "RESOURCE_NOT_FOUND", 404}, {"app", "AUTHENTICATION", 401},
		{"legacy", "AUTHENTICATION", 401}, {"legacy", "RESOURCE_NOT_FOUND", 404},
	} {
		t.Run(fmt.Sprint(c.leg, " ", c.status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, caller, store := outageRun(t, 400)
				began := time.Now()
				caller.any = func(leg, id string, _ int) *smartcar.Answer {
					if at := time.Since(began); leg == c.leg && at > 20*time.Second && at < 40*time.Second {
						a := refused(c.status, c.kind, "")
						return &a
					}
					return dead(leg, id, "car-0000", "car-0111", "car-0222", "car-0333")
				}
				feedWhole(t, r)
				if got := store.counted(); got[Ready] != 396 || got[Blocked] != 4 {
					t.Errorf("%v", got)
				}
				if n := caller.visits() - 400; n < 130 || n > 145 { // of 7 a second in 20 s, and its ends
					t.Errorf("%d cars were visited again", n)
				}
			})
		})
	}
}

// TestARealClusterCostsTenVisits: cars that stand together and are refused for good stay what they are, and the last ones of
// the run do not look like an API's end.
func TestARealClusterCostsTenVisits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := outageRun(t, 400)
		var lost []string
		for i := 100; i < 180; i++ {
			lost = append(lost, fmt.Sprintf("car-%04d", i))
		}
		caller.any = func(leg, id string, _ int) *smartcar.Answer { return dead(leg, id, lost...) }
		feedWhole(t, r)
		var blocked, last time.Time
		n := 0
		for _, rec := range store.records {
			switch rec.Judgement.Verdict {
			case Blocked:
				if n++; rec.At.After(blocked) {
					blocked = rec.At
				}
			case Ready:
				if rec.At.After(last) {
					last = rec.At
				}
			}
		}
		if n != 80 || caller.visits() != 410 || !blocked.Before(last) {
			t.Errorf("%d blocked, the last at %s, %d visits, the last ready at %s", n, blocked, caller.visits(), last)
		}
	})
}

// feedWhole lets a run come to its end.
func feedWhole(t *testing.T, r *Run) {
	t.Helper()
	if stop, err := r.feed(t.Context(), t.Context()); err != nil || stop != StopNone {
		t.Fatalf("%q, %v", stop, err)
	}
}

// outageRun is a run of four workers that remembers refusals.
func outageRun(t *testing.T, cars int) (*Run, *garage, *shelf) {
	t.Helper()
	r, caller, store := runOf(t, cars, 4)
	r.Meter.outages = &outages{}
	return r, caller, store
}

// dead answers for the cars that v3 really does not know.
func dead(leg, id string, cars ...string) *smartcar.Answer {
	if leg != "app" || !slices.Contains(cars, strings.ToLower(id)) {
		return nil
	}
	a := refused(403, "PERMISSION", "")
	return &a
}

// TestAnInterruptForgetsNoOutage: it ends the run after an API was ill and before anybody was asked again; a later process asks
// then, and a third one does not ask once more.
func TestAnInterruptForgetsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := outageRun(t, 300)
		began := time.Now()
		cluster := []string{}
		for i := 200; i < 230; i++ {
			cluster = append(cluster, fmt.Sprintf("car-%04d", i))
		}
		caller.any = func(leg, id string, _ int) *smartcar.Answer {
			if at := time.Since(began); leg == "app" && at > 5*time.Second && at < 10*time.Second {
				a := refused(403, "PERMISSION", "")
				return &a
			}
			return dead(leg, id, cluster...)
		}
		for i, want := range []int{0, 300 + 28 + 10, 300 + 28 + 10} {
			ctx, cancel := context.WithTimeout(t.Context(), map[bool]time.Duration{true: 20 * time.Second, false: time.Hour}[i == 0])
			r.Meter.outages = &outages{}
			if err := r.remember(ctx); err != nil {
				t.Fatal(err)
			}
			_, err := r.feed(ctx, t.Context())
			cancel()
			n := 0
			for _, rec := range store.records {
				if rec.Judgement.Verdict == Blocked {
					n++
				}
			}
			if i == 0 {
				if err == nil || n < 25 {
					t.Fatalf("the first process: %v, %d blocked", err, n)
				}
				continue
			}
			if n != 30 || err != nil || caller.visits() < want || caller.visits() > want+10 {
				t.Errorf("process %d: %v, %d blocked after %d visits, want %d", i+1, err, n, caller.visits(), want)
			}
		}
	})
}

// counted are the verdicts of a shelf.
func (s *shelf) counted() map[Verdict]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	verdicts := map[Verdict]int{}
	for _, rec := range s.records {
		verdicts[rec.Judgement.Verdict]++
	}
	return verdicts
}

// TestAnOutageBehindTheFirstVisits: it begins before they are over, or strikes only those that are visited again; the cars that
// come later show that it was one.
func TestAnOutageBehindTheFirstVisits(t *testing.T) {
	for _, again := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r, caller, store := outageRun(t, 140)
			began := time.Now()
			caller.any = func(leg, id string, n int) *smartcar.Answer {
				at := time.Since(began)
				var a smartcar.Answer
				switch {
				case leg == "app" && at > 15*time.Second && at < 3*time.Minute:
					a = refused(403, "PERMISSION", "")
				case leg == "app" && n == 0 && (id <= "car-0003" || again && id <= "car-0040"):
					a = refused(429, "RATE_LIMIT", "VEHICLE")
					if a.Failure.RetryAfter = time.Minute; id <= "car-0003" {
						a.Failure.RetryAfter = 5 * time.Minute
					}
				default:
					return nil
				}
				return &a
			}
			feedWhole(t, r)
			if got := store.counted(); got[Ready] != 140 {
				t.Errorf("again %v: %v", again, got)
			}
		})
	}
}

// TestAProbeThatIsNotAnsweredDecidesNothing: it is asked again, and its first record stands meanwhile.
func TestAProbeThatIsNotAnsweredDecidesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := outageRun(t, 200)
		began := time.Now()
		caller.any = func(leg, id string, n int) *smartcar.Answer {
			var a smartcar.Answer
			switch at := time.Since(began); {
			case leg == "app" && n == 0 && at > 5*time.Second && at < 10*time.Second:
				a = refused(404, "RESOURCE_NOT_FOUND", "")
			case leg == "app" && n == 1:
				a = refused(500, "SERVER", "INTERNAL")
			default:
				return nil
			}
			return &a
		}
		feedWhole(t, r)
		if got := store.counted(); got[Ready] != 200 {
			t.Errorf("%v", got)
		}
	})
}

// TestProbesThatAreCut leave their stretch unmeasured, to be visited on resume; what is really lost is blocked again then, in its
// place, and a run at a lower level leaves it alone.
func TestProbesThatAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := outageRun(t, 200)
		began := time.Now()
		var lost []string
		for i := 100; i < 150; i++ {
			lost = append(lost, fmt.Sprintf("car-%04d", i))
		}
		both, end := context.WithCancel(t.Context())
		caller.any = func(leg, id string, n int) *smartcar.Answer {
			if n == 1 {
				end()
			}
			return dead(leg, id, lost...)
		}
		if _, err := r.feed(both, both); err == nil {
			t.Error("it was not cut")
		}
		if got := store.counted(); got[Ready] != 150 || got[Inconclusive] < 40 {
			t.Errorf("cut: %v", got)
		}
		last := began.Add(25 * time.Second)
		for _, legs := range []string{"both", "app", "connections"} {
			before := caller.visits()
			r.Meter.outages, r.Meter.Legs, r.doubts = &outages{}, legs, nil
			if err := r.remember(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := r.feed(t.Context(), t.Context()); err != nil {
				t.Error(err)
			}
			got, visits := store.counted(), caller.visits()-before
			if got[Ready] != 150 || got[Blocked] != 50 || legs == "both" && (visits < 40 || visits > 50) || legs != "both" && visits > 0 {
				t.Errorf("--legs %s: %v after %d visits", legs, got, visits)
			}
		}
		for _, rec := range store.records {
			if rec.Judgement.Verdict == Blocked && rec.At.After(last) {
				t.Errorf("%s stands at %s, behind what was served", rec.Entry.VehicleID, rec.At)
			}
		}
	})
}

// TestBothAPIsIll: the cars of both stretches are visited once; and where a cluster is lost on both sides, ten.
func TestBothAPIsIll(t *testing.T) {
	for _, real := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r, caller, store := outageRun(t, 300)
			began := time.Now()
			caller.any = func(leg, id string, _ int) *smartcar.Answer {
				at := time.Since(began)
				if lost := id >= "car-0100" && id < "car-0160"; real && !lost || !real && (at < 10*time.Second || at > 20*time.Second) || leg == "legacy" && id == "user" {
					return nil
				}
				a := refused(map[string]int{"app": 403, "legacy": 404}[leg], map[string]string{"app": "PERMISSION", "legacy": "RESOURCE_NOT_FOUND"}[leg], "")
				return &a
			}
			store.slow = 3 * time.Second
			feedWhole(t, r)
			got, more := store.counted(), caller.visits()-300
			if real && (got[Ready] != 240 || more != 10) || !real && (got[Ready] != 300 || more < 60 || more > 90) {
				t.Errorf("real %v: %v, %d visits more", real, got, more)
			}
		})
	}
}

// TestAnOutageOverARealCluster: most of it is healed, and what is really lost is confirmed and keeps its place.
func TestAnOutageOverARealCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := outageRun(t, 300)
		began := time.Now()
		caller.any = func(leg, id string, _ int) *smartcar.Answer {
			if at := time.Since(began); leg == "app" && (at > 10*time.Second && at < 30*time.Second || id >= "car-0100" && id < "car-0160") {
				a := refused(403, "PERMISSION", "")
				return &a
			}
			return nil
		}
		feedWhole(t, r)
		if got := store.counted(); got[Ready] != 240 || got[Blocked] != 60 {
			t.Errorf("%v", got)
		}
		for _, rec := range store.records {
			if app := rec.Evidence.App; rec.Judgement.Verdict == Blocked && (!app.Confirmed || rec.At.Sub(began) > 31*time.Second) {
				t.Errorf("%s: %+v at %s", rec.Entry.VehicleID, app, rec.At.Sub(began))
			}
		}
	})
}

// TestWhatCannotBeVisitedOnceMoreIsUnmeasured: no probe has a token that lives.
func TestWhatCannotBeVisitedOnceMoreIsUnmeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, caller, store := outageRun(t, 200)
		began := time.Now()
		caller.any = func(leg, id string, n int) *smartcar.Answer {
			var a smartcar.Answer
			switch at := time.Since(began); {
			case leg == "app" && n == 0 && at > 5*time.Second && at < 10*time.Second:
				a = refused(403, "PERMISSION", "")
			case n > 0:
				a = refused(502, "UPSTREAM", "NO_RESPONSE")
			default:
				return nil
			}
			return &a
		}
		feedWhole(t, r)
		if got := store.counted(); got[Blocked] > 0 || got[Inconclusive] < 25 || got[Inconclusive] > 40 {
			t.Errorf("%v", got)
		}
	})
}

// TestADoubtedCarThatMustWait stays doubted and comes again; one that is not asked, because its token has died, stays doubted.
func TestADoubtedCarThatMustWait(t *testing.T) {
	r, _, store := outageRun(t, 1)
	before := Record{Entry: store.entries[0], At: noon, Judgement: Judgement{Verdict: Inconclusive},
		Evidence: Evidence{Legacy: Leg{Outcome: LegAnswered}, App: Leg{Outcome: LegNotConnected, Doubted: true}}}
	for _, wait := range []time.Duration{5 * time.Minute, 0} {
		store.records[0], r.later.heap = before, nil
		rec := Record{Entry: before.Entry, At: time.Now(), Evidence: Evidence{Legacy: Leg{Outcome: LegTokenMissing}, App: Leg{Outcome: LegNotRun}, Wait: wait, Spared: wait > 0}}
		if err := r.save(t.Context(), Turn{Entry: before.Entry, Known: true}, rec); err != nil {
			t.Fatal(err)
		}
		if _, waits := r.later.wait(time.Now()); waits != (wait > 0) || !store.records[0].Evidence.App.Doubted || store.records[0].At != noon {
			t.Errorf("%s: comes again %v, %+v", wait, waits, store.records[0])
		}
	}
}
