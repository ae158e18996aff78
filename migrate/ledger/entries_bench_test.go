package ledger

import (
	"flag"
	"testing"
	"time"

	"scmigrate/migrate/inventory"
)

// entriesVehicles is the fleet of BenchmarkEntries: go test ./migrate/ledger -run - -bench Entries -benchtime 1x -entries.vehicles 1000000.
var entriesVehicles = flag.Int("entries.vehicles", 20_000, "the fleet that BenchmarkEntries writes")

// BenchmarkEntries writes pass 1 of a fleet into a new ledger, then again as it is, then with other expiries.
func BenchmarkEntries(b *testing.B) {
	each := func(expires time.Time) Each {
		return func(put func(inventory.Entry) error) error {
			for i := range *entriesVehicles {
				e := anEntry(i)
				e.ExpiresAt = expires
				if err := put(e); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for b.Loop() {
		l := create(b, b.TempDir())
		start := time.Now()
		lap := func(what string, err error) {
			b.Helper()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/float64(*entriesVehicles), "µs/vehicle-"+what)
			start = time.Now()
		}
		lap("new", l.PutEntries(b.Context(), 1, each(time.Time{})))
		lap("same", l.PutEntries(b.Context(), 1, each(time.Time{})))
		lap("expiries", l.PutEntries(b.Context(), 1, each(noon)))
	}
}
