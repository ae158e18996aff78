package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"scmigrate/fixtures"
)

// bothOnV3 is a fleet whose opaque tokens work on v3, as older texts have it, or do not.
func bothOnV3(n int, opaque bool) fixtures.Scenario {
	s := fixtures.HealthyScenario(n, 7)
	s.Switches.OpaqueOnApp = opaque
	s.Switches.LegacyOff = "410" // v2.0 may be gone: nothing of it is needed
	return s
}

func TestBothLegsOnV3(t *testing.T) {
	const n = 12
	b := newBench(t, bothOnV3(n, true))
	code, stdout, stderr := b.run("--legacy-api", "v3", "--json-full")
	r := b.report()
	if code != 0 || r.Verdicts["ready"] != n {
		t.Fatalf("exit %d, %v\n%s%s", code, r.Verdicts, stdout, stderr)
	}
	if r.Run.Requests["legacy"] != n || r.Run.Requests["app"] != n+2+r.Run.Controls["tried"] {
		t.Errorf("requests %v: want one per leg and vehicle, the opaque ones counted as legacy", r.Run.Requests)
	}
	text, err := os.ReadFile(b.path("out/report.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"legacyApi":"v3"`, `"vehicleidentification-exteriorcolor"`, `"billedReads":{"legacy":12,"app":12}`} {
		if !strings.Contains(strings.NewReplacer(" ", "", "\n", "").Replace(string(text)), want) {
			t.Errorf("report.json lacks %s", want)
		}
	}
	if strings.Contains(string(text), "no-counterpart") || strings.Contains(string(text), "battery.nominalCapacity.url") {
		t.Error("a field of v2 alone is in the report")
	}
	b.wantNoV2(t)
	if code, _, _ := b.run("--legacy-api", "v3"); code != 0 || b.report().Run.Requests["legacy"] != n {
		t.Errorf("started again: exit %d, %v", code, b.report().Run.Requests)
	}
}

func (b *bench) wantNoV2(t *testing.T) {
	t.Helper()
	for _, r := range b.world.Requests() {
		if strings.HasPrefix(r.Path, "/v2.0") {
			t.Errorf("v2.0 was called: %s %s", r.Method, r.Path)
		}
	}
	if v := b.world.Violations(); len(v) != 0 {
		t.Errorf("violations: %v", v)
	}
}

// TestV3RefusesOpaqueTokens: what the newest texts say is one cause for the run, in a sentence.
func TestV3RefusesOpaqueTokens(t *testing.T) {
	b := newBench(t, bothOnV3(8, false))
	code, stdout, stderr := b.run("--legacy-api", "v3")
	if code != 4 {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	for _, v := range b.report().Vehicles {
		if v.Verdict != "inconclusive" || len(v.Causes) != 1 || v.Causes[0].Code != "legacy-retired" {
			t.Errorf("%s: %s %v", v.VehicleID, v.Verdict, v.Causes)
		}
	}
	if !strings.Contains(stdout, "opaque tokens do not work on v3") || strings.Count(stdout, "?      8  ") != 1 {
		t.Errorf("it says:\n%s", stdout)
	}
	b.wantNoV2(t)
}

// TestLegacyAPIIsChecked: before anything is sent, and again when a directory is used a second time.
func TestLegacyAPIIsChecked(t *testing.T) {
	b := newBench(t, bothOnV3(2, true))
	for value, want := range map[string]string{"none": "--legacy-api none: give --baseline DIR0", "v4": `--legacy-api "v4": choose v2, v3 or none`} {
		for _, command := range []string{"run", "plan"} {
			if code, _, stderr := b.call(command, "-i", b.path("inventory.yaml"), "--legacy-api", value); code != 2 || !strings.Contains(stderr, want) {
				t.Errorf("%s --legacy-api %s: exit %d, %s", command, value, code, stderr)
			}
		}
	}
	if len(b.world.Requests()) > 0 {
		t.Error("something was sent")
	}
	t.Setenv("SCMIGRATE_LEGACY_API", "v3")
	if code, _, stderr := b.run(); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	t.Setenv("SCMIGRATE_LEGACY_API", "v2")
	code, _, stderr := b.run()
	if code != 2 || !strings.Contains(stderr, "was begun with --legacy-api v3: use the same, or a new -o DIR") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestFieldsOnV3: everything is compared unless told otherwise; a list means just those.
func TestFieldsOnV3(t *testing.T) {
	for _, c := range []struct {
		reason string
		args   []string
		colour bool
		place  bool
	}{
		{"nothing said", nil, true, true},
		{"all", []string{"--fields", "all"}, true, true},
		{"standard", []string{"--fields", "standard"}, false, false},
		{"a list", []string{"--fields", "vin,odometer.distance"}, false, false},
	} {
		b := newBench(t, bothOnV3(2, true))
		if code, _, stderr := b.run(append([]string{"--legacy-api", "v3", "--json-full"}, c.args...)...); code != 0 {
			t.Fatalf("%s: exit %d: %s", c.reason, code, stderr)
		}
		text, err := os.ReadFile(b.path("out/report.json"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"vehicleidentification-exteriorcolor"`) != c.colour || strings.Contains(strings.ReplaceAll(string(text), " ", ""), `"field":"location"`) != c.place {
			t.Errorf("%s: not what was asked for", c.reason)
		}
	}
}

func TestPlanOnV3(t *testing.T) {
	b := newBench(t, bothOnV3(3, true))
	_, stdout, _ := b.call("plan", "-i", b.path("inventory.yaml"), "--legacy-api", "v3", "--max-billed-per-vehicle", "2")
	for _, want := range []string{"legacy 3, app 8", "at most 2 a vehicle, 6 in all", "v2.0 is not called"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the plan lacks %q:\n%s", want, stdout)
		}
	}
}

// placesOf collects every coordinate that the simulator serves.
type placesOf struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen map[string]bool
}

var servedPlace = regexp.MustCompile(`"(?:latitude|longitude)":(-?[0-9]+\.[0-9]{4,})`)

func (p *placesOf) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range servedPlace.FindAllSubmatch(body, -1) {
		p.seen[string(m[1])] = true
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

// TestNothingPrivateIsKeptOnV3: every token and every place that was served is a canary, in the ledger too.
func TestNothingPrivateIsKeptOnV3(t *testing.T) {
	b := newBench(t, bothOnV3(20, true))
	served := &placesOf{next: b.transport, seen: map[string]bool{}}
	b.transport = served
	_, stdout, stderr := b.run("--legacy-api", "v3", "--json-full")
	if len(served.seen) < 10 {
		t.Fatalf("only %d places were served", len(served.seen))
	}
	check := func(where, text string) {
		for place := range served.seen {
			if strings.Contains(text, place) {
				t.Errorf("%s says where a car stood: %s", where, place)
			}
		}
		for _, row := range b.world.Inventory() {
			if row.AccessToken != "" && strings.Contains(text, row.AccessToken) {
				t.Errorf("%s holds a token", where)
			}
		}
	}
	check("stdout", stdout)
	check("stderr", stderr)
	eachFile(t, b.path("out"), check)
}

// TestALegThatShowsSomethingElse: a signal that no field reads, shown otherwise to the opaque token under the same time.
func TestALegThatShowsSomethingElse(t *testing.T) {
	b := newBench(t, bothOnV3(3, true))
	b.transport = tampering{b.transport}
	code, _, stderr := b.run("--legacy-api", "v3")
	if code != 3 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, v := range b.report().Vehicles {
		if v.Verdict != "blocked" || v.Causes[0].Code != "value-differs" {
			t.Errorf("%s: %s %v", v.VehicleID, v.Verdict, v.Causes)
		}
	}
}

// tampering makes colours green for opaque tokens.
type tampering struct{ next http.RoundTripper }

func (p tampering) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(r)
	opaque := strings.HasSuffix(r.URL.Path, "/signals") && !strings.Contains(r.Header.Get("Authorization"), ".")
	if err != nil || !opaque {
		return response, err
	}
	var doc map[string]any
	if err := json.NewDecoder(response.Body).Decode(&doc); err != nil {
		return nil, err
	}
	for _, s := range doc["data"].([]any) {
		if attributes := s.(map[string]any)["attributes"].(map[string]any); attributes["code"] == "vehicleidentification-exteriorcolor" {
			attributes["body"] = map[string]any{"value": "no colour at all"}
		}
	}
	body, err := json.Marshal(doc)
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = -1
	response.Header.Del("Content-Length")
	return response, err
}
