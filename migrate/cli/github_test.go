package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scmigrate/fixtures"
	"scmigrate/migrate/report"
)

// annotationsIn are the workflow commands of an output.
func annotationsIn(stdout string) (lines []string) {
	for line := range strings.Lines(stdout) {
		if strings.HasPrefix(line, "::") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// TestGitHubFormat: annotations and the step summary come with every command that reports, and name nobody.
func TestGitHubFormat(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(40, 4))
	b.env["GITHUB_STEP_SUMMARY"] = b.path("summary.md")
	b.write("summary.md", "# an earlier command of this step\n")
	code, stdout, stderr := b.run("--format", "terminal,html,markdown,json,junit,csv,github")
	if code != 3 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	first := annotationsIn(stdout)
	if len(first) == 0 || len(first) > 10 || !strings.HasPrefix(first[0], "::error title=") {
		t.Errorf("annotations are %q", first)
	}
	for _, name := range []string{"report.junit.xml", "vehicles.csv", "share/report.junit.xml", "share/vehicles.csv"} {
		if info, err := os.Stat(filepath.Join(b.path("out"), name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	shared, summary := b.read("out/share/report.md"), b.read("summary.md")
	if summary != "# an earlier command of this step\n\n"+shared {
		t.Error("the step summary is not the shareable Markdown after what stood there")
	}
	if code, stdout, stderr = b.call("report", b.path("out"), "-o", b.path("again"), "--format", "github"); code != 0 || strings.Join(annotationsIn(stdout), "\n") != strings.Join(first, "\n") {
		t.Errorf("report exits %d: %s%s", code, stdout, stderr)
	}
	if got := b.read("summary.md"); got != summary+"\n"+shared {
		t.Error("report adds something else to the step summary")
	}
	for _, row := range b.world.Inventory() {
		if strings.Contains(strings.Join(first, "\n")+summary, row.VehicleID) || row.UserID != "" && strings.Contains(strings.Join(first, "\n")+summary, row.UserID) {
			t.Errorf("%s of %q is named", row.VehicleID, row.UserID)
		}
	}
}

// TestStepSummaryKeepsToItsLimit: GitHub drops a summary of more than 1 MiB as a whole.
func TestStepSummaryKeepsToItsLimit(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(40, 4))
	b.env["GITHUB_STEP_SUMMARY"] = b.path("summary.md")
	b.run("--format", "markdown")
	for _, left := range []int{-10, 0, 1, 4000, 4200, 6000, 70_000} {
		b.write("summary.md", strings.Repeat("x", 1<<20-left))
		code, _, stderr := b.call("report", b.path("out"), "--format", "markdown,github")
		added := len(b.read("summary.md")) - (1<<20 - left)
		if code != 0 || added > max(left, 0) || (added > 0) != (left > 4100) || (added == 0) != strings.Contains(stderr, "step summary is full") {
			t.Errorf("%d bytes of room: exit %d, %d added, %s", left, code, added, stderr)
		}
	}
	b.env["GITHUB_STEP_SUMMARY"] = b.path("no/such/dir")
	if code, _, stderr := b.call("report", b.path("out"), "--format", "github"); code != 1 || !strings.Contains(stderr, "step summary") {
		t.Errorf("a summary that cannot be written: exit %d, %s", code, stderr)
	}
}

// TestEveryFormatFromEveryCommand: run and report are above; rejudge and merge write the same files from the same facts.
func TestEveryFormatFromEveryCommand(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(40, 4))
	const formats = "terminal,html,markdown,json,junit,csv,github"
	dirs := b.shards(2)
	_, merged, stderr := b.call(append(append([]string{"merge"}, dirs...), "-o", b.path("whole"), "--format", formats)...)
	if len(annotationsIn(merged)) == 0 {
		t.Errorf("merge: %s%s", merged, stderr)
	}
	_, judged, stderr := b.call("rejudge", b.path("whole"), "-o", b.path("again"), "--format", formats)
	if strings.Join(annotationsIn(judged), "\n") != strings.Join(annotationsIn(merged), "\n") {
		t.Errorf("rejudge: %s%s", judged, stderr)
	}
	for _, name := range []string{"report.html", "report.md", "report.json", "report.junit.xml", "vehicles.csv"} {
		for _, form := range []string{"", "share/"} {
			if b.read("whole/"+form+name) != b.read("again/"+form+name) {
				t.Errorf("%s%s of merge and of rejudge differ", form, name)
			}
		}
	}
	if n := strings.Count(b.read("whole/vehicles.csv"), "\r\n"); n != 1+len(b.world.Inventory()) {
		t.Errorf("vehicles.csv has %d lines", n)
	}
}

func TestReadmeNamesEveryFormat(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range report.Formats() {
		row := "\n| `" + name + "` |"
		if file := report.FileOf(name); file != "" {
			row += " `" + file + "` |"
		}
		if !strings.Contains(string(text), row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
}
