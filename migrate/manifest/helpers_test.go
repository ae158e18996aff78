package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"scmigrate/migrate/ledger"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// today is when the tests verify, measured the day on which everything was measured.
var (
	today    = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	measured = today.Add(-24 * time.Hour)
)

// list is a manifest before it is written.
type list struct {
	head     Head
	vehicles []Vehicle
	leftOut  []LeftOut
}

// aList has seven vehicles of five users in three waves, and three that are left out.
func aList() list {
	l := list{head: Head{Schema: SchemaName, Tool: Tool{"scmigrate", "1.0"}, Seed: 1, Canary: "eu-pilot", Waivers: []Waiver{{"W-1", "2026-12-31"}},
		Run: Run{ID: "run-a", StartedAt: "2026-11-24T11:00:00Z", FinishedAt: "2026-11-24T13:00:00Z", InventoryDigest: "sha256:ab", RulesDigest: "none", LegacyAPI: "v2", Fields: "standard"}}}
	for i, user := range []int{1, 2, 2, 3, 4, 5, 5} {
		l.vehicles = append(l.vehicles, Vehicle{VehicleID: fmt.Sprintf("vehicle-%d", i), UserID: fmt.Sprintf("user-%d", user), Wave: []int{1, 2, 2, 3, 3, 3, 3}[i], Proof: "full", EvidenceAt: measured,
			Evidence: hashOf([]byte{byte(i)}), Permissions: []string{"read_odometer", "read_vin"}})
	}
	l.vehicles[1].Waivers, l.vehicles[1].Proof, l.vehicles[2].Cohort, l.vehicles[3].Fields = []string{"W-1"}, "partial", "eu-pilot", []string{"odometer.distance", "vin"}
	l.leftOut = []LeftOut{{VehicleID: "vehicle-7", UserID: "user-6", Verdict: "blocked", Cause: "signal-lost", Field: "vin"}, {VehicleID: "vehicle-8", UserID: "user-6", Verdict: "ready", HeldBy: "vehicle-7"}, {VehicleID: "vehicle-9", UserID: "user-1", Verdict: "broken", Cause: "vehicle-gone"}}
	return l
}

// count makes the head fit the list.
func (l *list) count() {
	users, waves := map[string]bool{}, map[int]bool{}
	marks := make([]Wave, 3)
	for i, share := range []string{"1%", "40%", "100%"} {
		marks[i] = Wave{Wave: i + 1, Share: share}
	}
	for _, v := range l.vehicles {
		waves[v.Wave] = true
		for i := range marks {
			if v.Wave <= i+1 {
				marks[i].Vehicles++
				if !users[v.UserID] {
					marks[i].Users++
				}
			}
		}
		users[v.UserID] = true
	}
	l.head.Waves, l.head.Counts = marks, Counts{Vehicles: len(l.vehicles), Users: len(users), LeftOut: len(l.leftOut), Held: 1}
}

// theRun is the header of the run that the lists of the tests are made of.
func theRun() ledger.Header { return ledger.Header{RunID: "run-a", ShareKey: "00ff"} }

// written is the list in a form, sealed with a key.
func (l list) written(t *testing.T, form Form, key []byte) []byte {
	t.Helper()
	s, err := newSpill(t.TempDir(), len(l.head.Waves))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	put := func(wave int, record any) {
		line, err := encode(record)
		if err == nil {
			err = s.put(entry{wave: wave, line: line})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range l.vehicles {
		put(v.Wave, v)
	}
	for _, v := range l.leftOut {
		put(0, v)
	}
	var b bytes.Buffer
	if err := writeAll(&b, form, l.head, s, key); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (l list) sealed(t *testing.T, form Form) []byte {
	t.Helper()
	key, err := keyOf(theRun())
	if err != nil {
		t.Fatal(err)
	}
	l.count()
	return l.written(t, form, key)
}

func terms() Terms { return Terms{Now: today, MaxAge: 14 * 24 * time.Hour} }

// opened is the refusal of a text, nil where it is taken.
func opened(text []byte, form Form) (*Verification, *Refusal, error) {
	v, err := Open(bytes.NewReader(text), form, terms())
	var r *Refusal
	if errors.As(err, &r) {
		return nil, r, nil
	}
	return v, nil, err
}
