package smartcar

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseLimit(t *testing.T) {
	table := []struct {
		in        string
		burst     int
		perMinute float64
		unlimited bool
		ok        bool
	}{
		{"120+2/m", 120, 2, false, true},
		{"10+0.5/m", 10, 0.5, false, true},
		{"60+1/s", 60, 60, false, true},
		{"120+120/h", 120, 2, false, true},
		{"unlimited", 0, 0, true, true},
		{in: "0+2/m"}, {in: "120+0/m"}, {in: "120+2"}, {in: "120"}, {in: ""}, {in: "-1+2/m"}, {in: "1+2/d"},
		{in: "Unlimited"}, {in: "1e3+2/m"}, {in: "120 + 2/m"}, {in: "99999999999999999999+2/m"}, {in: "1+NaN/m"},
	}
	for _, row := range table {
		got, err := ParseLimit(row.in)
		if (err == nil) != row.ok {
			t.Errorf("%q: error %v", row.in, err)
		} else if row.ok && (got.Burst != row.burst || got.PerMinute != row.perMinute || got.Unlimited != row.unlimited) {
			t.Errorf("%q: got %+v", row.in, got)
		}
	}
}

func TestShareAppliesToBucketAndRefill(t *testing.T) {
	table := []struct {
		burst, share float64
		want         int
		perMinute    float64
	}{
		{120, 0.5, 60, 1}, {3, 0.5, 1, 1}, {1, 0.1, 1, 0.2}, {120, 0, 120, 2}, {120, 7, 120, 2}, {0, 1, 120, 2},
	}
	for _, row := range table {
		l := NewLimiter(LimiterOptions{Burst: int(row.burst), PerMinute: 2, Share: row.share})
		if l.Burst() != row.want || l.PerMinute() != row.perMinute {
			t.Errorf("%+v: got %d + %g/m", row, l.Burst(), l.PerMinute())
		}
	}
}

// platform is the server's side, by itself: it fails where a request comes before its token.
type platform struct {
	size, perMinute, tokens float64
	at                      time.Time
}

func (b *platform) take(now time.Time) bool {
	b.tokens = min(b.size, b.tokens+now.Sub(b.at).Minutes()*b.perMinute)
	b.at = now
	if b.tokens < 1-1e-9 {
		return false
	}
	b.tokens--
	return true
}

func TestLimiterNeverExceedsTheBucketOverADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{})
		server := &platform{size: 120, perMinute: 2, tokens: 120, at: time.Now()}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		var mu sync.Mutex
		sent, over := 0, 0
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for l.Wait(ctx, HostApp) == nil {
					mu.Lock()
					sent++
					if !server.take(time.Now()) {
						over++
					}
					mu.Unlock()
				}
			})
		}
		workers.Wait()
		if want := 120 + 24*60*2; over != 0 || sent < want-1 || sent > want {
			t.Errorf("%d sent, %d over the bucket; the bucket allows %d", sent, over, want)
		}
	})
}

func TestPauseHoldsEveryoneAndLetsThemOutOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Burst: 100, PerMinute: 60})
		started := time.Now()
		l.Pause(HostApp, time.Minute)
		l.Pause(HostLegacy, time.Second) // shorter: changes nothing
		if got := l.Duration(Load{App: 1}); got != time.Minute {
			t.Errorf("the next request during the pause: in %v", got)
		}
		var got []time.Duration
		for range 3 {
			if err := l.Wait(t.Context(), HostApp); err != nil {
				t.Fatal(err)
			}
			got = append(got, time.Since(started).Truncate(time.Second))
		}
		if want := []time.Duration{60 * time.Second, 62 * time.Second, 64 * time.Second}; got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
			t.Errorf("went at %v, want %v", got, want)
		}
	})
}

func TestPauseReachesThoseAlreadyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 60})
		started := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if l.Wait(t.Context(), HostApp) == nil && time.Since(started) > 0 && time.Since(started) < time.Minute {
					t.Errorf("went after %v, inside the pause", time.Since(started))
				}
			})
		}
		synctest.Wait()
		l.Pause(HostApp, time.Minute)
		wg.Wait()
	})
}

func TestMaxRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Unlimited: true, MaxRequests: 3})
		var mu sync.Mutex
		allowed, refused := 0, 0
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				err := l.Wait(t.Context(), HostLegacy)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					allowed++
				case errors.Is(err, ErrBudget):
					refused++
				}
			})
		}
		wg.Wait()
		if allowed != 3 || refused != 7 || l.Allowed() != 3 {
			t.Errorf("%d allowed, %d refused, counted %d", allowed, refused, l.Allowed())
		}
	})
}

func TestCancelledWaitGivesItsPlaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 2, MaxRequests: 2})
		if err := l.Wait(t.Context(), HostApp); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Wait(ctx, HostApp); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled wait: %v", err)
		}
		if got := l.Duration(Load{App: 1}); got != 29*time.Second {
			t.Errorf("the token did not go back: next in %v", got)
		}
		if err := l.Wait(t.Context(), HostApp); err != nil {
			t.Errorf("the budget did not go back: %v", err)
		}
	})
}

func TestHoldSpeaksOfTheFirstInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 2})
		l.DebitAt(time.Now(), HostApp)
		if got := l.hold(); got != (Hold{}) {
			t.Errorf("nobody waits: %+v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		for range 5 {
			go l.Wait(ctx, HostApp)
		}
		synctest.Wait()
		if got := l.hold(); got.Reason != HoldLimit || got.Host != "" || got.For.Round(time.Second) != 30*time.Second {
			t.Errorf("five are waiting: %+v, want the limit and 30s", got)
		}
		l.Pause(HostLegacy, 90*time.Second)
		if got := l.hold(); got.Reason != HoldPause || got.For.Round(time.Second) != 90*time.Second {
			t.Errorf("in a pause: %+v", got)
		}
		cancel()
	})
}

func TestBucketIsRebuiltFromEarlierCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Burst: 10, PerMinute: 1})
		for range 10 { // the bucket was emptied five minutes ago: half a bucket is back
			l.DebitAt(time.Now().Add(-5*time.Minute), HostApp)
		}
		started := time.Now()
		for range 6 {
			if err := l.Wait(t.Context(), HostApp); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(started).Round(time.Second); got != time.Minute {
			t.Errorf("the sixth went after %v, want 1m0s", got)
		}
		for range 25 {
			l.DebitAt(time.Now(), HostApp)
		}
		if got := l.Duration(Load{App: 1}).Round(time.Second); got > 2*time.Minute { // Smartcar has let them through, so its bucket owes nothing
			t.Errorf("after a debit beyond the bucket: %v", got)
		}
	})
}
