package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scmigrate/migrate/manifest"
)

// canariesRun is a canary world with a run in "out", in which somebody is ready.
func canariesRun(t *testing.T) *canaryWorld {
	t.Helper()
	w := newCanaryWorld(t)
	t.Chdir(w.dir)
	w.call("run", "-i", w.path("inventory.yaml"), "-o", w.path("out"), "--json-full", "--fields", "all", "--format", "json")
	return w
}

// TestCanariesOfTheCutOver: every form of the list, right and forged, verified against the right and the wrong things, with
// calls that fail and code that panics.
func TestCanariesOfTheCutOver(t *testing.T) {
	w := canariesRun(t)
	good, run := w.path("inventory.yaml"), w.path("out")
	for _, form := range manifest.Forms() {
		list := w.path("list." + form)
		w.call("manifest", run, "-o", list, "--format", form)
		text, err := os.ReadFile(list)
		if err != nil || len(text) < 500 {
			t.Fatalf("%s: %d bytes, %v: the test proves nothing", form, len(text), err)
		}
		w.search(form, string(text))
		forged := w.path("forged." + form)
		if err := os.WriteFile(forged, append(text, text[len(text)/2:]...), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, more := range [][]string{{}, {"--run", run}, {"--offline", "--list-all"}, {"--wave", "1", "--max-evidence-age", "1h"}, {"--run", w.path("nowhere")}} {
			for _, which := range []string{list, forged, good} {
				w.call(append([]string{"manifest", "verify", which, "-i", good, "--format", form}, more...)...)
			}
			w.call(append([]string{"manifest", "verify", list, "-i", w.path("faulty.yaml"), "--format", form}, more...)...)
		}
		for _, end := range []string{"/connections", "/oauth2/token"} {
			w.panicking = end
			w.call("manifest", "verify", list, "-i", good, "--format", form)
		}
		w.panicking = ""
	}
	w.env["SMARTCAR_CLIENT_SECRET_3"] = "canary-third-secret-refused"
	w.secrets("canary-third-secret-refused")
	w.call("manifest", "verify", w.path("list.yaml"), "-i", good)
}

// TestCanariesOfASetup: preflight in both formats, beside a terminal and not, with secrets of which some or all are refused.
func TestCanariesOfASetup(t *testing.T) {
	w := newCanaryWorld(t)
	good, vehicle := w.path("inventory.yaml"), w.world.Inventory()[0].VehicleID
	for _, secrets := range []string{"", "canary-third-secret-refused"} {
		if secrets != "" {
			w.env["SMARTCAR_CLIENT_SECRET_3"] = secrets
			w.secrets(secrets)
		}
		for _, w.live = range []bool{false, true} {
			for _, format := range []string{"terminal", "json"} {
				w.call("preflight", "-i", good, "--format", format)
				w.call("preflight", "-i", good, "--format", format, "--vehicle", vehicle, "--no-progress")
				w.call("preflight", "-i", w.path("faulty.yaml"), "--format", format, "--keep-going")
			}
			w.call("run", "-i", good, "-o", w.path(fmt.Sprintf("run-%v-%d", w.live, len(secrets))), "--format", "terminal")
		}
	}
	for _, w.panicking = range []string{"/batch", "/signals", "/connections", "/oauth2/token", "/user"} {
		w.call("preflight", "-i", good)
	}
}

// TestCanariesOfABackfill: every source, alone and together, with a file, a table and an encrypted file to write.
func TestCanariesOfABackfill(t *testing.T) {
	w := newCanaryWorld(t)
	w.orphanedEvery(2)
	w.write("hooks.jsonl", w.world.Webhooks()[0].Record()+"\nno record\n")
	from := []string{"connections", "user", "management", "connections,user,management", "webhooks:" + w.path("hooks.jsonl")}
	ask := func(round string) {
		for i, source := range from {
			name := w.path(fmt.Sprintf("filled-%s-%d", round, i))
			w.call("inventory", "backfill", "-i", w.path("inventory.yaml"), "-o", name+".yaml", "--csv", name+".csv", "--from", source)
			if text, err := os.ReadFile(name + ".csv"); err == nil {
				w.search(name, string(text))
			}
		}
	}
	ask("right")
	if made, _ := filepath.Glob(w.path("filled-right-*.csv")); len(made) < 3 {
		t.Errorf("%d tables were written: the test proves nothing", len(made))
	}
	w.call("inventory", "backfill", "-i", w.path("inventory.yaml"), "-o", w.path("sealed.age"), "--recipient", "age1nobody")
	for name := range w.env {
		if strings.Contains(name, "SECRET") || strings.Contains(name, "TOKEN") {
			w.env[name] = "canary-refused-" + strings.ToLower(name)
			w.secrets(w.env[name])
		}
	}
	ask("refused")
	for _, w.panicking = range []string{"/connections", "/user", "/oauth2/token"} {
		ask("panic" + strings.ReplaceAll(w.panicking, "/", "-"))
	}
}

// TestCanariesOfWhatIsLeft: every vehicle's calls by every name it has, and the deletion of a run, right and wrong.
func TestCanariesOfWhatIsLeft(t *testing.T) {
	w := canariesRun(t)
	run := w.path("out")
	for i, row := range w.world.Inventory() {
		w.call("repro", run, row.VehicleID)
		if i < 3 {
			for _, name := range []string{row.UserID, row.VIN, "' ; $(x)"} {
				w.call("repro", run, name)
				w.call("explain", run, name)
			}
		}
	}
	w.search("share", w.everything(filepath.Join(run, "share")))
	w.call("purge", w.dir)
	w.call("purge", run, "more")
	w.call("purge", run)
	w.call("purge", run)
	w.search("what is left", w.everything(run))
}

// everything is the text of all files below dir.
func (w *canaryWorld) everything(dir string) string {
	var all strings.Builder
	eachFile(w.t, dir, func(_, text string) { all.WriteString(text) })
	return all.String()
}
