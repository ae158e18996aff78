package ledger_test

import (
	"errors"
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
	file := filepath.Join(dir, "ledger.db-bucket")
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
	d.Paused(smartcar.HostLegacy, at, at.Add(time.Hour))
	d.Paused(smartcar.HostLegacy, at, at.Add(time.Minute)) // shortens none
	d.Paused(smartcar.HostIAM, at, at.Add(-time.Minute))
	d.Paused(smartcar.HostApp, at.Add(time.Hour), at.Add(2*time.Hour)) // said by a clock that was set back since
	killed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, _ = begin()
	if list := calls(l); len(list) != 6 {
		t.Errorf("after a clean end: %v", list)
	}
	if err := errors.Join(l.Close(), os.WriteFile(file, killed, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second one begins and is killed at once
		l, _ = begin()
		if list := calls(l); len(list) != 10 || list[9].At.UTC() != at.Add(4*time.Second) {
			t.Errorf("after a kill: %v", list)
		}
		if killed, err = os.ReadFile(file); err == nil {
			err = errors.Join(l.Close(), os.WriteFile(file, killed, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l, _ = begin() // and one that ends well forgets none of it
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, d = begin()
	if list := calls(l); len(list) != 10 {
		t.Errorf("after a kill and a clean end: %v", list)
	}
	var paused []time.Time
	d.EachPause(func(host smartcar.Host, until time.Time) {
		paused = append(paused, until.UTC())
	})
	if !slices.Equal(paused, []time.Time{at.Add(time.Hour)}) {
		t.Errorf("paused until %v", paused)
	}
	d.Departed(smartcar.HostApp, at.Add(time.Minute))
	if list := calls(l); len(list) != 11 || list[10].At.UTC() != at.Add(time.Minute) {
		t.Errorf("%v", list)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestABucketFileThatCannotBe counts nothing, and a link is not followed.
func TestABucketFileThatCannotBe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	l, err := ledger.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file := filepath.Join(dir, "ledger.db-bucket")
	for _, text := range []string{"", "app 0 9000000000000000000 0 0 0\n", "app -9000000000000000000 5 0 0 0\n", "app 0 -1 0 0 0\napp x", string(make([]byte, 1<<20))} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := l.EachCall(t.Context(), func(ledger.Departure) { t.Errorf("%.40q counts", text) }); err != nil {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := errors.Join(os.WriteFile(other, []byte("theirs"), 0o600), os.Remove(file), os.Symlink(other, file)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Departures(t.Context(), time.Now()); err == nil {
		t.Error("a link was followed")
	}
	if text, _ := os.ReadFile(other); string(text) != "theirs" {
		t.Errorf("it holds %q", text)
	}
}
