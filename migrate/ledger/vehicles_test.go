package ledger

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// TestRecordsComeBackWhole: what was saved is what is read, also by another process, in inventory order.
func TestRecordsComeBackWhole(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	put(t, l, 1, fleet(600)...) // more than two pages
	wanted := map[int]migrate.Record{}
	for _, n := range []int{599, 0, 256, 255, 1} {
		wanted[n] = aRecord(n, migrate.Verdicts()[n%4])
		save(t, l, wanted[n])
	}
	reader, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got := records(t, reader)
	if len(got) != 600 {
		t.Fatalf("%d records, want 600", len(got))
	}
	for i, r := range got {
		want, measured := wanted[i]
		if !measured {
			want = migrate.Record{Entry: anEntry(i)}
		}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestEntriesComeBackWhole: nothing that the run needs of an entry is lost.
func TestEntriesComeBackWhole(t *testing.T) {
	l := create(t, t.TempDir())
	want := inventory.Entry{Ordinal: 7, VehicleID: "c1", UserID: "a1", Grant: "g/1", VIN: "5YJSA1CN5DFP00101", Label: "van \"12\" <b>", Cohort: "eu-pilot", Fields: []string{"vin"},
		ExpiresAt: noon, HasToken: true, HasRefresh: true, TokenKind: inventory.KindFile, Line: 90, Offset: 1 << 40, Length: 312, Invalid: "why", Duplicate: true}
	put(t, l, 1, want)
	for got, err := range l.Pending(t.Context(), "both") {
		if diff := cmp.Diff(want, got.Entry); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

// TestPendingOrder: earliest expiry first, the others after them in an order that is random and the seed's own.
func TestPendingOrder(t *testing.T) {
	entries := fleet(400)
	for i, minutes := range map[int]int{50: 30, 300: 10, 20: 20, 399: -60} {
		entries[i].ExpiresAt = noon.Add(time.Duration(minutes) * time.Minute).In(time.FixedZone("east", 7200))
	}
	orders := map[uint64][]int{}
	for _, seed := range []uint64{1, 2} {
		l := create(t, t.TempDir())
		put(t, l, seed, entries...)
		orders[seed] = pending(t, l)
		if got := orders[seed][:4]; !slices.Equal(got, []int{399, 300, 20, 50}) {
			t.Errorf("seed %d begins with %v, want the earliest expiries 399 300 20 50", seed, got)
		}
		if sorted := slices.Sorted(slices.Values(orders[seed])); len(sorted) != 400 || sorted[0] != 0 || sorted[399] != 399 || len(slices.Compact(sorted)) != 400 {
			t.Errorf("seed %d: not every entry once", seed)
		}
		if slices.IsSorted(orders[seed][4:]) {
			t.Errorf("seed %d: inventory order is no sample", seed)
		}
		again := create(t, t.TempDir())
		put(t, again, seed, entries...)
		if !slices.Equal(pending(t, again), orders[seed]) {
			t.Errorf("seed %d: another order the second time", seed)
		}
	}
	if slices.Equal(orders[1], orders[2]) {
		t.Error("two seeds give one order")
	}
}

// TestPendingYieldsEachOnce, also while its vehicles are being saved, finished or not.
func TestPendingYieldsEachOnce(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 3, fleet(700)...)
	seen := map[int]int{}
	for e, err := range l.Pending(t.Context(), "both") {
		if err != nil {
			t.Fatal(err)
		}
		seen[e.Ordinal]++
		if e.Ordinal%20 == 0 {
			save(t, l, aRecord(e.Ordinal, migrate.Verdicts()[e.Ordinal/20%4]))
		}
	}
	if len(seen) != 700 {
		t.Errorf("%d entries, want 700", len(seen))
	}
	for n, times := range seen {
		if times != 1 {
			t.Errorf("entry %d came %d times", n, times)
		}
	}
}

// TestResume: what is finished is not called again, what could not be measured is; faulty rows are done.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	l, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, 1, fleet(6)...)
	for n, v := range migrate.Verdicts() {
		save(t, l, aRecord(n, v))
	}
	faulty := aRecord(4, migrate.Inconclusive)
	faulty.Entry.Duplicate = true
	faulty.Judgement.Causes = []migrate.CauseRef{{Code: migrate.DuplicateEntry}}
	save(t, l, faulty)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = create(t, dir)
	if got := slices.Sorted(slices.Values(pending(t, l))); !slices.Equal(got, []int{3, 5}) {
		t.Errorf("pending %v, want 3 (inconclusive) and 5 (never called)", got)
	}
	tally, err := l.Tally(t.Context())
	if err != nil || tally.Total != 6 || tally.Finished != 4 || tally.Measured() != 5 {
		t.Errorf("tally %+v, %v", tally, err)
	}
	legacy, app, err := l.Billed(t.Context())
	if err != nil || legacy != 15 || app != 5 {
		t.Errorf("billed %d and %d (%v), want 15 and 5", legacy, app, err)
	}
	save(t, l, aRecord(3, migrate.Ready)) // a second attempt is billed again
	if legacy, _, _ := l.Billed(t.Context()); legacy != 18 {
		t.Errorf("billed %d after another attempt, want 18", legacy)
	}
}

// TestFreshTokensNeverPreventResuming: new expiries and places in the file change the order, and nothing that was measured.
func TestFreshTokensNeverPreventResuming(t *testing.T) {
	l := create(t, t.TempDir())
	entries := fleet(3)
	put(t, l, 1, entries...)
	save(t, l, aRecord(0, migrate.Ready))
	for i := range entries {
		entries[i].ExpiresAt, entries[i].Offset = noon.Add(-time.Duration(i)*time.Hour), int64(1000+i)
	}
	put(t, l, 1, entries...)
	if got := pending(t, l); !slices.Equal(got, []int{2, 1}) {
		t.Errorf("pending %v, want 2 1: by the new expiries, without the finished one", got)
	}
	if r := records(t, l)[0]; r.Judgement.Verdict != migrate.Ready || len(r.Evidence.Findings) != 4 || r.Entry.Offset != 1000 {
		t.Errorf("the finished vehicle is now %+v", r)
	}
}

// TestPutEntriesIsWholeOrNothing: an inventory that turns out faulty half-way leaves no row behind.
func TestPutEntriesIsWholeOrNothing(t *testing.T) {
	l := create(t, t.TempDir())
	broken := errors.New("line 2 is faulty")
	err := l.PutEntries(t.Context(), 1, func(add func(inventory.Entry) error) error {
		return errors.Join(add(anEntry(0)), broken)
	})
	if !errors.Is(err, broken) || len(records(t, l)) != 0 {
		t.Errorf("%v, %d rows", err, len(records(t, l)))
	}
}

// TestSaveRefuses: a vehicle that is not in the ledger is an error and leaves no trace.
func TestSaveRefuses(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(1)...)
	if err := l.Save(t.Context(), aRecord(9, migrate.Ready)); err == nil {
		t.Error("a vehicle that is not in the inventory was saved")
	}
	if r := records(t, l)[0]; r.Judgement.Verdict != "" {
		t.Errorf("something was saved: %+v", r.Judgement)
	}
}

// TestRejudge: judgements change, evidence stays, vehicles never called are left alone, and what became finished is no
// longer pending.
func TestRejudge(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(300)...)
	for n := range 290 {
		if n%29 == 0 {
			save(t, l, aRecord(n, migrate.Inconclusive))
		}
	}
	judge := func(r migrate.Record) migrate.Judgement {
		if r.Entry.Ordinal == 29 || r.Entry.Ordinal == 261 {
			return migrate.Judgement{Verdict: migrate.Blocked, Causes: []migrate.CauseRef{{Code: migrate.NotConnected}}}
		}
		return r.Judgement
	}
	for _, want := range []int{2, 0} {
		if changed, err := l.Rejudge(t.Context(), judge); changed != want || err != nil {
			t.Errorf("%d changed (%v), want %d", changed, err, want)
		}
	}
	if r := records(t, l)[29]; r.Judgement.Verdict != migrate.Blocked || len(r.Evidence.Findings) != 4 {
		t.Errorf("judged anew: %+v", r)
	}
	if got := pending(t, l); len(got) != 298 || slices.Contains(got, 29) {
		t.Errorf("%d pending", len(got))
	}
}

// TestTallyCountsGrants: only refused fresh tokens of distinct grants tell that v2 is retired.
func TestTallyCountsGrants(t *testing.T) {
	l := create(t, t.TempDir())
	entries := fleet(5)
	entries[0].Grant, entries[1].Grant = "one", "one"
	put(t, l, 1, entries...)
	for n, leg := range []migrate.Leg{
		{Outcome: migrate.LegGrantDead, Failure: &compare.Failure{Status: 401}}, {Outcome: migrate.LegGrantDead, Failure: &compare.Failure{Status: 401}},
		{Outcome: migrate.LegGrantDead, Failure: &compare.Failure{Status: 401}}, {Outcome: migrate.LegGrantDead}, {Outcome: migrate.LegTokenRefused, Failure: &compare.Failure{Status: 401}},
	} {
		r := aRecord(n, migrate.Broken)
		r.Evidence.Legacy = leg
		save(t, l, r)
	}
	tally, err := l.Tally(t.Context())
	if err != nil || tally.RefusedGrants != 2 || tally.Legacy[migrate.LegGrantDead] != 4 || tally.App[migrate.LegRateLimited] != 5 {
		t.Errorf("%+v (%v)", tally, err)
	}
}

// TestEachAnswered: in the order of the visits, without those never called, and without what only a token command said.
func TestEachAnswered(t *testing.T) {
	l := create(t, t.TempDir())
	entries := fleet(4)
	entries[2].Grant = "one"
	put(t, l, 1, entries...)
	for n, leg := range map[int]migrate.Leg{2: {Outcome: migrate.LegGrantDead, Failure: &compare.Failure{Status: 401}}, 0: {Outcome: migrate.LegGrantDead}, 3: {Outcome: migrate.LegAnswered}} {
		r := aRecord(n, migrate.Broken)
		r.Evidence.Legacy, r.At = leg, noon.Add(-time.Duration(n)*time.Second)
		save(t, l, r)
	}
	var got []migrate.Answered
	if err := l.EachAnswered(t.Context(), func(a migrate.Answered) { got = append(got, a) }); err != nil {
		t.Fatal(err)
	}
	want := []migrate.Answered{{Ordinal: 3, Grant: got[0].Grant, Legacy: migrate.LegAnswered, App: migrate.LegRateLimited},
		{Ordinal: 2, Grant: "g:one", Legacy: migrate.LegGrantDead, App: migrate.LegRateLimited}, {Ordinal: 0, Grant: got[2].Grant, App: migrate.LegRateLimited}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestAnEndedContextSavesNothingMore: Save returns; the ledger stays whole.
func TestAnEndedContextSavesNothingMore(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(2)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Save(ctx, aRecord(0, migrate.Ready)); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	save(t, l, aRecord(1, migrate.Ready))
}

// TestOthersRead: the latest legacy read of a car for another entry, in whatever case its id is written; one that was not
// called, or did not get through, does not count.
func TestOthersRead(t *testing.T) {
	l := create(t, t.TempDir())
	entries := fleet(5)
	for n, id := range []string{"car", "CAR", "Car", "caR"} {
		entries[n].VehicleID = id
	}
	put(t, l, 1, entries...)
	for n, outcome := range []migrate.LegOutcome{migrate.LegRateLimited, migrate.LegAnswered, migrate.LegUnreachable, migrate.LegNotRun} {
		r := aRecord(n, migrate.Inconclusive)
		r.Entry, r.At, r.Evidence.Legacy = entries[n], noon.Add(time.Duration(n)*time.Hour), migrate.Leg{Outcome: outcome}
		save(t, l, r)
	}
	for n, want := range []time.Time{noon.Add(time.Hour), noon, noon.Add(time.Hour), noon.Add(time.Hour), {}} {
		if at, err := l.OthersRead(t.Context(), entries[n]); err != nil || !at.Equal(want) {
			t.Errorf("entry %d: %s, %v", n, at, err)
		}
	}
}
