package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// cutOver is a fleet that was measured, and some days later: v2.0 answers nothing any more, and no legacy token is there.
func cutOver(t *testing.T, s fixtures.Scenario, status string, later time.Duration, more ...string) *bench {
	t.Helper()
	b := newBench(t, s)
	if code, _, stderr := b.run(append([]string{"-o", b.path("before"), "--recheck", "0"}, more...)...); code == 2 || code == 1 {
		t.Fatalf("the run before: exit %d\n%s", code, stderr)
	}
	b.clock.Sleep(t.Context(), later)
	b.ending(status)
	b.write("inventory.yaml", withoutTokens(b.inventory()))
	return b
}

// ending is a network in which v2.0 answers this status to everything.
func (b *bench) ending(status string) {
	inner := b.transport
	code := map[string]int{"404": 404, "410": 410}[status]
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, "/v2.0") {
			b.t.Errorf("v2.0 was called: %s %s", r.Method, r.URL.Path)
			return answerWith(r, code, `{"type":"RESOURCE_NOT_FOUND","code":"VERSION"}`), nil
		}
		return inner.RoundTrip(r)
	})
}

// withoutTokens has references in their place that nothing resolves: the variables are not set, the command may not run.
func withoutTokens(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if key := strings.TrimSpace(line); strings.HasPrefix(key, "accessToken:") {
			line = "    accessToken: \"${GONE_WITH_V2}\"\n"
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// after runs against the run before.
func (b *bench) after(more ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	return b.run(append([]string{"--legacy-api", "none", "--baseline", b.path("before")}, more...)...)
}

// baselineReport is report.json, as far as these tests look at it.
type baselineReport struct {
	Run struct {
		LegacyAPI string `json:"legacyApi"`
		Baseline  struct {
			RunID    string `json:"runId"`
			Vehicles int    `json:"vehicles"`
		} `json:"baseline"`
		Requests map[string]int `json:"requests"`
	} `json:"run"`
	Proof    map[string]int `json:"proof"`
	Verdicts map[string]int `json:"verdicts"`
	Vehicles []struct {
		VehicleID string                                 `json:"vehicleId"`
		Verdict   string                                 `json:"verdict"`
		Proof     string                                 `json:"proof"`
		Causes    []struct{ Code, Field, Detail string } `json:"causes"`
		Fields    []struct {
			Field, Outcome, Note string
			Legacy, App          struct{ At time.Time }
		} `json:"fields"`
	} `json:"vehicles"`
}

func (b *bench) afterReport() (r baselineReport) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.read("out/report.json")), &r); err != nil {
		b.t.Fatal(err)
	}
	return r
}

// TestAfterTheCutOver: v2.0 is gone, days have passed, the cars were driven; v3 still serves everything.
func TestAfterTheCutOver(t *testing.T) {
	for _, status := range []string{"404", "410"} {
		t.Run(status, func(t *testing.T) {
			const n = 20
			b := cutOver(t, fixtures.HealthyScenario(n, 5), status, 72*time.Hour)
			code, stdout, stderr := b.after("--json-full")
			r := b.afterReport()
			if code != 0 || r.Verdicts["ready"] != n || r.Proof["appOnly"] != n || r.Proof["full"]+r.Proof["partial"] != 0 {
				t.Fatalf("exit %d, %v, %v\n%s%s", code, r.Verdicts, r.Proof, stdout, stderr)
			}
			if r.Run.LegacyAPI != "none" || r.Run.Baseline.Vehicles != n || r.Run.Requests["legacy"] != 0 {
				t.Errorf("%+v", r.Run)
			}
			if !strings.Contains(stdout, "for 20 vehicles v3 still serves what the earlier run's legacy leg served") || !strings.Contains(stdout, "baseline") {
				t.Errorf("it says:\n%s", stdout)
			}
			moved := 0
			for _, v := range r.Vehicles {
				for _, f := range v.Fields {
					if f.Field == "odometer.distance" && f.App.At.Sub(f.Legacy.At) > 48*time.Hour {
						moved++
					}
				}
			}
			if moved < n/2 {
				t.Errorf("only %d odometers are held against a reading of days ago", moved)
			}
		})
	}
}

// TestASignalThatVanishedAfterTheCutOver, an odometer that runs backwards, a VIN of another car: the differences that time
// does not explain.
func TestASignalThatVanishedAfterTheCutOver(t *testing.T) {
	cases := []struct {
		name    string
		bend    func(id string, attributes map[string]any) (keep bool)
		code    string
		field   string
		whereOf string
	}{
		{"vanished", func(id string, _ map[string]any) bool { return id != "odometer-traveleddistance" }, "signal-lost", "odometer.distance", ""},
		{"backwards", func(id string, a map[string]any) bool {
			if id == "odometer-traveleddistance" {
				a["body"] = map[string]any{"value": 17, "unit": "km"}
			}
			return true
		}, "value-differs", "odometer.distance", ""},
		{"another car", func(id string, a map[string]any) bool {
			if id == "vehicleidentification-vin" {
				a["body"] = map[string]any{"value": "5YJSA1CN5DFP99999"}
			}
			return true
		}, "vehicle-mismatch", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := cutOver(t, fixtures.HealthyScenario(4, 7), "410", 24*time.Hour)
			b.bend(c.bend)
			code, _, stderr := b.after()
			for _, v := range b.afterReport().Vehicles {
				if code != 3 || v.Verdict != "blocked" || v.Causes[0].Code != c.code || v.Causes[0].Field != c.field {
					t.Errorf("exit %d, %s %v\n%s", code, v.Verdict, v.Causes, stderr)
				}
			}
		})
	}
}

// bend changes the signals that v3 serves; keep false leaves one out.
func (b *bench) bend(change func(id string, attributes map[string]any) (keep bool)) {
	inner := b.transport
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := inner.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, "/signals") || response.StatusCode != 200 {
			return response, err
		}
		var doc map[string]any
		if err := json.NewDecoder(response.Body).Decode(&doc); err != nil {
			return nil, err
		}
		kept := []any{}
		for _, s := range doc["data"].([]any) {
			if signal := s.(map[string]any); change(signal["id"].(string), signal["attributes"].(map[string]any)) {
				kept = append(kept, signal)
			}
		}
		doc["data"] = kept
		doc["meta"].(map[string]any)["totalCount"] = len(kept)
		body, err := json.Marshal(doc)
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), -1
		response.Header.Del("Content-Length")
		return response, err
	})
}

// TestVehiclesThatTheBaselineDidNotMeasure are inconclusive and say so, and v3 is not asked about them.
func TestVehiclesThatTheBaselineDidNotMeasure(t *testing.T) {
	s := fixtures.HealthyScenario(20, 5)
	s.Defects = map[string]fixtures.Amount{"legacy-grant-dead": {Count: 2}}
	b := cutOver(t, s, "410", time.Hour)
	known := b.world.Inventory()[0]
	b.write("inventory.yaml", withoutTokens(b.inventory())+"  - {vehicleId: bought-since, userId: "+known.UserID+"}\n")
	code, stdout, stderr := b.after()
	r := b.afterReport()
	if code != 3 || r.Verdicts["inconclusive"] != 2 || r.Verdicts["ready"] != 18 || r.Verdicts["blocked"] != 1 {
		t.Fatalf("exit %d, %v\n%s%s", code, r.Verdicts, stdout, stderr)
	}
	for _, v := range r.Vehicles {
		if v.Verdict == "inconclusive" && (v.Causes[0].Code != "legacy-unmeasured" || !strings.HasPrefix(v.Causes[0].Detail, "the baseline has no legacy answer of it: grant-dead")) {
			t.Errorf("%v", v.Causes)
		}
		if v.VehicleID == "bought-since" && v.Causes[0].Code != "not-connected" {
			t.Errorf("%v", v.Causes)
		}
	}
}

// TestResumingAndRejudgingARunAfterTheCutOver: nothing is called twice, and other rules judge the saved evidence.
func TestResumingAndRejudgingARunAfterTheCutOver(t *testing.T) {
	b := cutOver(t, fixtures.HealthyScenario(12, 5), "410", 24*time.Hour)
	if code, _, stderr := b.after("--max-requests", "9", "--negative-control", "0"); code != 4 {
		t.Fatalf("cut short: exit %d\n%s", code, stderr)
	}
	if code, _, stderr := b.after("--negative-control", "0"); code != 0 {
		t.Fatalf("resumed: exit %d\n%s", code, stderr)
	}
	first := b.afterReport()
	if first.Proof["appOnly"] != 12 || first.Run.Requests["app"] != 2+12 {
		t.Errorf("%v, %v", first.Proof, first.Run.Requests)
	}
	b.write("rules.yaml", "version: 1\nfields: {require: [odometer.distance, battery.lowVoltage.stateOfHealth]}\n")
	code, stdout, stderr := b.call("rejudge", b.path("out"), "--rules", b.path("rules.yaml"))
	if code == 1 {
		t.Errorf("rejudge: exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := b.call("report", b.path("out")); code != 0 {
		t.Errorf("report: exit %d\n%s", code, stderr)
	}
	b.write("inventory.yaml", b.inventory())
	if code, _, stderr := b.run("--legacy-api", "v2"); code != 2 || !strings.Contains(stderr, "was begun with --legacy-api none") {
		t.Errorf("with v2: exit %d: %s", code, stderr)
	}
	if code, _, stderr := b.run("--legacy-api", "none", "--baseline", b.path("out")); code != 2 || !strings.Contains(stderr, "directory of this run") {
		t.Errorf("with itself: exit %d: %s", code, stderr)
	}
}

// TestBaselinesThatAreNone are refused before anything is sent.
func TestBaselinesThatAreNone(t *testing.T) {
	b := cutOver(t, fixtures.HealthyScenario(4, 7), "410", time.Hour)
	other := newBench(t, fixtures.HealthyScenario(4, 8))
	if code, _, stderr := other.run("-o", other.path("before")); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	if code, _, stderr := other.run("-o", other.path("list"), "--legs", "connections"); code != 4 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	if err := os.MkdirAll(b.path("empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := len(b.world.Requests())
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--legacy-api", "none"}, "give --baseline DIR0"},
		{[]string{"--baseline", b.path("before")}, "give --legacy-api none"},
		{[]string{"--legacy-api", "none", "--baseline", other.path("before")}, "is of another inventory"},
		{[]string{"--legacy-api", "none", "--baseline", other.path("list")}, "no legacy evidence"},
		{[]string{"--legacy-api", "none", "--baseline", b.path("empty")}, "--baseline"},
		{[]string{"--legacy-api", "none", "--baseline", b.path("before"), "--legs", "app"}, "leave --legs app out"},
	} {
		code, _, stderr := b.run(c.args...)
		if code != 2 || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit %d: %s", c.args, code, stderr)
		}
	}
	if n := len(b.world.Requests()); n != before {
		t.Errorf("%d requests were sent", n-before)
	}
}

// TestPlanAfterTheCutOver agrees with the run: one leg.
func TestPlanAfterTheCutOver(t *testing.T) {
	b := cutOver(t, fixtures.HealthyScenario(12, 5), "410", time.Hour)
	code, stdout, stderr := b.call("plan", "-i", b.path("inventory.yaml"), "--legacy-api", "none", "--baseline", b.path("before"))
	for _, want := range []string{"12 to call, 0 without a token", "legacy 0, app 17", "at most 1 a vehicle, 12 in all", "no legacy token is resolved"} {
		if code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("exit %d, the plan lacks %q:\n%s%s", code, want, stdout, stderr)
		}
	}
}

// TestDaysOfDrivingConvictNobody: the further apart the two sides are, the less is proved, and a healthy fleet stays ready.
func TestDaysOfDrivingConvictNobody(t *testing.T) {
	for _, later := range []time.Duration{5 * time.Hour, 3 * 24 * time.Hour, 30 * 24 * time.Hour} {
		t.Run(later.String(), func(t *testing.T) {
			s := fixtures.HealthyScenario(240, 11)
			s.Makes = map[string]int{"VOLKSWAGEN": 1, "BMW": 1}
			b := cutOver(t, s, "410", later, "--fields", "all")
			code, _, stderr := b.after()
			r := b.afterReport()
			if code != 0 || r.Verdicts["ready"] != 240 {
				seen := map[string]int{}
				for _, v := range r.Vehicles {
					for _, c := range v.Causes {
						seen[c.Code+" "+c.Field+" "+c.Detail]++
					}
				}
				t.Errorf("exit %d, %v: %v\n%s", code, r.Verdicts, seen, stderr)
			}
			if places := b.outcomes("location"); places["unverifiable"] != 240 {
				t.Errorf("positions: %v", places)
			}
		})
	}
}

// outcomes are those of one field over the fleet.
func (b *bench) outcomes(field string) map[string]int {
	b.t.Helper()
	var r struct {
		Outcomes map[string]map[string]int `json:"outcomes"`
	}
	if err := json.Unmarshal([]byte(b.read("out/report.json")), &r); err != nil {
		b.t.Fatal(err)
	}
	return r.Outcomes[field]
}
