package migrate

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"

	"scmigrate/compare"
)

// quotaSpent is why a vehicle is not called any more in this run: further calls would be refused, too, and both APIs count
// in one allowance (smartcar-v2.md §6, smartcar-v3.md §8).
const quotaSpent = "its calls of the month are used up: not called again in this run"

// quotas remembers the vehicles whose allowance is used up, 8 bytes each. It is safe for concurrent use.
type quotas struct {
	mu   sync.Mutex
	seed maphash.Seed
	out  map[uint64]struct{}
}

func (q *quotas) key(vehicleID string) uint64 {
	if q.out == nil {
		q.seed, q.out = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	return maphash.String(q.seed, strings.ToLower(vehicleID))
}

func (m *Meter) spentUp(vehicleID string) bool {
	m.quotas.mu.Lock()
	defer m.quotas.mu.Unlock()
	key := m.quotas.key(vehicleID)
	_, out := m.quotas.out[key]
	return out
}

// noteQuota looks for the word that the vehicle's allowance is used up, in any answer about it; further are readings that are
// not in the evidence yet.
func (m *Meter) noteQuota(vehicleID string, e Evidence, further ...compare.Reading) {
	said := func(f *compare.Failure) bool {
		return f != nil && f.Kind == compare.KindQuota && (f.Status != 0 || f.Type != "") // not our own cap
	}
	out := said(e.Legacy.Failure) || said(e.App.Failure)
	for _, f := range e.Findings {
		out = out || said(f.Legacy.Failure) || said(f.App.Failure)
	}
	for _, r := range further {
		out = out || said(r.Failure)
	}
	if !out {
		return
	}
	m.quotas.mu.Lock()
	defer m.quotas.mu.Unlock()
	key := m.quotas.key(vehicleID)
	m.quotas.out[key] = struct{}{}
}

// forbidden tells why a vehicle must not be called at all, "" where it may be: its allowance, or the cap of this run, which
// its earlier visits count against.
func (v *visit) forbidden() string {
	if v.meter.spentUp(v.entry.VehicleID) {
		return quotaSpent
	}
	if spent := v.evidence.Earlier; spent > 0 && spent+v.reads() > v.meter.Billed {
		return fmt.Sprintf("over --max-billed-per-vehicle: earlier visits of this run cost %d reads, another one up to %d", spent, v.reads())
	}
	return ""
}

// reads is the most that a visit can cost: each path of the batch counts, and one signals call.
func (v *visit) reads() int {
	switch {
	case v.meter.Legs == "app" || v.meter.noLegacy():
		return 1
	case v.meter.sameAPI():
		return 2
	}
	return len(compare.Paths(v.fields, v.evidence.Make)) + 1
}
