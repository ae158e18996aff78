package cli_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// TestManifestVerifyRefusesEveryTampering: the list of what may be done to a manifest, in each form, by the command itself.
// What shows in the file alone is refused before anything is sent.
func TestManifestVerifyRefusesEveryTampering(t *testing.T) {
	b := listed(t, fixtures.HealthyScenario(12, 4))
	other := newBench(t, fixtures.HealthyScenario(12, 5))
	other.run("--no-progress")
	rows := b.world.Inventory()
	for _, form := range []string{"yaml", "jsonl", "csv"} {
		whole, file := "whole."+form, "m."+form
		if form != "yaml" {
			b.wantManifest(0, file)
		}
		b.write(whole, b.fileText(file))
		text, last := b.fileText(whole), b.lastVehicle(file)
		b.wantVerifiedFile(0, "seal: written by scmigrate", file, "--run", b.path("out"))
		sent := len(b.world.Requests())
		for name, c := range map[string]struct {
			text string
			args []string
		}{
			"changed userId": {text: strings.Replace(text, rows[3].UserID, "00000000-0000-4000-8000-000000000009", 1)},
			"added vehicle":  {text: strings.Replace(text, last, last+strings.Replace(last, rows[0].VehicleID[:8], "00000000", 1), 1)},
			"added twice":    {text: strings.Replace(text, last, last+last, 1)},
			"other run":      {text: text, args: []string{"--run", other.path("out")}},
			"too old":        {text: text, args: []string{"--max-evidence-age", "1s"}},
			"truncated":      {text: text[:len(text)*2/3]},
			"last line lost": {text: text[:strings.LastIndex(strings.TrimSpace(text), "\n")+1]},
			"last byte lost": {text: strings.TrimSpace(text)[:len(strings.TrimSpace(text))-1]},
		} {
			if c.text == text && len(c.args) == 0 {
				t.Fatalf("%s, %s: nothing was changed", form, name)
			}
			if name == "too old" {
				b.clock.Sleep(b.ctx, 2*time.Second)
			}
			b.write(file, c.text)
			b.wantVerifiedFile(3, "", file, c.args...)
		}
		if n := len(b.world.Requests()) - sent; n > 0 {
			t.Errorf("%s: %d requests were sent for files that show it themselves", form, n)
		}
		b.write(file, text)
		if forged := forgedDigest(text, rows[0].UserID, "00000000-0000-4000-8000-000000000009"); form == "jsonl" {
			b.write(file, forged)
			b.wantVerifiedFile(3, "other-user", file)
			b.wantVerifiedFile(3, "its seal is not that of the run", file, "--run", b.path("out"))
		}
	}
	for _, form := range []string{"yaml", "jsonl", "csv"} {
		b.write("m."+form, b.fileText("whole."+form))
	}
	b.world.Disconnect(rows[5].VehicleID, rows[5].UserID)
	for _, form := range []string{"yaml", "jsonl", "csv"} {
		b.wantVerifiedFile(3, rows[5].VehicleID+" of user "+rows[5].UserID+": not-connected", "m."+form)
	}
	asked := 0
	for _, r := range b.world.Requests() {
		if strings.Contains(r.Query, rows[5].VehicleID) {
			asked++
		}
	}
	if asked != 6 {
		t.Errorf("the missing vehicle was asked for %d times, want twice for each file", asked)
	}
}

// lastVehicle is the last line of the list of vehicles.
func (b *bench) lastVehicle(file string) (line string) {
	for l := range strings.Lines(b.fileText(file)) {
		if strings.Contains(l, "full") {
			line = l
		}
	}
	return line
}

// forgedDigest changes JSON Lines and computes the digest anew, as anybody can who knows the format.
func forgedDigest(text, old, by string) string {
	i := strings.LastIndex(strings.TrimSpace(text), "\n") + 1
	list, end := strings.ReplaceAll(text[:i], old, by), text[i:]
	sum := sha256.Sum256([]byte(list))
	at := strings.Index(end, "sha256:") + len("sha256:")
	return list + end[:at] + hex.EncodeToString(sum[:]) + end[at+64:]
}

// TestManifestIsInterrupted: at any moment, it exits 130 and leaves what was there, and nothing else.
func TestManifestIsInterrupted(t *testing.T) {
	b := listed(t, fixtures.HealthyScenario(300, 4))
	whole := b.fileText("m.yaml")
	b.write("m.yaml", "the one before")
	before := b.files(".")
	all, interrupted := b.ctx, 0
	for after := time.Duration(0); ; after = after*3/2 + 50*time.Microsecond {
		ctx, cancel := context.WithTimeout(all, after)
		b.ctx = ctx
		code, stdout, stderr := b.call("manifest", b.path("out"), "-o", b.path("m.yaml"), "--overwrite")
		cancel()
		b.ctx = all
		if code == 0 {
			break
		}
		interrupted++
		if text := b.fileText("m.yaml"); code != 130 || text != "the one before" || b.files(".") != before {
			t.Fatalf("interrupted after %s: exit %d, %s\n%s%s", after, code, b.files("."), stdout, stderr)
		}
	}
	if b.fileText("m.yaml") != whole || interrupted < 3 {
		t.Errorf("after %d interrupts the list is not what it was", interrupted)
	}
	ctx, cancel := context.WithCancel(all)
	cancel()
	b.ctx = ctx
	b.wantVerified(130, "interrupted")
}

// TestManifestOfCohorts: waves by cohort, and the slip of a pen.
func TestManifestOfCohorts(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(12, 4))
	row := b.world.Inventory()[4]
	b.run("--no-progress")
	b.wantManifest(0, "m.yaml", "--waves", "cohort:"+row.Cohort+",100%")
	b.wantVerified(0, "up to wave 1: ", "--wave", "1", "--run", b.path("out"))
	if text := b.fileText("m.yaml"); !strings.Contains(text, `"vehicleId":"`+row.VehicleID+`","userId":"`+row.UserID+`","wave":1`) || !strings.Contains(text, `"share":"cohort:`+row.Cohort+`"`) {
		t.Errorf("the cohort is not the first wave of\n%s", text)
	}
	for _, slip := range [][]string{{"--waves", "cohort:eu-pliot,100%"}, {"--canary", "eu-pliot"}} {
		if _, said := b.wantManifest(2, "n.yaml", slip...); !strings.Contains(said, `no vehicle of the run is in cohort "eu-pliot"`) {
			t.Errorf("%v: %s", slip, said)
		}
	}
	if _, err := os.Stat(filepath.Join(b.dir, "n.yaml")); err == nil {
		t.Error("a manifest was written")
	}
}
