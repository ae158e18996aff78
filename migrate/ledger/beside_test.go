package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scmigrate/migrate/inventory"
)

// of writes a ledger with these rows: "vehicle/user".
func of(t *testing.T, rows ...string) *Ledger {
	t.Helper()
	l, err := Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	entries := make([]inventory.Entry, len(rows))
	for i, row := range rows {
		vehicle, user, _ := strings.Cut(row, "/")
		entries[i] = inventory.Entry{Ordinal: i, VehicleID: vehicle, UserID: user, Line: i + 1}
	}
	put(t, l, 1, entries...)
	return l
}

func coupleText(c Couple) string {
	text := func(g *Glimpse) string {
		if g == nil {
			return "-"
		}
		return fmt.Sprintf("%s/%s#%d", g.VehicleID, g.UserID, g.Ordinal)
	}
	return text(c.Was) + " " + text(c.Is)
}

// TestBeside: vehicles meet whatever the order, the case of the ids, or a corrected user.
func TestBeside(t *testing.T) {
	for _, c := range []struct {
		reason   string
		was, is  []string
		together []string
	}{
		{"nothing", nil, nil, nil},
		{"only then", []string{"a/1"}, nil, []string{"a/1#0 -"}},
		{"only now", nil, []string{"a/1"}, []string{"- a/1#0"}},
		{"another order and case", []string{"b/1", "a/1", "c/1"}, []string{"C/1", "B/1"}, []string{"a/1#1 -", "b/1#0 B/1#1", "c/1#2 C/1#0"}},
		{"a corrected user", []string{"a/1"}, []string{"a/2"}, []string{"a/1#0 a/2#0"}},
		{"two users, one of whom left", []string{"a/1", "a/2"}, []string{"a/2"}, []string{"a/2#1 a/2#0", "a/1#0 -"}},
		{"two users, one corrected", []string{"a/1", "a/2"}, []string{"a/3", "a/2"}, []string{"a/2#1 a/2#1", "a/1#0 a/3#0"}},
		{"a second user came", []string{"a/2"}, []string{"a/1", "a/2"}, []string{"a/2#0 a/2#1", "- a/1#0"}},
	} {
		var got []string
		for couple, err := range Beside(t.Context(), of(t, c.was...), of(t, c.is...)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, coupleText(couple))
		}
		if !slices.Equal(got, c.together) {
			t.Errorf("%s: %q, want %q", c.reason, got, c.together)
		}
	}
}

// TestBesideOverManyPages: every vehicle once, and an end of the context is told.
func TestBesideOverManyPages(t *testing.T) {
	const n = 2*page + 7
	var was, is []string
	for i := range n {
		was, is = append(was, fmt.Sprintf("v%05d/u", i)), append(is, fmt.Sprintf("V%05d/u", (i*7)%n))
	}
	a, b, met := of(t, was...), of(t, is...), 0
	for c, err := range Beside(t.Context(), a, b) {
		if err != nil || c.Was == nil || c.Is == nil || !strings.EqualFold(c.Was.VehicleID, c.Is.VehicleID) {
			t.Fatalf("%s: %v", coupleText(c), err)
		}
		met++
	}
	if met != n {
		t.Errorf("%d of %d met", met, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range Beside(ctx, a, b) {
		last = err
	}
	if last == nil {
		t.Error("an ended context was not told")
	}
}
