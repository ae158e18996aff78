package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// say runs a command in a process of its own and waits for its end.
func (p *platform) say(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out strings.Builder
	child := p.child(t, &out, args...)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // what it came to is its exit code
	return child.ProcessState.ExitCode(), out.String(), child.Stderr.(*strings.Builder).String()
}

// TestProcessesOnOneDirectory: while a run goes on, a second one is refused before it sends anything, and status watches
// from a third; after a kill it says so, and the next run is let in.
func TestProcessesOnOneDirectory(t *testing.T) {
	p := newPlatform(t, fixtures.HealthyScenario(30, 2), killedAt)
	reached, release := make(chan struct{}), make(chan struct{})
	p.waiting(func(n int64) {
		if n == 25 {
			close(reached)
		}
		if n >= 25 {
			<-release
		}
	})
	dir := filepath.Join(t.TempDir(), "out")
	first := p.run(t, dir, "0")
	<-reached
	sent := p.requests.Load()
	code, _, stderr := p.say(t, "run", "-i", p.inventory, "-o", dir)
	if code != 2 || !strings.Contains(stderr, "another scmigrate run is using this directory") {
		t.Errorf("a second run: exit %d: %s", code, stderr)
	}
	if more := p.requests.Load() - sent; more > 16 { // the first one's workers were on their way, with both legs
		t.Errorf("%d requests were sent meanwhile", more)
	}
	code, stdout, stderr := p.say(t, "status", dir)
	if code != 0 || !strings.Contains(stdout, "of 30 vehicles measured") || !strings.HasSuffix(stdout, "running\n") {
		t.Errorf("status: exit %d: %s%s", code, stdout, stderr)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	close(release)
	if _, stdout, _ := p.say(t, "status", dir); !strings.Contains(stdout, "killed or crashed: start the same command again to go on") {
		t.Errorf("status after the kill: %s", stdout)
	}
	second := p.run(t, dir, "0")
	if err := second.Wait(); err != nil {
		t.Errorf("the next run: %v: %s", err, second.Stderr)
	}
	if _, stdout, _ := p.say(t, "status", dir); !strings.Contains(stdout, "30 of 30 vehicles measured: ready 30") || !strings.Contains(stdout, "finished at") {
		t.Errorf("status at the end: %s", stdout)
	}
}
