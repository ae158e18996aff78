package smartcar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/secret"
)

func TestRequestsOnTheWire(t *testing.T) {
	ctx := context.Background()
	table := []struct {
		reason string
		call   func(*Client) (Answer, error)
		want   sent
	}{
		{"batch", func(c *Client) (Answer, error) {
			return c.Batch(ctx, "v-1", legacyToken(), []string{"/odometer", "/"})
		}, sent{method: "POST", host: "api.smartcar.com", path: "/v2.0/vehicles/v-1/batch", unit: "metric", auth: "Bearer " + canaryLegacy, body: `{"requests":[{"path":"/odometer"},{"path":"/"}]}`}},
		{"single", func(c *Client) (Answer, error) { return c.LegacyGet(ctx, "v-1", "/charge/limit", legacyToken()) },
			sent{method: "GET", host: "api.smartcar.com", path: "/v2.0/vehicles/v-1/charge/limit", unit: "metric", auth: "Bearer " + canaryLegacy}},
		{"single, the vehicle itself", func(c *Client) (Answer, error) { return c.LegacyGet(ctx, "v-1", "/", legacyToken()) },
			sent{method: "GET", host: "api.smartcar.com", path: "/v2.0/vehicles/v-1", unit: "metric", auth: "Bearer " + canaryLegacy}},
		{"user", func(c *Client) (Answer, error) { return c.LegacyUser(ctx, legacyToken()) },
			sent{method: "GET", host: "api.smartcar.com", path: "/v2.0/user", auth: "Bearer " + canaryLegacy}},
		{"signals with an opaque token", func(c *Client) (Answer, error) {
			return c.LegacySignalsFrom(ctx, "v-1", "u-1", constant(legacyToken()))
		}, sent{method: "GET", host: "vehicle.api.smartcar.com", path: "/v3/vehicles/v-1/signals", user: "u-1", auth: "Bearer " + canaryLegacy}},
		{"signals", func(c *Client) (Answer, error) { return c.Signals(ctx, "v-1", "u-1") },
			sent{method: "GET", host: "vehicle.api.smartcar.com", path: "/v3/vehicles/v-1/signals", user: "u-1", auth: "Bearer " + canaryApp + "-1"}},
		{"signal", func(c *Client) (Answer, error) { return c.Signal(ctx, "v-1", "u-1", "odometer-traveleddistance") },
			sent{method: "GET", host: "vehicle.api.smartcar.com", path: "/v3/vehicles/v-1/signals/odometer-traveleddistance", user: "u-1", auth: "Bearer " + canaryApp + "-1"}},
		{"vehicle", func(c *Client) (Answer, error) { return c.Vehicle(ctx, "v-1", "u-1") },
			sent{method: "GET", host: "vehicle.api.smartcar.com", path: "/v3/vehicles/v-1", user: "u-1", auth: "Bearer " + canaryApp + "-1"}},
	}
	for _, row := range table {
		w := serving(always(200, `{"id":"x"}`, "SC-Request-Id", "r-1", "Set-Cookie", "canary-cookie", "Date", "Mon, 23 Nov 2026 12:00:00 GMT", "SC-Data-Age", "2026-11-23T11:00:00.000Z"))
		a, err := row.call(newTestClient(t, w))
		if err != nil || a.Failure != nil {
			t.Errorf("%s: %v %+v", row.reason, err, a.Failure)
			continue
		}
		got := w.seen(false)[0]
		got.query = nil
		if got.method != row.want.method || got.host != row.want.host || got.path != row.want.path || got.auth != row.want.auth ||
			got.user != row.want.user || got.unit != row.want.unit || got.body != row.want.body {
			t.Errorf("%s: got %+v, want %+v", row.reason, got, row.want)
		}
		if a.RequestID != "r-1" || a.ServerDate.Hour() != 12 || a.FetchedAt.IsZero() || len(a.Header) != 4 || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: answer %+v", row.reason, a)
		}
	}
}

func TestPathsThatAreNoReads(t *testing.T) {
	w := serving(always(200, `{}`))
	c := newTestClient(t, w)
	for _, path := range []string{"odometer", "", "/application", "/../x/odometer", "/odometer?x=1", "/odometer/"} {
		if _, err := c.LegacyGet(t.Context(), "v", path, legacyToken()); !errors.Is(err, ErrRefused) {
			t.Errorf("single %q: %v", path, err)
		}
		if _, err := c.Batch(t.Context(), "v", legacyToken(), []string{"/vin", path}); !errors.Is(err, ErrRefused) {
			t.Errorf("batch %q: %v", path, err)
		}
	}
	if _, err := c.Batch(t.Context(), "v", legacyToken(), nil); !errors.Is(err, ErrRefused) {
		t.Errorf("empty batch: %v", err)
	}
	if len(w.sent) != 0 {
		t.Errorf("%d sent", len(w.sent))
	}
}

func TestOddIDsAreDataAndSendNothing(t *testing.T) {
	w := serving(always(200, `{}`))
	c := newTestClient(t, w)
	for _, id := range []string{"", ".", "..", "a/../b", "a/b", "a%2Fb", `a\b`, "a?b", "a#b", "a;b", "a b", "a\nb", "\x00", "ü", "／", strings.Repeat("x", 201)} {
		for what, call := range map[string]func() (Answer, error){
			"batch":   func() (Answer, error) { return c.Batch(t.Context(), id, legacyToken(), []string{"/vin"}) },
			"single":  func() (Answer, error) { return c.LegacyGet(t.Context(), id, "/vin", legacyToken()) },
			"opaque":  func() (Answer, error) { return c.LegacySignalsFrom(t.Context(), id, "u", constant(legacyToken())) },
			"signals": func() (Answer, error) { return c.Signals(t.Context(), id, "u") },
			"user":    func() (Answer, error) { return c.Signals(t.Context(), "v", id) },
			"signal":  func() (Answer, error) { return c.Signal(t.Context(), "v", "u", id) },
		} {
			if a, err := call(); err != nil || a.Failure == nil || a.Failure.Kind != compare.KindInvalid || a.Status != 0 {
				t.Errorf("%s of %q: %v %+v", what, id, err, a.Failure)
			}
		}
	}
	if len(w.sent) != 0 {
		t.Errorf("%d sent", len(w.sent))
	}
}

func TestAnswersThatAreNoData(t *testing.T) {
	table := []struct {
		reason string
		status int
		body   string
		kind   compare.Kind
		label  string
	}{
		{"html", 200, "<html>canary-body</html>", compare.KindMalformed, "malformed (HTTP 200)"},
		{"empty", 200, "", compare.KindMalformed, "malformed (HTTP 200)"},
		{"no content", 204, "", compare.KindMalformed, "malformed (HTTP 204)"},
		{"cut JSON", 200, `{"data":[`, compare.KindMalformed, "malformed (HTTP 200)"},
		{"two documents", 200, `{} {}`, compare.KindMalformed, "malformed (HTTP 200)"},
		{"a scalar", 200, `"canary-x"`, compare.KindMalformed, "malformed (HTTP 200)"},
		{"null", 200, `null`, compare.KindMalformed, "malformed (HTTP 200)"},
		{"redirect", 302, ``, compare.KindMalformed, "malformed (HTTP 302)"},
		{"not modified", 304, ``, compare.KindMalformed, "malformed (HTTP 304)"},
		{"v2 error", 400, `{"type":"CONNECTED_SERVICES_ACCOUNT","code":"VEHICLE_MISSING","statusCode":400,"requestId":"r-9","description":"canary-prose","resolution":{"type":null}}`, compare.KindGone, "CONNECTED_SERVICES_ACCOUNT/VEHICLE_MISSING"},
		{"v3 error", 404, `{"errors":[{"status":"404","type":"RESOURCE_NOT_FOUND","code":"VEHICLE_NOT_FOUND","detail":"canary-prose","meta":{"debug":{"requestId":"r-9"}}}]}`, compare.KindNotFound, "RESOURCE_NOT_FOUND/VEHICLE_NOT_FOUND"},
		{"gateway", 504, "<html>canary-body</html>", compare.KindUpstream, "upstream (HTTP 504)"},
		{"quota", 430, `{"type":"BILLING","code":"VEHICLE_REQUEST_LIMIT"}`, compare.KindQuota, "BILLING/VEHICLE_REQUEST_LIMIT"},
	}
	for _, row := range table {
		w := serving(always(row.status, row.body, "Location", "https://evil.example/"))
		var log calls
		a, err := newTestClient(t, w, func(o *Options) { o.OnCall = log.add }).Batch(t.Context(), "v", legacyToken(), []string{"/vin"})
		if err != nil || a.Failure == nil || a.Failure.Kind != row.kind || a.Failure.Label() != row.label || a.Status != row.status {
			t.Errorf("%s: %v %+v", row.reason, err, a.Failure)
			continue
		}
		if text := fmt.Sprintf("%+v %+v", *a.Failure, log.all); canaryIn(text) {
			t.Errorf("%s: prose or token in %s", row.reason, text)
		}
		if strings.Contains(row.body, "r-9") && (a.RequestID != "r-9" || log.all[0].RequestID != "r-9") {
			t.Errorf("%s: the request id of the body is lost: %q", row.reason, a.RequestID)
		}
		if len(w.sent) != 1 {
			t.Errorf("%s: %d sent", row.reason, len(w.sent))
		}
	}
}

func TestBudgetEndsCallsCleanly(t *testing.T) {
	w := serving(always(200, `{}`))
	c := newTestClient(t, w, func(o *Options) { o.Limiter = NewLimiter(LimiterOptions{Unlimited: true, MaxRequests: 2}) })
	if _, err := c.Signals(t.Context(), "v", "u"); err != nil { // the token request is the first of the two
		t.Fatal(err)
	}
	if _, err := c.Signals(t.Context(), "v", "u"); !errors.Is(err, ErrBudget) || len(w.sent) != 2 {
		t.Errorf("%v, %d sent", err, len(w.sent))
	}
}

func TestAuditTrail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log calls
		w := serving(slow(2*time.Second, always(200, `{"data":[]}`, "SC-Request-Id", "r-1")))
		c := newTestClient(t, w, func(o *Options) { o.OnCall = log.add })
		if _, err := c.Signals(t.Context(), "v-1", "u-1"); err != nil {
			t.Fatal(err)
		}
		iam, got := log.all[0], log.all[1]
		if iam.Host != HostIAM || iam.Path != "/oauth2/token" || iam.SecretFingerprint != secret.New(canarySecret).Fingerprint() || iam.Attempt != 1 {
			t.Errorf("token request: %+v", iam)
		}
		want := Call{At: got.At, Host: HostApp, Method: "GET", Path: "/v3/vehicles/v-1/signals", VehicleID: "v-1", Status: 200, RequestID: "r-1", Bytes: 11, Duration: 2 * time.Second, Attempt: 1}
		if got != want || got.At.IsZero() {
			t.Errorf("got %+v, want %+v", got, want)
		}
		text, _ := json.Marshal(log.all)
		if canaryIn(string(text)) {
			t.Errorf("a secret in the audit trail: %s", text)
		}
	})
}

func TestNewChecksItsOptions(t *testing.T) {
	four := []secret.Secret{secret.New("canary-1"), secret.New("canary-2"), secret.New("canary-3"), secret.New("canary-4")}
	for what, o := range map[string]Options{
		"origin":  {Origins: Origins{App: "http://far.example"}},
		"secrets": {ClientSecrets: four},
	} {
		if c, err := New(o); err == nil || c != nil || canaryIn(err.Error()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := New(Options{}); err != nil {
		t.Errorf("defaults: %v", err)
	}
}

// Printing any value of this package in any way shows no secret.
func TestNoSecretInPrintedValues(t *testing.T) {
	w := serving(always(401, `{"error":"canary-echo"}`))
	o := Options{Transport: w, ClientID: "client_test", ClientSecrets: []secret.Secret{secret.New(canarySecret)}}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.AppToken(t.Context())
	p, _ := c.appCall(t.Context(), request{host: HostApp, method: "GET", path: "/v3/connections", timeout: time.Second, attempts: new(int), bearer: c.tokens.get})
	p.Body = nil // the body is the caller's business
	var out strings.Builder
	for _, v := range []any{o, c, c.tokens, p, &TokenError{Failure: *p.Failure}} {
		fmt.Fprintf(&out, "%v %+v %#v ", v, v, v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	for _, s := range []string{canarySecret, canaryApp} {
		if strings.Contains(out.String(), s) {
			t.Errorf("%q is printed", s)
		}
	}
}

// Only sign.go opens secrets.
func TestOneFileReveals(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), ".Reveal(") && file != "sign.go" && !strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s opens a secret", file)
		}
	}
}

func TestRequestIDsAreCleaned(t *testing.T) {
	for id, want := range map[string]string{"36ab27d0-0000": "36ab27d0-0000", "a\x1b[31m": "", strings.Repeat("x", 129): "", "a b": ""} {
		w := serving(always(404, `{"type":"RESOURCE_NOT_FOUND","code":"PATH","requestId":`+strconv.Quote(id)+`}`))
		if a := batchOf(t, newTestClient(t, w)); a.RequestID != want || a.Failure.RequestID != want {
			t.Errorf("%q: %q, %q", id, a.RequestID, a.Failure.RequestID)
		}
	}
}
