package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// rechecked is what report.json says about rechecks, and the odometer of a vehicle.
type rechecked struct {
	Run struct {
		Requests, Rechecks map[string]int
		Complete           bool
	}
	Vehicles []struct {
		VehicleID, Verdict string
		Proof              *string
		Notes              []struct{ Detail string }
		Fields             []struct {
			Field, Outcome, Note string
			Legacy, App          *struct{ Value any }
		}
	}
}

func (b *bench) rechecked() (r rechecked) {
	b.t.Helper()
	text, err := os.ReadFile(b.path("out/report.json"))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// odometer is "verdict/proof outcome" of a vehicle's odometer, and its note.
func (r rechecked) odometer(t *testing.T, vehicleID string) (told, note string) {
	t.Helper()
	for _, v := range r.Vehicles {
		for _, f := range v.Fields {
			if v.VehicleID != vehicleID || f.Field != "odometer.distance" {
				continue
			}
			if v.Proof != nil {
				v.Verdict += "/" + *v.Proof
			}
			return v.Verdict + " " + f.Outcome, f.Note
		}
	}
	t.Fatalf("no odometer of %s", vehicleID)
	return "", ""
}

func (r rechecked) want(t *testing.T, vehicles, requests, persistent, explained, flapped, left int) {
	t.Helper()
	for name, n := range map[string]int{"vehicles": vehicles, "requests": requests, "persistent": persistent, "explained": explained, "flapped": flapped, "left": left} {
		if got := r.Run.Rechecks[name]; got != n {
			t.Errorf("rechecks.%s is %d, want %d", name, got, n)
		}
	}
}

// parkedFleet are cars whose legs observe one and the same moment, but for so many odometers that are wrong on the app leg.
func parkedFleet(vehicles, wrong int) fixtures.Scenario {
	s := fixtures.HealthyScenario(vehicles, 5)
	s.Defects = map[string]fixtures.Amount{"parked": {Count: vehicles - wrong}}
	if wrong > 0 {
		s.Defects["value-differs/odometer"] = fixtures.Amount{Count: wrong}
	}
	return s
}

// labelled are the vehicles with a defect, in inventory order.
func (b *bench) labelled(defect string) (ids []string) {
	for _, v := range b.world.Truth() {
		if v.Defect == defect {
			ids = append(ids, v.VehicleID)
		}
	}
	return ids
}

// shifting puts a test between the client and the simulator that adds to a car's odometer: by says how much, for the n-th
// call of a leg (from 0). It also fails the test when two calls of one car and leg are in flight together.
func (b *bench) shifting(by func(vehicleID, leg string, n int) float64) {
	inner := b.transport
	var mu sync.Mutex
	calls, flying := map[string]int{}, map[string]int{}
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		parts := strings.Split(r.URL.Path, "/")
		if len(parts) < 5 || parts[2] != "vehicles" || parts[4] != "batch" && parts[4] != "signals" {
			return inner.RoundTrip(r)
		}
		id, leg := parts[3], map[string]string{"batch": "legacy", "signals": "app"}[parts[4]]
		mu.Lock()
		n := calls[id+leg]
		if calls[id+leg]++; flying[id+leg] > 0 {
			b.t.Errorf("two calls in flight for %s on the %s leg", id, leg)
		}
		flying[id+leg]++
		mu.Unlock()
		response, err := inner.RoundTrip(r)
		mu.Lock()
		flying[id+leg]--
		mu.Unlock()
		if km := by(id, leg, n); err == nil && km != 0 {
			body, _ := io.ReadAll(response.Body)
			body = withOdometer(b.t, body, km)
			response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		return response, err
	})
}

// withOdometer adds km to the odometer of a batch or of a list of signals.
func withOdometer(t *testing.T, body []byte, km float64) []byte {
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Error(err)
		return body
	}
	add := func(holder any, name string) {
		if m, ok := holder.(map[string]any); ok {
			if n, ok := m[name].(float64); ok {
				m[name] = n + km
			}
		}
	}
	items, _ := doc["responses"].([]any)
	for _, item := range items {
		if m := item.(map[string]any); strings.HasSuffix(m["path"].(string), "odometer") {
			add(m["body"], "distance")
		}
	}
	signals, _ := doc["data"].([]any)
	for _, signal := range signals {
		if m, ok := signal.(map[string]any)["attributes"].(map[string]any); ok && m["code"] == "odometer-traveleddistance" {
			add(m["body"], "value")
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Error(err)
	}
	return text
}

// TestDifferencesAreAskedAboutAgain: one that persists, one that the legacy value moves across, one that vanishes.
func TestDifferencesAreAskedAboutAgain(t *testing.T) {
	began := time.Now() // how many days old a value is said to be depends on the hour of the day
	b := newBenchAt(t, parkedFleet(6, 1), func() time.Time { return killedAt.Add(6*time.Hour + time.Since(began)) })
	parked := b.labelled("parked")
	across, vanishing, wrong := parked[0], parked[1], b.labelled("value-differs/odometer")[0]
	b.shifting(func(id, leg string, n int) float64 {
		switch {
		case id == across && leg == "app":
			return 2
		case id == across && n == 2: // the second legacy answer of the recheck, as far as a car gets in a minute
			return 4
		case id == vanishing && leg == "app" && n == 0:
			return 812
		}
		return 0
	})
	waits := b.counted()
	if code, _, stderr := b.run("--json-full", "--recheck", "2"); code != 3 || !strings.Contains(stderr, "waiting 2 min before asking again about 3 differences") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	r := b.rechecked()
	for _, tt := range []struct{ vehicle, told, note string }{
		{wrong, "blocked differs", "both legs observed it at the same moment; still different 4 min later; the app value is 2 d "},
		{across, "ready/full drift", "explained: the value was changing while it was asked three times ("},
		{vanishing, "ready/partial unverifiable", "flapped: the legs agreed 2 min later ("},
	} {
		if told, note := r.odometer(t, tt.vehicle); told != tt.told || !strings.HasPrefix(note, tt.note) {
			t.Errorf("%s: %q\nwant %s: %q…", told, note, tt.told, tt.note)
		}
	}
	r.want(t, 3, 3*3+3, 1, 1, 1, 0) // the one that persists is asked a second time
	if *waits != 2 || r.Run.Requests["legacy"] != 6+2*4 {
		t.Errorf("%d waits, %v", *waits, r.Run.Requests)
	}
	before := len(b.world.Requests())
	b.run("--recheck", "2")
	if r := b.rechecked(); *waits != 2 || r.Run.Requests["legacy"] != 6+2*4 {
		t.Errorf("resumed: %d waits, %d requests more, %v", *waits, len(b.world.Requests())-before, r.Run.Requests)
	}
}

// counted counts the waits of the runs to come.
func (b *bench) counted() *int {
	n := new(int)
	b.sleep = func(ctx context.Context, d time.Duration) { *n++; b.clock.Sleep(ctx, d) }
	return n
}

// TestARunWaitsOnlyIfSomethingDiffers: a healthy fleet costs no time and no request more.
func TestARunWaitsOnlyIfSomethingDiffers(t *testing.T) {
	b := newBench(t, parkedFleet(5, 0))
	waits := b.counted()
	if code, _, stderr := b.run(); code != 0 || *waits != 0 || strings.Contains(stderr, "asking again") {
		t.Errorf("exit %d, %d waits: %s", code, *waits, stderr)
	}
	b.rechecked().want(t, 0, 0, 0, 0, 0, 0)
}

// TestWhatIsNotAskedAgainStands: with the reason in its note, and the run is whole all the same. A later run asks.
func TestWhatIsNotAskedAgainStands(t *testing.T) {
	for _, tt := range []struct {
		reason                string
		flags                 []string
		note                  string
		vehicles, sent, waits int
	}{
		{"--recheck 0", []string{"--recheck", "0"}, "; not asked again: --recheck 0", 0, 0, 0},
		{"the budget ends before the third request", []string{"--max-requests", "13", "--negative-control", "0"}, "; not asked again: the budget of requests is used up", 1, 2, 1},
		{"the time box is too short for the wait", []string{"--time-box", "1m"}, "; not asked again: the time box ends before 2 min are over", 0, 0, 0},
		{"the vehicle's cap", []string{"--fields", "odometer.distance,vin", "--max-billed-per-vehicle", "5"}, "; not asked again: over --max-billed-per-vehicle", 0, 0, 1},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			b := newBench(t, parkedFleet(4, 1))
			wrong, waits := b.labelled("value-differs/odometer")[0], b.counted()
			if code, _, stderr := b.run(tt.flags...); code != 3 || *waits != tt.waits {
				t.Errorf("exit %d, %d waits: %s", code, *waits, stderr)
			}
			r := b.rechecked()
			r.want(t, tt.vehicles, tt.sent, 0, 0, 0, 1)
			if told, note := r.odometer(t, wrong); told != "blocked differs" || !strings.HasSuffix(note, tt.note) || !r.Run.Complete {
				t.Errorf("%s, complete %v: %q", told, r.Run.Complete, note)
			}
			if tt.reason == "the vehicle's cap" {
				return
			}
			b.run()
			r = b.rechecked()
			r.want(t, 1, tt.sent+3, 1, 0, 0, 0)
			if _, note := r.odometer(t, wrong); !strings.Contains(note, "still different 2 min later") && !strings.Contains(note, "still different 4 min later") {
				t.Errorf("resumed: %q", note)
			}
		})
	}
}

// TestAnInterruptEndsTheWait: nothing is asked again, and the same command goes on.
func TestAnInterruptEndsTheWait(t *testing.T) {
	b := newBench(t, parkedFleet(4, 1))
	ctx, cancel := context.WithCancel(t.Context())
	b.ctx, b.sleep = ctx, func(context.Context, time.Duration) { cancel() }
	if code, _, stderr := b.run(); code != 130 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	r := b.rechecked()
	r.want(t, 0, 0, 0, 0, 0, 1)
	if _, note := r.odometer(t, b.labelled("value-differs/odometer")[0]); !strings.HasSuffix(note, "; not asked again: interrupted") {
		t.Errorf("%q", note)
	}
	b.ctx, b.sleep = t.Context(), nil
	if code, _, stderr := b.run(); code != 3 {
		t.Errorf("resumed: exit %d: %s", code, stderr)
	}
	b.rechecked().want(t, 1, 3, 1, 0, 0, 0)
}

// TestNoMoreThanTheShareIsAskedAgain: 50 vehicles of a small run, in calling order, also over several starts; those of a make
// that answers every half hour are not asked and take nobody's place.
func TestNoMoreThanTheShareIsAskedAgain(t *testing.T) {
	b := newBench(t, parkedFleet(60, 56))
	b.shifting(func(string, string, int) float64 { return 0 })
	for range 2 {
		if code, _, stderr := b.run(); code != 3 {
			t.Errorf("exit %d: %s", code, stderr)
		}
		r := b.rechecked()
		r.want(t, 50, 150, 50, 0, 0, 6)
		left, spared := 0, 0
		for _, id := range b.labelled("value-differs/odometer") {
			if _, note := r.odometer(t, id); strings.HasSuffix(note, "; not asked again: no more than 50 vehicles are asked again in a run of this size") {
				left++
			} else if strings.Contains(note, "may be asked once in 30 min only") {
				spared++
			}
		}
		if left == 0 || spared == 0 || left+spared != 6 {
			t.Errorf("%d vehicles say that they were left, %d that their make answers too seldom", left, spared)
		}
	}
}
