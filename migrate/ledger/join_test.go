package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// cut makes n shards of a fleet of 30 vehicles, all measured; change may spoil one before it is closed.
func cut(t *testing.T, n int, change func(k int, l *Ledger, h *Header)) (dirs []string) {
	t.Helper()
	ctx := t.Context()
	for k := 1; k <= n; k++ {
		dir := filepath.Join(t.TempDir(), fmt.Sprint("shard-", k))
		l, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		shard := migrate.Shard{K: k, N: n}
		own := slices.DeleteFunc(fleet(30), func(e inventory.Entry) bool { return !shard.Has(e) })
		put(t, l, 1, own...)
		h := Header{RunID: fmt.Sprint("run-", k), StartedAt: fmt.Sprintf("2026-11-01T0%d:00:00Z", k), FinishedAt: fmt.Sprintf("2026-11-02T0%d:00:00Z", k), Complete: true, Shard: shard.String(),
			Length: 30, ShareKey: fmt.Sprint("key-", k), Seed: 1}
		for _, e := range own {
			l.AddCall(aCall(e.Ordinal))
			if err := l.Save(ctx, aRecord(e.Ordinal, migrate.Ready)); err != nil {
				t.Fatal(err)
			}
		}
		if change != nil {
			change(k, l, &h)
		}
		if err := errors.Join(l.SetHeader(ctx, h), l.Close()); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

// joinAll joins shards and gives the open ledger to look, before it has its name.
func joinAll(t *testing.T, dirs []string, look func(*Ledger, []Part) error) (string, error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "merged")
	parts, err := OpenParts(t.Context(), dirs)
	if err == nil {
		err = Room(parts, out)
	}
	if err != nil {
		return out, err
	}
	return out, Join(t.Context(), parts, out, func(l *Ledger) error { return look(l, parts) })
}

// TestJoinHoldsEverything: every vehicle and call of every shard, in the order of the inventory.
func TestJoinHoldsEverything(t *testing.T) {
	out, err := joinAll(t, cut(t, 3, nil), func(l *Ledger, _ []Part) error {
		if _, err := os.Stat(filepath.Join(filepath.Dir(l.Dir()), FileName)); err == nil {
			t.Error("the ledger has its name before it is settled: a kill would leave it behind")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := 0
	for r, err := range l.Records(t.Context()) {
		want := aRecord(n, migrate.Ready)
		if err != nil || r.Entry.Ordinal != n || !sameJSON(r, want) {
			t.Fatalf("vehicle %d: %v\n%s", n, err, cmp.Diff(want.Entry, r.Entry))
		}
		n++
	}
	requests, err := l.Requests(t.Context())
	legacy, app, err2 := l.Billed(t.Context())
	if n != 30 || requests["legacy"] != 30 || legacy != 90 || app != 30 || err != nil || err2 != nil {
		t.Errorf("%d vehicles, calls %v, billed %d and %d (%v, %v)", n, requests, legacy, app, err, err2)
	}
	var check, indexes string
	err = l.read.QueryRow("PRAGMA integrity_check").Scan(&check)
	err2 = l.read.QueryRow("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").Scan(&indexes)
	if check != "ok" || indexes == "0" || err != nil || err2 != nil {
		t.Errorf("integrity %q, %s indexes (%v, %v)", check, indexes, err, err2)
	}
}

// TestJoinKnowsEveryTable: whoever adds one decides here what becomes of its rows in a joined ledger.
func TestJoinKnowsEveryTable(t *testing.T) {
	decided := []string{"calls", "elsewhere", "header", "links", "lists", "vehicles"} // elsewhere: a whole fleet has none
	var tables string
	err := create(t, t.TempDir()).read.QueryRow("SELECT group_concat(name ORDER BY name) FROM sqlite_schema WHERE type = 'table'").Scan(&tables)
	if err != nil || tables != strings.Join(decided, ",") {
		t.Errorf("tables %s, decided %v (%v)", tables, decided, err)
	}
}

// TestAFailedJoinLeavesNothing, so that the next one finds an empty directory.
func TestAFailedJoinLeavesNothing(t *testing.T) {
	full := errors.New("disk full")
	out, err := joinAll(t, cut(t, 2, nil), func(*Ledger, []Part) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	left, err := os.ReadDir(out)
	if err != nil || len(left) > 1 || len(left) == 1 && left[0].Name() != ".lock" {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestJoinRefusesALedgerThatIsNotWhole(t *testing.T) {
	dirs := cut(t, 2, func(k int, l *Ledger, _ *Header) {
		if k == 2 {
			if _, err := l.write.Exec("DELETE FROM vehicles WHERE ordinal = (SELECT max(ordinal) FROM vehicles)"); err != nil {
				t.Fatal(err)
			}
		}
	})
	_, err := joinAll(t, dirs, func(*Ledger, []Part) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "the shards hold 29 vehicles, and the inventory 30") {
		t.Errorf("%v", err)
	}
}

// TestJoinTakesTheNewestWholeList of each mode, whoever read it.
func TestJoinTakesTheNewestWholeList(t *testing.T) {
	at := func(hour int) time.Time { return noon.Add(time.Duration(hour) * time.Hour) }
	list := func(mode string, hour int, complete bool, users ...string) aList {
		l := aList{Mode: mode, ReadAt: at(hour), Pages: 1, Complete: complete}
		for _, u := range users {
			l.Links = append(l.Links, migrate.Link{VehicleID: "car", UserID: u, Mode: mode})
		}
		return l
	}
	of := map[int][]aList{
		1: {list("live", 1, true, "old"), list("simulated", 1, false, "cut-old")},
		2: {list("live", 2, true, "new", "newer"), list("simulated", 2, false, "cut-new")},
		3: {list("live", 3, false, "cut")},
	}
	dirs := cut(t, 3, func(k int, l *Ledger, _ *Header) {
		for _, list := range of[k] {
			if err := saveList(t.Context(), l, list); err != nil {
				t.Fatal(err)
			}
		}
	})
	_, err := joinAll(t, dirs, func(l *Ledger, _ []Part) error {
		links, err := l.Links(t.Context(), "car")
		var users []string
		for _, link := range links {
			users = append(users, link.UserID)
		}
		lists, err2 := l.LinkLists(t.Context())
		if want := []string{"cut-new", "new", "newer"}; !slices.Equal(users, want) || len(lists) != 2 || !lists[0].ReadAt.Equal(at(2)) {
			t.Errorf("%v, want %v; %+v", users, want, lists)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestHeaderOfTheParts does not depend on the moment or the order, and an end that a part has not reached is none.
func TestHeaderOfTheParts(t *testing.T) {
	dirs := cut(t, 3, func(k int, _ *Ledger, h *Header) {
		switch k {
		case 1:
			h.FinishedAt = "" // killed
		case 2:
			h.Stopped = string(migrate.StopBudget)
		}
	})
	var first Header
	for i, order := range [][]string{{dirs[0], dirs[1], dirs[2]}, {dirs[2], dirs[0], dirs[1]}} {
		parts, err := OpenParts(context.Background(), order)
		if err != nil {
			t.Fatal(err)
		}
		h := HeaderOf(parts, "v1")
		if i == 0 {
			first = h
		}
		if h != first || len(h.ShareKey) != 64 || len(h.RunID) != 16 || h.Shard != "" || h.StartedAt != "2026-11-01T01:00:00Z" || h.FinishedAt != "2026-11-02T03:00:00Z" || h.Stopped != string(migrate.StopInterrupted) {
			t.Errorf("%+v", h)
		}
	}
}

// TestControlsAddUp: two pairs confirm a breach, the same car twice does not.
func TestControlsAddUp(t *testing.T) {
	served := func(car string) migrate.Controls {
		return migrate.Controls{Tried: 3, Refused: 2, Served: 1, Vehicles: []string{car}, RefusedFor: []string{"a", "b"}}
	}
	if c := bothControls(served("x"), served("y")); !c.Breached() || c.Tried != 6 || c.Refused != 4 || len(c.Vehicles) != 2 || len(c.RefusedFor) != 2 {
		t.Errorf("two cars: %+v", c)
	}
	if c := bothControls(served("x"), served("X")); c.Breached() || c.Tried != 5 || c.Served != 1 {
		t.Errorf("one car: %+v", c)
	}
}
