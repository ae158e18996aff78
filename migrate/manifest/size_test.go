package manifest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// BenchmarkVerification says what a verification holds in memory for each vehicle, beside the reading of the ledger, and how
// long it takes by itself:
//
//	go test ./migrate/manifest -run - -bench Verification -benchtime 1x
//
// The whole commands, in processes of their own, are stages of migrate/internal/bench's Scale.
func BenchmarkVerification(b *testing.B) {
	for _, vehicles := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(vehicles), func(b *testing.B) {
			file := manyVehicles(b, vehicles)
			for b.Loop() {
				began, before := time.Now(), live()
				v := verified(b, file, vehicles)
				b.ReportMetric(float64(live()-before)/float64(vehicles), "B/vehicle")
				b.ReportMetric(time.Since(began).Seconds()*1e6/float64(vehicles), "µs/vehicle")
				if a := v.Account(); a.Refused+a.Undecided > 0 || a.Vehicles != vehicles {
					b.Fatalf("%+v", a)
				}
			}
		})
	}
}

func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func numbered(kind, n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012d", kind, n) }

// manyVehicles is a manifest in JSON Lines of one user for each vehicle.
func manyVehicles(b *testing.B, n int) *os.File {
	b.Helper()
	l := aList()
	s, err := newSpill(b.TempDir(), 1)
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		line, err := encode(Vehicle{VehicleID: numbered(1, i), UserID: numbered(2, i), Wave: 1, Proof: "full", EvidenceAt: measured, Evidence: hashOf(fmt.Append(nil, i)), Permissions: []string{"read_odometer", "read_vin"}})
		if err == nil {
			err = s.put(entry{wave: 1, line: line})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	l.head.Waves, l.head.Counts = []Wave{{1, "100%", n, n}}, Counts{Vehicles: n, Users: n}
	file, err := os.Create(b.TempDir() + "/m.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = file.Close() })
	out := bufio.NewWriter(file)
	if err := writeAll(out, JSONL, l.head, s, []byte("key")); err != nil || out.Flush() != nil || s.close() != nil {
		b.Fatal(err)
	}
	return file
}

// verified holds the manifest against an inventory and a connections list of the same.
func verified(b *testing.B, file *os.File, n int) *Verification {
	b.Helper()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		b.Fatal(err)
	}
	v, err := Open(file, JSONL, terms())
	if err == nil {
		err = v.Inventory(func(give func(inventory.Entry) error) error {
			for i := range n {
				if err := give(inventory.Entry{VehicleID: numbered(1, i), UserID: numbered(2, i)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		_, err = v.Connections(context.Background(), everybody(n), nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// everybody is a list in which so many vehicles are connected.
type everybody int

func (n everybody) Connections(_ context.Context, q smartcar.ConnectionsQuery, page func(smartcar.ConnectionsPage) error) (smartcar.Listing, error) {
	l := smartcar.Listing{Complete: true}
	for i := 0; q.Mode == "live" && i < int(n); i++ {
		row := smartcar.Connection{VehicleID: numbered(1, i), UserID: numbered(2, i), Permissions: []string{"read_odometer", "read_vin"}}
		if err := page(smartcar.ConnectionsPage{Rows: []smartcar.Connection{row}}); err != nil {
			return l, err
		}
	}
	return l, nil
}
