//go:build unix

package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// console runs sections, each in a shell and a directory of its own in which the repository is visible. The go that
// stands first in the PATH runs and hands out binary, instead of building it again and again, and runs no tests.
type console struct {
	binary, repository string        // absolute
	patience           time.Duration // for one section
}

// visible is what a section sees of the repository; what its commands write stays in its directory.
var visible = []string{"README.md", "compare", "fixtures", "go.mod", "go.sum", "main.go", "migrate", "testdata"}

const goShim = `#!/bin/sh
case "$1 $2 $4" in
"run . "*) shift 2; exec '%[1]s' "$@" ;;
"build -o .") exec cp '%[1]s' "$3" ;;
esac
echo "README commands may use: go run ., go build -o FILE ., go test (not: go $*)" >&2
exit 64
`

// run returns what is not as the README shows it, each beginning with the command's line number. After a wrong exit code
// the rest of the section is not run.
func (c console) run(t *testing.T, s section) (problems []string) {
	t.Helper()
	dir := t.TempDir()
	if err := c.furnish(dir, s); err != nil {
		t.Fatal(err)
	}
	late := c.shell(t.Context(), dir)
	for i, cmd := range s.commands {
		if cmd.text == "" || cmd.isTests() {
			continue
		}
		output, code, ended := result(dir, i)
		switch {
		case !ended && late:
			return append(problems, fmt.Sprintf("%d: was still running after %s: %s\n%s", cmd.line, c.patience, cmd.text, output))
		case !ended:
			return append(problems, fmt.Sprintf("%d: ended the shell: %s\n%s", cmd.line, cmd.text, output))
		case code != cmd.exit:
			return append(problems, fmt.Sprintf("%d: exit code %d, want %d (say it with: # exits N): %s\n%s", cmd.line, code, cmd.exit, cmd.text, output))
		case !cmd.shows(output):
			problems = append(problems, fmt.Sprintf("%d: printed\n%s\nwhere the README shows\n%s", cmd.line, output, strings.Join(cmd.want, "\n")))
		}
	}
	return problems
}

// furnish lays out work (the shell's directory), bin (the shim) and steps (each command, its output, its exit code).
func (c console) furnish(dir string, s section) error {
	var script strings.Builder
	for i, cmd := range s.commands {
		if cmd.text == "" || cmd.isTests() {
			continue
		}
		fmt.Fprintf(&script, ". %[3]s/%[1]d.sh >%[3]s/%[1]d.out 2>&1; code=$?; echo $code >%[3]s/%[1]d.code; [ $code = %[2]d ] || exit\n", i, cmd.exit, filepath.Join(dir, "steps"))
	}
	err := errors.Join(os.Mkdir(filepath.Join(dir, "work"), 0o700), os.Mkdir(filepath.Join(dir, "steps"), 0o700), os.Mkdir(filepath.Join(dir, "bin"), 0o700),
		os.WriteFile(filepath.Join(dir, "steps", "all.sh"), []byte(script.String()), 0o600),
		os.WriteFile(filepath.Join(dir, "bin", "go"), fmt.Appendf(nil, goShim, c.binary), 0o700))
	for i, cmd := range s.commands {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, "steps", strconv.Itoa(i)+".sh"), []byte(cmd.text+"\n"), 0o600))
	}
	for _, name := range visible {
		err = errors.Join(err, os.Symlink(filepath.Join(c.repository, name), filepath.Join(dir, "work", name)))
	}
	return err
}

// shell runs the whole section and whatever it left in the background, and tells whether it had to be stopped.
func (c console) shell(ctx context.Context, dir string) (late bool) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", "../steps/all.sh")
	cmd.Dir, cmd.Env = filepath.Join(dir, "work"), environment(dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its background commands end with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	_ = cmd.Run() // what the commands say is judged
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	return ctx.Err() != nil
}

// environment lets commands reach loopback alone: every host of the platform, and every proxy, is a closed port until the
// command names another.
func environment(dir string) []string {
	env := []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8"}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "SMARTCAR_IAM_ORIGIN", "SMARTCAR_VEHICLE_API_ORIGIN", "SMARTCAR_API_ORIGIN", "SMARTCAR_AUTH_ORIGIN", "SMARTCAR_MANAGEMENT_API_ORIGIN"} {
		env = append(env, name+"=http://127.0.0.1:1")
	}
	return env
}

func result(dir string, i int) (output string, code int, ended bool) {
	step := filepath.Join(dir, "steps", strconv.Itoa(i))
	out, _ := os.ReadFile(step + ".out")
	said, err := os.ReadFile(step + ".code")
	if err != nil {
		return string(out), 0, false
	}
	code, err = strconv.Atoi(strings.TrimSpace(string(said)))
	return string(out), code, err == nil
}
