package report

import (
	"strings"
	"testing"
	"time"

	"scmigrate/migrate"
)

// TestClockSkewIsSaidOnce: only where most vehicles' answers show it, with the amount.
func TestClockSkewIsSaidOnce(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		reason string
		leads  []time.Duration
		silent int
		want   string
		count  int
	}{
		{"nothing was stated", nil, 3, "", 0},
		{"the clocks agree", []time.Duration{0, time.Second, -time.Second}, 0, "", 0},
		{"half of the vehicles are not most", []time.Duration{time.Hour, time.Hour, 0, 0}, 0, "", 0},
		{"most say that we are slow", []time.Duration{5 * time.Minute, 5*time.Minute + 2*time.Second, 0}, 7, "this machine's clock is 5 min behind Smartcar's", 2},
		{"all say that we are fast", []time.Duration{-3 * time.Hour, -3 * time.Hour, -time.Hour}, 0, "this machine's clock is 3 h 0 min ahead of Smartcar's", 3},
	} {
		var cl clocks
		for _, lead := range c.leads {
			cl.add(migrate.Record{Evidence: migrate.Evidence{App: migrate.Leg{Server: noon.Add(lead), Got: noon}}})
		}
		for range c.silent {
			cl.add(migrate.Record{})
		}
		n, said := cl.note()
		if said != (c.want != "") || !strings.HasPrefix(n.Text, c.want) || n.Count != c.count {
			t.Errorf("%s: %+v", c.reason, n)
		}
	}
}
