package manifest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

func foreseen(fleet []migrate.Record, o Options) Outlook {
	f := NewForecast(o)
	for _, rec := range fleet {
		f.Add(rec)
	}
	return f.Settle()
}

// TestForecastIsThePlan: in numbers, of random fleets; what it says of those who are left out as well.
func TestForecastIsThePlan(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 2))
		fleet := aFleet(r)
		shares, err := ParseWaves([]string{DefaultWaves, "100%", "3,30,100%", "0.5%,25%,50%,99%,100%", "200,5%,100%"}[r.IntN(5)])
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Waves: shares, Seed: 1 + r.Uint64N(9)}
		p, got := planned(fleet, o), foreseen(fleet, o)
		if want := p.counts; !slices.Equal(got.Waves, p.waves) || got.Counts.Users != want.Users || got.Counts.Vehicles != want.Vehicles || got.Counts.Held != want.Held {
			t.Fatalf("seed %d: %+v, want %+v and %+v", seed, got, p.waves, want)
		}
		ready := 0
		for _, h := range p.Held(len(fleet)) {
			ready += h.Ready
		}
		if got.Ready != ready {
			t.Fatalf("seed %d: %d ready vehicles are held back, want %d", seed, got.Ready, ready)
		}
	}
}

func TestForecastOfNobody(t *testing.T) {
	shares, _ := ParseWaves(DefaultWaves)
	if o := foreseen(nil, Options{Waves: shares, Seed: 1}); o.Counts != (Counts{}) || len(o.Waves) != 3 || o.Waves[2].Users != 0 {
		t.Errorf("%+v", o)
	}
}

// TestForecastIsSmall: 400,000 users of a car each take less than 12 MiB.
func TestForecastIsSmall(t *testing.T) {
	shares, _ := ParseWaves(DefaultWaves)
	f := NewForecast(Options{Waves: shares, Seed: 1})
	before := inUse()
	const users = 400_000
	for i := range users {
		f.Add(migrate.Record{Entry: inventory.Entry{UserID: fmt.Sprint("user ", i)}, Judgement: migrate.Judgement{Verdict: migrate.Ready}})
	}
	if took := inUse() - before; took > 12<<20 {
		t.Errorf("%d users take %d bytes", users, took)
	}
	if o := f.Settle(); o.Counts.Users != users || o.Waves[0].Users != users/100 || o.Waves[1].Users != users/10 {
		t.Errorf("%+v", o)
	}
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
