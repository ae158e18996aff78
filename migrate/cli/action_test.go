//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheActionsScript runs run.sh with a program in the place of scmigrate that says how it was called: what it passes on,
// which code the job sees, what it tells the runner.
func TestTheActionsScript(t *testing.T) {
	for _, c := range []struct {
		name     string
		exit     int
		env      map[string]string
		earlier  bool // there is a ledger in last-night
		args     string
		want     int
		says     string
		outputs  string
		noReport bool
	}{
		{name: "go", args: "run|-i|inventory.yaml|-o|OUT|--format|json|--no-progress", outputs: "exit-code=0\nshare=OUT/share/\n"},
		{name: "a gate fails", exit: 3, env: map[string]string{"RULES": "my rules.yaml"}, args: "run|-i|inventory.yaml|-o|OUT|--format|json|--no-progress|--rules|my rules.yaml", want: 3, outputs: "exit-code=3\nshare=OUT/share/\n"},
		{name: "undecided fails", exit: 4, want: 4, outputs: "exit-code=4\nshare=OUT/share/\n"},
		{name: "undecided warns", exit: 4, env: map[string]string{"UNDECIDED": "warn"}, says: "::warning title=scmigrate::", outputs: "exit-code=4\nshare=OUT/share/\n"},
		{name: "credentials are never a warning", exit: 5, env: map[string]string{"UNDECIDED": "warn"}, want: 5, outputs: "exit-code=5\n", noReport: true},
		{name: "the first night", env: map[string]string{"NEW_ONLY": "true", "PREVIOUS": "last-night"}, args: "run|-i|inventory.yaml|-o|OUT|--format|json|--no-progress|--require|blocked <= 100%", outputs: "exit-code=0\nshare=OUT/share/\n"},
		{name: "another night", earlier: true, env: map[string]string{"NEW_ONLY": "true", "PREVIOUS": "last-night"},
			args: "run|-i|inventory.yaml|-o|OUT|--format|json|--no-progress|--previous|last-night|--require|new-blocked == 0", outputs: "exit-code=0\nshare=OUT/share/\n"},
		{name: "more arguments", env: map[string]string{"ARGS": "--time-box\n5h\n\n--require\nblocked <= 1% @95%; touch pwned $(touch pwned)\n"},
			args: "run|-i|inventory.yaml|-o|OUT|--format|json|--no-progress|--time-box|5h|--require|blocked <= 1% @95%; touch pwned $(touch pwned)", outputs: "exit-code=0\nshare=OUT/share/\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			out := filepath.Join(dir, "out")
			fake := fmt.Sprintf("#!/bin/sh\nIFS='|'; printf %%s \"$*\" >%s/args\n", dir)
			if !c.noReport {
				fake += fmt.Sprintf("mkdir -p '%[1]s/share'; echo private >'%[1]s/report.md'; echo shared >'%[1]s/share/report.md'\n", out)
			}
			writeAll(t, dir, map[string]string{"scmigrate/scmigrate": fmt.Sprintf("%sexit %d\n", fake, c.exit), "outputs": "", "summary": ""})
			if c.earlier {
				writeAll(t, dir, map[string]string{"last-night/ledger.db": "a ledger"})
			}
			cmd := exec.CommandContext(t.Context(), "bash", filepath.Join(absolute(t, repository), ".github/actions/scmigrate/run.sh"))
			cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "RUNNER_TEMP=" + dir, "GITHUB_OUTPUT=" + dir + "/outputs", "GITHUB_STEP_SUMMARY=" + dir + "/summary"}
			for name, value := range map[string]string{"INVENTORY": "inventory.yaml", "RULES": "", "OUT": out, "FORMAT": "json", "PREVIOUS": "", "NEW_ONLY": "false", "UNDECIDED": "fail", "ARGS": ""} {
				if other, ok := c.env[name]; ok {
					value = other
				}
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			said, _ := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != c.want || !strings.Contains(string(said), c.says) {
				t.Errorf("exit %d, want %d: %s", code, c.want, said)
			}
			read := func(name string) string {
				text, _ := os.ReadFile(filepath.Join(dir, name))
				return strings.ReplaceAll(string(text), out, "OUT")
			}
			if got := read("args"); c.args != "" && got != c.args {
				t.Errorf("called with %s, want %s", got, c.args)
			}
			if got := read("outputs"); got != c.outputs {
				t.Errorf("outputs %q, want %q", got, c.outputs)
			}
			if got := read("summary"); !c.noReport && got != "shared\n" || c.noReport && got != "" {
				t.Errorf("summary %q", got)
			}
			if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
				t.Error("an argument was run")
			}
		})
	}
}

func writeAll(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}
