package cli_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scmigrate/fixtures"
)

var (
	kills     = flag.Int("kills", killsDefault, "how often TestKilledRunsLoseNothing kills its runs")
	killsSeed = flag.Uint64("kills.seed", 1, "another seed, other moments")
)

// killedAt is where the clocks of TestKilledRunsLoseNothing stand, so that a run that was killed and one that was not see the
// same world.
var killedAt = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// TestKilledRunsLoseNothing kills runs with SIGKILL at random moments, and starts them again on their directories until
// they finish:
//
//	go test ./migrate/cli -run Killed -v -kills 1000 -timeout 30m
func TestKilledRunsLoseNothing(t *testing.T) {
	p := newPlatform(t, killedFleet(), killedAt)
	random := rand.New(rand.NewPCG(*killsSeed, 0))
	for half, recheck := range []string{"0", "1"} {
		want := p.undisturbed(t, recheck)
		for left, dirs := (*kills+1-half)/2, 0; left > 0; dirs++ {
			v := &victim{t: t, platform: p, dir: filepath.Join(t.TempDir(), fmt.Sprint(dirs)), recheck: recheck}
			left -= v.live(random, min(left, 1+random.IntN(12)))
			if v.deaths > 0 {
				v.wantSame(want)
			}
			if t.Failed() {
				t.Fatalf("--recheck %s, directory %d, %d kills left", recheck, dirs, left)
			}
		}
	}
	t.Logf("%d kills: %v", *kills, p.phases)
}

// killedFleet has vehicles of every verdict. Those that fail in passing are few: each start asks them again.
func killedFleet() fixtures.Scenario {
	s := fixtures.HealthyScenario(killedCars, 4)
	s.Orphans = 5
	s.Defects = map[string]fixtures.Amount{}
	for _, kind := range []string{"signal-lost", "permission-lost", "user-id-missing", "user-id-wrong", "user-id-ambiguous", "not-connected", "vehicle-id-changed",
		"reauthentication-needed", "unit-suspect", "value-differs", "app-reauthentication-needed", "vehicle-mismatch", "vehicle-gone", "legacy-grant-dead",
		"driven", "stale", "parked", "locked", "two-users", "permission-gained", "token-of-another-user"} {
		s.Defects[kind] = fixtures.Amount{Count: killedCars / 40}
	}
	for _, kind := range []string{"no-data-yet", "signal-unavailable", "legacy-unmeasured", "legacy-token-missing", "legacy-token-refused", "legacy-token-wrong",
		"quota-exhausted", "upstream-error", "vehicle-unreachable", "malformed-response"} {
		s.Defects[kind] = fixtures.Amount{Count: 1}
	}
	return s
}

// asked is one call for a vehicle.
type asked struct{ vehicleID, userID, path string }

// platform is a simulator on a loopback address, whose clock may stand still.
type platform struct {
	world     *fixtures.World
	inventory string // the file
	env       []string
	requests  atomic.Int64
	busy      sync.WaitGroup
	phases    map[string]int // how often a run was killed where

	mu     sync.Mutex
	log    []asked
	before func(n int64) // the answer to the n-th request; nil: nothing
}

func newPlatform(t *testing.T, s fixtures.Scenario, at time.Time) *platform {
	t.Helper()
	world, err := fixtures.New(s, fixtures.Options{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{world: world, inventory: filepath.Join(t.TempDir(), "inventory.yaml"), phases: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(server.Close)
	file, err := os.Create(p.inventory)
	if err != nil {
		t.Fatal(err)
	}
	if err := world.WriteInventory(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	p.env = append(os.Environ(), childNow+"="+at.Format(time.RFC3339), "SMARTCAR_CLIENT_ID="+world.ClientID(), "SMARTCAR_CLIENT_SECRET="+world.ClientSecrets()[0])
	for _, host := range []string{"IAM", "VEHICLE_API", "API", "AUTH", "MANAGEMENT_API"} {
		p.env = append(p.env, "SMARTCAR_"+host+"_ORIGIN="+server.URL)
	}
	return p
}

// serve notes what is asked of vehicles before the world answers.
func (p *platform) serve(out http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.busy.Add(1)
	if parts := strings.Split(r.URL.Path, "/"); len(parts) > 3 && parts[2] == "vehicles" {
		p.log = append(p.log, asked{parts[3], r.Header.Get("sc-user-id"), r.URL.Path})
	}
	before := p.before
	p.mu.Unlock()
	defer p.busy.Done()
	if n := p.requests.Add(1); before != nil {
		before(n)
	}
	p.world.Handler().ServeHTTP(out, r)
}

// waiting lets a test wait before an answer.
func (p *platform) waiting(before func(n int64)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = before
}

// since are the calls from the n-th on, once nothing is being answered any more.
func (p *platform) since(n int) []asked {
	p.busy.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]asked(nil), p.log[n:]...)
}

// child is a command as a process of its own, not started yet.
func (p *platform) child(t *testing.T, stdout io.Writer, args ...string) *exec.Cmd {
	t.Helper()
	encoded, err := json.Marshal(append([]string{"scmigrate"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(p.env, asChild+"="+string(encoded))
	child.Stdout, child.Stderr = stdout, new(strings.Builder)
	return child
}

// run starts a run.
func (p *platform) run(t *testing.T, dir, recheck string) *exec.Cmd {
	t.Helper()
	// A vehicle that cannot be measured is visited by every run that goes on: the cap on its reads is not what is tested here.
	child := p.child(t, nil, "run", "-i", p.inventory, "-o", dir, "--max-billed-per-vehicle", "100000", "--limit", "unlimited", "--format", "json", "--json-full", "--recheck", recheck, "--timeout-legacy", "20s", "--timeout-app", "20s")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return child
}

// undisturbed is the report of a run that nobody kills.
func (p *platform) undisturbed(t *testing.T, recheck string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "undisturbed")
	child := p.run(t, dir, recheck)
	if err := child.Wait(); child.ProcessState.ExitCode() != 3 {
		t.Fatalf("%v: %s", err, child.Stderr)
	}
	return lasting(t, dir)
}

// lasting is what of a report must not depend on when and how often the run was started: verdicts, causes and vehicles,
// without request ids and times.
func lasting(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report map[string]any
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, part := range []string{"verdicts", "causes", "vehicles"} {
		rows, ok := report[part].([]any)
		if !ok {
			rows = []any{report[part]}
		}
		for _, row := range rows {
			line, err := json.Marshal(timeless(row))
			if err != nil {
				t.Fatal(err)
			}
			lines.WriteString(part + " " + string(line) + "\n")
		}
	}
	return lines.String()
}

func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range []string{"requestIds", "evidenceAt", "at"} {
			delete(v, name)
		}
		for name := range v {
			v[name] = timeless(v[name])
		}
	case []any:
		for i := range v {
			v[i] = timeless(v[i])
		}
	}
	return v
}

// differences are the first lines that two reports do not share.
func differences(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	if len(a) != len(b) {
		return strconv.Itoa(len(a)) + " lines, want " + strconv.Itoa(len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			return "got  " + a[i] + "\nwant " + b[i]
		}
	}
	return ""
}
