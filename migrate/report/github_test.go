package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// workflowCommand is a line as actions/runner reads it.
var workflowCommand = regexp.MustCompile(`^::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)$`)

// parsedAnnotations reads the lines back as a runner does.
func parsedAnnotations(t *testing.T, text []byte) (out []annotation) {
	t.Helper()
	property := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	message := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
	for line := range strings.Lines(string(text)) {
		parts := workflowCommand.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if parts == nil || strings.Contains(line, "##[") {
			t.Errorf("no annotation: %.200q", line)
			continue
		}
		out = append(out, annotation{parts[1], property.Replace(parts[2]), message.Replace(parts[3])})
	}
	return out
}

func TestGitHubAnnotatesCauses(t *testing.T) {
	got := parsedAnnotations(t, rendered(t, "github", sample(), Options{}))
	if len(got) != len(sampleSummary().Causes) {
		t.Fatalf("%d annotations", len(got))
	}
	want := annotation{"error", "signal-lost security.sunroof, POLESTAR, COMPATIBILITY/VEHICLE_NOT_CAPABLE", "2 vehicles, 1 waived: v3 does not serve this: change the code to do without it, or ask Smartcar support (engineering)"}
	if got[0] != want || got[3].level != "warning" || got[4].level != "notice" {
		t.Errorf("annotations are %+v", got)
	}
}

func TestGitHubAnnotatesTenAtMost(t *testing.T) {
	for _, n := range []int{0, 9, 10, 11, 500} {
		s := sampleSummary()
		s.Causes = nil
		for i := range n {
			s.Causes = append(s.Causes, Cause{Code: fmt.Sprint("c", i), Verdict: []string{"broken", "inconclusive", "blocked"}[i%3], Vehicles: i + 1})
		}
		got := parsedAnnotations(t, rendered(t, "github", reportOf(s, nil), Options{}))
		if len(got) != min(n, maxAnnotations) || n > 0 && got[0].level != "error" {
			t.Errorf("%d causes: %+v", n, got)
		}
		if n > maxAnnotations && !strings.HasPrefix(got[9].message, fmt.Sprint(n-9)+" more causes") {
			t.Errorf("%d causes: the last says %q", n, got[9].message)
		}
	}
}

func TestGitHubEscapes(t *testing.T) {
	a := annotation{"error", "50%, a: b\r\n", "100%\r\nx::error::y ##[add-mask]z %0A"}
	want := "::error title=50%25%2C a%3A b%0D%0A::100%25%0D%0Ax: :error: :y ## [add-mask]z %250A"
	if got := a.command(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, text := range []string{":::error:::x", "::::", "###[error]", ":: ::"} {
		if got := withoutCommands(text); strings.Contains(got, "::") || strings.Contains(got, "##[") {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// TestTerminalGivesARunnerNoCommand: what a person's summary holds is printed in CI logs too.
func TestTerminalGivesARunnerNoCommand(t *testing.T) {
	for _, x := range []string{"::stop-commands::x", " ::add-mask::x", "word ::error::x " + strings.Repeat("word ", 30) + "::error::x", ":::error::x", "##[add-mask]x"} {
		for _, width := range []int{40, 80} {
			out := string(rendered(t, "terminal", hostile([]string{x}), Options{Width: width, Dir: x}))
			for line := range strings.Lines(out) {
				if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
					t.Errorf("%q, width %d: a runner would obey %q", x, width, line)
				}
			}
		}
	}
}
