package migrate

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"scmigrate/migrate/smartcar"
)

// TestAnItemThatSpeaksForTheApplication: a 429 of the application inside a batch pauses everybody, for as long as it says by
// Smartcar's own clock; a car's own limit pauses nobody.
func TestAnItemThatSpeaksForTheApplication(t *testing.T) {
	there := noon.Add(-3 * time.Hour)
	for _, c := range []struct {
		reason, code string
		retry        any
		want         []time.Duration
	}{
		{"seconds", "SMARTCAR_API", 90, []time.Duration{90 * time.Second}},
		{"seconds as text", "SMARTCAR_API", "90", []time.Duration{90 * time.Second}},
		{"a date", "SMARTCAR_API", there.Add(40 * time.Second).Format(http.TimeFormat), []time.Duration{40 * time.Second}},
		{"unstated", "SMARTCAR_API", nil, []time.Duration{0}},
		{"negative", "SMARTCAR_API", -5, []time.Duration{0}},
		{"garbage", "SMARTCAR_API", "infinity", []time.Duration{0}},
		{"absurd", "SMARTCAR_API", 1e12, []time.Duration{24 * time.Hour}},
		{"the car's", "VEHICLE", 90, nil},
	} {
		m, caller, _ := aMeter(t)
		var got []time.Duration
		m.Pause = func(host smartcar.Host, wait time.Duration) {
			if host != smartcar.HostLegacy {
				t.Errorf("%s: %s", c.reason, host)
			}
			got = append(got, wait)
		}
		caller.batch = func(_ string, paths []string) smartcar.Answer {
			var items []any
			for _, p := range paths {
				it := item(p, nil)
				if p == "/odometer" {
					it = map[string]any{"path": p, "code": 429, "headers": map[string]any{"Retry-After": c.retry}, "body": map[string]any{"type": "RATE_LIMIT", "code": c.code, "statusCode": 429}}
				}
				items = append(items, it)
			}
			a := answered(map[string]any{"responses": items})
			a.ServerDate = there
			return a
		}
		measure(t, m)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: pauses %v, want %v", c.reason, got, c.want)
		}
	}
}
