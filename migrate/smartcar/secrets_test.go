package smartcar

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/secret"
)

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

// Something in front of IAM may say 401 too: without OAuth's word it takes more than one to end a secret.
func TestRefusalInOtherWordsMustRepeat(t *testing.T) {
	for _, row := range []struct{ failures, requests int }{{1, 2}, {3, 4}, {99, 4}} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{}
			w.answer = func(r *http.Request) (*http.Response, error) {
				if len(w.seen(true)) <= row.failures {
					return answer(401, `<html>canary-body</html>`), nil
				}
				return answer(200, tokenBody(1, "3600")), nil
			}
			err := newTestClient(t, w).AppToken(t.Context())
			if got := len(w.seen(true)); got != row.requests || errors.Is(err, ErrCredentials) != (row.failures > 4) {
				t.Errorf("%d refusals: %v after %d requests", row.failures, err, got)
			}
		})
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
		pass(t, time.Hour)
		if err := c.AppToken(t.Context()); err != nil || len(w.seen(true)) != 3 {
			t.Errorf("%v, %d token requests", err, len(w.seen(true)))
		}
		pass(t, time.Hour)
		if err := c.AppToken(t.Context()); err != nil || len(w.seen(true)) != 4 {
			t.Errorf("the dead secret was tried again: %v, %d token requests", err, len(w.seen(true)))
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
