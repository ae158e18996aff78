package ledger

import (
	"slices"
	"testing"

	"scmigrate/migrate"
)

// drawnOf are the ordinals that a run would call, sorted.
func drawnOf(t *testing.T, l *Ledger) []int {
	t.Helper()
	list := pending(t, l)
	slices.Sort(list)
	return list
}

// TestDraw: whole users (three vehicles each here), the same again, more for more, everybody for 0; what was measured stays.
func TestDraw(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 7, fleet(300)...)
	draw := func(n int) []int {
		t.Helper()
		if err := l.Draw(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		return drawnOf(t, l)
	}
	small := draw(10)
	if len(small) != 12 {
		t.Fatalf("%d drawn, want 12: four users", len(small))
	}
	for _, n := range small {
		if !slices.Contains(small, n/3*3) || !slices.Contains(small, n/3*3+2) {
			t.Fatalf("the user of %d was torn apart: %v", n, small)
		}
	}
	large := draw(31)
	for _, n := range small {
		if !slices.Contains(large, n) {
			t.Errorf("%d is not in the larger sample", n)
		}
	}
	if again := draw(10); !slices.Equal(again, small) {
		t.Errorf("drawn again: %v, before %v", again, small)
	}
	if all := draw(0); len(all) != 300 {
		t.Errorf("%d of 300 drawn for 0", len(all))
	}
	if all := draw(1000); len(all) != 300 {
		t.Errorf("%d of 300 drawn for more than there are", len(all))
	}
}

// TestFrame: what the sample was drawn from; nothing where there is none, and the tally is of the drawn ones.
func TestFrame(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 7, fleet(300)...)
	if f, err := l.Frame(t.Context()); f != nil || err != nil {
		t.Fatalf("a frame without a sample: %+v, %v", f, err)
	}
	if err := l.Draw(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if err := l.SetHeader(t.Context(), Header{RunID: "r", Sample: "10"}); err != nil {
		t.Fatal(err)
	}
	f, err := l.Frame(t.Context())
	if want := (migrate.SampleFrame{Vehicles: 12, Of: 300, Users: 4, LargestUser: 3}); err != nil || *f != want {
		t.Errorf("%+v, %v; want %+v", f, err, want)
	}
	if tally, err := l.Tally(t.Context()); err != nil || tally.Total != 12 {
		t.Errorf("the tally is of %d vehicles, %v", tally.Total, err)
	}
	undrawn := 0
	for _, r := range records(t, l) {
		if r.Undrawn {
			undrawn++
		}
	}
	if undrawn != 288 {
		t.Errorf("%d records say that they were left out", undrawn)
	}
}

// TestControlsTakeDrawnVehiclesFirst: what the sample left out costs nothing, not even a refused request, where that can be.
func TestControlsTakeDrawnVehiclesFirst(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 7, fleet(300)...)
	if err := l.Draw(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	list := aList{Mode: "live", ReadAt: noon, Complete: true}
	for n := range 300 {
		list.Links = append(list.Links, migrate.Link{VehicleID: anEntry(n).VehicleID, UserID: anEntry(n).UserID, Mode: "live"})
	}
	if err := saveList(t.Context(), l, list); err != nil {
		t.Fatal(err)
	}
	links, err := l.SampleLinks(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	in := drawnOf(t, l)
	for _, link := range links {
		if !slices.ContainsFunc(in, func(n int) bool { return anEntry(n).VehicleID == link.VehicleID }) {
			t.Errorf("%s was not drawn", link.VehicleID)
		}
	}
}
