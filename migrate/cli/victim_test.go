package cli_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
)

// victim is one directory whose run is killed again and again.
type victim struct {
	t            *testing.T
	platform     *platform
	dir, recheck string
	deaths       int
	finished     map[int]migrate.Record // as seen after the last kill
	mark         int                    // calls before that
}

// live starts the run until it finishes, and kills it at most so many times. It returns how often it did.
func (v *victim) live(random *rand.Rand, most int) int {
	v.t.Helper()
	for !v.t.Failed() {
		child := v.platform.run(v.t, v.dir, v.recheck)
		killed := v.deaths < most && v.kill(child, random)
		if !killed {
			if err := child.Wait(); child.ProcessState.ExitCode() != 3 {
				v.t.Errorf("%v: %s", err, child.Stderr)
			}
		}
		v.inspect(killed)
		if !killed {
			break
		}
		v.deaths++
	}
	return max(1, v.deaths)
}

// kill ends the run after some time or after some requests; it is false where the run was faster.
func (v *victim) kill(child *exec.Cmd, random *rand.Rand) bool {
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	after, requests := time.Duration(20+random.IntN(900))*time.Millisecond, int64(1<<40)
	if random.IntN(3) > 0 {
		after, requests = time.Minute, v.platform.requests.Load()+1+int64(random.IntN(500))
	}
	deadline, tick := time.NewTimer(after), time.NewTicker(time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if child.ProcessState.ExitCode() != 3 {
				v.t.Errorf("%v: %s", err, child.Stderr)
			}
			return false
		case <-deadline.C:
			requests = 0
		case <-tick.C:
		}
		if v.platform.requests.Load() < requests {
			continue
		}
		if err := child.Process.Kill(); err != nil {
			v.t.Error(err)
		}
		if err := <-ended; child.ProcessState.ExitCode() >= 0 { // it ended before the signal came
			if child.ProcessState.ExitCode() != 3 {
				v.t.Errorf("%v: %s", err, child.Stderr)
			}
			return false
		}
		v.platform.phases[phaseOf(fmt.Sprint(child.Stderr))]++
		return true
	}
}

// phaseOf is where a run was by the last word that it said.
func phaseOf(said string) string {
	for _, p := range []struct{ word, phase string }{
		{"vehicles to ask again", "rechecks"}, {"asking again", "rechecks"}, {"foreign user ids", "controls and vehicles"},
		{"list of", "lists"}, {"application token", "token"},
	} {
		if strings.Contains(said, p.word) {
			return p.phase
		}
	}
	return "before the first request"
}

// inspect looks at the ledger after a kill or at the end: the file is sound, no vehicle that was finished is lost, and none
// was called again.
func (v *victim) inspect(killed bool) {
	v.t.Helper()
	calls := v.platform.since(v.mark)
	l, err := ledger.Open(v.dir)
	if err != nil {
		if !killed || len(v.finished) > 0 {
			v.t.Errorf("after kill %d: %v", v.deaths+1, err)
		}
		return
	}
	defer l.Close()
	v.wantSound()
	now := map[int]migrate.Record{}
	for r, err := range l.Records(context.Background()) {
		if err != nil {
			v.t.Error(err)
			return
		}
		if r.Finished() {
			now[r.Entry.Ordinal] = r
		}
	}
	for n, before := range v.finished {
		if after, ok := now[n]; !ok || after.Judgement.Verdict != before.Judgement.Verdict {
			v.t.Errorf("after kill %d: %s was finished as %s, and is %q", v.deaths+1, before.Entry.VehicleID, before.Judgement.Verdict, after.Judgement.Verdict)
		}
		v.wantLeftAlone(before, now[n], calls)
	}
	v.finished, v.mark = now, v.mark+len(calls)
}

// wantSound checks the database file.
func (v *victim) wantSound() {
	v.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(v.dir, ledger.FileName))
	if err != nil {
		v.t.Error(err)
		return
	}
	var said string
	err = db.QueryRow("PRAGMA integrity_check").Scan(&said)
	if err := errors.Join(err, db.Close()); err != nil || said != "ok" {
		v.t.Errorf("after kill %d: integrity_check says %q, %v", v.deaths+1, said, err)
	}
}

// wantLeftAlone checks that a finished vehicle was not called again. Rechecks are of vehicles that differ, and controls are
// made with another user's id.
func (v *victim) wantLeftAlone(before, after migrate.Record, calls []asked) {
	v.t.Helper()
	differs := func(f compare.Finding) bool { return f.Outcome == compare.Differs || f.Recheck != nil }
	if v.recheck != "0" && (slices.ContainsFunc(before.Evidence.Findings, differs) || slices.ContainsFunc(after.Evidence.Findings, differs)) {
		return
	}
	for _, c := range calls {
		if c.vehicleID != before.Entry.VehicleID || strings.HasPrefix(c.path, "/v3/") && c.userID != before.Evidence.Identity.AskedAs {
			continue
		}
		v.t.Errorf("after kill %d: %s was finished as %s and was called again: %s", v.deaths, c.vehicleID, before.Judgement.Verdict, c.path)
	}
}

// wantSame holds the final report against that of the undisturbed run.
func (v *victim) wantSame(want string) {
	v.t.Helper()
	if diff := differences(lasting(v.t, v.dir), want); diff != "" {
		v.t.Errorf("after %d kills the report is another one:\n%s", v.deaths, diff)
	}
}
