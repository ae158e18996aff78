package cli_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"scmigrate/fixtures"
)

// TestAnAPIThatEndsInMidRun: what it refuses after the last car that it served says nothing of those cars: v2.0 that refuses
// everybody proves no dead grant, and v3 that is switched off for the application no lost connection.
func TestAnAPIThatEndsInMidRun(t *testing.T) {
	for _, c := range []struct {
		host, path, body string
		status           int
		code             string
	}{
		{"api.", "/v2.0/", `{"type":"AUTHENTICATION","code":null,"description":"","statusCode":401}`, http.StatusUnauthorized, "legacy-retired"},
		{"vehicle.", "/signals", `{"errors":[{"type":"PERMISSION","code":"FORBIDDEN","status":"403"}]}`, http.StatusForbidden, "app-not-enabled"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBenchAt(t, fixtures.HealthyScenario(40, 4), shifted)
			inner := b.transport
			var sent atomic.Int32
			b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				if !strings.HasPrefix(r.URL.Host, c.host) || !strings.Contains(r.URL.Path, c.path) || sent.Add(1) <= 20 {
					return inner.RoundTrip(r)
				}
				return &http.Response{StatusCode: c.status, Status: http.StatusText(c.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
					Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(c.body))}, nil
			})
			code, _, stderr := b.run("--negative-control", "0", "--limit", "4+60/m")
			r := b.report()
			if code != 4 || r.Verdicts["ready"] < 10 || r.Verdicts["ready"]+r.Verdicts["inconclusive"] != 40 {
				t.Errorf("%s: exit %d, %v\n%s", c.code, code, r.Verdicts, stderr)
			}
			for _, v := range r.Vehicles {
				if v.Verdict != "ready" && (len(v.Causes) != 1 || v.Causes[0].Code != c.code) {
					t.Errorf("%s: %s is %s, %+v", c.code, v.VehicleID, v.Verdict, v.Causes)
				}
			}
			b.transport = inner
			if code, _, stderr := b.run("--negative-control", "0", "--limit", "4+60/m"); code != 0 || b.report().Verdicts["ready"] != 40 {
				t.Errorf("%s, resumed: exit %d, %v\n%s", c.code, code, b.report().Verdicts, stderr)
			}
		})
	}
}
