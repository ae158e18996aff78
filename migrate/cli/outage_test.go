package cli_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

// failing breaks the connections to a host while down says so.
func (b *bench) failing(host string, down func() bool) {
	inner := b.transport
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Host, host) && down() {
			return nil, syscall.ECONNREFUSED
		}
		return inner.RoundTrip(r)
	})
}

// within tells whether it is so long after the beginning.
func within(began time.Time, from, to time.Duration) func() bool {
	return func() bool { d := shifted().Sub(began); return d >= from && d < to }
}

// TestAnOutageOfTheTokenEndpoint: the application token dies while IAM is away. No vehicle is given up for that: the run
// waits, says so, and goes on. What it says in an hour and a half at the default limit fits on a page.
func TestAnOutageOfTheTokenEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBenchAt(t, fixtures.HealthyScenario(60, 4), shifted)
		b.failing("iam.", within(shifted(), 50*time.Minute, 70*time.Minute))
		code, _, stderr := b.run("--limit", "120+2/m")
		if r := b.report(); code != 0 || r.Verdicts["ready"] != 60 {
			t.Errorf("exit %d, %v\n%s", code, r.Verdicts, stderr)
		}
		for _, words := range []string{"waiting for the rate limit, next request in ", "the token endpoint does not answer; one request tries it again in "} {
			if !strings.Contains(stderr, words) {
				t.Errorf("nobody said %q", words)
			}
		}
		if lines := strings.Count(stderr, "\n"); lines > 40 {
			t.Errorf("%d lines:\n%s", lines, stderr)
		}
	})
}

// TestAnOutageOfV2: the v2.0 host goes away in mid-run. Few vehicles pay for it; when it comes back the run goes on, and
// when it does not, the run ends, to be resumed.
func TestAnOutageOfV2(t *testing.T) {
	for _, c := range []struct {
		reason string
		until  time.Duration
		code   int
	}{{"it comes back", 12 * time.Minute, 0}, {"it stays away", time.Hour, 4}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBenchAt(t, fixtures.HealthyScenario(60, 4), shifted)
			var sent atomic.Int32
			began := shifted()
			b.failing("api.", func() bool { return sent.Add(1) > 20 && within(began, 0, c.until)() })
			code, _, stderr := b.run()
			r := b.report()
			if code != c.code || !strings.Contains(stderr, "the v2.0 host does not answer; one request tries it again in ") {
				t.Errorf("%s: exit %d\n%s", c.reason, code, stderr)
			}
			stopped := strings.Contains(stderr, "did not answer for 15 minutes")
			if ready := r.Verdicts["ready"]; stopped != (c.until >= time.Hour) || !stopped && ready < 60-2*10 || stopped && ready < 10 {
				t.Errorf("%s: %v\n%s", c.reason, r.Verdicts, stderr)
			}
			if took := shifted().Sub(began); took > 25*time.Minute {
				t.Errorf("%s: ended after %v", c.reason, took)
			}
			time.Sleep(time.Until(began.Add(c.until).AddDate(-26, -10, 0)))
			if code, _, stderr := b.run(); code != 0 || b.report().Verdicts["ready"] != 60 {
				t.Errorf("%s, resumed: exit %d, %v\n%s", c.reason, code, b.report().Verdicts, stderr)
			}
		})
	}
}

// TestABucketForEachHost: with --limit-per-host the legs do not share a bucket, and the forecast says so.
func TestABucketForEachHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBenchAt(t, fixtures.HealthyScenario(100, 4), shifted)
		began := shifted()
		if code, _, stderr := b.run("--limit", "120+2/m", "--limit-per-host", "--no-progress"); code != 0 {
			t.Errorf("exit %d\n%s", code, stderr)
		}
		if took := shifted().Sub(began).Round(time.Minute); took != 45*time.Minute { // 105 requests of v3, a bucket of 60, 1 a minute
			t.Errorf("took %v", took)
		}
		if _, stdout, _ := b.call("plan", "-i", b.path("inventory.yaml"), "--limit-per-host"); !strings.Contains(stdout, "shortest duration   45m0s at the limit") {
			t.Errorf("the forecast:\n%s", stdout)
		}
	})
}
