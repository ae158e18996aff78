package ledger

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// replace takes another inventory and tells what changed.
func replace(t *testing.T, l *Ledger, refuse error, entries ...inventory.Entry) (c Changes) {
	t.Helper()
	err := l.ReplaceEntries(t.Context(), 1, slicesEach(entries), func(changes Changes) (Header, error) {
		c = changes
		return Header{RunID: "r", Seed: 1, InventoryDigest: "sha256:2", Changed: "2026-11-25T12:00:00Z"}, refuse
	})
	if !errors.Is(err, refuse) {
		t.Fatalf("%v, want %v", err, refuse)
	}
	return c
}

func slicesEach(entries []inventory.Entry) Each {
	return func(put func(inventory.Entry) error) error {
		for n, e := range entries {
			e.Ordinal = n
			if err := put(e); err != nil {
				return err
			}
		}
		return nil
	}
}

// measured is a ledger whose vehicles are all ready.
func measured(t *testing.T, entries ...inventory.Entry) *Ledger {
	l := create(t, t.TempDir())
	put(t, l, 1, entries...)
	for n, e := range entries {
		r := aRecord(n, migrate.Ready)
		r.Entry = e
		save(t, l, r)
	}
	return l
}

// TestReplacedRowsKeepWhatWasMeasured in another order, with ids in another case, a gap, a new row and another user.
func TestReplacedRowsKeepWhatWasMeasured(t *testing.T) {
	e := fleet(8)
	l := measured(t, e[:6]...)
	e[4].VehicleID, e[4].UserID = strings.ToUpper(e[4].VehicleID), strings.ToUpper(e[4].UserID)
	e[3].UserID = "somebody"
	e[0].Grant = "g"
	c := replace(t, l, nil, e[7], e[4], e[3], e[2], e[1], e[0])
	if c.Added.N != 1 || c.Removed.N != 1 || c.Users.N != 1 || c.Fields.N != 0 || c.Grants.N != 1 || c.Moved != 4 {
		t.Errorf("%+v", c)
	}
	var got []string
	for n, r := range records(t, l) {
		if r.Entry.Ordinal != n {
			t.Errorf("place %d holds ordinal %d", n, r.Entry.Ordinal)
		}
		got = append(got, string(r.Judgement.Verdict))
	}
	if want := []string{"", "ready", "", "ready", "ready", "ready"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if p := pending(t, l); len(p) != 2 || p[0]+p[1] != 2 {
		t.Errorf("pending %v", p)
	}
	if h, err := l.Header(t.Context()); err != nil || h.InventoryDigest != "sha256:2" {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestReplacementsKeepTheCost: what a removed row had cost was paid for, and a car with another user has had its reads.
func TestReplacementsKeepTheCost(t *testing.T) {
	e := fleet(4)
	l := measured(t, e...)
	wantLegacy, wantApp, err := l.Billed(t.Context())
	if err != nil || wantLegacy == 0 || wantApp == 0 {
		t.Fatal(wantLegacy, wantApp, err)
	}
	e[1].UserID = "somebody"
	replace(t, l, nil, e[:3]...)
	replace(t, l, nil, e[:2]...)
	if legacy, app, err := l.Billed(t.Context()); err != nil || legacy != wantLegacy || app != wantApp {
		t.Errorf("billed %d and %d, want %d and %d, %v", legacy, app, wantLegacy, wantApp, err)
	}
	turn, err := l.Turn(t.Context(), 1)
	if err != nil || turn.Billed != (wantLegacy+wantApp)/4 {
		t.Errorf("%+v, %v", turn, err)
	}
	if all, err := l.Accepted(t.Context()); err != nil || all.Removed.N != 2 || all.Users.N != 1 {
		t.Errorf("accepted %+v, %v", all, err)
	}
}

// TestRefusedChangesLeaveTheLedgerAsItWas.
func TestRefusedChangesLeaveTheLedgerAsItWas(t *testing.T) {
	e := fleet(4)
	l := measured(t, e...)
	before := records(t, l)
	refusal := errors.New("no")
	for range 2 {
		if c := replace(t, l, refusal, e[2:]...); c.Removed.N != 2 {
			t.Errorf("%+v", c)
		}
	}
	if after := records(t, l); !sameJSON(before, after) {
		t.Errorf("%+v", after)
	}
	if all, err := l.Accepted(t.Context()); err != nil || all.Any() {
		t.Errorf("accepted %+v, %v", all, err)
	}
}

// TestReplacedFaultyRows: the row that a repeated one repeated is gone, so it is none any more and is measured; entries of
// one key are the same in their order.
func TestReplacedFaultyRows(t *testing.T) {
	e := fleet(2)
	twice := e[0]
	twice.Ordinal, twice.Duplicate = 2, true
	l := measured(t, e[0], e[1], twice)
	if c := replace(t, l, nil, e[1], e[0], twice); c.Any() || c.Moved != 2 {
		t.Errorf("another order: %+v", c)
	}
	twice.Duplicate, twice.VIN = false, "5YJSA1CN5DFP00101"
	if c := replace(t, l, nil, e[1], twice); c.Removed.N != 1 || c.Added.N+c.Users.N != 0 {
		t.Errorf("one gone: %+v", c)
	}
	if r := records(t, l)[1]; r.Judgement.Verdict != migrate.Ready || r.Entry.VIN == "" {
		t.Errorf("%+v", r)
	}
}

// TestRulesThatChangedHalfWay: a process that ends while it judges by other rules leaves a header that names none.
func TestRulesThatChangedHalfWay(t *testing.T) {
	l := create(t, t.TempDir())
	h := Header{RunID: "r", RulesDigest: rules.Rules{}.Digest()}
	if err := errors.Join(l.SetRules(t.Context(), rules.Rules{}), l.SetHeader(t.Context(), h)); err != nil {
		t.Fatal(err)
	}
	other := rules.Rules{Require: []string{"vin"}}
	if err := l.ChangeRules(t.Context(), h, other); err != nil {
		t.Fatal(err)
	}
	got, err := l.Header(t.Context())
	stored, err2 := l.Rules(t.Context())
	if errors.Join(err, err2) != nil || got.RulesDigest != "" || stored.Digest() != other.Digest() || got.RunID != "r" {
		t.Errorf("%+v, %+v, %v, %v", got, stored, err, err2)
	}
}

// TestManyMovedRowsKeepTheIndexes, which are made anew where most rows move.
func TestManyMovedRowsKeepTheIndexes(t *testing.T) {
	l := create(t, t.TempDir())
	e := fleet(manyRows + 10)
	put(t, l, 1, e...)
	want := indexes(t, l)
	if c := replace(t, l, nil, e[1:]...); c.Removed.N != 1 || c.Moved != len(e)-1 {
		t.Errorf("%+v", c)
	}
	if got := indexes(t, l); !slices.Equal(got, want) {
		t.Errorf("%d indexes, want %d", len(got), len(want))
	}
	if r, err := l.Record(t.Context(), 5); err != nil || r.Entry.VehicleID != e[6].VehicleID || r.Entry.Ordinal != 5 {
		t.Errorf("%+v, %v", r.Entry, err)
	}
	if n := len(pending(t, l)); n != len(e)-1 {
		t.Errorf("%d pending", n)
	}
}
