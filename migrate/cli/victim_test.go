package cli_test

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/ledger"
)

// victim is one directory whose run is killed again and again.
type victim struct {
	t            *testing.T
	platform     *platform
	dir, recheck string
	deaths       int
	finished     map[int]row // as seen after the last kill
	mark         int         // calls before that
}

// row is a finished vehicle.
type row struct{ vehicleID, verdict string }

// live starts the run until it finishes, and kills it at most so many times. It returns how often it did.
func (v *victim) live(random *rand.Rand, most int) int {
	v.t.Helper()
	for !v.t.Failed() {
		child := v.platform.run(v.t, v.dir, v.recheck)
		killed := false
		if v.deaths < most {
			killed = v.kill(child, random)
		} else {
			v.wantEnd(child, child.Wait())
		}
		v.inspect(killed)
		if !killed {
			break
		}
		v.deaths++
	}
	return v.deaths
}

// moment is when to kill a run: after some time, after some requests, or when it has sent none for a while.
type moment struct {
	time, silence time.Duration
	requests      int64
}

func aMoment(random *rand.Rand) moment {
	m := moment{time: time.Minute, silence: time.Minute, requests: 1 << 40}
	switch random.IntN(4) {
	case 0:
		m.requests = 1 + int64(random.IntN(12))
	case 1:
		m.requests = 1 + int64(random.IntN(300))
	case 2:
		m.silence = time.Duration(5+random.IntN(150)) * time.Millisecond
	default:
		m.time = time.Duration(10+random.IntN(600)) * time.Millisecond
	}
	return m
}

// kill ends the run at a random moment; it is false where the run was faster.
func (v *victim) kill(child *exec.Cmd, random *rand.Rand) bool {
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	m, tick := aMoment(random), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	began, before := time.Now(), v.platform.requests.Load()
	for last, heard := began, before; ; {
		select {
		case err := <-ended:
			v.wantEnd(child, err)
			return false
		case <-tick.C:
		}
		if now := v.platform.requests.Load(); now != heard {
			heard, last = now, time.Now()
		}
		if time.Since(began) < m.time && heard < before+m.requests && (heard == before || time.Since(last) < m.silence) {
			continue
		}
		if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			v.t.Error(err)
		}
		err := <-ended
		if child.ProcessState.ExitCode() < 0 {
			return true
		}
		v.wantEnd(child, err) // before the signal came
		return false
	}
}

// wantEnd checks a run that ended by itself.
func (v *victim) wantEnd(child *exec.Cmd, err error) {
	v.t.Helper()
	if child.ProcessState.ExitCode() != 3 {
		v.t.Errorf("%v: %s", err, child.Stderr)
	}
}

// phase is where a run was when it was killed, by what its ledger holds.
func (v *victim) phase(l *ledger.Ledger) string {
	ctx := context.Background()
	header, err := l.Header(ctx)
	lists, errLists := l.LinkLists(ctx)
	controls, errControls := l.Controls(ctx)
	tally, errTally := l.Tally(ctx)
	if err := errors.Join(err, errLists, errControls, errTally); err != nil {
		v.t.Error(err)
	}
	switch {
	case header.RunID == "":
		return "1 reading the inventory"
	case len(lists) < 2:
		return "2 lists"
	case controls.Tried < 3:
		return "3 controls"
	case tally.Measured() < tally.Total:
		return "4 vehicles, for the first time"
	case header.FinishedAt == "":
		return "5 the unmeasured again, rechecks, settling"
	}
	return "6 reports"
}

// inspect looks at the ledger after a kill or at the end: the file is sound, no vehicle that was finished is lost, and none
// was called again.
func (v *victim) inspect(killed bool) {
	v.t.Helper()
	calls := v.platform.since(v.mark)
	l, err := ledger.Open(v.dir)
	if err != nil {
		v.platform.phases["0 before there was a ledger"]++
		if !killed || len(v.finished) > 0 {
			v.t.Errorf("after kill %d: %v", v.deaths+1, err)
		}
		return
	}
	defer l.Close()
	if killed {
		v.platform.phases[v.phase(l)]++
	}
	now := v.rows()
	for n, before := range v.finished {
		if after := now[n]; after != before {
			v.t.Errorf("after kill %d: %v was finished, and is %v", v.deaths+1, before, after)
		}
	}
	v.wantLeftAlone(l, calls)
	v.finished, v.mark = now, v.mark+len(calls)
}

// rows are the finished vehicles by ordinal, read past the ledger's own code; the database file must be sound.
func (v *victim) rows() map[int]row {
	v.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(v.dir, ledger.FileName))
	if err != nil {
		v.t.Fatal(err)
	}
	defer db.Close()
	var said string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&said); err != nil || said != "ok" {
		v.t.Errorf("after kill %d: integrity_check says %q, %v", v.deaths+1, said, err)
	}
	found, err := db.Query("SELECT ordinal, vehicle_id, verdict FROM vehicles WHERE finished = 1")
	if err != nil {
		v.t.Fatal(err)
	}
	defer found.Close()
	rows := map[int]row{}
	for found.Next() {
		var n int
		var r row
		if err := found.Scan(&n, &r.vehicleID, &r.verdict); err != nil {
			v.t.Fatal(err)
		}
		rows[n] = r
	}
	if err := found.Err(); err != nil {
		v.t.Error(err)
	}
	return rows
}

// wantLeftAlone checks that no vehicle that was finished before was called since. Rechecks are of vehicles that differ, and
// controls are made with another user's id.
func (v *victim) wantLeftAlone(l *ledger.Ledger, calls []asked) {
	v.t.Helper()
	called := map[string][]asked{}
	for _, c := range calls {
		called[c.vehicleID] = append(called[c.vehicleID], c)
	}
	for n, before := range v.finished {
		if len(called[before.vehicleID]) == 0 {
			continue
		}
		r, err := l.Record(context.Background(), n)
		if err != nil {
			v.t.Fatal(err)
		}
		differs := func(f compare.Finding) bool { return f.Outcome == compare.Differs || f.Recheck != nil }
		if v.recheck != "0" && slices.ContainsFunc(r.Evidence.Findings, differs) {
			continue
		}
		for _, c := range called[before.vehicleID] {
			if !strings.HasPrefix(c.path, "/v3/") || c.userID == r.Evidence.Identity.AskedAs {
				v.t.Errorf("after kill %d: %v was finished and was called again: %s", v.deaths, before, c.path)
			}
		}
	}
}

// wantSame holds the final report against that of the undisturbed run.
func (v *victim) wantSame(want string) {
	v.t.Helper()
	if diff := differences(lasting(v.t, v.dir), want); diff != "" {
		v.t.Errorf("after %d kills the report is another one:\n%s", v.deaths, diff)
	}
}
