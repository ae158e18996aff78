package cli_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

// eachRequest tells a test of every request before it is sent, with how many of its host came before.
func (b *bench) eachRequest(tell func(r *http.Request, n int)) {
	inner := b.transport
	var mu sync.Mutex
	seen := map[string]int{}
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		host, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		mu.Lock()
		n := seen[host]
		seen[host]++
		tell(r, n)
		mu.Unlock()
		return inner.RoundTrip(r)
	})
}

// secretsFleet is a run of 20 virtual minutes with three client secrets and tokens of five minutes.
func secretsFleet(t *testing.T) *bench {
	s := fixtures.HealthyScenario(60, 8)
	s.Secrets, s.AppTokenLife = 3, 5*time.Minute
	b := newBenchAt(t, s, shifted)
	b.sleep = virtualSleep
	secrets := b.world.ClientSecrets()
	b.env["SMARTCAR_CLIENT_SECRET_2"], b.env["SMARTCAR_CLIENT_SECRET_3"] = secrets[1], secrets[2]
	return b
}

// paced runs at six requests a minute.
func (b *bench) paced() (code int, stderr string) {
	code, _, stderr = b.run("--limit", "6+6/m", "--limit-share", "100%", "--format", "json", "--no-progress")
	return code, stderr
}

// tokenRequests are the statuses of IAM's answers, in order.
func (b *bench) tokenRequests() (statuses []int) {
	for _, r := range b.world.Requests() {
		if r.Host == fixtures.IAM {
			statuses = append(statuses, r.Status)
		}
	}
	return statuses
}

// TestSecretsRotateInMidRun: the first and the second client secret are taken back while the run goes on, quietly or
// with the tokens that they bought. Every car is measured all the same, and no refused secret is tried twice.
func TestSecretsRotateInMidRun(t *testing.T) {
	for _, tokens := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := secretsFleet(t)
			b.eachRequest(func(r *http.Request, n int) {
				if at := slices.Index([]int{20, 40}, n); at >= 0 && strings.HasPrefix(r.URL.Path, "/v3/") {
					b.world.RevokeSecret(b.world.ClientSecrets()[at])
					if tokens {
						b.world.RevokeAppTokens()
					}
				}
			})
			code, stderr := b.paced()
			if r := b.report(); code != 0 || r.Verdicts["ready"] != 60 {
				t.Errorf("tokens taken back %v: exit %d, %v: %s", tokens, code, r.Verdicts, stderr)
			}
			asked := b.tokenRequests()
			if refused := len(slices.DeleteFunc(slices.Clone(asked), func(s int) bool { return s == 200 })); refused != 2 || len(asked) > 10 {
				t.Errorf("tokens taken back %v: IAM answered %v", tokens, asked)
			}
			refused := 0
			for _, r := range b.world.Requests() {
				if r.Host == fixtures.VehicleAPI && r.Status == 401 {
					refused++
				}
			}
			if refused > 0 && !tokens || refused > 2*8 {
				t.Errorf("tokens taken back %v: v3 refused %d calls", tokens, refused)
			}
		})
	}
}

// TestAllSecretsRefusedInMidRun: the run ends with exit code 5, and v3 is not called once more. The next run, with a secret
// that works, goes on.
func TestAllSecretsRefusedInMidRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := secretsFleet(t)
		b.eachRequest(func(r *http.Request, n int) {
			if n == 30 && strings.HasPrefix(r.URL.Path, "/v3/") {
				for _, secret := range b.world.ClientSecrets() {
					b.world.RevokeSecret(secret)
				}
				b.world.RevokeAppTokens()
			}
		})
		code, stderr := b.paced()
		if r := b.report(); code != 5 || r.Verdicts["ready"] == 0 || r.Verdicts["ready"]+r.Verdicts["inconclusive"] != 60 || r.Run.Complete {
			t.Errorf("exit %d, %v, complete %v: %s", code, r.Verdicts, r.Run.Complete, stderr)
		}
		asked := b.tokenRequests()
		if end := asked[len(asked)-3:]; !slices.Equal(end, []int{401, 401, 401}) || slices.Contains(asked[:len(asked)-3], 401) {
			t.Errorf("IAM answered %v", asked)
		}
		refused, after := 0, 0
		for _, r := range b.world.Requests() {
			switch {
			case r.Host == fixtures.IAM && r.Status == 401:
				refused++
			case refused == 3 && r.Host == fixtures.VehicleAPI:
				t.Errorf("v3 was called with bad credentials: %s %s", r.Method, r.Path)
			case refused == 3:
				after++
			}
		}
		if after > 8 {
			t.Errorf("%d legacy calls left after the last secret was refused", after)
		}
	})
}

// TestTheTokenCommandUnderLoad: 64 workers share one answer per grant, however slow the command, and never more than four
// of it run at once. A token that is refused has it asked once more.
func TestTheTokenCommandUnderLoad(t *testing.T) {
	for _, stale := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBenchAt(t, fixtures.HealthyScenario(loadedCars, 12), shifted)
			b.sleep = virtualSleep
			shop := newTokenShop(b.world)
			shop.takes = 2 * time.Second
			var mu sync.Mutex
			first := map[string]bool{}
			grants := map[string]string{}
			for _, row := range b.world.Inventory() {
				grants[row.VehicleID] = row.Grant
			}
			shop.instead = func(_ context.Context, id string, _ int) ([]byte, error) {
				mu.Lock()
				defer mu.Unlock()
				if stale && !first[grants[id]] {
					first[grants[id]] = true
					return []byte("a-token-of-yesterday-" + id), nil
				}
				return shop.answer(id)
			}
			b.serveTokens(shop)
			code, _, stderr := b.run("--concurrency", "64", "--format", "json", "--no-progress")
			if r := b.report(); code != 0 || r.Verdicts["ready"] != loadedCars {
				t.Errorf("stale %v: exit %d, %v: %s", stale, code, r.Verdicts, stderr)
			}
			asked := map[string]int{}
			for _, grant := range shop.calls {
				asked[grant]++
			}
			want := map[bool]int{false: 1, true: 2}[stale]
			for _, n := range asked {
				if n != want {
					t.Errorf("stale %v: the command was asked %d times for a grant, want %d", stale, n, want)
				}
			}
			if shared := len(slices.Compact(slices.Sorted(maps.Values(grants)))); len(asked) != shared || shared == loadedCars || shop.most != 4 {
				t.Errorf("stale %v: %d grants of %d were asked for, %d at a time", stale, len(asked), shared, shop.most)
			}
			wantUnsentTwice(t, b.world.Requests(), stale)
		})
	}
}

// wantUnsentTwice: a refused token costs each car one call at most.
func wantUnsentTwice(t *testing.T, log []fixtures.Request, stale bool) {
	t.Helper()
	refused := map[string]int{}
	for _, r := range log {
		if r.Status != 401 {
			continue
		}
		if refused[r.Path]++; !stale || refused[r.Path] > 1 {
			t.Errorf("%s was refused %d times", r.Path, refused[r.Path])
		}
	}
}

// TestEarliestExpiryIsCalledFirst: the journal shows the order; cars whose tokens have no known end come last.
func TestEarliestExpiryIsCalledFirst(t *testing.T) {
	s := fixtures.HealthyScenario(40, 6)
	b := newBench(t, s)
	ends := map[string]time.Time{}
	for _, row := range b.world.Inventory() {
		ends[row.VehicleID] = row.ExpiresAt
	}
	if code, _, stderr := b.run("--concurrency", "1", "--format", "json"); code != 0 && code != 4 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var before time.Time
	calls := 0
	for _, r := range b.world.Requests() {
		if r.Host != fixtures.API || !strings.HasSuffix(r.Path, "/batch") {
			continue
		}
		end := ends[r.VehicleID]
		if !before.IsZero() && (end.IsZero() || end.Before(before)) && calls > 0 && !end.IsZero() {
			t.Errorf("%s, whose token dies at %s, was called after one that lives until %s", r.VehicleID, end, before)
		}
		before, calls = end, calls+1
	}
	if calls < 30 {
		t.Errorf("only %d cars were called", calls)
	}
}
