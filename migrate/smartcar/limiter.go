package smartcar

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// ErrBudget is what Wait returns once MaxRequests requests were allowed: the run stops cleanly and can be resumed.
var ErrBudget = errors.New("the request budget of this run is used up; raise --max-requests or resume later")

// Smartcar's default application bucket (smartcar-v2.md §6, smartcar-v3.md §8), shared by all hosts.
const (
	defaultBurst     = 120
	defaultPerMinute = 2
)

// LimiterOptions say how much of the application's bucket this process may use.
type LimiterOptions struct {
	Burst       int              // the application's whole bucket; 0: Smartcar's default of 120
	PerMinute   float64          // its refill per minute; 0: the default of 2
	Share       float64          // the part this tool may take of both, above 0 up to 1; anything else means 1
	Unlimited   bool             // no bucket; pauses and MaxRequests still hold
	MaxRequests int              // requests this Limiter allows at all; 0: no such limit
	MaxPause    time.Duration    // a pause that lasts longer from now ends the run instead of being waited for; 0: no such limit
	Now         func() time.Time // nil: time.Now
}

var limitForm = regexp.MustCompile(`^(\d{1,7})\+(\d{1,7}(?:\.\d{1,4})?)/(s|m|h)$`)

// perMinute is how many of a unit make a minute, by the unit's letter in ParseLimit.
var perMinute = map[string]float64{"s": 60, "m": 1, "h": 1.0 / 60}

// ParseLimit reads the application's limit: "120+2/m" (a bucket of 120, refilled by 2 a minute; also /s and /h) or
// "unlimited". The other options are left for the caller to set.
func ParseLimit(s string) (LimiterOptions, error) {
	if s == "unlimited" {
		return LimiterOptions{Unlimited: true}, nil
	}
	m := limitForm.FindStringSubmatch(s)
	if m == nil {
		return LimiterOptions{}, fmt.Errorf("limit %q is not understood: write BUCKET+REFILL/m as in 120+2/m, or unlimited", s)
	}
	burst, _ := strconv.Atoi(m[1])
	refill, _ := strconv.ParseFloat(m[2], 64)
	if burst < 1 || refill <= 0 {
		return LimiterOptions{}, fmt.Errorf("limit %q would never allow a request: bucket and refill must be above 0", s)
	}
	return LimiterOptions{Burst: burst, PerMinute: refill * perMinute[m[3]]}, nil
}

// Limiter is the application's token bucket as far as this process may use it. It is safe for concurrent use.
//
// The bucket is x/time/rate's; Wait is ours, because rate's looks at the context's deadline instead of its end and
// because a reservation made before a Pause must not outlive it.
type Limiter struct {
	options LimiterOptions
	limit   rate.Limit

	mu      sync.Mutex // never held while waiting
	bucket  *rate.Limiter
	paused  time.Time // nobody goes before this
	spent   int       // requests allowed, those still waiting included
	waiting int
	stopped chan struct{} // closed by Stop
	once    sync.Once
}

// NewLimiter makes a full bucket: Share of Burst rounded down, at least 1, refilled at Share of PerMinute.
func NewLimiter(o LimiterOptions) *Limiter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Burst <= 0 {
		o.Burst = defaultBurst
	}
	if !(o.PerMinute > 0) {
		o.PerMinute = defaultPerMinute
	}
	if !(o.Share > 0 && o.Share <= 1) {
		o.Share = 1
	}
	o.Burst = max(1, int(float64(o.Burst)*o.Share))
	l := &Limiter{stopped: make(chan struct{}), options: o, limit: rate.Limit(o.PerMinute * o.Share / 60)}
	if o.Unlimited {
		l.limit = rate.Inf
	}
	l.bucket = rate.NewLimiter(l.limit, o.Burst)
	return l
}

// Burst is the size of the bucket this process may use, in requests; 0: unlimited.
func (l *Limiter) Burst() int {
	if l.options.Unlimited {
		return 0
	}
	return l.options.Burst
}

// PerMinute is the refill this process may use, in requests; 0: unlimited.
func (l *Limiter) PerMinute() float64 {
	if l.options.Unlimited {
		return 0
	}
	return float64(l.limit) * 60
}

// Wait returns nil when one request to the host may leave, in the order of asking. It returns ErrBudget at once when
// MaxRequests are used up, and the context's error when that ends first; the token then goes back.
func (l *Limiter) Wait(ctx context.Context, _ Host) error {
	if err := l.spend(); err != nil {
		return err
	}
	for {
		if l.pausedTooLong() {
			return ErrPaused
		}
		turn := l.reserve()
		if err := l.sleep(ctx, turn.delay); err != nil {
			l.giveBack(turn)
			return err
		}
		if l.take(turn) {
			return nil
		}
	}
}

// ErrPaused is what Wait returns where Smartcar asks everyone to wait longer than MaxPause.
var ErrPaused = errors.New("smartcar asks for a longer wait than this run may make; resume later")

func (l *Limiter) pausedTooLong() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.options.MaxPause > 0 && l.paused.Sub(l.options.Now()) > l.options.MaxPause
}

// ErrStopped is what Wait returns after Stop.
var ErrStopped = errors.New("the run is ending, no further request leaves")

// Stop ends every wait, now and later: a run that ends waits for the answers to what it sent, not for its turn to send.
func (l *Limiter) Stop() { l.endWaits() }

func (l *Limiter) endWaits() { l.once.Do(func() { close(l.stopped) }) }

// turn is one reserved place: void once the bucket it was reserved in was replaced by a Pause.
type turn struct {
	bucket      *rate.Limiter
	reservation *rate.Reservation
	delay       time.Duration
}

func (l *Limiter) spend() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.options.MaxRequests > 0 && l.spent >= l.options.MaxRequests {
		return ErrBudget
	}
	l.spent++
	return nil
}

// grain is added to every wait, so that rounding never sends a request before its token is there.
const grain = time.Millisecond

func (l *Limiter) reserve() turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.Now()
	from := later(now, l.paused)
	r := l.bucket.ReserveN(from, 1)
	t := turn{bucket: l.bucket, reservation: r, delay: from.Sub(now) + r.DelayFrom(from)}
	if t.delay > 0 {
		t.delay += grain
	}
	l.waiting++
	return t
}

// take tells whether the turn still counts.
func (l *Limiter) take(t turn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
	return t.bucket == l.bucket
}

func (l *Limiter) giveBack(t turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
	l.spent--
	t.reservation.CancelAt(later(l.options.Now(), l.paused))
}

// Pause makes everyone wait until then, those already waiting included: the application's bucket is empty, whatever we
// counted. The bucket starts anew at that time with one request. A pause never shortens another.
func (l *Limiter) Pause(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !until.After(later(l.options.Now(), l.paused)) {
		return
	}
	l.paused = until
	if l.options.MaxPause > 0 && until.Sub(l.options.Now()) > l.options.MaxPause {
		l.endWaits()
	}
	l.bucket = rate.NewLimiter(l.limit, l.options.Burst)
	l.bucket.ReserveN(until, l.options.Burst-1)
}

// Debit takes n requests out of the bucket that others made just now. It does not wait and does not touch MaxRequests.
func (l *Limiter) Debit(n int) {
	now := l.options.Now()
	for range n {
		l.DebitAt(now)
	}
}

// DebitAt takes one request out of the bucket at the time it was made. To rebuild the bucket on resume, hand over the
// earlier calls of this application in the order of their times, before the first Wait.
func (l *Limiter) DebitAt(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bucket.ReserveN(at, 1)
}

// NextIn is how long it is until the next request may leave, whether somebody waits or not: 0 if at once.
func (l *Limiter) NextIn() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.Now()
	from := later(now, l.paused)
	wait := from.Sub(now)
	if missing := 1 - l.bucket.TokensAt(from) - float64(l.waiting); missing > 0 && l.limit != rate.Inf {
		wait += time.Duration(missing / float64(l.limit) * float64(time.Second))
	}
	return max(0, wait)
}

// Duration is how long n further requests take at the least, from now: what the bucket holds goes at once, the rest as it
// refills.
func (l *Limiter) Duration(n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.Now()
	from := later(now, l.paused)
	missing := float64(n) - l.bucket.TokensAt(from)
	if l.limit == rate.Inf || missing <= 0 {
		return from.Sub(now)
	}
	return from.Sub(now) + time.Duration(missing/float64(l.limit)*float64(time.Second))
}

// Allowed is the number of requests that were let through or are waiting: what MaxRequests is measured against.
func (l *Limiter) Allowed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spent
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// sleep waits for d, the end of the context or Stop, whichever is first.
func (l *Limiter) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-l.stopped:
		return ErrStopped
	default:
	}
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-l.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}
