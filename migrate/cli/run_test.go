package cli_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"scmigrate/fixtures"
	"scmigrate/migrate/cli"
	"scmigrate/migrate/report"
)

func TestHealthyFleetCostsTwoRequestsAVehicle(t *testing.T) {
	for _, n := range []int{1, 101} {
		b := newBench(t, fixtures.HealthyScenario(n, 7))
		code, stdout, stderr := b.run()
		if code != 0 {
			t.Fatalf("%d vehicles: exit %d\n%s%s", n, code, stdout, stderr)
		}
		r := b.report()
		pages := max(1, (n+99)/100) + 1 // live, and one page of simulated
		if legacy, app := r.Run.Requests["legacy"], r.Run.Requests["app"]; legacy != n || app != n+pages+r.Run.Controls["tried"] {
			t.Errorf("%d vehicles: %d batches and %d v3 calls, want %d and %d + %d pages + %d controls", n, legacy, app, n, n, pages, r.Run.Controls["tried"])
		}
		if r.Verdicts["ready"] != n || !r.Run.Complete {
			t.Errorf("%d vehicles: verdicts %v, complete %v", n, r.Verdicts, r.Run.Complete)
		}
		if len(b.world.Requests()) != r.Run.Requests["legacy"]+r.Run.Requests["app"]+r.Run.Requests["iam"] {
			t.Errorf("the simulator saw %d requests, the ledger %v", len(b.world.Requests()), r.Run.Requests)
		}
		if v := b.world.Violations(); len(v) != 0 {
			t.Errorf("violations: %v", v)
		}
	}
}

func TestDemoFleetIsJudgedAsTheSimulatorKnowsIt(t *testing.T) {
	for seed := range uint64(2) {
		b := newBench(t, fixtures.DemoScenario(100, seed+11))
		if code, stdout, stderr := b.run(); code != 3 {
			t.Fatalf("seed %d: exit %d\n%s%s", seed, code, stdout, stderr)
		}
		b.wantTruth()
		causes := map[string]bool{}
		for _, v := range b.report().Vehicles {
			for _, c := range v.Causes {
				causes[c.Code] = true
			}
		}
		if len(causes) < 15 {
			t.Errorf("seed %d shows only %d causes", seed, len(causes))
		}
	}
}

func TestEveryScenarioFileEndsWithAnHonestVerdict(t *testing.T) {
	files, err := filepath.Glob("../../testdata/scenarios/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := fixtures.ParseScenario(text)
			if err != nil {
				t.Fatal(err)
			}
			s.Vehicles = min(s.Vehicles, 40)
			synctest.Test(t, func(t *testing.T) { endsHonestly(t, s) })
		})
	}
}

// endsHonestly runs a scenario in virtual time: some wait for minutes.
func endsHonestly(t *testing.T, s fixtures.Scenario) {
	b := newBenchAt(t, s, shifted)
	code, _, stderr := b.run()
	if code != 0 && code != 3 && code != 4 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if len(s.Faults) == 0 { // faults strike whom they strike and carry no label
		b.wantTruth()
	}
	truth := b.world.Truth()
	for i, v := range b.report().Vehicles {
		if v.Verdict == "ready" && truth[i].Verdict != "ready" {
			t.Errorf("FALSE READY: %s (%s) is %s %v", v.VehicleID, truth[i].Defect, truth[i].Verdict, truth[i].Causes)
		}
		if v.Verdict == "blocked" && truth[i].Verdict == "ready" {
			t.Errorf("FALSE BLOCKED: %s %v", v.VehicleID, v.Causes)
		}
	}
}

func TestResumeCallsOnlyWhatWasNotMeasured(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(80, 3))
	b.run()
	first := b.report()
	before := map[string]int{}
	for _, v := range first.Vehicles {
		before[v.VehicleID] = b.sent(v.VehicleID)
	}
	b.run()
	for i, v := range b.report().Vehicles {
		grew := b.sent(v.VehicleID) > before[v.VehicleID]
		if finished := first.Vehicles[i].Verdict != "inconclusive"; finished && grew {
			t.Errorf("%s was %s and was called again", v.VehicleID, first.Vehicles[i].Verdict)
		}
	}
	b.wantTruth()
}

func TestLegsExtendWhatTheLedgerHas(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(20, 5))
	for _, step := range []struct {
		legs        string
		code, ready int
		legacy      int
	}{{"connections", 4, 0, 0}, {"app", 4, 0, 0}, {"both", 0, 20, 20}} {
		code, _, stderr := b.run("--legs", step.legs)
		r := b.report()
		if code != step.code || r.Verdicts["ready"] != step.ready || r.Run.Requests["legacy"] != step.legacy {
			t.Errorf("--legs %s: exit %d, %v, %v; want exit %d, %d ready, %d legacy\n%s", step.legs, code, r.Verdicts, r.Run.Requests, step.code, step.ready, step.legacy, stderr)
		}
	}
}

// TestNoSecretInAnyOutput: every token and secret of the simulated world is a canary.
func TestNoSecretInAnyOutput(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(60, 9))
	_, stdout, stderr := b.run("--json-full")
	b.wantNoSecret(map[string]string{"stdout": stdout, "stderr": stderr})
}

// wantNoSecret looks for every secret of the simulated world in these texts and in all files of the run.
func (b *bench) wantNoSecret(texts map[string]string) {
	b.t.Helper()
	canaries := append([]string{b.world.ManagementToken(), b.env["SMARTCAR_CLIENT_SECRET"]}, b.world.ClientSecrets()...)
	for _, row := range b.world.Inventory() {
		canaries = append(canaries, row.AccessToken, row.RefreshToken)
	}
	check := func(where, text string) {
		for _, c := range canaries {
			if c != "" && strings.Contains(text, c) {
				b.t.Errorf("%s holds a secret (%s…)", where, c[:4])
			}
		}
	}
	for where, text := range texts {
		check(where, text)
	}
	if _, err := os.Stat(b.path("out")); err == nil {
		eachFile(b.t, b.path("out"), check)
	}
}

// TestShareNamesNobody: ids, VINs and labels stay out of the folder that is forwarded.
func TestShareNamesNobody(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(60, 9))
	b.run("--json-full", "--format", strings.Join(report.Formats(), ","))
	eachFile(t, b.path("out/share"), func(path, text string) {
		for _, row := range b.world.Inventory() {
			for _, word := range []string{row.VehicleID, row.UserID, row.VIN} {
				if word != "" && strings.Contains(text, word) {
					t.Errorf("%s names %s", path, word)
				}
			}
			if row.Label != "" && strings.Contains(text, `"`+row.Label+`"`) {
				t.Errorf("%s holds the label %q", path, row.Label)
			}
		}
	})
}

func eachFile(t *testing.T, dir string, do func(path, text string)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		n++
		do(path, string(text))
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files in %s, %v", n, dir, err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(3, 2))
	b.run("--format", strings.Join(report.Formats(), ","))
	err := filepath.WalkDir(b.path("out"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReportRendersTheSameBytesAgain(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(40, 4))
	b.run()
	read := func(dir string) map[string]string {
		files := map[string]string{}
		for _, name := range []string{"report.html", "report.md", "report.json", "share/report.html", "share/report.md", "share/report.json"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files[name] = string(text)
		}
		return files
	}
	first := read(b.path("out"))
	if code, _, stderr := b.call("report", b.path("out"), "-o", b.path("again")); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for name, text := range read(b.path("again")) {
		if text != first[name] {
			t.Errorf("%s is not the same bytes", name)
		}
	}
}

func TestFlagsMayStandAfterPositionals(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(2, 4))
	b.run()
	if code, _, stderr := b.call("report", b.path("out"), "--format", "json"); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, _ := b.call("report", b.path("out"), "--fromat", "json"); code != 2 {
		t.Errorf("an unknown flag gave exit %d", code)
	}
}

// TestDemoLeavesTheMachineAlone: the demo has no transport but the simulator's; a default one would be an error here.
func TestDemoLeavesTheMachineAlone(t *testing.T) {
	refuse := http.DefaultTransport
	http.DefaultTransport = roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, os.ErrPermission
	})
	defer func() { http.DefaultTransport = refuse }()
	var out, errs bytes.Buffer
	dir := filepath.Join(t.TempDir(), "demo")
	p := cli.System()
	p.Stdout, p.Stderr, p.Live = &out, &errs, false
	for range 2 { // a second demo begins anew
		if code := cli.Main(t.Context(), []string{"scmigrate", "demo", "-o", dir}, p); code != 0 {
			t.Fatalf("exit %d\n%s%s", code, out.String(), errs.String())
		}
	}
	if !strings.Contains(out.String(), "40 of 40 vehicles") {
		t.Errorf("the demo said %s", out.String())
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestAVehicleMayNameItsFields: the fields of the entry alone are required, and a name nobody knows is refused with its line.
func TestAVehicleMayNameItsFields(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(2, 3))
	b.write("inventory.yaml", strings.ReplaceAll(b.inventory(), "    cohort:", "    fields: [odometer.distance, vin]\n    cohort:"))
	if code, _, stderr := b.run(); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	b.write("inventory.yaml", strings.ReplaceAll(b.inventory(), "    cohort:", "    fields: [odometer]\n    cohort:"))
	code, _, stderr := b.run()
	if code != 2 || !strings.Contains(stderr, `unknown field "odometer", did you mean "odometer.distance"?`) || strings.Count(stderr, "inventory.yaml:") != 2 {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
