package ledger

import (
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"scmigrate/migrate"
)

// joinVehicles is the fleet of BenchmarkJoin: go test ./migrate/ledger -run - -bench Join -benchtime 1x -join.vehicles 1000000.
var joinVehicles = flag.Int("join.vehicles", 20_000, "the fleet that BenchmarkJoin joins from four shards")

// BenchmarkJoin joins four shards whose vehicles have evidence and two calls each, and says the time a vehicle takes and,
// on Linux, the most memory that this process has had.
func BenchmarkJoin(b *testing.B) {
	dirs := make([]string, 4)
	for k := range dirs {
		dirs[k] = filepath.Join(b.TempDir(), strconv.Itoa(k))
		fillShard(b, dirs[k], migrate.Shard{K: k + 1, N: len(dirs)}, *joinVehicles)
	}
	runtime.GC()
	for b.Loop() {
		out := filepath.Join(b.TempDir(), "merged")
		parts, err := OpenParts(b.Context(), dirs)
		if err == nil {
			err = Room(parts, out)
		}
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if err := Join(b.Context(), parts, out, func(*Ledger) error { return nil }); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Microseconds())/float64(*joinVehicles), "µs/vehicle")
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		_, rest, _ := strings.Cut(string(status), "VmHWM:")
		if kib, err := strconv.Atoi(strings.Fields(rest + " x")[0]); err == nil {
			b.ReportMetric(float64(kib)/1024, "MiB-peak")
		}
	}
}

// fill writes a shard's rows in one transaction, all with the same evidence.
func fillShard(b *testing.B, dir string, shard migrate.Shard, fleet int) {
	b.Helper()
	l, err := Create(dir)
	if err != nil {
		b.Fatal(err)
	}
	u, err := l.newUpdate(aRecord(1, migrate.Ready))
	if err != nil {
		b.Fatal(err)
	}
	err = l.writer.wait(b.Context(), func(tx *sql.Tx) error {
		for n := range fleet {
			e := anEntry(n)
			if !shard.Has(e) {
				continue
			}
			text, err := json.Marshal(e)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(insertEntry, n, e.VehicleID, e.UserID, grantOf(e), text, turn(1, e), migrate.DrawKey(1, e), false); err != nil {
				return err
			}
			u.r.Entry = e
			if err := u.apply(tx); err != nil {
				return err
			}
			for range 2 {
				if _, err := tx.Exec("INSERT INTO calls VALUES('2026-11-01T12:00:00.000000Z','legacy','POST',?,?,200,'r-2',100,1000,'','',1)", "/v2.0/vehicles/"+e.VehicleID+"/batch", e.VehicleID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	h := Header{RunID: fmt.Sprint(shard.K), Shard: shard.String(), Length: fleet, Complete: true}
	if err := l.SetHeader(b.Context(), h); err != nil {
		b.Fatal(err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}
