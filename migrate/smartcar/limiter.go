package smartcar

import (
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
	Unlimited   bool             // no bucket until a 429 shows that there is one; pauses and MaxRequests hold all the same
	PerHost     bool             // a bucket for each host, where Smartcar counts so; else one for the application
	MaxRequests int              // requests this Limiter allows at all; 0: no such limit
	MaxPause    time.Duration    // a pause, or an outage of a host, that lasts longer ends the run instead of being waited for; 0: no such limit
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

// Limiter is the application's token bucket as far as this process may use it, or one for each host. It is safe for
// concurrent use.
type Limiter struct {
	options LimiterOptions
	limit   rate.Limit

	mu      sync.Mutex // never held while waiting
	buckets map[Host]*bucket
	spent   int // requests allowed, those still waiting included
	journal Journal

	ended chan struct{} // closed by end
	once  sync.Once
	why   error // why it ended; set before ended is closed
}

// NewLimiter makes full buckets: Share of Burst rounded down, at least 1, refilled at Share of PerMinute.
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
	l := &Limiter{ended: make(chan struct{}), options: o, limit: rate.Limit(o.PerMinute * o.Share / 60), buckets: map[Host]*bucket{}}
	if o.Unlimited {
		l.limit = rate.Inf
	}
	return l
}

// of is the bucket that a request to the host takes from. The lock is held.
func (l *Limiter) of(host Host) *bucket {
	if !l.options.PerHost {
		host = ""
	}
	b := l.buckets[host]
	if b == nil {
		b = newBucket(l.limit, l.options.Burst)
		l.buckets[host] = b
	}
	return b
}

// Burst is the size of a bucket this process may use, in requests; 0: unlimited.
func (l *Limiter) Burst() int {
	if l.options.Unlimited {
		return 0
	}
	return l.options.Burst
}

// PerMinute is a bucket's refill this process may use, in requests; 0: unlimited. After a 429 less is used for a while.
func (l *Limiter) PerMinute() float64 {
	if l.options.Unlimited {
		return 0
	}
	return float64(l.limit) * 60
}

// PerHost tells whether each host has a bucket of its own.
func (l *Limiter) PerHost() bool { return l.options.PerHost }

// DebitAt takes one request out of the host's bucket at the time it was made. To rebuild the bucket on resume, hand over
// the earlier calls of this application in the order of their times, before the first Wait. A call that left although this
// bucket is empty left under another limit, and leaves no debt. MaxRequests is not touched.
func (l *Limiter) DebitAt(at time.Time, host Host) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if tokens := l.of(host).tokens; tokens.TokensAt(at) > 0 {
		tokens.ReserveN(at, 1)
	}
}

// Journal is told what a Limiter's successor in another process has to know. It is called under the Limiter's lock: it must be
// quick.
type Journal interface {
	Departed(host Host, at time.Time)       // a request leaves; not told where there is no limit
	Paused(host Host, now, until time.Time) // Smartcar asks to send nothing before that
}

// Keep tells a journal from now on.
func (l *Limiter) Keep(j Journal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.journal = j
}

// Load is how many requests go to each host.
type Load struct{ Legacy, App, IAM int }

// Duration is how long so many further requests take at the least, from now, at the rate in use: what a bucket holds goes
// at once, the rest as it refills. Buckets of different hosts refill side by side.
func (l *Limiter) Duration(n Load) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.Now()
	if !l.options.PerHost {
		return l.of("").until(now, n.Legacy+n.App+n.IAM)
	}
	return max(l.of(HostLegacy).until(now, n.Legacy), l.of(HostApp).until(now, n.App), l.of(HostIAM).until(now, n.IAM))
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
