package smartcar

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
)

// outage is a v2.0 host behind a gateway that finds nobody while it is down; it notes when it was asked.
type outage struct {
	down atomic.Bool
	mu   sync.Mutex
	at   []time.Duration
	from time.Time
}

func (o *outage) answer(*http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.at = append(o.at, time.Since(o.from).Truncate(time.Second))
	o.mu.Unlock()
	if o.down.Load() {
		return answer(503, `<html>`), nil
	}
	return answer(200, `{"responses":[]}`), nil
}

func (o *outage) asked() []time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]time.Duration(nil), o.at...)
}

func anOutage() *outage {
	o := &outage{from: time.Now()}
	o.down.Store(true)
	return o
}

// openBreaker opens the breaker of the v2.0 host.
func openBreaker(t *testing.T, c *Client) {
	t.Helper()
	for range silentAfter {
		if a := batchOf(t, c); a.Failure == nil || a.Failure.Kind != compare.KindUpstream {
			t.Fatalf("before the breaker opens: %+v", a.Failure)
		}
	}
}

// TestASilentHostIsLeftAlone: after ten failures nothing leaves to it; a probe after 30 s, 60 s, 120 s; its success lets all
// go; the bucket is not touched meanwhile, and other hosts are called.
func TestASilentHostIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := anOutage()
		w := serving(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "api.smartcar.com" {
				return o.answer(r)
			}
			return answer(200, `{}`), nil
		})
		l := NewLimiter(LimiterOptions{Burst: 1000, PerMinute: 1, MaxPause: 15 * time.Minute})
		c := newTestClient(t, w, func(o *Options) { o.Limiter = l })
		openBreaker(t, c)
		var wg sync.WaitGroup
		var served atomic.Int32
		for range 50 {
			wg.Go(func() {
				if batchOf(t, c).Failure == nil {
					served.Add(1)
				}
			})
		}
		synctest.Wait()
		if h := c.Hold(); h != (Hold{Reason: HoldSilent, Host: HostLegacy, For: 30 * time.Second}) || l.Allowed() != silentAfter {
			t.Errorf("while open: %+v, %d tokens taken", h, l.Allowed())
		}
		if a, err := c.Signals(t.Context(), "v", "u"); err != nil || a.Failure != nil || time.Since(o.from) != 0 {
			t.Errorf("the other host: %v %+v after %v", err, a.Failure, time.Since(o.from))
		}
		time.Sleep(100 * time.Second)
		o.down.Store(false)
		wg.Wait()
		asked := o.asked()[silentAfter:]
		if len(asked) != 2+1+47 || asked[0] != 30*time.Second || asked[1] != 90*time.Second || asked[2] != 210*time.Second || asked[49] != 210*time.Second {
			t.Errorf("asked at %v", asked)
		}
		if served.Load() != 48 || c.Hold() != (Hold{}) {
			t.Errorf("%d served after all, %+v", served.Load(), c.Hold())
		}
		for range silentAfter - 1 { // it counts anew
			o.down.Store(true)
			batchOf(t, c)
		}
		if c.breaker.silent(HostLegacy) {
			t.Error("opened before the tenth failure")
		}
	})
}

// TestAnOutageThatLastsEndsTheRun: probes at 30 s, 90 s, 210 s, 450 s and 750 s, then every wait ends.
func TestAnOutageThatLastsEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := anOutage()
		l := NewLimiter(LimiterOptions{Unlimited: true, MaxPause: 15 * time.Minute})
		c := newTestClient(t, serving(o.answer), func(o *Options) { o.Limiter = l })
		openBreaker(t, c)
		inParallel(64, func() {
			for {
				a, err := c.Batch(t.Context(), "v", legacyToken(), []string{"/vin"})
				if errors.Is(err, ErrSystemic) {
					return
				}
				if err != nil || a.Failure == nil {
					t.Errorf("%v %+v", err, a)
					return
				}
			}
		})
		if got := o.asked()[silentAfter:]; len(got) != 5 || got[4] != 750*time.Second || time.Since(o.from) != 15*time.Minute {
			t.Errorf("asked at %v, ended after %v", got, time.Since(o.from))
		}
		if err := l.Wait(t.Context(), HostApp); !errors.Is(err, ErrSystemic) {
			t.Errorf("later: %v", err)
		}
	})
}

// TestAVehicleWhoseConnectionFailsIsNotLost: a request that never reached the host is repeated once, after the outage.
func TestAVehicleWhoseConnectionFailsIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := serving(func(*http.Request) (*http.Response, error) {
			if time.Since(began) < 5*time.Minute {
				return nil, syscall.ECONNREFUSED
			}
			return answer(200, `{}`), nil
		})
		c := newTestClient(t, w)
		inParallel(20, func() {
			if a := batchOf(t, c); a.Failure != nil {
				t.Errorf("%+v", a.Failure)
			}
		})
	})
}

// TestTheTokenEndpointEndsTheRunToo: a token that cannot be renewed for longer than the run may wait.
func TestTheTokenEndpointEndsTheRunToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		w := serving(always(200, `{}`))
		up := w.answer
		w.answer = func(r *http.Request) (*http.Response, error) {
			if down.Load() && r.URL.Path == "/oauth2/token" {
				return answer(503, `<html>`), nil
			}
			return up(r)
		}
		c := newTestClient(t, w, func(o *Options) { o.Limiter = NewLimiter(LimiterOptions{Unlimited: true, MaxPause: 15 * time.Minute}) })
		c.AppToken(t.Context())
		down.Store(true)
		pass(t, 2*time.Hour)
		began := time.Now()
		inParallel(50, func() {
			if _, err := c.Signals(t.Context(), "v", "u"); !errors.Is(err, ErrSystemic) {
				t.Errorf("%v", err)
			}
		})
		if took := time.Since(began); took < 15*time.Minute || took > 16*time.Minute || len(w.seen(false)) != 0 {
			t.Errorf("ended after %v, %d calls", took, len(w.seen(false)))
		}
	})
}

// TestAWaitForAHostEnds: with its context or with Stop; the probe that was cancelled hands its turn on.
func TestAWaitForAHostEnds(t *testing.T) {
	for reason, stop := range map[string]bool{"cancelled": false, "stopped": true} {
		synctest.Test(t, func(t *testing.T) {
			o := anOutage()
			l := NewLimiter(LimiterOptions{Burst: silentAfter, PerMinute: 0.1}) // the probe has to wait for a token, too
			c := newTestClient(t, serving(o.answer), func(o *Options) { o.Limiter = l })
			openBreaker(t, c)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(time.Minute, func() {
				if stop {
					l.Stop()
				}
				cancel()
			})
			inParallel(64, func() {
				if _, err := c.Batch(ctx, "v", legacyToken(), []string{"/vin"}); err == nil {
					t.Errorf("%s: a request left", reason)
				}
			})
			if time.Since(o.from) != time.Minute || len(o.asked()) != silentAfter || l.Allowed() != silentAfter {
				t.Errorf("%s: ended after %v, %d asked, %d counted", reason, time.Since(o.from), len(o.asked()), l.Allowed())
			}
			o.down.Store(false)
			if a, err := c.Batch(t.Context(), "v", legacyToken(), []string{"/vin"}); !stop && (err != nil || a.Failure != nil) {
				t.Errorf("%s, the next one: %v %+v", reason, err, a.Failure)
			}
		})
	}
}

// TestAHostThatGoesSilentMeanwhile: requests that wait for the rate limit when the breaker opens do not leave, and take no
// token; those to the other host go in their place.
func TestAHostThatGoesSilentMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		l := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 60, MaxPause: 15 * time.Minute})
		b := newBreaker(l)
		var left []Host
		var mu sync.Mutex
		call := guarded(b, limited(l, func(_ context.Context, r request) (reply, error) {
			mu.Lock()
			defer mu.Unlock()
			left = append(left, r.host)
			return reply{Answer: Answer{Status: 200}}, nil
		}))
		l.DebitAt(time.Now(), HostApp)
		for range 5 {
			wg.Go(func() { _, _ = call(t.Context(), request{host: HostLegacy}) })
		}
		synctest.Wait()
		wg.Go(func() { _, _ = call(t.Context(), request{host: HostApp}) })
		synctest.Wait()
		for range silentAfter {
			b.learn(HostLegacy, false, stateSick)
		}
		time.Sleep(2 * time.Second)
		mu.Lock()
		if len(left) != 1 || left[0] != HostApp {
			t.Errorf("left to %v, want one to the host that answers", left)
		}
		mu.Unlock()
		wg.Wait()
		if len(left) != 6 {
			t.Errorf("%d left in the end", len(left))
		}
	})
}

// TestWhatSpeaksOfAHost tells the answers that open a breaker from those of a vehicle, its maker or its token.
func TestWhatSpeaksOfAHost(t *testing.T) {
	for _, c := range []struct {
		reason string
		first  func(*http.Request) (*http.Response, error)
		silent bool
	}{
		{"no connection", func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }, true},
		{"no answer in time", func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded }, true},
		{"Smartcar's own 500", always(500, `{"type":"SERVER","code":"INTERNAL"}`), true},
		{"a gateway", always(504, `<html>`), true},
		{"no words", always(503, ``), true},
		{"a network's login page", always(200, `<html>`), true},
		{"a network's redirect", always(302, `<html>`), true},
		{"the maker", always(502, `{"type":"UPSTREAM","code":"NO_RESPONSE"}`), false},
		{"the car", always(409, `{"type":"VEHICLE_STATE","code":"ASLEEP"}`), false},
		{"its battery is unknown", always(500, `{"type":"SERVER","code":"RECORD_NOT_FOUND"}`), false},
		{"cannot", always(501, `{"type":"COMPATIBILITY","code":"VEHICLE_NOT_CAPABLE"}`), false},
		{"v2.0 is retired", always(410, `<html>`), false},
		{"an endpoint is gone", always(404, ``), false},
		{"a token is refused", always(401, ``), false},
		{"its limit", always(429, vehicleLimit), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := newTestClient(t, serving(c.first))
			for range silentAfter {
				if !client.breaker.silent(HostLegacy) {
					batchOf(t, client)
				}
			}
			if got := client.breaker.silent(HostLegacy); got != c.silent {
				t.Errorf("%s: silent %v", c.reason, got)
			}
		})
	}
}
