package migrate

import (
	"container/heap"
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
)

// Turn is an entry when it is to be visited.
type Turn struct {
	inventory.Entry
	Billed int  // reads that its earlier visits in this run's directory have cost
	Visits int  // in this process
	Known  bool // something is on record of it

	Finished bool          // it needs no visit any more
	Wait     time.Duration // for so long its car may not be asked
}

// maxVisits is how often one vehicle is visited in one process; what is left then is tried again on resume.
const maxVisits = 3

// Waits where nobody names one. A maker's own limit lasts long (smartcar-v2.md §5: "back off for long"); of a host that
// failed nothing is known but that it passes.
const (
	vehicleWait = 2 * time.Minute
	makerWait   = 10 * time.Minute
	hostWait    = time.Minute // the breaker waits out what lasts longer
)

// laterWait tells whether a vehicle that could not be measured may well be measured later in the same run, and how long
// that must wait: one that its own limit throttles, or whose host or maker did not answer just now. The longest wait of
// all its troubles counts.
func laterWait(r Record) (wait time.Duration, ok bool) {
	e := r.Evidence
	if e.Wait > 0 {
		return e.Wait, true
	}
	if r.Finished() || e.Cut {
		return 0, false
	}
	take := func(f *compare.Failure) {
		if d := waitOf(f); d > 0 {
			wait, ok = max(wait, d), true
		}
	}
	take(e.Legacy.Failure)
	take(e.App.Failure)
	for _, f := range e.Findings {
		take(f.Legacy.Failure)
		take(f.App.Failure)
	}
	if f := e.Legacy.Failure; e.Legacy.Outcome == LegNotRun || f != nil && f.Kind == compare.KindNetwork { // the car was not asked
		return wait, ok
	}
	return max(wait, spacing(e.Make)), ok
}

// waitOf is 0 for failures that another visit in the same run would only repeat, or that the whole application waits out.
func waitOf(f *compare.Failure) time.Duration {
	switch {
	case f == nil:
		return 0
	case f.Kind == compare.KindVehicleLimit && f.RetryAfter > 0:
		return f.RetryAfter
	case f.Kind == compare.KindVehicleLimit:
		return vehicleWait
	case f.Kind == compare.KindUpstream && f.Type == "UPSTREAM" && f.Code == "RATE_LIMIT":
		return max(makerWait, f.RetryAfter)
	case f.Kind == compare.KindUpstream && f.Type != "UPSTREAM", f.Kind == compare.KindNetwork: // the host's, not the maker's
		return max(hostWait, f.RetryAfter)
	}
	return 0
}

// spacings are the least times between two legacy reads of one car, by its make: GM's cars answer nothing more often than
// every half hour (v2-to-v3-mapping.md §4.3, item 21). BYD's, which allow one session, stand there, too: no car is ever
// called twice at once.
var spacings = map[string]time.Duration{"CHEVROLET": 30 * time.Minute, "BUICK": 30 * time.Minute, "CADILLAC": 30 * time.Minute, "GMC": 30 * time.Minute}

// spacing is 0 for a make of which none is known.
func spacing(vehicleMake string) time.Duration { return spacings[strings.ToUpper(vehicleMake)] }

// spaced is how long a car must not be asked yet because it was read a moment ago for another entry; 0 where it may. The
// entry's own visits are spaced by laterWait.
func (r *Run) spaced(ctx context.Context, e inventory.Entry, links []Link) (time.Duration, error) {
	apart := time.Duration(0)
	for _, l := range links {
		apart = max(apart, spacing(l.Make))
	}
	if apart == 0 || r.Meter.Legs != "both" || r.Meter.sameAPI() || r.Meter.noLegacy() {
		return 0, nil
	}
	last, err := r.Store.OthersRead(ctx, e)
	if wait := last.Add(apart).Sub(r.Now()); err == nil && wait > time.Second {
		return wait, nil
	}
	return 0, err
}

// spacingText says why a car is not asked.
func spacingText(vehicleMake string) string {
	return fmt.Sprintf("a %s may be asked once in %s only", strings.ToUpper(vehicleMake), compare.Span(spacing(vehicleMake)))
}

// postponed holds the vehicles that are to be visited again, 16 bytes each. It is safe for concurrent use.
type postponed struct {
	mu   sync.Mutex
	heap dues
}

// due is one of them.
type due struct {
	at      int64 // Unix milliseconds
	ordinal int32
	visits  int32
}

// dues is a heap, the earliest first; of two at one moment the one that stands first in the inventory.
type dues []due

func (d dues) Len() int { return len(d) }
func (d dues) Less(i, j int) bool {
	return d[i].at < d[j].at || d[i].at == d[j].at && d[i].ordinal < d[j].ordinal
}
func (d dues) Swap(i, j int) { d[i], d[j] = d[j], d[i] }

// Push and Pop are the heap's.
func (d *dues) Push(x any) { *d = append(*d, x.(due)) }

// Pop: see Push.
func (d *dues) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

func (p *postponed) add(d due) {
	p.mu.Lock()
	defer p.mu.Unlock()
	heap.Push(&p.heap, d)
}

// next is the earliest one and how long it has to wait; it is taken out where it is due.
func (p *postponed) next(now time.Time) (d due, wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.heap) == 0 {
		return due{}, 0, false
	}
	if d = p.heap[0]; d.at > now.UnixMilli() {
		return d, time.UnixMilli(d.at).Sub(now), true
	}
	return heap.Pop(&p.heap).(due), 0, true
}

// wait is how long the earliest one has to wait, 0 where it is due.
func (p *postponed) wait(now time.Time) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.heap) == 0 {
		return 0, false
	}
	return max(0, time.UnixMilli(p.heap[0].at).Sub(now)), true
}

// postpone has a vehicle visited again, where that may help.
func (r *Run) postpone(t Turn, rec Record) {
	if wait, ok := laterWait(rec); ok && t.Visits+1 < maxVisits {
		r.later.add(due{at: rec.At.Add(wait).UnixMilli(), ordinal: int32(rec.Entry.Ordinal), visits: int32(t.Visits + 1)})
	}
}

// turns yields every vehicle to visit: those whose time has come again, then those that are pending, then those that a
// renewed list has made pending again; at the end it waits for the rest. A wait longer than the run may make ends it.
func (r *Run) turns(ctx context.Context) iter.Seq2[Turn, error] {
	return func(yield func(Turn, error) bool) {
		pending := r.Store.Pending(ctx, r.Meter.Legs)
		for {
			if !r.pass(ctx, pending, yield) {
				return
			}
			again, err := r.drained(ctx)
			if err != nil {
				yield(Turn{}, err)
				return
			}
			if pending = r.Store.Uncalled(ctx); again {
				continue
			}
			if err := r.doubt(ctx); err != nil {
				yield(Turn{}, err)
				return
			}
			more, err := r.await(ctx)
			if err != nil {
				yield(Turn{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// pass yields the pending vehicles, and before each of them the ones that are due; false when the reader has had enough.
func (r *Run) pass(ctx context.Context, pending iter.Seq2[Turn, error], yield func(Turn, error) bool) bool {
	for t, err := range pending {
		if err == nil && !r.yieldDue(ctx, yield) {
			return false
		}
		if !r.hand(ctx, t, err, yield) {
			return false
		}
	}
	return r.yieldDue(ctx, yield)
}

// hand gives a turn away, under lists that are no older than they may be, with the right to visit a vehicle that it holds
// until the vehicle is durable.
func (r *Run) hand(ctx context.Context, t Turn, err error, yield func(Turn, error) bool) bool {
	if err == nil {
		err = r.renewLists(ctx)
	}
	if err == nil {
		err = r.visits.Acquire(ctx, 1)
	}
	return yield(t, err)
}

// yieldDue yields the vehicles whose time has come again.
func (r *Run) yieldDue(ctx context.Context, yield func(Turn, error) bool) bool {
	for {
		now := r.Now()
		if now.Before(r.rested) {
			now = r.rested
		}
		d, wait, ok := r.later.next(now)
		if !ok || wait > 0 {
			return true
		}
		t, err := r.Store.Turn(ctx, int(d.ordinal))
		if err == nil && t.Finished {
			continue // a renewed list had it measured in its turn
		}
		t.Visits = int(d.visits)
		if !r.hand(ctx, t, err, yield) {
			return false
		}
	}
}

// drained waits until every vehicle that was handed out is durable, and tells whether a renewed list has made some pending
// again since.
func (r *Run) drained(ctx context.Context) (again bool, err error) {
	if err := r.visits.Acquire(ctx, everyVisit); err != nil {
		return false, err
	}
	r.visits.Release(everyVisit)
	again, r.reopened = r.reopened, false
	return again, nil
}

// await waits until the earliest vehicle is due again; more is false where there is none, or where the wait is longer than
// the run may make, which is said: the run then ends at once, to be resumed (CONTRACT §6).
func (r *Run) await(ctx context.Context) (more bool, err error) {
	wait, ok := r.later.wait(r.Now())
	if !ok {
		return false, nil
	}
	if end, boxed := ctx.Deadline(); boxed && wait > time.Until(end) || !boxed && wait > MaxPause {
		r.onlyWaits = true
		r.say(fmt.Sprintf("only vehicles are left that may be asked again in %s: ending, to be resumed", compare.Span(wait)))
		return false, nil
	}
	if wait >= time.Second { // shorter ones, between two cars of one moment, are nobody's news
		r.say(fmt.Sprintf("waiting %s for vehicles that may be asked again then", compare.Span(wait)))
	}
	r.rested = r.Now().Add(wait) // whatever the clock says afterwards
	return true, r.rest(ctx, wait)
}
