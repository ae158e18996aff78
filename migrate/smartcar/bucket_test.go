package smartcar

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// turnstile is Smartcar's side of a test: a bucket for each name, and every departure judged.
type turnstile struct {
	mu      sync.Mutex
	buckets map[Host]*platform
	sent    int
	over    int
	last    time.Time
}

func (s *turnstile) pass(host Host) (allowed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[host]
	if b == nil {
		b = s.buckets[""]
	}
	s.sent, s.last = s.sent+1, time.Now()
	if !b.take(time.Now()) {
		s.over++
		return false
	}
	return true
}

func aTurnstile(size, perMinute float64, hosts ...Host) *turnstile {
	s := &turnstile{buckets: map[Host]*platform{}}
	for _, h := range append(hosts, "") {
		s.buckets[h] = &platform{size: size, perMinute: perMinute, tokens: size, at: time.Now()}
	}
	return s
}

// through sends n requests with 64 workers, each answered after a while; step may meddle before a request asks.
func through(t *testing.T, l *Limiter, n int, hosts []Host, s *turnstile, step func(i int)) {
	t.Helper()
	var next atomic.Int64
	inParallel(64, func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			if step != nil {
				step(i)
			}
			host := hosts[i%len(hosts)]
			if err := l.Wait(t.Context(), host); err != nil {
				t.Error(err)
				return
			}
			left := time.Now()
			s.pass(host)
			time.Sleep(300 * time.Millisecond)
			l.accepted(host, left)
		}
	})
}

// TestTheBucketIsNeverExceeded: 3,000 requests of 64 workers, and the end is where the bucket's bound puts it.
func TestTheBucketIsNeverExceeded(t *testing.T) {
	both := []Host{HostLegacy, HostApp}
	for _, c := range []struct {
		reason  string
		perHost bool
		hosts   []Host
		bound   time.Duration // 0: pauses make it longer
		pauses  bool
	}{
		{"one bucket", false, both, 1440 * time.Minute, false},
		{"a bucket for each host", true, both, 690 * time.Minute, false},
		{"one bucket, with pauses", false, both, 0, true},
		{"a bucket for each host, with pauses", true, both, 0, true},
		{"with token requests that go first", false, []Host{HostLegacy, HostApp, HostIAM}, 1440 * time.Minute, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, began := NewLimiter(LimiterOptions{PerHost: c.perHost}), time.Now()
			s := aTurnstile(120, 2)
			if c.perHost {
				s = aTurnstile(120, 2, both...)
			}
			through(t, l, 3000, c.hosts, s, func(i int) {
				if c.pauses && i%400 == 399 {
					l.Pause(c.hosts[i%2], time.Duration(i)*time.Second/10)
				}
			})
			took := s.last.Sub(began)
			if s.over != 0 || s.sent != 3000 || l.Allowed() != 3000 {
				t.Errorf("%s: %d sent, %d over the bucket, %d counted", c.reason, s.sent, s.over, l.Allowed())
			}
			if c.bound > 0 && (took < c.bound || took > c.bound+c.bound/1000) {
				t.Errorf("%s: took %v, the bucket's bound is %v", c.reason, took, c.bound)
			}
		})
	}
}

// rateOf is what the limiter lets through of a host now, a minute.
func rateOf(l *Limiter, host Host) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return float64(l.of(host).inUse) * 60
}

// TestA429HalvesTheRateOnce: all answers about one empty bucket are one refusal; the next pause is another; success brings
// the rate back, and no further.
func TestA429HalvesTheRateOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Burst: 10, PerMinute: 64})
		left := time.Now()
		for range 8 {
			l.refused(HostLegacy, left, 10*time.Second)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		l.refused(HostApp, left, 10*time.Second) // it left before the pause that is over
		if got := rateOf(l, HostApp); got != 32 {
			t.Errorf("after one pause: %v a minute, want 32", got)
		}
		l.accepted(HostApp, left)
		if got := rateOf(l, HostApp); got != 32 {
			t.Errorf("a success from before the pause: %v a minute", got)
		}
		for range 10 {
			time.Sleep(time.Hour)
			l.refused(HostApp, time.Now(), time.Second)
		}
		if got := rateOf(l, HostApp); got != 4 {
			t.Errorf("after many pauses: %v a minute, want 4", got)
		}
		last := 4.0
		for i := range 100 {
			time.Sleep(2 * time.Second)
			l.accepted(HostLegacy, time.Now())
			got := rateOf(l, HostApp)
			if got < last || got > last+2.001 || got > 64 {
				t.Fatalf("success %d: from %v to %v a minute", i, last, got)
			}
			last = got
		}
		if last != 64 {
			t.Errorf("after 100 successes: %v a minute, want all 64", last)
		}
	})
}

// TestAPauseOfOneHost: with a bucket for each host the other one goes on, at its own rate.
func TestAPauseOfOneHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, began := NewLimiter(LimiterOptions{PerHost: true}), time.Now()
		l.Pause(HostLegacy, time.Minute)
		if err := l.Wait(t.Context(), HostApp); err != nil || time.Since(began) != 0 {
			t.Errorf("the other host: %v after %v", err, time.Since(began))
		}
		if err := l.Wait(t.Context(), HostLegacy); err != nil || time.Since(began).Truncate(time.Second) != time.Minute {
			t.Errorf("the host that paused: %v after %v", err, time.Since(began))
		}
		if legacy, app := rateOf(l, HostLegacy), rateOf(l, HostApp); legacy != 1 || app != 2 {
			t.Errorf("rates %v and %v, want 1 and 2", legacy, app)
		}
	})
}

// TestUnlimitedSlowsDown: an application without a known limit has one after all. The first refusal makes the rate finite,
// and it is unlimited again when it has long outgrown what was refused.
func TestUnlimitedSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		real := aTurnstile(50, 40*60)
		w := serving(func(r *http.Request) (*http.Response, error) {
			if err := sleep(r.Context(), 500*time.Millisecond); err != nil {
				return nil, err
			}
			if !real.pass(HostApp) {
				return answer(429, appLimit, "Retry-After", "5"), nil
			}
			return answer(200, `{}`), nil
		})
		l := NewLimiter(LimiterOptions{Unlimited: true})
		c := newTestClient(t, w, func(o *Options) { o.Limiter = l })
		c.AppToken(t.Context())
		began := time.Now()
		inParallel(64, func() {
			for time.Since(began) < 5*time.Minute {
				if _, err := c.Signals(t.Context(), "v", "u"); err != nil {
					t.Error(err)
				}
			}
		})
		if share := float64(real.over) / float64(real.sent); real.over == 0 || share > 0.1 {
			t.Errorf("%d of %d requests were refused", real.over, real.sent)
		}
		if got := float64(real.sent-real.over) / time.Since(began).Seconds(); got < 20 {
			t.Errorf("%.1f served a second of 40 possible", got)
		}
		real.buckets[""].perMinute, real.buckets[""].size = 1e9, 1e9
		for range 5 {
			began = time.Now()
			inParallel(64, func() {
				for time.Since(began) < time.Minute {
					c.Signals(t.Context(), "v", "u")
				}
			})
		}
		if got := l.Duration(Load{App: 1_000_000}); got != 0 {
			t.Errorf("five minutes after the last refusal a million requests still take %v", got)
		}
	})
}

// TestEveryWaitEnds: with its context, with Stop, with a pause that is too long; nothing is taken and no goroutine stays.
func TestEveryWaitEnds(t *testing.T) {
	for reason, end := range map[string]func(l *Limiter, cancel func()){
		"cancelled": func(_ *Limiter, cancel func()) { cancel() },
		"stopped":   func(l *Limiter, _ func()) { l.Stop() },
		"paused":    func(l *Limiter, _ func()) { l.Pause(HostIAM, 16*time.Minute) },
	} {
		synctest.Test(t, func(t *testing.T) {
			l, began := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 0.1, MaxPause: 15 * time.Minute}), time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			l.DebitAt(began, HostApp)
			time.AfterFunc(time.Second, func() { end(l, cancel) })
			inParallel(64, func() {
				if l.Wait(ctx, HostApp) == nil {
					t.Errorf("%s: a request left", reason)
				}
			})
			if time.Since(began) != time.Second || l.Allowed() != 0 {
				t.Errorf("%s: ended after %v, %d counted", reason, time.Since(began), l.Allowed())
			}
		})
	}
}

// TestTheTokenRequestGoesFirst: whoever holds a request in hand waits for the application token, so its request does not
// stand behind theirs.
func TestTheTokenRequestGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, began := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 1}), time.Now()
		l.DebitAt(began, HostApp)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := l.Wait(t.Context(), HostApp); err != nil || time.Since(began) < 2*time.Minute {
					t.Errorf("%v after %v", err, time.Since(began))
				}
			})
		}
		time.Sleep(30 * time.Second)
		if err := l.Wait(t.Context(), HostIAM); err != nil || time.Since(began).Round(time.Second) != time.Minute {
			t.Errorf("the token request left after %v", time.Since(began))
		}
		wg.Wait()
	})
}
