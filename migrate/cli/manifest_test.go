package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// listed runs a fleet and writes its manifest.
func listed(t *testing.T, s fixtures.Scenario, more ...string) *bench {
	t.Helper()
	b := newBench(t, s)
	b.run("--no-progress")
	b.wantManifest(0, "m.yaml", more...)
	return b
}

// wantManifest writes a manifest of the run and demands its exit code.
func (b *bench) wantManifest(want int, file string, more ...string) (stdout, stderr string) {
	b.t.Helper()
	code, stdout, stderr := b.call(append([]string{"manifest", b.path("out"), "-o", b.path(file)}, more...)...)
	if code != want {
		b.t.Fatalf("manifest %s: exit %d, want %d\n%s%s", file, code, want, stdout, stderr)
	}
	return stdout, stderr
}

// wantVerified verifies m.yaml against the inventory, and demands the exit code and a text of what is said.
func (b *bench) wantVerified(want int, text string, more ...string) {
	b.t.Helper()
	b.wantVerifiedFile(want, text, "m.yaml", more...)
}

func (b *bench) wantVerifiedFile(want int, text, file string, more ...string) {
	b.t.Helper()
	code, stdout, stderr := b.call(append([]string{"manifest", "verify", b.path(file), "-i", b.path("inventory.yaml"), "--limit", "unlimited"}, more...)...)
	if code != want || !strings.Contains(stdout+stderr, text) {
		b.t.Errorf("manifest verify %s %v: exit %d, want %d and %q\n%s%s", file, more, code, want, text, stdout, stderr)
	}
}

// TestManifestOfARun: three forms, whole users, private, the same bytes again; verified with two pages and a token, and no vehicle read.
func TestManifestOfARun(t *testing.T) {
	s := fixtures.HealthyScenario(60, 3)
	s.Defects = map[string]fixtures.Amount{"signal-lost/absent": {Count: 4}, "vehicle-gone": {Count: 2}}
	b := listed(t, s)
	sent := len(b.world.Requests())
	for _, file := range []string{"n.yaml", "n.jsonl", "n.csv"} {
		b.wantManifest(0, file)
		if info, err := os.Stat(b.path(file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if again, first := b.fileText("n.yaml"), b.fileText("m.yaml"); again != first {
		t.Errorf("the same run made\n%s\nand\n%s", first, again)
	}
	if len(b.world.Requests()) != sent {
		t.Error("manifest sent something")
	}
	for _, file := range []string{"n.yaml", "n.jsonl", "n.csv"} {
		b.wantVerifiedFile(0, "NOT proved: that scmigrate wrote it", file)
		b.wantVerifiedFile(0, "seal: written by scmigrate from the run in ", file, "--run", b.path("out"))
	}
	for _, r := range b.world.Requests()[sent:] {
		if r.Path != "/v3/connections" && r.Path != "/oauth2/token" {
			t.Errorf("verify sent %s %s", r.Method, r.Path)
		}
	}
	sent = len(b.world.Requests())
	b.wantVerified(0, "connections: NOT asked", "--offline", "--wave", "1")
	if len(b.world.Requests()) != sent {
		t.Error("verify --offline sent something")
	}
	b.wantManifestHolds(s.Vehicles)
	if files := b.files("."); strings.Contains(files, ".manifest") {
		t.Errorf("it left %s", files)
	}
}

// wantManifestHolds counts that every vehicle stands in m.yaml once, ready or left out.
func (b *bench) wantManifestHolds(vehicles int) {
	b.t.Helper()
	text := b.fileText("m.yaml")
	if n := strings.Count(text, `  - {"vehicleId":`); n != vehicles {
		b.t.Errorf("%d entries of %d vehicles", n, vehicles)
	}
	held, rows := map[string]bool{}, b.world.Inventory()
	for i, v := range b.report().Vehicles {
		held[rows[i].UserID] = held[rows[i].UserID] || v.Verdict == "blocked" || v.Verdict == "inconclusive"
	}
	for i, v := range b.report().Vehicles {
		user := rows[i].UserID
		goes := strings.Contains(text, `{"vehicleId":"`+v.VehicleID+`","userId":"`+user+`","wave":`)
		if want := v.Verdict == "ready" && !held[user]; goes != want {
			b.t.Errorf("vehicle %s is %s, its user held %t, and in the manifest %t", v.VehicleID, v.Verdict, held[user], goes)
		}
	}
}

func (b *bench) fileText(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// TestManifestVerifySeesWhatChangedSince: at Smartcar, in the inventory, and in time.
func TestManifestVerifySeesWhatChangedSince(t *testing.T) {
	b := listed(t, fixtures.HealthyScenario(12, 4))
	row, other := b.world.Inventory()[0], b.world.Inventory()[7]
	inventory := b.fileText("inventory.yaml")
	change := func(old, by string) { b.write("inventory.yaml", strings.ReplaceAll(inventory, old, by)) }
	b.wantVerified(0, "may be switched")

	change(row.UserID, "00000000-0000-4000-8000-000000000001")
	b.wantVerified(3, row.VehicleID+" of user "+row.UserID+": other-user: the inventory names another user for this vehicle (00000000-0000-4000-8000-000000000001)")
	change(row.VehicleID, "00000000-0000-4000-8000-000000000002")
	b.wantVerified(3, "not-in-inventory")
	b.write("inventory.yaml", inventory+"  - {vehicleId: 00000000-0000-4000-8000-000000000003, userId: "+strings.ToUpper(row.UserID)+"}\n")
	b.wantVerified(3, "not-in-manifest: the inventory has this vehicle of a user who is to be switched")
	b.write("inventory.yaml", inventory+"  - {vehicleId: 00000000-0000-4000-8000-000000000003, userId: another}\n")
	b.wantVerified(0, "may be switched")
	change(`vehicleId: "`+row.VehicleID, "fields: [vin]\n    vehicleId: \""+row.VehicleID)
	b.wantVerified(3, "other-fields")
	change(row.UserID, strings.ToUpper(row.UserID))
	b.wantVerified(0, "may be switched")
	b.write("inventory.yaml", inventory)

	b.world.Disconnect(other.VehicleID, other.UserID)
	b.wantVerified(0, "NOT asked (--offline)", "--offline")
	b.wantVerified(3, other.VehicleID+" of user "+other.UserID+": not-connected")
	b.clock.Sleep(b.ctx, 13*24*time.Hour)
	b.wantVerified(3, "not-connected")
	b.clock.Sleep(b.ctx, 2*24*time.Hour)
	b.wantVerified(3, "too-old")
	b.wantVerified(0, "may be switched", "--offline", "--max-evidence-age", "16d")
}

// rewritten changes the answers of the connections list.
type rewritten struct {
	http.RoundTripper
	status int
	old    string
}

func (r *rewritten) RoundTrip(q *http.Request) (*http.Response, error) {
	a, err := r.RoundTripper.RoundTrip(q)
	if err != nil || !strings.HasSuffix(q.URL.Path, "/connections") {
		return a, err
	}
	text, err := io.ReadAll(a.Body)
	a.Body.Close()
	text = bytes.ReplaceAll(text, []byte(r.old), []byte("something_else"))
	a.Body, a.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	a.Header.Del("Content-Length")
	if r.status != 0 {
		a.StatusCode = r.status
	}
	return a, err
}

// TestManifestVerifyAsksSmartcar: permissions that were withdrawn, a list that cannot be read, credentials that are refused.
func TestManifestVerifyAsksSmartcar(t *testing.T) {
	b := listed(t, fixtures.HealthyScenario(6, 4))
	whole := b.transport
	b.transport = &rewritten{RoundTripper: whole, old: "read_odometer"}
	b.wantVerified(3, "permission-withdrawn: the connection lacks a permission that the proof needs: it lacks read_odometer")
	b.transport = &rewritten{RoundTripper: whole, status: 403, old: "nothing"}
	b.wantVerified(4, "users and permissions are not proved")
	b.transport = &rewritten{RoundTripper: whole, old: `"totalCount":6`}
	b.wantVerified(4, "")
	b.transport = &rewritten{RoundTripper: whole, old: b.world.Inventory()[2].UserID}
	b.wantVerified(3, "user-changed: this user is not connected to the vehicle any more, but somebody else is")
	b.transport = whole
	b.env["SMARTCAR_CLIENT_SECRET"] = "not-the-secret-at-all"
	b.wantVerified(5, "credentials are refused")
	delete(b.env, "SMARTCAR_CLIENT_SECRET")
	b.wantVerified(2, "or verify with --offline")
	b.wantVerified(0, "may be switched", "--offline")
}

// TestManifestVerifyAgainstTheRun: another run, a run that measured again, and a waiver that is over.
func TestManifestVerifyAgainstTheRun(t *testing.T) {
	s := lossy()
	s.TokenLife = 1000 * time.Hour
	b := newBench(t, s)
	b.runRules(0, lossWaived(b.clock.Now().UTC().AddDate(0, 0, 3)))
	b.wantManifest(0, "m.yaml")
	run := []string{"--run", b.path("out")}
	b.wantVerified(0, "may be switched", run...)
	if text := b.fileText("m.yaml"); !strings.Contains(text, `waivers: [{"id":"W-17","expires":`) || strings.Count(text, `"waivers":["W-17"]`) != 2 {
		t.Errorf("the waiver does not stand in\n%s", text)
	}
	if code, _, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("other"), "--limit", "unlimited", "--no-progress"); code != 3 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	b.wantVerified(3, "it was made of run ", "--run", b.path("other"))
	b.wantVerified(2, "--run: ", "--run", b.path("nowhere"))

	b.clock.Sleep(b.ctx, 96*time.Hour)
	b.wantVerified(3, "waiver-expired")
	b.wantVerified(3, "not-ready: the run does not hold it for ready today: it is blocked: signal-lost", run...)
	b.wantManifest(0, "later.yaml")
	b.wantVerifiedFile(0, "may be switched", "later.yaml", run...)

	b.runRules(0, "fields: {require: [location]}\n")
	b.wantVerifiedFile(3, "measured-again", "later.yaml", run...)
	b.wantVerifiedFile(0, "may be switched", "later.yaml", "--wave", "1", "--offline")
}

// TestManifestIsRefused: what cannot be written, and what is no manifest.
func TestManifestIsRefused(t *testing.T) {
	b := listed(t, fixtures.HealthyScenario(4, 4))
	for _, c := range []struct{ text, file, flag, value string }{
		{"is there already", "m.yaml", "--waves", "100%"}, {"the ending says no form", "m.xml", "--waves", "100%"}, {"--waves: ", "n.yaml", "--waves", "10%"}, {"--format ", "n.yaml", "--format", "xml"},
		{"--wave-seed: ", "n.yaml", "--wave-seed", "0"},
	} {
		if _, said := b.wantManifest(2, c.file, c.flag, c.value); !strings.Contains(said, c.text) {
			t.Errorf("%v: %s", c, said)
		}
	}
	b.wantManifest(0, "m.yaml", "--overwrite")
	b.wantVerified(2, "--wave 4", "--wave", "4")
	b.wantVerified(2, "--max-evidence-age: ", "--max-evidence-age", "soon")
	b.wantVerifiedFile(2, "cannot read the manifest", "gone.yaml")
	b.write("m.yaml", strings.Replace(b.fileText("m.yaml"), `"wave":1`, `"wave":2`, 1))
	b.wantVerified(3, "was refused: ")
	b.write("other.yaml", "\x00\x01")
	b.wantVerifiedFile(3, "this is no manifest", "other.yaml")
	for _, args := range [][]string{{"manifest"}, {"manifest", b.path("out")}, {"manifest", b.path("nowhere"), "-o", b.path("n.yaml")}, {"manifest", "verify", b.path("m.yaml")}, {"manifest", "verify"}} {
		if code, stdout, stderr := b.call(args...); code != 2 {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
}

// TestNoManifestOfNobody: where nothing may be switched, no file is written.
func TestNoManifestOfNobody(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(4, 4))
	b.run("--no-progress", "--legs", "connections")
	if _, said := b.wantManifest(4, "m.yaml"); !strings.Contains(said, "nothing was written") {
		t.Error(said)
	}
	breach := fixtures.HealthyScenario(6, 1)
	breach.Defects = map[string]fixtures.Amount{"isolation-breach": {Count: 6}}
	b = newBench(t, breach)
	b.run("--no-progress")
	b.wantManifest(6, "m.yaml")
	if _, err := os.Stat(b.path("m.yaml")); err == nil {
		t.Error("a manifest was written after an isolation breach")
	}
}
