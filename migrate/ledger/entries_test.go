package ledger

import (
	"fmt"
	"slices"
	"testing"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// indexes are the texts of the indexes of vehicles, sorted.
func indexes(t *testing.T, l *Ledger) (texts []string) {
	t.Helper()
	rows, err := l.read.QueryContext(t.Context(), vehicleIndexes)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, name+" "+text)
	}
	slices.Sort(texts)
	return texts
}

// TestPass1KeepsTheIndexes: they are dropped for a new fleet, and where most rows are renewed, and are there afterwards.
func TestPass1KeepsTheIndexes(t *testing.T) {
	l := create(t, t.TempDir())
	want := indexes(t, l)
	entries := fleet(manyRows + 10)
	put(t, l, 1, entries...)
	if got := indexes(t, l); len(want) < 4 || !slices.Equal(got, want) {
		t.Errorf("after pass 1: %d indexes, want %d", len(got), len(want))
	}
	for i := range entries {
		entries[i].ExpiresAt = noon
	}
	put(t, l, 1, entries...)
	if got := indexes(t, l); !slices.Equal(got, want) {
		t.Errorf("after fresh tokens: %d indexes, want %d", len(got), len(want))
	}
	if n := len(pending(t, l)); n != len(entries) {
		t.Errorf("%d pending, want %d", n, len(entries))
	}
}

// TestPass1OfAFailedRenewal: what the inventory gave before it turned out faulty is undone, indexes and all.
func TestPass1OfAFailedRenewal(t *testing.T) {
	l := create(t, t.TempDir())
	entries := fleet(manyRows + 10)
	put(t, l, 1, entries...)
	want := indexes(t, l)
	err := l.PutEntries(t.Context(), 1, func(add func(inventory.Entry) error) error {
		for _, e := range entries {
			e.Label = "other"
			if err := add(e); err != nil {
				return err
			}
		}
		return inventory.ErrChanged
	})
	if err == nil {
		t.Fatal("no error")
	}
	if got := indexes(t, l); !slices.Equal(got, want) {
		t.Errorf("%d indexes, want %d", len(got), len(want))
	}
	if r := records(t, l)[5]; r.Entry.Label != "" {
		t.Errorf("row 5 is %+v", r.Entry)
	}
}

// TestARenewedRowKeepsItsRecord: only a row that says something else is written, and a repaired one starts anew.
func TestARenewedRowKeepsItsRecord(t *testing.T) {
	l := create(t, t.TempDir())
	entries := fleet(3)
	entries[2].Invalid = "no vin"
	put(t, l, 1, entries...)
	for n := range entries {
		r := aRecord(n, migrate.Ready)
		r.Entry = entries[n]
		save(t, l, r)
	}
	entries[1].Label, entries[2].Invalid = "van 12", ""
	put(t, l, 1, entries...)
	var got []string
	for _, r := range records(t, l) {
		got = append(got, fmt.Sprintf("%s%s", r.Judgement.Verdict, r.Entry.Label))
	}
	if want := []string{"ready", "readyvan 12", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
