package cli

import (
	"fmt"
	"time"

	"scmigrate/migrate/smartcar"
)

// hostNames are the hosts as people know them.
var hostNames = map[smartcar.Host]string{smartcar.HostIAM: "the token endpoint", smartcar.HostLegacy: "the v2.0 host", smartcar.HostApp: "the v3 host"}

// holdText says what the run waits for and how long, in a few words where it stands beside a bar.
func holdText(h smartcar.Hold, short bool) string {
	span := fmt.Sprintf("%d s", int(h.For.Round(time.Second)/time.Second))
	host := hostNames[h.Host]
	switch {
	case h.Reason == smartcar.HoldSilent && short:
		return host + " is silent, " + span
	case h.Reason == smartcar.HoldSilent && h.For == 0:
		return host + " does not answer; one request tries it again now"
	case h.Reason == smartcar.HoldSilent:
		return host + " does not answer; one request tries it again in " + span
	case h.Reason == smartcar.HoldPause && short:
		return "told to wait, " + span
	case h.Reason == smartcar.HoldPause && host != "":
		return "Smartcar asks to wait with calls to " + host + ", next request in " + span
	case h.Reason == smartcar.HoldPause:
		return "Smartcar asks everyone to wait, next request in " + span
	case short:
		return "rate limit, " + span
	}
	return "waiting for the rate limit, next request in " + span
}
