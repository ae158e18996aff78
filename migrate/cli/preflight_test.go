package cli_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

// preflightAnswer is the JSON answer, as far as these tests look at it.
type preflightAnswer struct {
	Answer   string            `json:"answer"`
	ExitCode int               `json:"exitCode"`
	Halves   map[string]string `json:"halves"`
	Requests map[string]int    `json:"requests"`
	Checks   []struct {
		Check, Half, State, What, Meaning, Next string
	} `json:"checks"`
}

// preflight runs the command in both formats' sense: it decodes JSON and holds its exit code against the process's.
func (b *bench) preflight(more ...string) (code int, a preflightAnswer, stderr string) {
	b.t.Helper()
	args := []string{"preflight", "-i", b.path("inventory.yaml"), "--limit", "unlimited", "--timeout-legacy", "2s", "--timeout-app", "2s", "--format", "json"}
	code, stdout, stderr := b.call(append(args, more...)...)
	if err := json.Unmarshal([]byte(stdout), &a); err != nil && code != 2 && code != 130 {
		b.t.Fatalf("exit %d: %v\n%s%s", code, err, stdout, stderr)
	}
	if code != 2 && a.ExitCode != code {
		b.t.Errorf("exit %d, the answer says %d", code, a.ExitCode)
	}
	return code, a, stderr
}

// state is that of a check, "" where it was not made, with everything that it says.
func (a preflightAnswer) state(name string) (state, text string) {
	for _, c := range a.Checks {
		if c.Check == name {
			return c.State, strings.Join([]string{c.What, c.Meaning, c.Next}, " | ")
		}
	}
	return "", ""
}

// readyFleet is one where everything is well: two in ten cars are simulated.
func readyFleet() fixtures.Scenario {
	return fixtures.Scenario{Seed: 3, Vehicles: 40, Simulated: fixtures.Amount{Share: 0.2}, Subscribed: fixtures.Amount{Share: 1}, Secrets: 3}
}

// withSecrets gives the process all secrets of the application.
func (b *bench) withSecrets() *bench {
	secrets := b.world.ClientSecrets()
	b.env["SMARTCAR_CLIENT_SECRET_2"], b.env["SMARTCAR_CLIENT_SECRET_3"] = secrets[1], secrets[2]
	return b
}

// dated adds the Date header that every real answer has, off by so much.
func (b *bench) dated(off time.Duration) *bench {
	inner, now := b.transport, b.clock.Now
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := inner.RoundTrip(r)
		if err == nil {
			response.Header.Set("Date", now().Add(off).UTC().Format(http.TimeFormat))
		}
		return response, err
	})
	return b
}

// without is a network in which no request of this path gets an answer.
func (b *bench) without(prefix string) {
	inner := b.transport
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return nil, http.ErrHandlerTimeout
		}
		return inner.RoundTrip(r)
	})
}

// TestPreflightSaysWhichHalfIsWrong has one row for each thing that may be wrong with a setup.
func TestPreflightSaysWhichHalfIsWrong(t *testing.T) {
	scenario := func(change func(*fixtures.Scenario)) fixtures.Scenario {
		s := readyFleet()
		change(&s)
		return s
	}
	switched := func(sw fixtures.Switches) fixtures.Scenario {
		return scenario(func(s *fixtures.Scenario) { s.Switches = sw })
	}
	const wrong = "not-a-secret-of-this-application"
	cases := []struct {
		name        string
		scenario    fixtures.Scenario
		prepare     func(*bench)
		code        int
		app, legacy string
		check       string // the line that says it
		state, says string
	}{
		{"all well", readyFleet(), unchanged, 0, "ok", "ok", "client secret, third", "ok", "application token"},
		{"first secret wrong", readyFleet(), func(b *bench) { b.env["SMARTCAR_CLIENT_SECRET"] = wrong }, 4, "wrong", "ok", "client secret, first", "wrong", "refuses it"},
		{"second secret wrong", readyFleet(), func(b *bench) { b.env["SMARTCAR_CLIENT_SECRET_2"] = wrong }, 4, "wrong", "ok", "client secret, second", "wrong", "make a new one"},
		{"every secret wrong", readyFleet(), func(b *bench) {
			b.env["SMARTCAR_CLIENT_SECRET"], b.env["SMARTCAR_CLIENT_SECRET_2"], b.env["SMARTCAR_CLIENT_SECRET_3"] = wrong, wrong+"2", wrong+"3"
		}, 5, "wrong", "undecided", "application token", "wrong", "all secrets are refused"},
		{"v3 off", switched(fixtures.Switches{AppNotEnabled: true}), unchanged, 3, "wrong", "undecided", "v3 enabled", "wrong", "the credentials are good"},
		{"batch not in the plan", switched(fixtures.Switches{BatchRefused: "430"}), unchanged, 3, "ok", "wrong", "batch on v2.0", "wrong", "INVALID_PLAN"},
		{"no batch endpoint", switched(fixtures.Switches{BatchRefused: "404"}), unchanged, 3, "ok", "wrong", "batch on v2.0", "wrong", "answers a single read"},
		{"v2.0 ended", switched(fixtures.Switches{LegacyOff: "410"}), unchanged, 3, "ok", "wrong", "batch on v2.0", "wrong", "--legacy-api none --baseline"},
		{"v2.0 gone", switched(fixtures.Switches{LegacyOff: "404"}), unchanged, 4, "ok", "undecided", "batch on v2.0", "undecided", "v2.0 has ended"},
		{"v2.0 refuses the token", switched(fixtures.Switches{LegacyOff: "401"}), unchanged, 4, "ok", "wrong", "batch on v2.0", "wrong", "renew the token"},
		{"empty stores", scenario(func(s *fixtures.Scenario) { s.Defects = map[string]fixtures.Amount{"no-data-yet": {Share: 0.9}} }), unchanged, 4, "wrong", "ok", "signals on v3", "wrong", "subscribe first"},
		{"foreign user served", scenario(func(s *fixtures.Scenario) { s.Defects = map[string]fixtures.Amount{"isolation-breach": {Share: 1}} }), unchanged, 6, "wrong", "ok", "isolation of users", "wrong", "support at once"},
		{"clock ten minutes slow", readyFleet(), func(b *bench) { b.dated(10 * time.Minute) }, 4, "ok", "ok", "clock", "wrong", "10 min behind"},
		{"clock ten minutes fast", readyFleet(), func(b *bench) { b.dated(-10 * time.Minute) }, 4, "ok", "ok", "clock", "wrong", "10 min ahead"},
		{"another application's users", readyFleet(), func(b *bench) {
			b.write("inventory.yaml", strings.ReplaceAll(b.inventory(), "userId: ", "userId: other-"))
		}, 4, "wrong", "ok", "signals on v3", "wrong", "backfill"},
		{"token endpoint away", readyFleet(), func(b *bench) { b.without("/oauth2/") }, 4, "undecided", "undecided", "client secret, first", "undecided", "network"},
		{"v3 away", readyFleet(), func(b *bench) { b.without("/v3/") }, 4, "undecided", "undecided", "v3 enabled", "undecided", "network"},
		{"v2.0 away", readyFleet(), func(b *bench) { b.without("/v2.0/") }, 4, "ok", "undecided", "batch on v2.0", "undecided", "network"},
		{"throttled for long", scenario(func(s *fixtures.Scenario) {
			s.Faults = []fixtures.Fault{{Kind: "429", Leg: "vehicles", RetryAfter: 10 * time.Minute}}
		}), unchanged, 4, "undecided", "undecided", "rate limit", "undecided", "not made"},
		{"v3 fails for now", scenario(func(s *fixtures.Scenario) { s.Faults = []fixtures.Fault{{Kind: "502", Leg: "vehicles"}} }), unchanged, 4, "undecided", "ok", "signals on v3", "undecided", "try again later"},
		{"v2.0 fails for now", scenario(func(s *fixtures.Scenario) { s.Faults = []fixtures.Fault{{Kind: "500", Leg: "legacy"}} }), unchanged, 4, "ok", "undecided", "batch on v2.0", "undecided", "status page"},
		{"no simulated vehicle", scenario(func(s *fixtures.Scenario) { s.Simulated = fixtures.Amount{} }), unchanged, 4, "ok", "undecided", "batch on v2.0", "undecided", "--vehicle ID"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBenchAt(t, c.scenario, shifted).withSecrets()
				c.prepare(b)
				code, a, stderr := b.preflight()
				state, text := a.state(c.check)
				if code != c.code || a.Halves["app"] != c.app || a.Halves["legacy"] != c.legacy || state != c.state || !strings.Contains(text, c.says) {
					t.Errorf("exit %d, %v, %q is %s: %s\n%+v\n%s", code, a.Halves, c.check, state, text, a.Checks, stderr)
				}
			})
		})
	}
}

// TestPreflightNamesSecretsByPosition: no byte of a secret is shown, and each is tried by itself.
func TestPreflightNamesSecretsByPosition(t *testing.T) {
	b := newBench(t, readyFleet()).withSecrets()
	b.world.RevokeSecret(b.world.ClientSecrets()[1])
	code, stdout, stderr := b.call("preflight", "-i", b.path("inventory.yaml"))
	for _, s := range b.world.ClientSecrets() {
		if strings.Contains(stdout+stderr, s[:8]) {
			t.Errorf("shows a secret:\n%s%s", stdout, stderr)
		}
	}
	var states []string
	for line := range strings.Lines(stdout) {
		if strings.Contains(line, "client secret") {
			states = append(states, strings.Fields(line)[0])
		}
	}
	if code != 4 || !slices.Equal(states, []string{"ok", "wrong", "ok"}) || !strings.Contains(stdout, "the app half of the setup (v3) is wrong; the legacy half (v2.0) is ok") {
		t.Errorf("exit %d, secrets %v\n%s%s", code, states, stdout, stderr)
	}
}

// TestPreflightIsCheap: three secrets, two pages, the example, a batch, twenty vehicles, three controls; at the default limit
// that takes no wait.
func TestPreflightIsCheap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBenchAt(t, readyFleet(), shifted).withSecrets().dated(0)
		began := time.Now()
		code, a, stderr := b.preflight("--limit", "120+2/m")
		if code != 0 || a.Requests["iam"] != 3 || a.Requests["app"] != 26 || a.Requests["legacy"] != 1 || time.Since(began) > 0 {
			t.Errorf("exit %d, %v after %s\n%s", code, a.Requests, time.Since(began), stderr)
		}
		if state, text := a.state("clock"); state != "ok" || !strings.Contains(text, "within a minute") {
			t.Errorf("clock is %s: %s", state, text)
		}
	})
}

// TestPreflightRefusesBeforeSending: what a look at the environment shows is told without a request.
func TestPreflightRefusesBeforeSending(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(*bench)
		flags   []string
		says    string
	}{
		{"UUID client id", func(b *bench) { b.env["SMARTCAR_CLIENT_ID"] = "36ab27d0-0000-4455-823a-000000000003" }, nil, "Application ID"},
		{"no secret", func(b *bench) { delete(b.env, "SMARTCAR_CLIENT_SECRET") }, nil, "no client secret"},
		{"unknown vehicle", unchanged, []string{"--vehicle", "nobody"}, "no such vehicle"},
		{"format", unchanged, []string{"--format", "html"}, "choose terminal or json"},
		{"limit", unchanged, []string{"--limit", "0+0/m"}, "--limit"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, readyFleet())
			c.prepare(b)
			code, _, stderr := b.preflight(c.flags...)
			if code != 2 || !strings.Contains(stderr, c.says) || len(b.world.Requests()) != 0 {
				t.Errorf("exit %d after %d requests: %s", code, len(b.world.Requests()), stderr)
			}
		})
	}
}

// TestPreflightTriesTheNamedVehicle: a live car is asked only when it is named, and the app half need not work for it.
func TestPreflightTriesTheNamedVehicle(t *testing.T) {
	s := readyFleet()
	s.Simulated = fixtures.Amount{}
	b := newBench(t, s)
	id := b.world.Inventory()[7].VehicleID
	code, a, stderr := b.preflight("--vehicle", id)
	if state, _ := a.state("batch on v2.0"); code != 0 || state != "ok" {
		t.Errorf("exit %d, %+v\n%s", code, a.Checks, stderr)
	}
	b.env["SMARTCAR_CLIENT_SECRET"] = "not-a-secret-of-this-application"
	code, a, stderr = b.preflight("--vehicle", id)
	if code != 5 || a.Halves["legacy"] != "ok" || a.Halves["app"] != "wrong" {
		t.Errorf("exit %d, %v\n%s", code, a.Halves, stderr)
	}
}
