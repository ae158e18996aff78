package smartcar

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/secret"
)

func slow(d time.Duration, next func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		if err := sleep(r.Context(), d); err != nil {
			return nil, err
		}
		return next(r)
	}
}

func inParallel(n int, f func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(f)
	}
	wg.Wait()
}

func TestTwoHundredWorkersShareOneTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(always(200, `{"data":[]}`))
		w.answer = slow(time.Second, w.answer)
		c := newTestClient(t, w)
		inParallel(200, func() {
			if a, err := c.Signals(t.Context(), "v", "u"); err != nil || a.Failure != nil {
				t.Errorf("%v %+v", err, a.Failure)
			}
		})
		if iam, rest := w.seen(true), w.seen(false); len(iam) != 1 || len(rest) != 200 {
			t.Errorf("%d token requests, %d signals calls", len(iam), len(rest))
		}
	})
}

func TestTwoHundredWorkersShareOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{answer: slow(time.Second, always(503, `<html>canary-body</html>`))}
		c := newTestClient(t, w)
		inParallel(200, func() {
			a, err := c.Signals(t.Context(), "v", "u")
			if err != nil || a.Failure == nil || a.Failure.Kind != compare.KindUpstream {
				t.Errorf("%v %+v", err, a.Failure)
			}
		})
		if got := len(w.seen(true)); got != int(iamPolicy.tries) {
			t.Errorf("%d token requests, want %d", got, iamPolicy.tries)
		}
		var passing *TokenError
		if err := c.AppToken(t.Context()); !errors.As(err, &passing) || errors.Is(err, ErrCredentials) || canaryIn(err.Error()) {
			t.Errorf("AppToken: %v", err)
		}
		pass(t, tokenPause)
		c.AppToken(t.Context())
		if got := len(w.seen(true)); got != 2*int(iamPolicy.tries) {
			t.Errorf("after the pause: %d token requests in all", got)
		}
	})
}

func TestTokenIsRenewedBeforeItDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(always(200, `{}`))
		c := newTestClient(t, w)
		ask := func() int {
			if _, err := c.Signals(t.Context(), "v", "u"); err != nil {
				t.Fatal(err)
			}
			return len(w.seen(true))
		}
		ask()
		pass(t, 59*time.Minute-time.Nanosecond)
		if got := ask(); got != 1 {
			t.Errorf("%d token requests within the life", got)
		}
		pass(t, time.Nanosecond)
		if got := ask(); got != 2 {
			t.Errorf("%d token requests a minute before the end", got)
		}
	})
}

func TestFailedRenewalLeavesTheLivingTokenInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		w := serving(always(200, `{}`))
		up := w.answer
		w.answer = func(r *http.Request) (*http.Response, error) {
			if down.Load() && r.URL.Path == "/oauth2/token" {
				return answer(503, ``), nil
			}
			return up(r)
		}
		c := newTestClient(t, w)
		c.AppToken(t.Context())
		down.Store(true)
		pass(t, 59*time.Minute)
		for range 3 {
			if a, err := c.Signals(t.Context(), "v", "u"); err != nil || a.Failure != nil {
				t.Errorf("with 60 s of life left: %v %+v", err, a.Failure)
			}
		}
		pass(t, time.Minute)
		time.AfterFunc(10*time.Minute, func() { down.Store(false) })
		if a, err := c.Signals(t.Context(), "v", "u"); err != nil || a.Failure != nil {
			t.Errorf("with a dead token, until the endpoint is back: %v %+v", err, a.Failure)
		}
		if n := len(w.seen(true)); n > 16 {
			t.Errorf("%d token requests in an outage of ten minutes", n)
		}
	})
}

const unauthorized = `{"errors":[{"status":"401","type":"AUTHENTICATION","code":"UNAUTHORIZED"}]}`

func TestOneNewTokenAfterA401(t *testing.T) {
	w := serving(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(sentOf(r).auth, "-1") {
			return answer(401, unauthorized), nil
		}
		return answer(200, `{"data":[]}`), nil
	})
	var log calls
	c := newTestClient(t, w, func(o *Options) { o.OnCall = log.add })
	a, err := c.Signals(t.Context(), "v", "u")
	if err != nil || a.Failure != nil {
		t.Fatalf("%v %+v", err, a.Failure)
	}
	if iam, rest := len(w.seen(true)), len(w.seen(false)); iam != 2 || rest != 2 {
		t.Errorf("%d token requests, %d calls", iam, rest)
	}
	if last := log.all[len(log.all)-1]; last.Attempt != 2 {
		t.Errorf("the repeated call says attempt %d", last.Attempt)
	}
}

func TestManyWorkersWithOneDeadTokenRenewItOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(nil)
		iam := w.answer
		w.answer = slow(time.Second, func(r *http.Request) (*http.Response, error) {
			switch {
			case r.URL.Path == "/oauth2/token":
				return iam(r)
			case strings.HasSuffix(sentOf(r).auth, "-1"):
				return answer(401, unauthorized), nil
			}
			return answer(200, `{}`), nil
		})
		c := newTestClient(t, w)
		inParallel(50, func() {
			if a, err := c.Signals(t.Context(), "v", "u"); err != nil || a.Failure != nil {
				t.Errorf("%v %+v", err, a.Failure)
			}
		})
		if got := len(w.seen(true)); got != 2 {
			t.Errorf("%d token requests", got)
		}
	})
}

// An application that IAM knows and v3 refuses must not turn every vehicle into a token request.
func TestLasting401IsTheVehiclesAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(always(401, unauthorized))
		c := newTestClient(t, w)
		for range 20 {
			a, err := c.Signals(t.Context(), "v", "u")
			if err != nil || a.Failure == nil || a.Failure.Kind != compare.KindUnauthorized || a.Failure.Label() != "AUTHENTICATION/UNAUTHORIZED" {
				t.Fatalf("%v %+v", err, a.Failure)
			}
		}
		if iam, rest := len(w.seen(true)), len(w.seen(false)); iam != 2 || rest != 21 {
			t.Errorf("%d token requests, %d calls", iam, rest)
		}
	})
}

func TestCancelledAskerHandsTheFlightOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(always(200, `{}`))
		w.answer = slow(10*time.Second, w.answer)
		c := newTestClient(t, w)
		first, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := c.AppToken(first); !errors.Is(err, context.Canceled) {
				t.Errorf("the cancelled one: %v", err)
			}
		})
		synctest.Wait()
		for range 3 {
			wg.Go(func() {
				if err := c.AppToken(t.Context()); err != nil {
					t.Errorf("one who waited: %v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if got := len(w.seen(true)); got != 2 {
			t.Errorf("%d token requests", got)
		}
	})
}

func TestTokenFuncIsAskedAfterTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(always(200, `{"responses":[]}`))
		l := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 2})
		l.DebitAt(time.Now(), HostLegacy)
		c := newTestClient(t, w, func(o *Options) { o.Limiter = l })
		started := time.Now()
		_, err := c.BatchFrom(t.Context(), "v", func(context.Context) (secret.Secret, error) {
			if time.Since(started) < 30*time.Second {
				t.Errorf("asked after %v, before the wait", time.Since(started))
			}
			return legacyToken(), nil
		}, []string{"/odometer"})
		if err != nil {
			t.Error(err)
		}
		dead := errors.New("dead by now")
		_, err = c.BatchFrom(t.Context(), "v", func(context.Context) (secret.Secret, error) { return secret.Secret{}, dead }, []string{"/odometer"})
		if !errors.Is(err, dead) || len(w.sent) != 1 {
			t.Errorf("%v, %d sent", err, len(w.sent))
		}
	})
}
