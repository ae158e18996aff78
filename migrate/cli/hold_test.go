package cli

import (
	"testing"
	"time"

	"scmigrate/migrate/smartcar"
)

// TestEveryWaitHasItsWords: in a line, and in the few columns beside the bar.
func TestEveryWaitHasItsWords(t *testing.T) {
	for _, c := range []struct {
		hold        smartcar.Hold
		long, short string
	}{
		{smartcar.Hold{Reason: smartcar.HoldLimit, For: 28 * time.Second}, "waiting for the rate limit, next request in 28 s", "rate limit, 28 s"},
		{smartcar.Hold{Reason: smartcar.HoldLimit, Host: smartcar.HostApp, For: 28 * time.Second}, "waiting for the rate limit, next request in 28 s", "rate limit, 28 s"},
		{smartcar.Hold{Reason: smartcar.HoldSilent, Host: smartcar.HostLegacy, For: 30 * time.Second}, "the v2.0 host does not answer; one request tries it again in 30 s", "the v2.0 host is silent, 30 s"},
		{smartcar.Hold{Reason: smartcar.HoldSilent, Host: smartcar.HostIAM}, "the token endpoint does not answer; one request tries it again now", "the token endpoint is silent, 0 s"},
		{smartcar.Hold{Reason: smartcar.HoldPause, For: 90 * time.Second}, "Smartcar asks everyone to wait, next request in 90 s", "told to wait, 90 s"},
		{smartcar.Hold{Reason: smartcar.HoldPause, Host: smartcar.HostApp, For: 90 * time.Second}, "Smartcar asks to wait with calls to the v3 host, next request in 90 s", "told to wait, 90 s"},
	} {
		if got := holdText(c.hold, false); got != c.long {
			t.Errorf("%+v: %q, want %q", c.hold, got, c.long)
		}
		if got := holdText(c.hold, true); got != c.short || len(got) > barText {
			t.Errorf("%+v beside a bar: %q, want %q", c.hold, got, c.short)
		}
	}
}
