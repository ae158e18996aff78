package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"scmigrate/migrate"
)

// TestWhatAListChanges: the vehicles that were judged by a connection that is gone, that grants less, or whose betterment may
// unblock them are pending again; all others stay finished.
func TestWhatAListChanges(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(8)...)
	link := func(n int, permissions ...string) migrate.Link {
		return migrate.Link{VehicleID: anEntry(n).VehicleID, UserID: anEntry(n).UserID, Permissions: permissions, Mode: "live"}
	}
	verdicts := map[int]migrate.Verdict{5: migrate.Blocked, 6: migrate.Blocked}
	for n := range 8 {
		verdict := migrate.Ready
		if v, ok := verdicts[n]; ok {
			verdict = v
		}
		save(t, l, aRecord(n, verdict))
	}
	first := aList{Mode: "live", ReadAt: noon, Complete: true, Links: []migrate.Link{link(0, "a", "b"), link(1, "a", "b"), link(2, "a", "b"), link(3, "a"), link(5, "a"), link(7, "a")}}
	second := aList{Mode: "live", ReadAt: noon.Add(24 * time.Hour), Complete: true, Links: []migrate.Link{link(0, "a", "b"), link(1, "a"), link(3, "a", "c"), link(5, "a", "c"), link(6, "a"), {VehicleID: anEntry(7).VehicleID, UserID: anEntry(7).UserID, Mode: "live"}}}
	for _, list := range []aList{first, second} {
		if err := saveList(t.Context(), l, list); err != nil {
			t.Fatal(err)
		}
	}
	var pending []int
	for e, err := range l.Pending(t.Context(), "both") {
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending, e.Ordinal)
	}
	slices.Sort(pending)
	// 1 grants less, 2 is gone, 5 is blocked and grants more, 6 is blocked and connected now; 3 was ready and grants more, 7 is silent now
	if want := []int{1, 2, 5, 6}; !slices.Equal(pending, want) {
		t.Errorf("pending: %v, want %v", pending, want)
	}
	c, err := l.ListChanges(t.Context())
	if err != nil || c.Gone.N != 1 || c.New.N != 1 || c.Lost.N != 1 || c.Gained.N != 2 || c.Reopened != 4 {
		t.Errorf("%+v, %v", c, err)
	}
	if want := "connections changed since the list was read before: 1 gone, 1 new, 1 granted less, 2 granted more; vehicles measured before that are measured again: 4"; c.Text() != want {
		t.Errorf("%q", c.Text())
	}
	rec, err := l.Record(t.Context(), 1)
	if err != nil || rec.Judgement.Verdict != "" || rec.Evidence.Legacy.Outcome != "" {
		t.Errorf("the old verdict is still there: %+v, %v", rec.Judgement, err)
	}
}

// TestAWorseReadingStandsAside: what is not whole never takes the place of what is, and what has no page takes the place of
// nothing.
func TestAWorseReadingStandsAside(t *testing.T) {
	list := func(user string, complete bool) aList {
		return aList{Mode: "live", ReadAt: noon, Complete: complete, Why: "cut", Links: []migrate.Link{{VehicleID: "c", UserID: user}}}
	}
	for _, c := range []struct {
		reason string
		lists  []aList
		want   string
		failed int
	}{
		{"cut after cut", []aList{list("u1", false), list("u2", false)}, "u2", 0},
		{"whole after cut", []aList{list("u1", false), list("u2", true)}, "u2", 0},
		{"cut after whole", []aList{list("u1", true), list("u2", false)}, "u1", 1},
	} {
		l := create(t, t.TempDir())
		for _, one := range c.lists {
			if err := saveList(t.Context(), l, one); err != nil {
				t.Fatal(err)
			}
		}
		links, err := l.Links(t.Context(), "c")
		changes, err2 := l.ListChanges(t.Context())
		if err := errors.Join(err, err2); err != nil || len(links) != 1 || links[0].UserID != c.want || changes.Failed != c.failed {
			t.Errorf("%s: %+v, %+v, %v", c.reason, links, changes, err)
		}
		var n int
		if err := l.read.QueryRow("SELECT count(*) FROM links").Scan(&n); err != nil || n != 1 {
			t.Errorf("%s: %d rows are kept, %v", c.reason, n, err)
		}
	}
}

// TestAReadingThatIsCutLeavesTheOldOne, whether its reader fails or the process is killed between its pages.
func TestAReadingThatIsCutLeavesTheOldOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	l, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	whole := aList{Mode: "live", ReadAt: noon, Complete: true, Links: []migrate.Link{{VehicleID: "c", UserID: "u1"}}}
	if err := saveList(t.Context(), l, whole); err != nil {
		t.Fatal(err)
	}
	other := []migrate.Link{{VehicleID: "c", UserID: "u2"}, {VehicleID: "d", UserID: "u2"}}
	_, err = l.TakeList(t.Context(), "live", func(put func([]migrate.Link) error) (migrate.LinkList, error) {
		return migrate.LinkList{}, errors.Join(put(other), context.Canceled)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := (taking{l, "live", 7}).put(t.Context(), other); err != nil { // as a killed process leaves it
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = create(t, dir)
	if links, err := l.Links(t.Context(), "c"); err != nil || len(links) != 1 || links[0].UserID != "u1" {
		t.Errorf("%+v, %v", links, err)
	}
	if n, _, err := l.Orphans(t.Context()); n != 1 || err != nil {
		t.Errorf("%d orphans, %v", n, err)
	}
	if err := saveList(t.Context(), l, whole); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := l.read.QueryRow("SELECT count(*) FROM links").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows are kept, %v", n, err)
	}
}

// TestWhatAWholeListChangesOfACutOne: what is gone is gone, and what is granted less is; nothing is proved to be new.
func TestWhatAWholeListChangesOfACutOne(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(4)...)
	for n := range 4 {
		save(t, l, aRecord(n, map[bool]migrate.Verdict{true: migrate.Blocked, false: migrate.Ready}[n == 3]))
	}
	link := func(n int, permissions ...string) migrate.Link {
		return migrate.Link{VehicleID: anEntry(n).VehicleID, UserID: anEntry(n).UserID, Permissions: permissions, Mode: "live"}
	}
	for _, list := range []aList{
		{Mode: "live", ReadAt: noon, Why: "cut", Links: []migrate.Link{link(0, "a"), link(1, "a", "b"), link(2, "a")}},
		{Mode: "live", ReadAt: noon.Add(24 * time.Hour), Complete: true, Links: []migrate.Link{link(1, "a"), link(2, "a"), link(3, "a")}},
	} {
		if err := saveList(t.Context(), l, list); err != nil {
			t.Fatal(err)
		}
	}
	got := pending(t, l)
	slices.Sort(got)
	c, err := l.ListChanges(t.Context())
	if err != nil || !slices.Equal(got, []int{0, 1}) || c.Gone.N != 1 || c.Lost.N != 1 || c.New.N != 0 || c.Reopened != 2 {
		t.Errorf("pending %v, %+v, %v", got, c, err)
	}
}
