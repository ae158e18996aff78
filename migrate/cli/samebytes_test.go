package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
	"scmigrate/migrate/report"
)

// elsewhere is a process of another place and day that runs one command.
func elsewhere(t *testing.T, env []string, args ...string) string {
	t.Helper()
	encoded, err := json.Marshal(append([]string{"scmigrate"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append([]string{asChild + "=" + string(encoded), "PATH=" + os.Getenv("PATH")}, env...)
	var stderr strings.Builder
	child.Stderr = &stderr
	stdout, err := child.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return string(stdout)
}

// TestSameLedgerSameBytes (CONTRACT §8.5): every format, what goes to standard output too, in both forms, is the same
// bytes whenever, wherever and with however many cores it is rendered.
func TestSameLedgerSameBytes(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(60, 4))
	all := strings.Join(report.Formats(), ",")
	if code, _, stderr := b.run("--format", all); code != 3 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	first := b.reports("out")
	if want := 2 * (len(report.Formats()) - 2); len(first) < want { // terminal and github have no file
		t.Fatalf("%d files, want %d and the key", len(first), want)
	}
	code, wantOut, stderr := b.call("report", b.path("out"), "--format", all)
	if code != 0 || !strings.Contains(wantOut, "NO-GO") || len(annotationsIn(wantOut)) == 0 {
		t.Fatalf("exit %d: %s%s", code, wantOut, stderr)
	}
	b.wantSame(first, "out")
	day := func(days int) string {
		return childNow + "=" + time.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339)
	}
	for _, env := range [][]string{
		{day(0), "TZ=UTC"}, {day(40), "TZ=Asia/Kathmandu"}, {day(-900), "TZ=America/St_Johns"}, {day(400), "TZ=Pacific/Kiritimati", "LANG=ar_EG.UTF-8", "LC_ALL=ar_EG.UTF-8"}, {day(1), "GOMAXPROCS=1", "TZ=Etc/GMT+12"},
	} {
		for name := range first {
			if strings.Contains(name, "report.") || strings.Contains(name, "vehicles.csv") {
				if err := os.Remove(name); err != nil { // or a report that is not written would pass
					t.Fatal(err)
				}
			}
		}
		if got := elsewhere(t, env, "report", b.path("out"), "--format", all); got != wantOut {
			t.Errorf("%v: standard output is not the same:\n%s\nwant\n%s", env, got, wantOut)
		}
		if b.wantSame(first, "out"); len(b.reports("out")) != len(first) {
			t.Errorf("%v: %d files, want %d", env, len(b.reports("out")), len(first))
		}
	}
}
