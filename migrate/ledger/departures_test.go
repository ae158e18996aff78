package ledger_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"scmigrate/migrate/ledger"
	"scmigrate/migrate/smartcar"
)

// TestWhatLeftAndWasNotRecorded: of a process that was killed, the calls that it made and nobody recorded have left the bucket,
// once, at the time of the last one; and what Smartcar asked to wait is kept.
func TestWhatLeftAndWasNotRecorded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	calls := func(l *ledger.Ledger) (list []ledger.Departure) {
		if err := l.EachCall(t.Context(), func(d ledger.Departure) { list = append(list, d) }); err != nil {
			t.Fatal(err)
		}
		return list
	}
	begin := func() (*ledger.Ledger, *ledger.Departures) {
		l, err := ledger.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		d, err := l.Departures(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		return l, d
	}
	l, d := begin()
	for i := range 5 {
		moment := at.Add(time.Duration(i) * time.Second)
		d.Departed(smartcar.HostApp, moment)
		d.Departed(smartcar.HostLegacy, moment)
		if i < 3 {
			l.AddCall(smartcar.Call{At: moment, Host: smartcar.HostApp, Method: "GET", Path: "/v3/vehicles/a/signals"})
			l.AddCall(smartcar.Call{At: moment, Host: smartcar.HostLegacy, Method: "GET", Path: map[bool]string{true: "/v3/vehicles/a/signals", false: "/v2.0/user"}[i == 2]})
		}
	}
	d.Paused(smartcar.HostLegacy, at.Add(time.Hour))
	d.Paused(smartcar.HostLegacy, at.Add(time.Minute)) // shortens none
	d.Paused(smartcar.HostIAM, at.Add(-time.Minute))
	if err := l.Close(); err != nil { // the others were killed on their way
		t.Fatal(err)
	}
	l, d = begin()
	if again := calls(l); len(again) != 6 {
		t.Errorf("a process that took no account counts again: %v", again)
	}
	var paused []time.Time
	d.EachPause(func(host smartcar.Host, until time.Time) {
		if host == smartcar.HostLegacy {
			paused = append(paused, until.UTC())
		}
	})
	if !slices.Equal(paused, []time.Time{at.Add(time.Hour)}) {
		t.Errorf("paused until %v", paused)
	}
	d.Departed(smartcar.HostApp, at.Add(time.Minute))
	if list := calls(l); len(list) != 7 || list[6] != (ledger.Departure{At: time.Unix(0, at.Add(time.Minute).UnixNano()), Host: smartcar.HostApp}) {
		t.Errorf("%v", list)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "ledger.db-bucket")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
