package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scmigrate/fixtures"
	"scmigrate/migrate/cli"
)

// killStep makes a child kill itself at its n-th step of a refresh.
const killStep = "SCMIGRATE_TEST_KILL_STEP"

// storeArgument makes the test binary a token store: what it reads goes to the file that is named next.
const storeArgument = "keep-this-pair"

// storeFault makes the token store fail.
const storeFault = "SCMIGRATE_TEST_STORE_FAULT"

// stepper kills the process at the step that the environment names.
func stepper() func(string) {
	var n, at int
	if _, err := fmt.Sscan(os.Getenv(killStep), &at); err != nil {
		return nil
	}
	return func(string) {
		if n++; n == at {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				os.Exit(99)
			}
			select {}
		}
	}
}

// keepPair is the token store: durable before it acknowledges.
func keepPair(path string) int {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	switch os.Getenv(storeFault) {
	case "fails":
		return 1
	case "hangs":
		<-time.After(time.Minute)
	case "is killed":
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 1
	}
	if _, err := f.Write(text); err != nil || f.Sync() != nil || f.Close() != nil {
		return 1
	}
	if os.Getenv(storeFault) == "keeps it and dies" {
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
	}
	return 0
}

// rotating is a simulated authorisation host and a customer with dead grants, whose refreshes are killed again and again.
type rotating struct {
	t          *testing.T
	world      *fixtures.World
	grace      time.Duration
	ahead      atomic.Int64 // how far the world's clock is ahead of the machine's
	dir        string
	store      string // inventory, exec, or in place
	env        []string
	starts     atomic.Int64 // of children: what was set before comes before their requests, which the race detector cannot see
	mu         sync.Mutex
	followed   map[string][]string // refresh token → those that were answered
	sends      int
	last       string // the last token that was sent
	spent      func(n int)
	bend       func(n int, a *httptest.ResponseRecorder) *httptest.ResponseRecorder // what arrives of the n-th answer; nil: nothing
	serveFirst func(n int) *httptest.ResponseRecorder                               // answers in the world's place, before it sees the request; nil: it does
	step       func(string)                                                         // in this process
}

// oldExpiry makes every grant dead.
var oldExpiry = regexp.MustCompile(`accessTokenExpiresAt: .*`)

func newRotating(t *testing.T, vehicles int, grace time.Duration, store string) *rotating {
	t.Helper()
	r := newQuietRotating(t, vehicles, grace, store)
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	r.env = append(r.env, "SMARTCAR_AUTH_ORIGIN="+server.URL)
	return r
}

// newQuietRotating is one without a network, for refreshes in this process.
func newQuietRotating(t *testing.T, vehicles int, grace time.Duration, store string) *rotating {
	t.Helper()
	s := fixtures.HealthyScenario(vehicles, 3)
	s.RefreshGrace = grace
	r := &rotating{t: t, grace: grace, dir: memoryDir(t), store: store, followed: map[string][]string{}}
	var err error
	if r.world, err = fixtures.New(s, fixtures.Options{Now: r.now}); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := r.world.WriteInventory(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.path("old.yaml"), []byte(oldExpiry.ReplaceAllString(text.String(), "accessTokenExpiresAt: 2020-01-01T00:00:00Z # dead")), 0o600); err != nil {
		t.Fatal(err)
	}
	id, secret := r.world.LegacyClient()
	r.env = append(os.Environ(), "SMARTCAR_LEGACY_CLIENT_ID="+id, "SMARTCAR_LEGACY_CLIENT_SECRET="+secret,
		"SCMIGRATE_ALLOW_EXEC=1")
	return r
}

// memoryDir is a folder that is no disk, where there is such a thing: what a killed process wrote outlives it either way, and
// thousands of writes need not wait for a disk.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "refresh")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (r *rotating) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func (r *rotating) path(name string) string { return filepath.Join(r.dir, name) }

// serve looks at every refresh before and after the world does.
func (r *rotating) serve(out http.ResponseWriter, in *http.Request) {
	body, _ := io.ReadAll(in.Body)
	form, _ := url.ParseQuery(string(body))
	token := form.Get("refresh_token")
	r.starts.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sends++
	r.last = token
	if r.serveFirst != nil {
		if a := r.serveFirst(r.sends); a != nil {
			pass(out, a)
			return
		}
	}
	kept := r.kept()
	for _, next := range r.followed[token] {
		if strings.Contains(kept, next) {
			r.t.Errorf("a refresh token was sent although the store has its successor")
		}
	}
	in.Body = io.NopCloser(strings.NewReader(string(body)))
	answer := httptest.NewRecorder()
	r.world.Handler().ServeHTTP(answer, in)
	var pair struct {
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(answer.Body.Bytes(), &pair) == nil && pair.Refresh != "" {
		r.followed[token] = append(r.followed[token], pair.Refresh)
	}
	if r.spent != nil {
		r.spent(r.sends)
	}
	if r.bend != nil {
		answer = r.bend(r.sends, answer)
	}
	if answer == nil {
		<-in.Context().Done()
		return
	}
	pass(out, answer)
}

// pass gives an answer on.
func pass(out http.ResponseWriter, answer *httptest.ResponseRecorder) {
	for name := range answer.Header() {
		out.Header().Set(name, answer.Header().Get(name))
	}
	out.WriteHeader(answer.Code)
	_, _ = out.Write(answer.Body.Bytes())
}

// out is the file that the refreshes write.
func (r *rotating) out() string {
	if r.store == "in place" {
		return "old.yaml"
	}
	return "new.yaml"
}

// kept is what the customer's store holds.
func (r *rotating) kept() string {
	name := "new.yaml"
	switch r.store {
	case "exec":
		name = "store.jsonl"
	case "in place":
		name = "old.yaml"
	}
	text, _ := os.ReadFile(r.path(name))
	return string(text)
}

// arguments are the command line of a refresh.
func (r *rotating) arguments() []string {
	store := r.store
	if store == "exec" {
		store = "exec:'" + os.Args[0] + "' " + storeArgument + " '" + r.path("store.jsonl") + "'"
	}
	if r.store == "in place" {
		return []string{"scmigrate", "inventory", "refresh", "-i", r.path("old.yaml"), "-o", r.path("old.yaml"), "--store", "inventory", "--limit", "unlimited", "--overwrite"}
	}
	return []string{"scmigrate", "inventory", "refresh", "-i", r.path("old.yaml"), "-o", r.path("new.yaml"), "--store", store, "--limit", "unlimited"}
}

// start begins a refresh in a process of its own.
func (r *rotating) start(env ...string) *exec.Cmd {
	r.t.Helper()
	args, err := json.Marshal(r.arguments())
	if err != nil {
		r.t.Fatal(err)
	}
	child := exec.CommandContext(r.t.Context(), os.Args[0])
	child.Env = append(append([]string{}, r.env...), append(env, asChild+"="+string(args))...)
	child.Stdout, child.Stderr = new(strings.Builder), new(strings.Builder)
	r.starts.Add(1)
	if err := child.Start(); err != nil {
		r.t.Fatal(err)
	}
	return child
}

// RoundTrip makes the platform a transport for refreshes in this process.
func (r *rotating) RoundTrip(in *http.Request) (*http.Response, error) {
	out := httptest.NewRecorder()
	r.serve(out, in)
	if err := in.Context().Err(); err != nil {
		return nil, err
	}
	return out.Result(), nil
}

// inProcess runs a command here, to its end.
func (r *rotating) inProcess(args ...string) (code int, said string) {
	return r.under(r.t.Context(), args...)
}

// under is inProcess with a context.
func (r *rotating) under(ctx context.Context, args ...string) (code int, said string) {
	var out strings.Builder
	p := cli.Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Now: time.Now, Transport: r, LookupEnv: func(name string) (string, bool) {
		for _, pair := range slices.Backward(r.env) {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}, Step: r.step}
	code = cli.Main(ctx, args, p)
	return code, out.String()
}

// finish lets a refresh come to its end, unless it did.
func (r *rotating) finish() {
	r.t.Helper()
	if journal, _ := os.ReadFile(r.path(r.out() + ".rotation")); strings.Contains(string(journal), "retired") {
		return
	}
	if code, said := r.inProcess(r.arguments()...); code != 0 {
		r.t.Fatalf("exit %d: %s", code, said)
	}
}

// later lets the world's time pass until the used token would just work once more.
func (r *rotating) later(by time.Duration) { r.ahead.Add(int64(by)) }

// held is the newest refresh token that an operator finds for each vehicle: in the journal, else in the store, else in the
// old inventory.
func (r *rotating) held() map[string]string {
	r.t.Helper()
	held := map[string]string{}
	for _, row := range r.world.Inventory() {
		if row.RefreshToken != "" {
			held[row.VehicleID] = row.RefreshToken
		}
	}
	tokens := func(text string) {
		vehicle := ""
		for _, line := range strings.Split(text, "\n") {
			key, value, _ := strings.Cut(strings.TrimLeft(line, " -"), ": ")
			switch value = strings.Trim(value, `"`); key {
			case "vehicleId":
				vehicle = value
			case "refreshToken":
				held[vehicle] = value
			}
		}
	}
	if r.store == "exec" {
		r.lines("store.jsonl", held)
	} else {
		text, _ := os.ReadFile(r.path(r.out()))
		tokens(string(text))
	}
	r.lines(r.out()+".rotation", held)
	return held
}

// lines reads the pairs of a store's file, or of the journal.
func (r *rotating) lines(name string, held map[string]string) {
	text, _ := os.ReadFile(r.path(name))
	vehicles := map[string][]string{}
	for _, line := range strings.Split(string(text), "\n") {
		var l struct {
			Event, Token string
			Vehicles     []struct{ VehicleID string }
			Pair, Tokens struct{ RefreshToken string }
		}
		if json.Unmarshal([]byte(line), &l) != nil {
			continue
		}
		for _, v := range l.Vehicles {
			vehicles[l.Token] = append(vehicles[l.Token], v.VehicleID)
		}
		newest := l.Pair.RefreshToken + l.Tokens.RefreshToken
		for _, v := range vehicles[l.Token] {
			if newest != "" {
				held[v] = newest
			}
		}
		if l.Event == "" { // a store's line stands for itself
			delete(vehicles, l.Token)
		}
	}
}

// wantNobodyLockedOut asks the world, at a time.
func (r *rotating) wantNobodyLockedOut(when string, after time.Duration) {
	r.t.Helper()
	if n := r.world.LockedOut(r.held(), r.now().Add(after)); n > 0 {
		r.t.Errorf("%s: %d owners are locked out", when, n)
	}
}

// wantWhole checks what a finished refresh leaves: nobody locked out once every grace period is over, no token in the journal,
// and a new inventory whose tokens are those of the store.
func (r *rotating) wantWhole(when string) {
	r.t.Helper()
	r.wantNobodyLockedOut(when, time.Hour)
	journal, err := os.ReadFile(r.path(r.out() + ".rotation"))
	if err != nil || strings.Contains(string(journal), "efreshToken") {
		r.t.Errorf("%s: the journal of a finished run holds tokens: %v", when, err)
	}
	text, err := os.ReadFile(r.path(r.out()))
	if err != nil {
		r.t.Fatal(err)
	}
	for vehicle, token := range r.held() {
		if !strings.Contains(string(text), token) {
			r.t.Errorf("%s: the new inventory lacks the token of %s", when, vehicle)
		}
	}
	if strings.Contains(string(text), "2020-01-01") {
		r.t.Errorf("%s: a dead grant was left in the new inventory", when)
	}
}
