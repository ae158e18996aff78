package ledger

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// TestRechecksAreCountedApart: the record is whole, the billed reads add up, and a vehicle counts once however often it is
// asked again. All of it outlives the process.
func TestRechecksAreCountedApart(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	put(t, l, 1, fleet(2)...)
	r := aRecord(1, migrate.Blocked)
	save(t, l, r)
	for n := range 2 {
		spent := migrate.Spent{Requests: 3 + n, Legacy: 2, App: 1}
		r.Evidence.Again = migrate.Spent{Requests: r.Evidence.Again.Requests + spent.Requests, Legacy: r.Evidence.Again.Legacy + 2, App: r.Evidence.Again.App + 1}
		round := compare.NewRound(noon.Add(time.Duration(n)*time.Minute), time.Minute, served(compare.NumberValue(1)), served(compare.NumberValue(2)), served(compare.NumberValue(1)))
		var kept compare.Recheck
		if old := r.Evidence.Findings[0].Recheck; old != nil {
			kept = *old
		}
		r.Evidence.Findings[0].Recheck = kept.Add(round)
		if err := l.SaveRecheck(t.Context(), r, spent); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.SetNotAsked(t.Context(), "why"); err != nil {
		t.Fatal(err)
	}
	reader, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got, err := reader.Record(t.Context(), 1)
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if counted, err := reader.Rechecks(t.Context()); err != nil || counted != (migrate.Rechecks{Vehicles: 1, Requests: 7, Why: "why"}) {
		t.Errorf("%v, counted %+v", err, counted)
	}
	if legacy, app, err := reader.Billed(t.Context()); err != nil || legacy != 3+4 || app != 1+2 {
		t.Errorf("%v, billed %d and %d", err, legacy, app)
	}
	if _, err := reader.Record(t.Context(), 2); err == nil {
		t.Error("a vehicle that is not there was read")
	}
}

// TestInTurnIsTheOrderOfTheCalls: whatever order the vehicles are asked for in.
func TestInTurnIsTheOrderOfTheCalls(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(20)...)
	order := pending(t, l)
	some := []int{19, 3, 11, 7}
	want := slices.DeleteFunc(slices.Clone(order), func(n int) bool { return !slices.Contains(some, n) })
	if got, err := l.InTurn(t.Context(), some); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", err, got, want)
	}
	if got, err := l.InTurn(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("%v, %v of none", err, got)
	}
}
