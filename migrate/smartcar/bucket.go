package smartcar

import (
	fifo "container/list"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// How the rate answers to a 429 (AIMD): it is halved, and grows back by a fixed step for a success.
const (
	slowest   = 16          // never below this part of the full rate
	growSteps = 32          // so many steps make a full rate
	growEvery = time.Second // one step in this time at the most: a fast run grows back slowly, too
	overgrown = 4           // a run without a configured limit is free again above so many times the rate it had
)

// bucket is what Smartcar lets through of one application, or of one host. Its arithmetic is x/time/rate's; the queue is
// ours: a place in it is no reservation, so a pause, a slower rate or a cancelled wait has nothing to take back, and
// nobody's wait depends on a rate that holds no more. All methods need Limiter.mu.
type bucket struct {
	configured rate.Limit // rate.Inf: unlimited
	full       rate.Limit // what the rate in use is measured against: the configured one, or the one observed before a 429
	inUse      rate.Limit // never above the configured rate
	burst      int
	tokens     *rate.Limiter
	paused     time.Time // nobody goes before this
	grown      time.Time // the last step
	queue      fifo.List // of *place, the first one to go in front
	recent     window    // where unlimited
}

func newBucket(limit rate.Limit, burst int) *bucket {
	return &bucket{configured: limit, full: limit, inUse: limit, burst: burst, tokens: rate.NewLimiter(limit, burst)}
}

// take takes one request out, where that is possible now.
func (b *bucket) take(now time.Time) bool {
	if now.Before(b.paused) || !b.tokens.AllowN(now, 1) {
		return false
	}
	if b.configured == rate.Inf {
		b.recent.add(now)
	}
	return true
}

// until is how long it takes from now until n more requests have left, were nobody else there.
func (b *bucket) until(now time.Time, n int) time.Duration {
	from := later(now, b.paused)
	wait := from.Sub(now)
	if b.inUse == rate.Inf {
		return wait
	}
	if missing := float64(n) - b.tokens.TokensAt(from); missing > 0 {
		wait += spanOf(missing / float64(b.inUse))
	}
	return wait
}

// spanOf is so many seconds, cut where they are more than a Duration holds.
func spanOf(seconds float64) time.Duration {
	return time.Duration(min(seconds*float64(time.Second), math.MaxInt64/2))
}

// grain is added to every wait for a token, so that rounding never wakes anybody before it is there: a millisecond, less
// where a hundredth of the time between two tokens is less.
func (b *bucket) grain() time.Duration {
	return min(time.Millisecond, spanOf(0.01/float64(b.inUse))) + time.Nanosecond
}

// refuse is for a 429 to a request that left at a time: nobody goes for so long, and then more slowly. Answers to what
// left before the pause are about the same empty bucket and halve nothing again; a pause never shortens another.
func (b *bucket) refuse(now, left time.Time, wait time.Duration) {
	had := 1.0
	if b.inUse != rate.Inf {
		had = min(1, b.tokens.TokensAt(now.Add(wait)))
	}
	first := !left.Before(b.paused)
	if first {
		b.slow(now)
	}
	if end := now.Add(wait); first || end.After(b.paused) {
		b.paused = later(end, b.paused)
		b.restart(had)
	}
}

// slow halves the rate.
func (b *bucket) slow(now time.Time) {
	if b.inUse == rate.Inf {
		b.full = b.recent.perSecond(now)
		b.inUse, b.burst = b.full, max(1, int(b.full))
	}
	b.inUse = max(b.inUse/2, b.full/slowest)
}

// restart empties the bucket but for what it holds at the end of the pause: one request, or the part of one that it would
// have held anyway.
func (b *bucket) restart(holds float64) {
	b.tokens = rate.NewLimiter(b.inUse, b.burst)
	b.tokens.ReserveN(b.paused.Add(-spanOf(holds/float64(b.inUse))), b.burst)
}

// grow is for a request that was not refused for its limit: the rate comes back by a step. It tells whether it did. What
// left before the pause says nothing of the time after it.
func (b *bucket) grow(now, left time.Time) bool {
	if b.inUse >= b.configured || left.Before(b.paused) || now.Sub(b.grown) < growEvery {
		return false
	}
	b.grown = now
	b.inUse = min(b.inUse+b.full/growSteps, b.configured)
	if b.configured == rate.Inf && b.inUse > overgrown*b.full {
		b.inUse = rate.Inf
	}
	b.tokens.SetLimitAt(now, b.inUse)
	return true
}

// window counts requests in the last seconds.
type window struct {
	counts [5]int
	last   int64 // the second that counts[last%5] is about
}

func (w *window) add(now time.Time) {
	w.turn(now.Unix())
	w.counts[w.last%int64(len(w.counts))]++
}

// turn forgets what is too old.
func (w *window) turn(second int64) {
	for range min(second-w.last, int64(len(w.counts))) {
		w.last++
		w.counts[w.last%int64(len(w.counts))] = 0
	}
	w.last = max(w.last, second)
}

// perSecond is the busiest second's count, at least 1: an average would call a run slow that has just begun.
func (w *window) perSecond(now time.Time) rate.Limit {
	w.turn(now.Unix())
	most := 1
	for _, n := range w.counts {
		most = max(most, n)
	}
	return rate.Limit(most)
}
