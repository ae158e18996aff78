package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
	"scmigrate/migrate/cli"
)

// bench is one simulated application with its inventory file, driven through the whole command line in this process.
type bench struct {
	t         *testing.T
	world     *fixtures.World
	transport http.RoundTripper
	dir       string
	env       map[string]string
	ctx       context.Context
	stdin     string
	clock     *fixtures.Clock
	sleep     func(context.Context, time.Duration) // nil: the clock's
	command   func(context.Context, []string) ([]byte, error)
	panicsOn  string // a variable of the environment whose reading panics
	live      bool   // stderr is a terminal
}

// shifted is the clock for a testing/synctest bubble: its time starts in the year 2000, before which an observation
// counts as unknown.
func shifted() time.Time { return time.Now().AddDate(26, 10, 0) }

func newBench(t *testing.T, s fixtures.Scenario) *bench { return newBenchAt(t, s, time.Now) }

func newBenchAt(t *testing.T, s fixtures.Scenario, now func() time.Time) *bench {
	t.Helper()
	return newBenchIn(t, t.TempDir(), s, now)
}

// newBenchIn keeps its files in dir.
func newBenchIn(t *testing.T, dir string, s fixtures.Scenario, now func() time.Time) *bench {
	t.Helper()
	clock := fixtures.NewClock(now)
	world, err := fixtures.New(s, fixtures.Options{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, world: world, transport: world.Transport(), dir: dir, ctx: t.Context(), clock: clock,
		env: map[string]string{"SMARTCAR_CLIENT_ID": world.ClientID(), "SMARTCAR_CLIENT_SECRET": world.ClientSecrets()[0]}}
	b.write("inventory.yaml", b.inventory())
	return b
}

func (b *bench) inventory() string {
	var text bytes.Buffer
	if err := b.world.WriteInventory(&text); err != nil {
		b.t.Fatal(err)
	}
	return text.String()
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) write(name, text string) {
	if err := os.WriteFile(b.path(name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// call runs a command and returns its exit code and what it said.
func (b *bench) call(args ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	var out, errs bytes.Buffer
	sleep := b.sleep
	if sleep == nil {
		sleep = b.clock.Sleep
	}
	p := cli.Process{Stdin: strings.NewReader(b.stdin), Stdout: &out, Stderr: &errs, Now: b.clock.Now, Sleep: sleep, Transport: b.transport, Command: b.command, Live: b.live,
		LookupEnv: func(name string) (string, bool) {
			v, ok := b.env[name]
			if name == b.panicsOn && name != "" {
				panic(v)
			}
			return v, ok
		}}
	code = cli.Main(b.ctx, append([]string{"scmigrate"}, args...), p)
	return code, out.String(), errs.String()
}

// run measures the fleet into dir "out" as fast as the simulator answers.
func (b *bench) run(more ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	args := []string{"run", "-i", b.path("inventory.yaml"), "-o", b.path("out"), "--limit", "unlimited", "--timeout-legacy", "2s", "--timeout-app", "2s"}
	return b.call(append(args, more...)...)
}

// report is report.json of the run, as far as these tests look at it.
type reportJSON struct {
	Run struct {
		BilledReads map[string]int `json:"billedReads"`
		Requests    map[string]int `json:"requests"`
		Controls    map[string]int `json:"controls"`
		Complete    bool           `json:"complete"`
		Sample      *struct {
			Asked        string
			Vehicles, Of int
			Seed         uint64
		} `json:"sample"`
	} `json:"run"`
	Verdicts map[string]int `json:"verdicts"`
	Total    int            `json:"total"`
	Vehicles []vehicleJSON  `json:"vehicles"`
}

type vehicleJSON struct {
	VehicleID  string                                 `json:"vehicleId"`
	UserID     string                                 `json:"userId"`
	Verdict    string                                 `json:"verdict"`
	Undrawn    bool                                   `json:"undrawn"`
	Causes     []struct{ Code, Field, Detail string } `json:"causes"`
	RequestIDs struct{ Legacy, App []string }         `json:"requestIds"`
	Fields     []struct {
		Field  string
		Legacy struct{ Value any }
	} `json:"fields"`
}

func (b *bench) report() reportJSON {
	b.t.Helper()
	return b.reportIn(b.path("out"))
}

func (b *bench) reportIn(dir string) reportJSON {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	var r reportJSON
	if err := json.Unmarshal(text, &r); err != nil {
		b.t.Fatal(err)
	}
	return r
}

// wantTruth holds the report against the simulator's truth, vehicle by vehicle.
func (b *bench) wantTruth() {
	b.t.Helper()
	r := b.report()
	for i, truth := range b.world.Truth() {
		v := r.Vehicles[i]
		var got []string
		for _, c := range v.Causes {
			if len(got) == 0 || got[len(got)-1] != c.Code {
				got = append(got, c.Code)
			}
		}
		if v.VehicleID != truth.VehicleID || v.Verdict != truth.Verdict || strings.Join(got, " ") != strings.Join(truth.Causes, " ") {
			b.t.Errorf("%s (%s): judged %s %v, the truth is %s %v", truth.VehicleID, truth.Defect, v.Verdict, got, truth.Verdict, truth.Causes)
		}
	}
}

// sent counts the requests that reached the simulator for one vehicle.
func (b *bench) sent(vehicleID string) int {
	n := 0
	for _, r := range b.world.Requests() {
		if r.VehicleID == vehicleID {
			n++
		}
	}
	return n
}
