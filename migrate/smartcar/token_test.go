package smartcar

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
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
		time.Sleep(tokenPause) // virtual
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
		time.Sleep(59*time.Minute - time.Nanosecond)
		if got := ask(); got != 1 {
			t.Errorf("%d token requests within the life", got)
		}
		time.Sleep(time.Nanosecond)
		if got := ask(); got != 2 {
			t.Errorf("%d token requests a minute before the end", got)
		}
	})
}

func TestTokenLife(t *testing.T) {
	table := []struct {
		raw      string
		life     time.Duration
		earliest time.Duration // renewal, before the end
	}{
		{"3600", time.Hour, time.Minute},
		{`"3600"`, time.Hour, time.Minute},
		{"100", 100 * time.Second, 10 * time.Second},
		{"null", time.Hour, time.Minute},
		{"-5", time.Hour, time.Minute},
		{"1e300", 24 * time.Hour, time.Minute},
		{`{}`, time.Hour, time.Minute},
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, row := range table {
		got, err := readToken(Answer{Status: 200, FetchedAt: at, Body: []byte(tokenBody(1, row.raw))})
		if err != nil || got.deadAt.Sub(at) != row.life || got.deadAt.Sub(got.renewAt) != row.earliest {
			t.Errorf("%s: life %v, renewal %v before, %v", row.raw, got.deadAt.Sub(at), got.deadAt.Sub(got.renewAt), err)
		}
	}
}

func TestTokenAnswersThatHoldNoToken(t *testing.T) {
	for _, body := range []string{`{}`, `[]`, `{"access_token":""}`, `{"access_token":7}`, `{"access_token":"canary-a b"}`, `{"access_token":"canary-x","token_type":"mac"}`} {
		_, err := readToken(Answer{Status: 200, Body: []byte(body)})
		var passing *TokenError
		if !errors.As(err, &passing) || canaryIn(err.Error()) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// ofSecret answers token requests by the client secret they carry.
func ofSecret(status map[string]int, rest func(*http.Request) (*http.Response, error)) *world {
	w := &world{}
	w.answer = func(r *http.Request) (*http.Response, error) {
		if r.URL.Path != "/oauth2/token" {
			return rest(r)
		}
		for s, code := range status {
			if strings.Contains(sentOf(r).body, "client_secret="+s+"&") && code != 200 {
				return answer(code, `{"error":"invalid_client","error_description":"`+s+` is wrong"}`), nil
			}
		}
		return answer(200, tokenBody(len(w.seen(true)), "3600")), nil
	}
	return w
}

func threeSecrets(o *Options) {
	o.ClientSecrets = []secret.Secret{secret.New(canarySecret), {}, secret.New(canarySecret2), secret.New(canarySecret3)}
}

func TestNextSecretWhenOneIsRefused(t *testing.T) {
	for _, status := range []int{400, 401, 403} {
		w := ofSecret(map[string]int{canarySecret: status, canarySecret2: status}, always(200, `{}`))
		var log calls
		c := newTestClient(t, w, threeSecrets, func(o *Options) { o.OnCall = log.add })
		if err := c.AppToken(t.Context()); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		var prints []string
		for _, call := range log.all {
			prints = append(prints, call.SecretFingerprint)
		}
		want := []string{secret.New(canarySecret).Fingerprint(), secret.New(canarySecret2).Fingerprint(), secret.New(canarySecret3).Fingerprint()}
		if !slices.Equal(prints, want) {
			t.Errorf("%d: secrets tried %v, want %v", status, prints, want)
		}
	}
}

func TestAllSecretsRefusedIsRemembered(t *testing.T) {
	w := ofSecret(map[string]int{canarySecret: 401, canarySecret2: 401, canarySecret3: 401}, always(200, `{}`))
	c := newTestClient(t, w, threeSecrets)
	for range 5 {
		if err := c.AppToken(t.Context()); !errors.Is(err, ErrCredentials) || canaryIn(err.Error()) {
			t.Fatalf("AppToken: %v", err)
		}
		if _, err := c.Signals(t.Context(), "v", "u"); !errors.Is(err, ErrCredentials) {
			t.Fatalf("Signals: %v", err)
		}
	}
	if iam, rest := len(w.seen(true)), len(w.seen(false)); iam != 3 || rest != 0 {
		t.Errorf("%d token requests, %d vehicle calls", iam, rest)
	}
}

func TestNoCredentialsAtAll(t *testing.T) {
	w := serving(always(200, `{}`))
	c := newTestClient(t, w, func(o *Options) { o.ClientSecrets = nil })
	if err := c.AppToken(t.Context()); !errors.Is(err, ErrCredentials) || len(w.sent) != 0 {
		t.Errorf("%v, %d sent", err, len(w.sent))
	}
}

func TestSecretRotatedInMidRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := map[string]int{canarySecret: 200}
		w := ofSecret(status, always(200, `{}`))
		c := newTestClient(t, w, threeSecrets)
		if err := c.AppToken(t.Context()); err != nil {
			t.Fatal(err)
		}
		status[canarySecret] = 401
		time.Sleep(time.Hour)
		if err := c.AppToken(t.Context()); err != nil || len(w.seen(true)) != 3 {
			t.Errorf("%v, %d token requests", err, len(w.seen(true)))
		}
		time.Sleep(time.Hour)
		if err := c.AppToken(t.Context()); err != nil || len(w.seen(true)) != 4 {
			t.Errorf("the dead secret was tried again: %v, %d token requests", err, len(w.seen(true)))
		}
	})
}

func TestFailedRenewalLeavesTheLivingTokenInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := false
		w := serving(always(200, `{}`))
		up := w.answer
		w.answer = func(r *http.Request) (*http.Response, error) {
			if down && r.URL.Path == "/oauth2/token" {
				return answer(503, ``), nil
			}
			return up(r)
		}
		c := newTestClient(t, w)
		c.AppToken(t.Context())
		down = true
		time.Sleep(59 * time.Minute)
		for range 3 {
			if a, err := c.Signals(t.Context(), "v", "u"); err != nil || a.Failure != nil {
				t.Errorf("with 60 s of life left: %v %+v", err, a.Failure)
			}
		}
		time.Sleep(time.Minute)
		if a, err := c.Signals(t.Context(), "v", "u"); err != nil || a.Failure == nil || a.Failure.Kind != compare.KindUpstream {
			t.Errorf("with a dead token: %v %+v", err, a.Failure)
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

func TestTokenRequestOnTheWire(t *testing.T) {
	w := serving(always(200, `{}`))
	c := newTestClient(t, w, func(o *Options) { o.ClientSecrets = []secret.Secret{secret.New("canary-&=% secret")} })
	if err := c.AppToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := w.seen(true)[0]
	want := "client_id=client_test&client_secret=canary-%26%3D%25+secret&grant_type=client_credentials"
	if got.body != want || got.auth != "" || got.method != "POST" {
		t.Errorf("got %+v", got)
	}
}

func TestTokenFuncIsAskedAfterTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(always(200, `{"responses":[]}`))
		l := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 2})
		l.Debit(1)
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

func TestUnsendableTokensAreData(t *testing.T) {
	w := serving(always(200, `{}`))
	c := newTestClient(t, w)
	for _, s := range []string{"", "canary-a\r\nX: y", "canary-a b", "canary-ä"} {
		a, err := c.LegacyUser(t.Context(), secret.New(s))
		if err != nil || a.Failure == nil || a.Failure.Kind != compare.KindUnauthorized || canaryIn(fmt.Sprintf("%+v", *a.Failure)) {
			t.Errorf("%q: %v %+v", s, err, a.Failure)
		}
	}
	if len(w.sent) != 0 {
		t.Errorf("%d sent", len(w.sent))
	}
}
