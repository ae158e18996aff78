package cli_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// measured is a bench whose fleet was run into "out" once.
func measured(t *testing.T, s fixtures.Scenario) *bench {
	t.Helper()
	b := newBench(t, s)
	if code, stdout, stderr := b.run(); code != 3 {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	return b
}

// rejudge calls the command and makes sure that it called nobody.
func (b *bench) rejudge(args ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	before := len(b.world.Requests())
	code, stdout, stderr = b.call(append([]string{"rejudge"}, args...)...)
	if n := len(b.world.Requests()) - before; n != 0 {
		b.t.Errorf("rejudge made %d calls", n)
	}
	return code, stdout, stderr
}

// reports are the bytes of everything in a directory but the ledger's own files.
func (b *bench) reports(dir string) map[string]string {
	files := map[string]string{}
	err := filepath.WalkDir(b.path(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "ledger.db") || d.Name() == ".lock" {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return files
}

func (b *bench) wantSame(before map[string]string, dir string) {
	b.t.Helper()
	for path, text := range b.reports(dir) {
		if before[path] != text {
			b.t.Errorf("%s changed", path)
		}
	}
}

// TestRejudgeOfTheSameIsTheSame: same ledger, same rules, same version, same bytes, same exit code.
func TestRejudgeOfTheSameIsTheSame(t *testing.T) {
	b := measured(t, fixtures.DemoScenario(40, 4))
	before := b.reports("out")
	for _, args := range [][]string{{"--dry-run"}, {}, {"-i", b.path("inventory.yaml")}} {
		code, stdout, stderr := b.rejudge(append([]string{b.path("out")}, args...)...)
		if code != 3 || !strings.Contains(stdout, "0 of 40 vehicles are judged differently") {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
		b.wantSame(before, "out")
	}
	b.wantTruth()
}

const ignoreSome = `version: 1
fields: {ignore: [service.history]}
tolerance: {odometer.distance: 20%}
waivers:
  - {id: W-1, cause: signal-lost, reason: not shown in our app, owner: fleet@example.com, expires: "2037-01-31"}
`

// TestRejudgeByOtherRulesIntoACopy: what the rules do is told, the run itself stays as it is, the copy is private and whole.
func TestRejudgeByOtherRulesIntoACopy(t *testing.T) {
	b := measured(t, fixtures.DemoScenario(40, 4))
	b.write("rules.yaml", ignoreSome)
	before := b.reports("out")
	code, stdout, stderr := b.rejudge(b.path("out"), "--rules", b.path("rules.yaml"), "-o", b.path("copy"))
	if code != 3 {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	for _, want := range []string{"tolerance odometer.distance 20 %: clears ", "waiver W-1: lets stand ", "ignore service.history: changes nothing", "blocked      -> ready ", "signal-lost"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("it does not say %q:\n%s", want, stdout)
		}
	}
	b.wantSame(before, "out")
	b.wantPrivate("copy")
	if _, stdout, _ := b.call("status", b.path("copy")); !strings.Contains(stdout, "finished at") {
		t.Errorf("the copy is no finished run: %s", stdout)
	}
	if code, _, stderr := b.rejudge(b.path("out"), "-o", b.path("copy")); code != 2 || !strings.Contains(stderr, "holds a run already") {
		t.Errorf("a second time: exit %d, %s", code, stderr)
	}
	code, stdout, _ = b.rejudge(b.path("copy")) // the rules came with the copy
	if code != 3 || !strings.Contains(stdout, "0 of 40 vehicles are judged differently") || !strings.Contains(stdout, "waiver W-1: lets stand ") {
		t.Errorf("the copy forgot its rules: exit %d\n%s", code, stdout)
	}
}

func (b *bench) wantPrivate(dir string) {
	b.t.Helper()
	err := filepath.WalkDir(b.path(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			b.t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestRejudgeInPlaceRewritesTheRun: judgements, rules and reports, all at once; a dry run before it says the same.
func TestRejudgeInPlaceRewritesTheRun(t *testing.T) {
	b := measured(t, fixtures.DemoScenario(40, 4))
	b.write("rules.yaml", ignoreSome)
	before, ready := b.reports("out"), b.report().Verdicts["ready"]
	_, preview, _ := b.rejudge(b.path("out"), "--rules", b.path("rules.yaml"), "--dry-run")
	b.wantSame(before, "out")
	_, stdout, _ := b.rejudge(b.path("out"), "--rules", b.path("rules.yaml"))
	if a, z := strings.Split(preview, "Nothing was written")[0], strings.Split(stdout, "Judgements and reports")[0]; a != z {
		t.Errorf("the dry run promised\n%s\nand it became\n%s", a, z)
	}
	if r := b.report(); r.Verdicts["ready"] <= ready {
		t.Errorf("%d were ready, %d are", ready, r.Verdicts["ready"])
	}
}

// TestSuggestedWaiversArePasted: refused as they are printed, and filled in they clear what they were made for.
func TestSuggestedWaiversArePasted(t *testing.T) {
	b := measured(t, fixtures.Scenario{Seed: 8, Vehicles: 60, Defects: map[string]fixtures.Amount{"signal-lost": {Count: 4}}})
	_, stdout, _ := b.rejudge(b.path("out"), "--dry-run", "--list-all")
	_, snippet, found := strings.Cut(stdout, "\nwaivers:\n")
	if !found {
		t.Fatalf("no waiver is suggested:\n%s", stdout)
	}
	snippet, _, _ = strings.Cut(snippet, "\n\n")
	b.write("rules.yaml", "version: 1\nwaivers:\n"+snippet+"\n")
	if code, _, stderr := b.rejudge(b.path("out"), "--rules", b.path("rules.yaml")); code != 2 || !strings.Contains(stderr, "rules were refused") {
		t.Errorf("pasted as it is: exit %d, %s", code, stderr)
	}
	for _, fill := range [][2]string{{`reason: ""`, "reason: known"}, {`owner: ""`, "owner: fleet@example.com"}, {`expires: ""`, `expires: "2037-01-31"`}} {
		snippet = strings.ReplaceAll(snippet, fill[0], fill[1])
	}
	b.write("rules.yaml", "version: 1\nwaivers:\n"+snippet+"\n")
	if code, stdout, stderr := b.rejudge(b.path("out"), "--rules", b.path("rules.yaml")); code != 0 || !strings.Contains(stdout, "blocked      -> ready        4") {
		t.Errorf("filled in: exit %d\n%s%s", code, stdout, stderr)
	}
}

// TestRejudgeRefusesWhatCannotBe: usage problems in sentences, nothing written.
func TestRejudgeRefusesWhatCannotBe(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(2, 4))
	b.run()
	b.write("bad.yaml", "version: 2\n")
	for _, c := range []struct {
		args   []string
		want   string
		reason string
	}{
		{nil, "give the run's directory", "no directory"},
		{[]string{b.path("nowhere")}, "no ledger here", "not a run"},
		{[]string{b.path("out"), "--dry-run", "-o", b.path("copy")}, "--dry-run writes nothing", "a contradiction"},
		{[]string{b.path("out"), "--rules", b.path("bad.yaml")}, "rules were refused", "another version"},
		{[]string{b.path("out"), "--rules", b.path("none.yaml")}, "cannot read the rules", "no such file"},
		{[]string{b.path("out"), "-i", b.path("bad.yaml")}, "inventory was refused", "no inventory"},
		{[]string{b.path("out"), "-o", b.path("out")}, "holds a run already", "the copy would be the original"},
	} {
		if code, _, stderr := b.rejudge(c.args...); code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %s; want %q", c.reason, code, stderr, c.want)
		}
	}
	if _, err := os.Stat(b.path("nowhere")); err == nil {
		t.Error("a directory was made for a run that is not there")
	}
	if _, err := os.Stat(b.path("copy")); err == nil {
		t.Error("a copy was begun")
	}
}
