package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
)

func TestDecision(t *testing.T) {
	gates := func(met ...string) (out []Gate) {
		for _, m := range met {
			out = append(out, Gate{"blocked == 0", m, "0"})
		}
		return out
	}
	for _, c := range []struct {
		reason string
		gates  []Gate
		ready  int
		want   Decision
	}{
		{"every gate holds", gates("yes", "yes"), 1, Go},
		{"nothing is ready", gates("yes"), 0, CouldNotTell},
		{"no gate was asked", nil, 5, CouldNotTell},
		{"one gate fails", gates("yes", "undecided", "no"), 5, NoGo},
		{"a failed gate stands without a ready vehicle", gates("no"), 0, NoGo},
		{"one gate is open", gates("yes", "undecided"), 5, CouldNotTell},
		{"an unknown word is no yes", gates("maybe"), 5, CouldNotTell},
	} {
		s := Summary{Gates: c.gates, Verdicts: Verdicts{Ready: c.ready}, Total: 9}
		if got := s.Decision(); got != c.want {
			t.Errorf("%s: %s, want %s", c.reason, got, c.want)
		}
		if s.because() == "" {
			t.Errorf("%s: no reason is given", c.reason)
		}
	}
}

func TestPercentNeverRoundsUp(t *testing.T) {
	for share, want := range map[float64]string{0: "0.0 %", 1: "100 %", 0.99999: "99.9 %", 0.57: "57.0 %", 0.29: "29.0 %", 31.0 / 38: "81.5 %"} {
		if got := percent(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := count(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// TestLimitsAreSaid: a run that is less than the whole says so in every format for people.
func TestLimitsAreSaid(t *testing.T) {
	s := sampleSummary()
	s.Run.Complete, s.Run.Legs, s.Run.Sample, s.Run.Shard = false, "app", &Sample{Asked: "5%", Vehicles: 40, Of: 800, Seed: 7, Users: 31, LargestUser: 4, BlockedAtMost: 0.2501, Unseen: 0.2589}, &Shard{2, 5}
	s.Run.Controls = Controls{Tried: 3, Refused: 2, Served: 1}
	s.Readiness = nil
	for _, name := range []string{"terminal", "html", "markdown"} {
		out := strings.Join(strings.Fields(string(rendered(t, name, reportOf(s, nil), Options{}))), " ")
		for _, want := range []string{"did not finish", "40 of 800 vehicles", "part 2 of 5", "ISOLATION BREACH", "commands, webhooks", "no readiness"} {
			if !strings.Contains(strings.ToLower(out), strings.ToLower(want)) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
}

// fleetOf makes n vehicles, every tenth of them not ready, with labels and fields as given.
func fleetOf(n int, fields []Field, label string) Report {
	s := sampleSummary()
	s.Total = n
	makes := []string{"TESLA", "VOLKSWAGEN", "POLESTAR", "JAGUAR", "BMW"}
	return Report{Summary: s, Vehicles: func() iter.Seq2[Vehicle, error] {
		return func(yield func(Vehicle, error) bool) {
			for i := range n {
				v := Vehicle{VehicleID: vehicleID(i), UserID: userID(i), Label: label, Verdict: "ready", Make: makes[i%5], Cohort: "eu-pilot"}
				if i%10 == 0 {
					v.Verdict, v.Fields, v.Causes = "blocked", fields, []CauseRef{{Code: "signal-lost", Field: fmt.Sprintf("security.%d", i%7)}}
				}
				if !yield(v, nil) {
					return
				}
			}
		}
	}}
}

// TestPageOfALargeFleet: at most 5 MB, those that are not ready first, and a sentence for what is left out.
func TestPageOfALargeFleet(t *testing.T) {
	var fields []Field
	for len(fields) < 28 {
		fields = append(fields, sampleFields()...)
	}
	page := rendered(t, "html", fleetOf(100_500, fields, ""), Options{})
	if len(page) > 5_000_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
	var list vehicleList
	if err := json.Unmarshal(scripts.FindSubmatch(page)[1], &list); err != nil {
		t.Fatal(err)
	}
	if list.Rows != maxRows || list.Strings[list.Kinds[list.KindOf[10_000]][0]] != "blocked" || len(list.Details) == 0 {
		t.Errorf("%d rows, %d details", list.Rows, len(list.Details))
	}
	if !bytes.Contains(page, []byte("500 vehicles more are not listed here")) || !bytes.Contains(page, []byte("Both legs are shown for")) {
		t.Error("what is left out is not said")
	}
}
