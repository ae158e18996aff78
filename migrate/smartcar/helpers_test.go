package smartcar

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"scmigrate/migrate/secret"
)

// Canaries: no output of this package may hold one of these.
const (
	canarySecret  = "canary-client-secret-1"
	canarySecret2 = "canary-client-secret-2"
	canarySecret3 = "canary-client-secret-3"
	canaryLegacy  = "canary-legacy-token"
	canaryApp     = "canary-app-token"
)

func canaryIn(text string) bool { return strings.Contains(text, "canary-") }

// world is a RoundTripper that plays Smartcar: it records what reaches it and answers with a function.
type world struct {
	answer func(*http.Request) (*http.Response, error)

	mu   sync.Mutex
	sent []sent
}

type sent struct {
	method, host, path, auth, user, unit, body string
	query                                      url.Values
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	s := sent{
		method: r.Method, host: r.URL.Host, path: r.URL.EscapedPath(), auth: r.Header.Get("Authorization"),
		user: r.Header.Get("Sc-User-Id"), unit: r.Header.Get("Sc-Unit-System"), query: r.URL.Query(),
	}
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		s.body = string(body)
	}
	w.mu.Lock()
	w.sent = append(w.sent, s)
	w.mu.Unlock()
	return w.answer(r.WithContext(context.WithValue(r.Context(), sentKey{}, s)))
}

type sentKey struct{}

func sentOf(r *http.Request) sent { return r.Context().Value(sentKey{}).(sent) }

// seen are the requests so far, those to IAM left out unless asked for.
func (w *world) seen(iam bool) (all []sent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sent {
		if strings.HasPrefix(s.host, "iam.") == iam {
			all = append(all, s)
		}
	}
	return all
}

func answer(status int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ProtoMajor: 1, ProtoMinor: 1}
}

// serving answers token requests with app tokens numbered from 1 and the rest with a function.
func serving(rest func(*http.Request) (*http.Response, error)) *world {
	w := &world{}
	w.answer = func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/oauth2/token" {
			return answer(200, tokenBody(len(w.seen(true)), "3600")), nil
		}
		return rest(r)
	}
	return w
}

func tokenBody(number int, life string) string {
	return fmt.Sprintf(`{"access_token":"%s-%d","token_type":"bearer","expires_in":%s}`, canaryApp, number, life)
}

func always(status int, body string, headers ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return answer(status, body, headers...), nil }
}

// inTurn answers the n-th request with the n-th function, and with the last one from then on.
func inTurn(steps ...func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	var mu sync.Mutex
	n := 0
	return func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		step := steps[min(n, len(steps)-1)]
		n++
		mu.Unlock()
		return step(r)
	}
}

// calls collects what OnCall is told.
type calls struct {
	mu  sync.Mutex
	all []Call
}

func (c *calls) add(call Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, call)
}

func newTestClient(t *testing.T, transport http.RoundTripper, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{
		Transport: transport, Limiter: NewLimiter(LimiterOptions{Unlimited: true}), ClientID: "client_test",
		ClientSecrets: []secret.Secret{secret.New(canarySecret)},
	}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return c
}

// pass lets virtual time go by; only inside testing/synctest.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	if err := sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func legacyToken() secret.Secret { return secret.New(canaryLegacy) }

// sleep waits for d or the end of the context, whichever is first.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
