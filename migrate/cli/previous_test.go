package cli_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// changesJSON is what report.json tells about an earlier run.
type changesJSON struct {
	Gates   []struct{ Require, Met, Observed string } `json:"gates"`
	Changes *struct {
		Previous struct {
			Verdicts map[string]int `json:"verdicts"`
			Total    int            `json:"total"`
		} `json:"previous"`
		Unlike   []string `json:"unlike"`
		Vehicles map[string]struct {
			Count    int      `json:"count"`
			Examples []string `json:"examples"`
		} `json:"vehicles"`
		Causes []struct {
			Change, Code, Fingerprint string
			Was, Is, New, Fixed, Gone int
		} `json:"causes"`
	} `json:"changes"`
}

func (b *bench) changes(file string) (c changesJSON) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.read(file)), &c); err != nil {
		b.t.Fatal(err)
	}
	return c
}

// measure runs the inventory into a directory.
func (b *bench) measure(want int, dir string, more ...string) (stdout string) {
	b.t.Helper()
	args := []string{"run", "-i", b.path("inventory.yaml"), "-o", b.path(dir), "--limit", "unlimited", "--no-progress", "--recheck", "0", "--negative-control", "0"}
	code, stdout, stderr := b.call(append(args, more...)...)
	if code != want {
		b.t.Fatalf("exit %d, want %d\n%s%s", code, want, stdout, stderr)
	}
	return stdout
}

// twoNights are two runs of one fleet: in the first two vehicles lost a signal, in the second the first of them is fixed, the
// other one is gone from the inventory, and another vehicle has a wrong user.
func twoNights(t *testing.T) (b *bench, lost []string) {
	b = newBench(t, lossy())
	b.measure(3, "first")
	for _, v := range b.reportIn(b.path("first")).Vehicles {
		if v.Verdict == "blocked" {
			lost = append(lost, v.VehicleID)
		}
	}
	rows := b.world.Inventory()
	var kept []int
	wrong := -1
	for n, row := range rows {
		if row.VehicleID != lost[1] {
			kept = append([]int{n}, kept...) // in another order
			if row.VehicleID != lost[0] {
				wrong = n
			}
		}
	}
	b.write("inventory.yaml", b.rowsText(kept, func(n int, row string) string {
		switch {
		case n == wrong:
			return strings.Replace(row, rows[n].UserID, "218eda3b-0000-49a8-8f3d-00000000dead", 1)
		case rows[n].VehicleID == lost[0]:
			return row + "    fields: [vin]\n"
		}
		return row
	}))
	return b, lost
}

// TestPreviousTellsWhatChanged: in the report, in the gate, and in reports that are rendered again.
func TestPreviousTellsWhatChanged(t *testing.T) {
	b, lost := twoNights(t)
	said := b.measure(3, "out", "--previous", b.path("first"), "--require", "new-blocked == 0", "--require", "blocked <= 1")
	r := b.changes("out/report.json")
	if c := r.Changes; c == nil || c.Previous.Total != 8 || c.Previous.Verdicts["blocked"] != 2 || len(c.Unlike) > 0 {
		t.Fatalf("changes %+v", r.Changes)
	}
	for fate, want := range map[string]int{"new": 1, "fixed": 1, "changed": 0, "unchanged": 5, "added": 0, "gone": 1} {
		if got := r.Changes.Vehicles[fate]; got.Count != want {
			t.Errorf("%s: %+v, want %d", fate, got, want)
		}
	}
	if ex := r.Changes.Vehicles["fixed"].Examples; len(ex) != 1 || ex[0] != lost[0] {
		t.Errorf("fixed: %v, want %v", ex, lost[0])
	}
	if r.Gates[0].Met != "no" || r.Gates[0].Observed != "1" || r.Gates[1].Met != "yes" {
		t.Errorf("gates %+v", r.Gates)
	}
	if !strings.Contains(said, "What changed") || !strings.Contains(b.read("out/share/report.md"), "1 newly not ready, 1 fixed") || strings.Contains(b.read("out/share/report.json"), lost[0]) {
		t.Error("the forms for people, or share/, are wrong")
	}
	first := b.read("out/report.json")
	if code, _, stderr := b.call("report", b.path("out"), "-o", b.path("again")); code != 0 || b.read("again/report.json") != first {
		t.Errorf("exit %d, or other bytes\n%s", code, stderr)
	}
	b.wantGate(3, "gate no         new-blocked == 0 (observed 1)\ngate yes        blocked <= 1 (observed 1)\n")
	b.wantGate(2, "", "--previous", b.path("out"))
	b.wantGate(2, "", "--previous", b.path("nowhere"))
}

// TestOldTroubleIsNoNews: what was blocked before blocks nobody's night; an earlier run that is gone is told and left out.
func TestOldTroubleIsNoNews(t *testing.T) {
	b := newBench(t, lossy())
	b.measure(3, "first")
	b.measure(0, "out", "--previous", b.path("first"), "--require", "new-blocked == 0")
	if c := b.changes("out/report.json").Changes; c.Vehicles["unchanged"].Count != 8 || c.Causes[0].Change != "unchanged" || c.Causes[0].Was != 1 || len(c.Unlike) > 0 {
		t.Errorf("changes %+v", c)
	}
	if err := os.RemoveAll(b.path("first")); err != nil {
		t.Fatal(err)
	}
	said := b.wantGate(4, "gate undecided  new-blocked == 0 (observed there is no earlier run to compare with (give one with --previous))\n")
	if !strings.Contains(said, "what changed since the earlier run is left out: ") {
		t.Errorf("it said %q", said)
	}
}

// TestPreviousIsLookedAtFirst: a directory that cannot be compared with sends nothing and makes nothing.
func TestPreviousIsLookedAtFirst(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(2, 3))
	b.measure(2, "out", "--previous", b.path("nowhere"))
	b.measure(2, "out", "--previous", b.path("out"))
	if _, err := os.Stat(b.path("out")); err == nil || len(b.world.Requests()) > 0 {
		t.Errorf("%v, %d requests", err, len(b.world.Requests()))
	}
}

// TestPartsAreHeldAgainstTheirPart: what another shard or no draw looks at has not gone.
func TestPartsAreHeldAgainstTheirPart(t *testing.T) {
	b := newBench(t, lossy())
	b.measure(3, "first")
	for dir, flags := range map[string][]string{"shard": {"--shard", "1/2"}, "sample": {"--sample", "3"}} {
		code, _, stderr := b.call(append([]string{"run", "-i", b.path("inventory.yaml"), "-o", b.path(dir), "--limit", "unlimited", "--no-progress", "--recheck", "0", "--negative-control", "0",
			"--previous", b.path("first"), "--require", "new-blocked == 0"}, flags...)...)
		c := b.changes(dir + "/report.json").Changes
		if c == nil || c.Vehicles["gone"].Count != 0 || c.Vehicles["unchanged"].Count != c.Previous.Total || c.Previous.Total == 8 || c.Previous.Total == 0 {
			t.Errorf("%s: exit %d, %+v\n%s", dir, code, c, stderr)
		}
	}
	if code, stdout, _ := b.call("diff", b.path("sample"), b.path("first")); code != 0 || !strings.Contains(strings.Join(strings.Fields(stdout), " "), "0 gone") {
		t.Errorf("from a sample to the whole: exit %d\n%s", code, stdout)
	}
}
