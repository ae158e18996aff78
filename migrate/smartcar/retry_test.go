package smartcar

import (
	"context"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
)

func reset(*http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET }

const (
	appLimit     = `{"type":"RATE_LIMIT","code":"SMARTCAR_API","statusCode":429}`
	vehicleLimit = `{"type":"RATE_LIMIT","code":"VEHICLE","statusCode":429}`
)

func TestVehicleCallsAreRepeatedOnceAtMost(t *testing.T) {
	ok := always(200, `{}`)
	table := []struct {
		reason string
		first  func(*http.Request) (*http.Response, error)
		sent   int
		after  time.Duration
	}{
		{"reset before the answer", reset, 2, -1},
		{"no connection", func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }, 2, -1},
		{"no answer in time", func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded }, 1, 0},
		{"this car's limit", always(429, vehicleLimit, "Retry-After", "1"), 1, 0},
		{"the application's limit, soon over", always(429, appLimit, "Retry-After", "45"), 2, 45 * time.Second},
		{"the application's limit, over later", always(429, appLimit, "Retry-After", "900"), 2, 15 * time.Minute},
		{"the application's limit without a time", always(429, appLimit), 2, unstatedPause},
		{"the application's limit, in no words", always(429, `<html>`, "Retry-After", "-5"), 2, unstatedPause},
		{"this car's limit without a time", always(429, vehicleLimit), 1, 0},
		{"server error", always(500, `{"type":"SERVER","code":"INTERNAL"}`), 1, 0},
		{"upstream", always(502, `{"type":"UPSTREAM","code":"NO_RESPONSE"}`), 1, 0},
		{"upstream with a time", always(502, `{"type":"UPSTREAM","code":"RATE_LIMIT"}`, "Retry-After", "1"), 1, 0},
		{"gateway", always(504, `<html>`), 1, 0},
		{"not JSON", always(200, `x`), 1, 0},
		{"asleep", always(409, `{"type":"VEHICLE_STATE","code":"ASLEEP"}`), 1, 0},
		{"quota", always(430, `{"type":"BILLING","code":"VEHICLE_REQUEST_LIMIT"}`), 1, 0},
	}
	for _, row := range table {
		synctest.Test(t, func(t *testing.T) {
			w := serving(inTurn(row.first, ok))
			var log calls
			c := newTestClient(t, w, func(o *Options) { o.OnCall = log.add })
			started := time.Now()
			a := batchOf(t, c)
			if len(w.sent) != row.sent || (a.Failure == nil) != (row.sent == 2) || len(log.all) != row.sent {
				t.Errorf("%s: %d sent, %+v", row.reason, len(w.sent), a.Failure)
			}
			if got := time.Since(started); row.after >= 0 && got.Truncate(time.Second) != row.after {
				t.Errorf("%s: took %v, want %v", row.reason, got, row.after)
			}
			if row.sent == 2 && (log.all[0].Attempt != 1 || log.all[1].Attempt != 2) {
				t.Errorf("%s: attempts %+v", row.reason, log.all)
			}
		})
	}
}

func TestVehicleCallGivesUpAfterTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(always(429, appLimit, "Retry-After", "5"))
		if a := batchOf(t, newTestClient(t, w)); a.Failure == nil || a.Failure.Kind != compare.KindAppLimit || a.Failure.RetryAfter != 5*time.Second || len(w.sent) != 2 {
			t.Errorf("%+v, %d sent", a.Failure, len(w.sent))
		}
	})
}

func TestApplicationLimitHoldsTheOthersToo(t *testing.T) {
	for header, want := range map[string]time.Duration{"100": 100 * time.Second, "": unstatedPause, "0": unstatedPause, "soon": unstatedPause} {
		synctest.Test(t, func(t *testing.T) {
			headers := []string{"Retry-After", header}
			if header == "" {
				headers = nil
			}
			w := serving(inTurn(always(429, appLimit, headers...), always(200, `{}`)))
			c := newTestClient(t, w)
			c.AppToken(t.Context())
			started := time.Now()
			var wg sync.WaitGroup
			wg.Go(func() { batchOf(t, c) })
			synctest.Wait()
			if h := c.Hold(); h.Reason != HoldPause || h.For != want {
				t.Errorf("Retry-After %q: %+v", header, h)
			}
			if _, err := c.Signals(t.Context(), "v", "u"); err != nil {
				t.Error(err)
			}
			if got := time.Since(started).Truncate(time.Second); got < want {
				t.Errorf("Retry-After %q: another call left after %v, want %v", header, got, want)
			}
			wg.Wait()
		})
	}
}

func TestVehicleLimitHoldsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(inTurn(always(429, vehicleLimit, "Retry-After", "600"), always(200, `{}`)))
		c := newTestClient(t, w)
		started := time.Now()
		batchOf(t, c)
		batchOf(t, c)
		if time.Since(started) != 0 {
			t.Errorf("others waited %v", time.Since(started))
		}
	})
}

// A Retry-After date is meant by the server's clock, which may differ from ours.
func TestRetryAfterDateIsReadByTheServersClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := time.Now().Add(-3 * time.Hour).UTC()
		w := serving(inTurn(always(429, appLimit, "Date", there.Format(http.TimeFormat), "Retry-After", there.Add(20*time.Second).Format(http.TimeFormat)), always(200, `{}`)))
		started := time.Now()
		if a := batchOf(t, newTestClient(t, w)); a.Failure != nil || time.Since(started).Truncate(time.Second) != 20*time.Second {
			t.Errorf("%+v after %v", a.Failure, time.Since(started))
		}
	})
}

func TestEveryAttemptTakesAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Unlimited: true})
		w := serving(inTurn(reset, always(401, unauthorized), reset, always(200, `{}`)))
		c := newTestClient(t, w, func(o *Options) { o.Limiter = l })
		if a, err := c.Signals(t.Context(), "v", "u"); err != nil || a.Failure != nil {
			t.Fatalf("%v %+v", err, a.Failure)
		}
		if l.Allowed() != len(w.sent) || len(w.sent) != 6 {
			t.Errorf("%d tokens, %d sent", l.Allowed(), len(w.sent))
		}
	})
}

func TestWaitForARetryIsCancellable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serving(always(429, appLimit, "Retry-After", "60"))
		c := newTestClient(t, w)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		if _, err := c.Batch(ctx, "v", legacyToken(), []string{"/vin"}); err == nil || time.Since(started) != time.Second {
			t.Errorf("%v after %v", err, time.Since(started))
		}
	})
}
