//go:build unix

package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"scmigrate/fixtures"
)

// asCurl makes the test binary a strict little curl, for machines that have none.
const asCurl = "SCMIGRATE_TEST_CURL"

// TestReproRepeatsWhatTheRunSent: the printed lines, run by sh, send byte for byte what the run sent for the vehicle, and
// are answered; by the real curl too, where there is one.
func TestReproRepeatsWhatTheRunSent(t *testing.T) {
	curls := []string{""}
	if real, err := exec.LookPath("curl"); err == nil {
		curls = append(curls, filepath.Dir(real))
	}
	for _, healthy := range []bool{true, false} {
		s := fixtures.HealthyScenario(3, 8)
		if !healthy {
			s.Switches.BatchRefused = "430" // then path by path
		}
		b := newBench(t, s)
		w := &wiretap{next: b.transport}
		b.transport = w
		if code, _, stderr := b.run("--negative-control", "0"); code != 0 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		row := b.world.Inventory()[1]
		run := w.of(row.VehicleID)
		again := &wiretap{handler: b.world.Handler()}
		server := httptest.NewServer(again)
		defer server.Close()
		for _, name := range []string{"SMARTCAR_IAM_ORIGIN", "SMARTCAR_VEHICLE_API_ORIGIN", "SMARTCAR_API_ORIGIN"} {
			b.env[name] = server.URL
		}
		for _, name := range []string{row.VehicleID, strings.ToUpper(b.pseudonymOf(1)), strings.ToLower(b.pseudonymOf(1))} {
			for _, dir := range curls {
				again.forget()
				code, lines, stderr := b.call("repro", b.path("out"), name)
				if code != 0 || strings.Contains(lines, row.AccessToken) || strings.Contains(lines, b.env["SMARTCAR_CLIENT_SECRET"]) {
					t.Fatalf("exit %d: %s%s", code, lines, stderr)
				}
				out := b.shell(lines, dir, "SMARTCAR_LEGACY_ACCESS_TOKEN="+row.AccessToken)
				if replayed := again.of(row.VehicleID); !slices.Equal(replayed, run) {
					t.Errorf("the lines sent\n%s\nthe run\n%s\n%s", strings.Join(replayed, "\n"), strings.Join(run, "\n"), out)
				}
				if again.answered != len(run)+1 || strings.Contains(out, "HTTP/1.1 401") || healthy && strings.Count(out, "HTTP/1.1 200") != len(run) { // and the token
					t.Errorf("%d requests, want %d, all of them let in\n%s", again.answered, len(run)+1, out)
				}
			}
		}
	}
}

// TestReproOfHostileIDs: whatever an inventory calls a vehicle, nothing of it runs.
func TestReproOfHostileIDs(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(1, 1))
	for i, id := range []string{"x'; touch pwned; '", "x\"; touch pwned #", "$(touch pwned)", "`touch pwned`", "x/../y", "ü'\\''"} {
		b.write("inventory.yaml", fmt.Sprintf("version: 1\nvehicles:\n  - vehicleId: %q\n    userId: %q\n    accessToken: %q\n", id, id, "some-token-of-it"))
		dir := fmt.Sprintf("hostile%d", i)
		if code, _, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path(dir), "--limit", "unlimited", "--legs", "connections"); code == 2 && strings.Contains(stderr, "inventory.yaml:") {
			continue // refused, as it should be
		}
		code, lines, stderr := b.call("repro", b.path(dir), id)
		if code != 0 {
			t.Fatalf("%q: exit %d: %s", id, code, stderr)
		}
		b.shell(lines, "", "SMARTCAR_LEGACY_ACCESS_TOKEN=token")
		if _, err := os.Stat(b.path("pwned")); err == nil {
			t.Fatalf("%q ran:\n%s", id, lines)
		}
	}
}

// TestExplainFindsTheVehicle: by every name that a private or a shareable report has for it.
func TestExplainFindsTheVehicle(t *testing.T) {
	s := fixtures.HealthyScenario(6, 2)
	s.Defects = map[string]fixtures.Amount{"signal-lost": {Count: 2}}
	b := newBench(t, s)
	b.run("--json-full")
	private, shared := b.report(), b.reportIn(b.path("out/share"))
	at := slices.IndexFunc(private.Vehicles, func(v vehicleJSON) bool { return v.Verdict == "blocked" })
	v, hidden := private.Vehicles[at], shared.Vehicles[at]
	names := []string{v.VehicleID, v.RequestIDs.App[0], hidden.VehicleID, strings.ToUpper(hidden.VehicleID), hidden.UserID, hidden.RequestIDs.App[0], "id" + strings.TrimPrefix(hidden.VehicleID, "veh")}
	for _, f := range hidden.Fields {
		if f.Field == "vin" {
			names = append(names, fmt.Sprint(f.Legacy.Value))
		}
	}
	if len(names) != 8 {
		t.Fatalf("no VIN among %v", names)
	}
	for _, name := range names {
		code, stdout, stderr := b.call("explain", b.path("out"), name)
		for _, want := range []string{"vehicle " + v.VehicleID, hidden.VehicleID, v.UserID, "blocked, measured at", "signal-lost", "what to do", "scmigrate repro"} {
			if code != 0 || !strings.Contains(stdout, want) {
				t.Errorf("%s: exit %d, without %q:\n%s%s", name, code, want, stdout, stderr)
			}
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{b.path("out"), "veh-000000000000"}, "names no vehicle"},
		{[]string{hidden.VehicleID}, "name the run's directory"},
		{[]string{b.path("nowhere"), v.VehicleID}, "no ledger"},
		{[]string{"a", "b", "c"}, "too many arguments"},
	} {
		if code, _, stderr := b.call(append([]string{"explain"}, c.args...)...); code != 2 || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "veh-0") {
			t.Errorf("%v: exit %d: %s", c.args, code, stderr)
		}
	}
}

// pseudonymOf is the vehicle's name in share/.
func (b *bench) pseudonymOf(i int) string {
	return b.reportIn(b.path("out/share")).Vehicles[i].VehicleID
}

// shell runs lines with sh, with the curl of the given directory or else ours.
func (b *bench) shell(lines, curlDir string, more ...string) string {
	b.t.Helper()
	if curlDir == "" {
		curlDir = b.t.TempDir()
		self, err := os.Executable()
		if err != nil {
			b.t.Fatal(err)
		}
		script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asCurl, self)
		if err := os.WriteFile(filepath.Join(curlDir, "curl"), []byte(script), 0o700); err != nil {
			b.t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(b.t.Context(), "sh", "-s")
	cmd.Stdin, cmd.Dir, cmd.Env = strings.NewReader(lines), b.dir, append([]string{"PATH=" + curlDir + ":/usr/bin:/bin"}, more...)
	for name, value := range b.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, _ := cmd.CombinedOutput() // hostile ids may well end in an error
	return string(out)
}

// wiretap notes the requests that pass, as a transport or as a server.
type wiretap struct {
	next     http.RoundTripper
	handler  http.Handler
	mu       sync.Mutex
	sent     []string
	answered int
}

// headersThatCount are those that a run sends on purpose.
var headersThatCount = []string{"Accept", "Content-Type", "Sc-User-Id", "Sc-Unit-System"}

func (w *wiretap) note(r *http.Request) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	text := fmt.Sprint(r.Method, " ", r.URL.EscapedPath(), " ", r.URL.RawQuery, " bearer ", strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "), " ", string(body))
	for _, name := range headersThatCount {
		text += " " + name + "=" + r.Header.Get(name)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, text)
}

func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	w.note(r)
	return w.next.RoundTrip(r)
}

func (w *wiretap) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.note(r)
	w.mu.Lock()
	w.answered++
	w.mu.Unlock()
	w.handler.ServeHTTP(out, r)
}

func (w *wiretap) forget() { w.sent, w.answered = nil, 0 }

// of are the requests about one vehicle alone, in an order of their own.
func (w *wiretap) of(vehicleID string) (sent []string) {
	for _, text := range w.sent {
		if strings.Contains(text, "/vehicles/"+vehicleID) {
			sent = append(sent, text)
		}
	}
	slices.Sort(sent)
	return sent
}

// curl knows the options that repro may use, and no other.
func curl(args []string) int {
	method, target, stdin := "GET", "", ""
	header, form, body, include := http.Header{}, []string{}, "", false
	input := func() string {
		if stdin == "" {
			text, _ := io.ReadAll(os.Stdin)
			stdin = string(text)
		}
		return stdin
	}
	for i := 0; i < len(args); i++ {
		next := func() string { i++; return args[i] }
		switch arg := args[i]; arg {
		case "-sSi":
			include = true
		case "-sS":
		case "-X":
			method = next()
		case "-H":
			value := next()
			if value == "@-" {
				value = strings.TrimRight(input(), "\n")
			}
			name, content, _ := strings.Cut(value, ": ")
			header.Set(name, content)
		case "-d":
			form = append(form, next())
		case "--data-raw":
			body = next()
		case "--data-urlencode":
			name, value, ok := strings.Cut(next(), "=")
			if plain, fromInput := strings.CutSuffix(name, "@-"); !ok && fromInput {
				name, value = plain, input()
			}
			form = append(form, name+"="+url.QueryEscape(value))
		default:
			if !strings.HasPrefix(arg, "http") || target != "" {
				fmt.Fprintf(os.Stderr, "curl: unknown option %q\n", arg)
				return 2
			}
			target = arg
		}
	}
	if len(form) > 0 {
		body = strings.Join(form, "&")
	}
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	maps.Copy(r.Header, header)
	response, err := (&http.Transport{}).RoundTrip(r)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 7
	}
	defer response.Body.Close()
	if include {
		fmt.Printf("%s %s\n\n", response.Proto, response.Status)
	}
	_, _ = io.Copy(os.Stdout, response.Body)
	return 0
}
