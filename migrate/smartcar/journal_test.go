package smartcar

import (
	"slices"
	"testing"
	"time"
)

// heard is a journal in memory.
type heard struct {
	departed []Host
	paused   []time.Time
}

func (h *heard) Departed(host Host, _ time.Time)   { h.departed = append(h.departed, host) }
func (h *heard) Paused(_ Host, _, until time.Time) { h.paused = append(h.paused, until) }

// TestTheJournalHearsWhatTheSuccessorMustKnow: each request that leaves a bucket, and each pause.
func TestTheJournalHearsWhatTheSuccessorMustKnow(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, unlimited := range []bool{false, true} {
		l := NewLimiter(LimiterOptions{Unlimited: unlimited, Now: func() time.Time { return now }})
		j := &heard{}
		l.Keep(j)
		for _, host := range []Host{HostIAM, HostApp, HostLegacy} {
			if err := l.Wait(t.Context(), host); err != nil {
				t.Fatal(err)
			}
		}
		l.Pause(HostApp, time.Minute)
		l.Pause(HostApp, time.Second) // shortens none
		want := []Host{HostIAM, HostApp, HostLegacy}
		if unlimited {
			want = nil
		}
		if !slices.Equal(j.departed, want) || len(j.paused) == 0 || slices.MaxFunc(j.paused, time.Time.Compare) != now.Add(time.Minute) {
			t.Errorf("unlimited %v: %v departed, paused until %v", unlimited, j.departed, j.paused)
		}
	}
}
