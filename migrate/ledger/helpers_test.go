package ledger

import (
	"context"
	"fmt"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// anEntry is the n-th vehicle of an invented fleet.
func anEntry(n int) inventory.Entry {
	return inventory.Entry{Ordinal: n, VehicleID: fmt.Sprintf("c0000000-0000-4000-8000-%012d", n), UserID: fmt.Sprintf("a0000000-0000-4000-8000-%012d", n/3), HasToken: true, Line: 10 * n}
}

// put writes entries as pass 1 does.
func put(t testing.TB, l *Ledger, seed uint64, entries ...inventory.Entry) {
	t.Helper()
	err := l.PutEntries(context.Background(), seed, func(add func(inventory.Entry) error) error {
		for _, e := range entries {
			if err := add(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func fleet(n int) []inventory.Entry {
	entries := make([]inventory.Entry, n)
	for i := range entries {
		entries[i] = anEntry(i)
	}
	return entries
}

// aRecord is a vehicle with every kind of evidence in it.
func aRecord(n int, verdict migrate.Verdict) migrate.Record {
	metres := 12.5
	failure := compare.Failure{Kind: compare.KindUpstream, Status: 502, Type: "UPSTREAM", Code: "NO_RESPONSE", RequestID: "r-1", RetryAfter: 3 * time.Second}
	j := migrate.Judgement{Verdict: verdict}
	switch verdict {
	case migrate.Ready:
		j.Proof = migrate.ProofPartial
	default:
		j.Causes = []migrate.CauseRef{{Code: migrate.RateLimited, Detail: "RATE_LIMIT/VEHICLE"}}
	}
	return migrate.Record{Entry: anEntry(n), At: noon.Add(time.Duration(n) * time.Second), Judgement: j, Evidence: migrate.Evidence{
		Identity: migrate.Identity{Listed: &migrate.Link{UserID: anEntry(n).UserID, VehicleID: anEntry(n).VehicleID, Permissions: []string{"read_vin"}, Year: 2020}, AskedAs: anEntry(n).UserID},
		Legacy:   migrate.Leg{Outcome: migrate.LegAnswered, RequestIDs: []string{"r-2"}, Billed: 3, Server: noon},
		App:      migrate.Leg{Outcome: migrate.LegRateLimited, Failure: &failure, Detail: "in words", Billed: 1},
		Findings: []compare.Finding{
			{Field: "odometer.distance", Outcome: compare.Match, Legacy: served(compare.NumberValue(62041.5)), App: served(compare.NumberValue(62041))},
			{Field: "security.isLocked", Outcome: compare.Unverifiable, Note: "an hour apart", Legacy: served(compare.FlagValue(true)), App: served(compare.FlagValue(false))},
			{Field: "battery.nominalCapacity.availableCapacities", Outcome: compare.Lost, Legacy: served(compare.SetValue([]string{"90", "70", "70"})), App: compare.Reading{Status: compare.Failed, Failure: &failure}},
			{Field: "location", Outcome: compare.Match, Distance: &metres, Legacy: compare.Reading{Status: compare.Served}, App: compare.Reading{Status: compare.Served}},
		},
		Make: "TESLA", Model: "Model S", Year: 2014, Mode: "live",
	}}
}

func served(v compare.Value) compare.Reading {
	return compare.Reading{Status: compare.Served, Value: v, Unit: "km", Source: "x", Observed: noon, TimeFrom: "sc-data-age", Warnings: []string{compare.WarnWeaker}}
}

func aCall(n int) smartcar.Call {
	return smartcar.Call{At: noon.Add(time.Duration(n) * time.Second), Host: smartcar.HostLegacy, Method: "POST", Path: "/v2.0/vehicles/" + anEntry(n).VehicleID + "/batch",
		VehicleID: anEntry(n).VehicleID, Status: 200, RequestID: "r-2", Bytes: 100, Duration: time.Second, Attempt: 1}
}

// create opens a ledger that is closed with the test.
func create(t testing.TB, dir string) *Ledger {
	t.Helper()
	l, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

func save(t testing.TB, l *Ledger, r migrate.Record) {
	t.Helper()
	if err := l.Save(context.Background(), r); err != nil {
		t.Fatal(err)
	}
}

// pending are the ordinals of the entries that are still to be called, in their order.
func pending(t testing.TB, l *Ledger) []int {
	t.Helper()
	var ordinals []int
	for e, err := range l.Pending(context.Background(), "both") {
		if err != nil {
			t.Fatal(err)
		}
		ordinals = append(ordinals, e.Ordinal)
	}
	return ordinals
}

func records(t testing.TB, l *Ledger) []migrate.Record {
	t.Helper()
	var list []migrate.Record
	for r, err := range l.Records(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// aList is a reading of the connections list with its rows.
type aList struct {
	Mode     string
	ReadAt   time.Time
	Pages    int
	Complete bool
	Why      string
	Links    []migrate.Link
}

func (l aList) list() migrate.LinkList {
	return migrate.LinkList{Mode: l.Mode, ReadAt: l.ReadAt, Pages: max(1, l.Pages), Complete: l.Complete, Why: l.Why}
}

// saveList takes the list as one page.
func saveList(ctx context.Context, l *Ledger, list aList) error {
	_, err := l.TakeList(ctx, list.Mode, func(put func([]migrate.Link) error) (migrate.LinkList, error) {
		return list.list(), put(list.Links)
	})
	return err
}
