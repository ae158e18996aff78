package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scmigrate/fixtures"
	"scmigrate/migrate/cli"
	"scmigrate/migrate/report"
	"scmigrate/migrate/secret"
)

// TestCanaries sends a fleet in which every secret and every personal value is unique through every command that the program
// names, in every format that it knows, with right and wrong arguments, with calls that fail and code that panics. No output
// holds a secret, in any spelling or in part; nothing in share/ says who or where anybody is. A new command or format is
// covered without being thought of.
func TestCanaries(t *testing.T) {
	w := newCanaryWorld(t)
	t.Chdir(w.dir) // commands that are not told where write here
	everyFormat := strings.Join(report.Formats(), ",")
	w.call("run", "-i", w.path("inventory.yaml"), "-o", w.path("out"), "--format", everyFormat, "--json-full", "--fields", "all")
	w.call("run", "-i", w.path("inventory.yaml"), "-o", w.path("out"), "--format", everyFormat, "--fields", "all") // resumed
	w.call("run", "-i", w.path("inventory.yaml"), "-o", w.path("only"), "--format", everyFormat, "--only", "blocked,broken", "--previous", w.path("out"), "--fields", "all")
	w.call("run", "-i", w.path("inventory.yaml"), "-o", w.path("alike"), "--format", everyFormat, "--legacy-api", "v3", "--json-full")
	w.call("run", "-i", w.path("faulty.yaml"), "-o", w.path("faulty"), "--format", everyFormat, "--keep-going")
	for i := range 2 {
		w.call("run", "-i", w.path("inventory.yaml"), "-o", w.path(fmt.Sprintf("shard%d", i+1)), "--format", everyFormat, "--shard", fmt.Sprintf("%d/2", i+1))
	}
	w.call("merge", w.path("shard1"), w.path("shard2"), "-o", w.path("merged"), "--format", everyFormat)
	w.call("report", w.path("out"), "-o", w.path("again"), "--format", everyFormat, "--json-full")
	w.call("rejudge", w.path("out"), "-i", w.path("inventory.yaml"), "-o", w.path("rejudged"), "--format", everyFormat)
	if w.appTokens == 0 || len(w.places) < 20 || len(w.bodySecrets) == 0 {
		t.Fatalf("%d app tokens, %d places, %d secrets in bodies came by: the test proves nothing", w.appTokens, len(w.places), len(w.bodySecrets))
	}
	for i, command := range cli.Commands() {
		w.everyWay(command.Path, w.path(fmt.Sprintf("made%d", i)))
	}
	for _, end := range []string{"/batch", "/signals", "/connections", "/oauth2/token"} {
		w.panicking = end
		w.call("run", "-i", w.path("inventory.yaml"), "-o", w.path("panic"+strings.ReplaceAll(end, "/", "-")), "--format", everyFormat)
	}
	w.searchFiles()
	private, err := os.ReadFile(w.path("again/report.json"))
	for _, p := range []string{w.personal[0], w.world.Inventory()[0].VehicleID} {
		if err != nil || !bytes.Contains(private, []byte(p)) {
			t.Errorf("the private report does not name %s: nobody looked for the right things (%v)", p, err)
		}
	}
}

// canaryWorld is a bench that knows every value that must not be seen.
type canaryWorld struct {
	*bench
	mu        sync.Mutex
	vault     *secret.Vault
	parts     []string // beginnings of secrets: a part is as good as a leak
	appTokens int
	places    map[string]bool // coordinates, as they stood in bodies

	personal    []string // ids, VINs and labels
	bodySecrets []string
	panicking   string // requests whose path ends so panic
	outputs     int
}

func newCanaryWorld(t *testing.T) *canaryWorld {
	s := fixtures.DemoScenario(24, 9)
	w := &canaryWorld{bench: newBench(t, s), vault: secret.NewVault(1_000_000), places: map[string]bool{}}
	inner := w.transport
	w.transport = roundTripper(func(r *http.Request) (*http.Response, error) { return w.pass(inner, r) })
	w.secretEnv()
	n := 0
	label := regexp.MustCompile(`label: .*`)
	text := label.ReplaceAllStringFunc(w.inventory(), func(string) string {
		n++
		w.personal = append(w.personal, fmt.Sprintf("Canary label of %d", n))
		return "label: " + w.personal[n-1]
	})
	for _, row := range w.world.Inventory() {
		w.secrets(row.AccessToken, row.RefreshToken)
		w.personal = append(w.personal, row.VehicleID, row.UserID, row.VIN)
	}
	w.write("inventory.yaml", text)
	w.write("faulty.yaml", strings.NewReplacer("accessTokenExpiresAt: 2", "accessTokenExpiresAt: not2", "userId: ", "userID: ", "cohort: ", "refreshToken: [").Replace(text))
	return w
}

// secretEnv gives every secret that the environment may hold: two refused client secrets before the right one.
func (w *canaryWorld) secretEnv() {
	w.secrets(append(w.world.ClientSecrets(), w.world.ManagementToken())...)
	right := w.env["SMARTCAR_CLIENT_SECRET"]
	for name, value := range map[string]string{"SMARTCAR_CLIENT_SECRET": "canary-first/secret+refused=", "SMARTCAR_CLIENT_SECRET_2": "canary-second&secret%refused", "SMARTCAR_CLIENT_SECRET_3": right,
		"SMARTCAR_LEGACY_CLIENT_ID": "11111111-2222-4333-8444-555555555555", "SMARTCAR_LEGACY_CLIENT_SECRET": "canary-legacy-client-secret", "SMARTCAR_MANAGEMENT_TOKEN": w.world.ManagementToken(),
		"SMARTCAR_LEGACY_ACCESS_TOKEN": "canary-legacy-access-token"} {
		w.env[name] = value
		if !strings.HasSuffix(name, "_ID") {
			w.secrets(value)
		}
	}
	for name, value := range map[string]string{"SCMIGRATE_LIMIT": "unlimited", "SCMIGRATE_TIMEOUT_LEGACY": "2s", "SCMIGRATE_TIMEOUT_APP": "2s"} {
		w.t.Setenv(name, value) // flags are read from the process's own
	}
}

func (w *canaryWorld) secrets(values ...string) {
	for _, v := range values {
		if v == "" {
			continue
		}
		w.vault.Pin(secret.New(v))
		w.parts = append(w.parts, v[:min(len(v), 12)])
	}
}

var (
	tokenBody    = regexp.MustCompile(`"(?:access|refresh)_token": *"([^"]+)"`)
	capacityURL  = regexp.MustCompile(`"url":(null|"[^"]*")`)
	errorProse   = regexp.MustCompile(`"(description|detail|error_description)":"`)
	placeInBody  = regexp.MustCompile(`"(?:latitude|longitude)":(-?[0-9]+\.[0-9]{3,})`)
	vinInBody    = regexp.MustCompile(`"(?:vin|value)":"([A-HJ-NPR-Z0-9]{17})"`)
	clockTime    = regexp.MustCompile(`\d\d:\d\d:\d\d\.\d+`)
	canaryHeader = "canary-session-cookie"
)

// pass notes what an answer holds, and puts secrets into it where a server might: an address that opens a page, a cookie,
// prose that repeats the token.
func (w *canaryWorld) pass(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
	if w.panicking != "" && strings.HasSuffix(r.URL.Path, w.panicking) {
		panic("while sending " + r.Header.Get("Authorization"))
	}
	response, err := inner.RoundTrip(r)
	if err != nil {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range tokenBody.FindAllSubmatch(body, -1) {
		w.secrets(string(m[1]))
		w.appTokens++
	}
	for _, m := range placeInBody.FindAllSubmatch(body, -1) {
		w.places[string(m[1])] = true
	}
	for _, m := range vinInBody.FindAllSubmatch(body, -1) {
		w.personal = append(w.personal, string(m[1]))
	}
	body = capacityURL.ReplaceAllFunc(body, func([]byte) []byte {
		born := fmt.Sprintf("canary-address-%06d-opens-a-page", len(w.bodySecrets))
		w.bodySecrets = append(w.bodySecrets, born)
		w.secrets(born)
		return []byte(`"url":"https://connect.example.com/` + born + `"`)
	})
	body = errorProse.ReplaceAll(body, []byte("${0}"+secretOf(r)+" "))
	response.Header.Add("Set-Cookie", "session="+canaryHeader)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, err
}

// call runs a command and searches its output.
func (w *canaryWorld) call(args ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	if args[0] == "simulate" { // it would serve until then
		cancel()
	}
	w.ctx = ctx
	code, stdout, stderr := w.bench.call(args...)
	what := strings.ReplaceAll(fmt.Sprintf("scmigrate %s (exit %d)", strings.Join(args, " "), code), w.dir, "")
	w.search(what+" on stdout", stdout)
	w.search(what+" on stderr", stderr)
}

// everyWay calls a command as somebody might who has read nothing.
func (w *canaryWorld) everyWay(command []string, dir string) {
	vehicle := w.world.Inventory()[0]
	good, faulty, run := w.path("inventory.yaml"), w.path("faulty.yaml"), w.path("out")
	if command[0] == "purge" {
		run = w.path("only")
	}
	if command[0] == "simulate" {
		w.call("simulate", "--addr", "127.0.0.1:0")
		return
	}
	for i, args := range [][]string{
		{"--help"}, {}, {"--no-such-flag"}, {"no-such-argument"}, {"-i", good}, {"-i", faulty}, {"-i", good, "-o", ""}, {"-i", faulty, "-o", ""},
		{"-o", ""}, {run}, {run, "-o", ""}, {run, vehicle.VehicleID}, {run, w.path("rejudged")}, {run, "-i", good}, {run, "-i", good, "-o", ""}, {run, "-i", faulty},
		{run, "--previous", w.path("only")}, {"-i", good, "--from", "connections,user", "-o", ""},
	} {
		if at := slices.Index(args, ""); at >= 0 {
			args[at] = fmt.Sprintf("%s-%d", dir, i)
		}
		w.call(append(slices.Clone(command), args...)...)
	}
}

// search looks for secrets, whole in every spelling and in part.
func (w *canaryWorld) search(what, text string) {
	w.t.Helper()
	w.outputs++
	if found, print, _ := w.vault.Find(strings.NewReader(text)); found {
		w.t.Errorf("%s holds the secret with fingerprint %s", what, print)
		return
	}
	for _, part := range append(w.parts, canaryHeader) {
		if strings.Contains(text, part) {
			w.t.Errorf("%s holds a secret's beginning, %s", what, part)
			return
		}
	}
}

// searchFiles looks into everything that was written, but for inventories, whose tokens are their own.
func (w *canaryWorld) searchFiles() {
	shared := 0
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".yaml") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text, name := string(content), strings.TrimPrefix(path, w.dir)
		if bytes.HasPrefix(content, []byte("version: 1\n")) || bytes.Contains(content[:min(len(content), 200)], []byte("\nversion: 1\n")) {
			return nil // an inventory that a command was asked for
		}
		w.search(name, text)
		if strings.Contains(path, "/share/") {
			shared++
			w.searchShared(name, text)
		}
		return nil
	})
	if want := 5 * len(report.Formats()); err != nil || shared < want-5 || w.outputs < 200 {
		w.t.Errorf("%d shared files, %d outputs, %v: the search saw too little", shared, w.outputs, err)
	}
}

// searchShared looks for what says who or where somebody is.
func (w *canaryWorld) searchShared(name, text string) {
	lower := strings.ToLower(text)
	for _, p := range w.personal {
		if p != "" && strings.Contains(lower, strings.ToLower(p)) {
			w.t.Errorf("%s names %s", name, p)
			return
		}
	}
	placed := clockTime.ReplaceAllString(text, "") // a second's fraction is not a latitude
	for place := range w.places {
		if strings.Contains(placed, place) {
			w.t.Errorf("%s holds the coordinate %s", name, place)
			return
		}
	}
}
