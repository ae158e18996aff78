package cli_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// TestASkewedClockIsSaid: this machine is ten minutes slow; the report says so once, and no verdict changes.
func TestASkewedClockIsSaid(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(4, 3))
	inner := b.transport
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := inner.RoundTrip(r)
		if err == nil {
			response.Header.Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		}
		return response, err
	})
	code, _, stderr := b.run()
	text, err := os.ReadFile(b.path("out/report.json"))
	if err != nil || code != 0 || strings.Count(string(text), "clock is 10 min behind") != 1 {
		t.Errorf("exit %d, %v: %s", code, err, stderr)
	}
}
