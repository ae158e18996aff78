package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

// TestAWeekAtTheDefaults: a fleet at the default limit, of which half is taken, in virtual time: 10,000 requests at one a
// minute. Legacy tokens live two hours and come from a token command, application tokens live one.
func TestAWeekAtTheDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fixtures.HealthyScenario(weekCars, 20)
		s.Limits = fixtures.Limits{Bucket: 120, PerMinute: 2} // the platform's own, with nobody else on it
		b := newBenchAt(t, s, shifted)
		b.sleep = virtualSleep
		shop := newTokenShop(b.world)
		b.serveTokens(shop)
		started := b.clock.Now()
		code, stdout, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("out"), "--format", "json", "--no-progress")
		if code != 0 {
			t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
		}
		if r := b.report(); r.Verdicts["ready"] != weekCars || !r.Run.Complete {
			t.Errorf("verdicts %v, complete %v", r.Verdicts, r.Run.Complete)
		}
		log := b.world.Requests()
		wantWholeRate(t, log, started)
		wantLivingTokens(t, log)
		wantRenewals(t, log)
		if v := b.world.Violations(); len(v) != 0 {
			t.Errorf("violations: %v", v)
		}
		if shop.most > 4 || shop.asked > weekCars+weekCars/10 {
			t.Errorf("the token command ran %d times, %d at a time", shop.asked, shop.most)
		}
		span := log[len(log)-1].Time.Sub(started)
		t.Logf("%d cars, %d requests in %s (%.2f days), the token command ran %d times", weekCars, len(log), span, span.Hours()/24, shop.asked)
	})
}

// virtualSleep waits in the time of the bubble, for a simulator that reads it, too.
func virtualSleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// The bucket that the tool may take at the defaults: half of 120 + 2/m.
const (
	shareBurst     = 60
	sharePerMinute = 1
)

// wantWholeRate replays the journal's times through a bucket of its own: no request is over it, and the run is not slower
// than it allows by more than a hundredth.
func wantWholeRate(t *testing.T, log []fixtures.Request, started time.Time) {
	t.Helper()
	times := make([]time.Time, 0, len(log))
	for _, r := range log {
		if r.Status == 429 {
			t.Errorf("%s %s at %s was throttled", r.Method, r.Path, r.Time)
		}
		times = append(times, r.Time)
	}
	slices.SortFunc(times, time.Time.Compare)
	level, at := float64(shareBurst), started
	for i, now := range times {
		level = min(shareBurst, level+now.Sub(at).Minutes()*sharePerMinute)
		at = now
		if level--; level < -1e-6 {
			t.Fatalf("request %d at %s is over the bucket by %.3f", i+1, now.Sub(started), -level)
		}
	}
	bound := time.Duration(float64(len(times)-shareBurst) / sharePerMinute * float64(time.Minute))
	if span := at.Sub(started); span > bound+bound/100 {
		t.Errorf("%d requests took %s, the bucket allows them in %s", len(times), span, bound)
	} else {
		t.Logf("%d requests took %s, %.3f %% over the bucket's bound", len(times), span, 100*(span-bound).Seconds()/bound.Seconds())
	}
}

// wantLivingTokens: no bearer token was sent after its death, none was refused, and nobody touched a refresh token.
func wantLivingTokens(t *testing.T, log []fixtures.Request) {
	t.Helper()
	for _, r := range log {
		switch {
		case r.Host == fixtures.Auth:
			t.Errorf("a refresh token was sent to %s", r.Path)
		case r.Status == 401:
			t.Errorf("%s %s: a token was refused", r.Method, r.Path)
		case r.Host != fixtures.IAM && !r.Time.Before(r.Dies):
			t.Errorf("%s %s at %s: its token died at %s", r.Method, r.Path, r.Time, r.Dies)
		}
	}
}

// wantRenewals: application tokens are asked for about hourly, and no more often than that takes.
func wantRenewals(t *testing.T, log []fixtures.Request) {
	t.Helper()
	var asked []time.Time
	for _, r := range log {
		if r.Host == fixtures.IAM {
			asked = append(asked, r.Time)
		}
	}
	for i := 1; i < len(asked); i++ {
		if gap := asked[i].Sub(asked[i-1]); gap < 55*time.Minute || gap > 70*time.Minute { // a minute before its end, or when it is next needed: eight legacy calls may come first
			t.Errorf("application token %d was asked for %s after the one before", i+1, gap)
		}
	}
	if span := log[len(log)-1].Time.Sub(log[0].Time); len(asked) < int(span.Hours()/1.1) {
		t.Errorf("%d application tokens in %s", len(asked), span)
	}
}

// tokenShop is a customer's token service behind a token command. It never shows more than one living token of a grant.
type tokenShop struct {
	world *fixtures.World
	takes time.Duration // to answer
	// instead of the right answer, with how many answers came before; nil: that one
	instead func(ctx context.Context, vehicleID string, n int) ([]byte, error)

	mu                   sync.Mutex
	asked, running, most int
	calls                []string // the grants that were asked for, in order
}

func newTokenShop(w *fixtures.World) *tokenShop {
	return &tokenShop{world: w, takes: 200 * time.Millisecond}
}

// run is the command `legacy-token VEHICLE`.
func (s *tokenShop) run(ctx context.Context, argv []string) ([]byte, error) {
	id, grant := argv[1], argv[2]
	s.mu.Lock()
	n := s.asked
	s.asked, s.running, s.calls = s.asked+1, s.running+1, append(s.calls, grant)
	s.most = max(s.most, s.running)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running--
		s.mu.Unlock()
	}()
	virtualSleep(ctx, s.takes)
	if s.instead != nil {
		return s.instead(ctx, id, n)
	}
	return s.answer(id)
}

// answer is what the service knows: a living token and its end.
func (s *tokenShop) answer(vehicleID string) ([]byte, error) {
	token, expires, ok := s.world.Token(vehicleID)
	if !ok {
		return nil, errors.New("no such grant")
	}
	return json.Marshal(map[string]string{"accessToken": token, "expiresAt": expires.UTC().Format(time.RFC3339)})
}

// serveTokens writes the inventory without tokens, but for refresh tokens that nobody may touch, and lets the shop answer.
func (b *bench) serveTokens(s *tokenShop) {
	var text strings.Builder
	text.WriteString("version: 1\nlegacyTokens: {command: [legacy-token, \"{vehicleId}\", \"{grant}\"]}\nvehicles:\n")
	for _, row := range b.world.Inventory() {
		fmt.Fprintf(&text, "  - {vehicleId: %q", row.VehicleID)
		for _, m := range [][2]string{{"userId", row.UserID}, {"grant", row.Grant}, {"refreshToken", row.RefreshToken}, {"vin", row.VIN}} {
			if m[1] != "" {
				fmt.Fprintf(&text, ", %s: %q", m[0], m[1])
			}
		}
		text.WriteString("}\n")
	}
	b.write("inventory.yaml", text.String())
	b.command, b.env["SCMIGRATE_ALLOW_EXEC"] = s.run, "1"
}
