package cli_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

var refreshKills = flag.Int("refresh.kills", refreshKillsDefault, "how often TestRefreshKilledAtRandom kills its refreshes, in all")

// kinds are the graces that Smartcar's texts name (smartcar-v2.md §1.3) and both kinds of store; an
// inventory that is its own store for the shorter grace alone. The race detector is left each grace and each store once.
func kinds(t *testing.T, vehicles int, test func(t *testing.T, fresh func() *rotating)) {
	for _, grace := range []time.Duration{60 * time.Second, 600 * time.Second} {
		for _, store := range []string{"inventory", "exec", "in place"} {
			if store == "in place" && grace > time.Minute || underRace && (store == "in place" || (store == "exec") != (grace > time.Minute)) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", store, grace), func(t *testing.T) {
				test(t, func() *rotating { return newRotating(t, vehicles, grace, store) })
			})
		}
	}
}

// TestRefreshKilledAtEveryStep kills a refresh between any two statements that matter, one after the other, lets the grace
// period nearly pass, and starts it again: no refresh token is lost, none is sent after its successor was stored, and by the
// platform's own count nobody is locked out.
func TestRefreshKilledAtEveryStep(t *testing.T) {
	kinds(t, 2, func(t *testing.T, fresh func() *rotating) {
		steps := 0
		for at := 1; !t.Failed(); at++ {
			r := fresh()
			child := r.start(killStep + "=" + fmt.Sprint(at))
			if err := child.Wait(); child.ProcessState.Exited() {
				if err != nil {
					t.Fatalf("%v: %s", err, child.Stderr)
				}
				break // it has no more steps
			}
			steps++
			when := fmt.Sprintf("killed at step %d", at)
			r.wantNobodyLockedOut(when, 0)
			r.later(r.grace - 5*time.Second)
			r.finish()
			r.wantWhole(when)
		}
		if steps < 30 {
			t.Errorf("only %d steps were found", steps)
		}
		t.Logf("%d steps", steps)
	})
}

// TestRefreshKilledBeforeTheAnswer kills it when the platform has spent the token and not answered yet.
func TestRefreshKilledBeforeTheAnswer(t *testing.T) {
	kinds(t, 3, func(t *testing.T, fresh func() *rotating) {
		for at := 1; at <= 3; at++ {
			r := fresh()
			started := make(chan *exec.Cmd, 1)
			r.spent = func(n int) {
				if n == at {
					child := <-started
					_ = child.Process.Kill()
				}
			}
			child := r.start()
			started <- child
			_ = child.Wait()
			if child.ProcessState.Exited() {
				t.Fatalf("it was not killed: %s", child.Stderr)
			}
			r.later(r.grace - 5*time.Second)
			r.finish()
			r.wantWhole(fmt.Sprintf("killed before answer %d", at))
		}
	})
}

// TestRefreshKilledAtRandom kills refreshes of 40 vehicles at random moments until each came to its end.
//
//	go test ./migrate/cli -run RefreshKilledAtRandom -v -refresh.kills 1000 -timeout 30m
func TestRefreshKilledAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(*killsSeed, 6))
	part := 0
	kinds(t, 40, func(t *testing.T, fresh func() *rotating) {
		part++
		kills := 0
		for kills < *refreshKills*part/5-*refreshKills*(part-1)/5 && !t.Failed() {
			r := fresh()
			for n := 0; n < 40 && r.killed(random); n++ { // a machine that is busy may never let one end
				kills++
			}
			r.finish()
			r.wantWhole("after random kills")
		}
		t.Logf("%d kills", kills)
	})
}

// killed starts a refresh and kills it at a random moment; it is false where the refresh was faster.
func (r *rotating) killed(random *rand.Rand) bool {
	r.t.Helper()
	if journal, _ := os.ReadFile(r.path(r.out() + ".rotation")); strings.Contains(string(journal), "retired") {
		return false // it came to its end, and was killed behind it
	}
	r.mu.Lock()
	before := r.last
	r.mu.Unlock()
	child := r.start()
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			r.t.Errorf("%v: %s", err, child.Stderr)
		}
		return false
	case <-time.After(time.Duration(20+random.IntN(400)) * time.Millisecond):
	}
	_ = child.Process.Kill()
	if err := <-ended; child.ProcessState.Exited() {
		if err != nil {
			r.t.Errorf("%v: %s", err, child.Stderr)
		}
		return false
	}
	r.wantNobodyLockedOut("after a kill", 0)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != before { // a token that was sent before must be sent again within the grace period of its first use
		r.later(r.grace / 2)
	}
	return true
}

// Two refreshers at once would lock owners out: the second is refused and sends nothing.
func TestRefreshIsAloneOnItsFiles(t *testing.T) {
	r := newRotating(t, 3, time.Minute, "inventory")
	waiting, release := make(chan struct{}), make(chan struct{})
	r.spent = func(n int) {
		if n == 1 {
			close(waiting)
			<-release
		}
	}
	first := r.start()
	<-waiting
	second := r.start()
	if _ = second.Wait(); second.ProcessState.ExitCode() != 2 {
		t.Errorf("the second one: exit %d: %s", second.ProcessState.ExitCode(), second.Stderr)
	}
	close(release)
	if err := first.Wait(); err != nil {
		t.Errorf("the first one: %v: %s", err, first.Stderr)
	}
	r.wantWhole("after both")
	if _, err := os.Stat(r.path("old.yaml.lock")); err != nil {
		t.Errorf("no lock beside the inventory: %v", err)
	}
}
