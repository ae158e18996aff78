package ledger

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// everything is all bytes of a ledger's files and all of its values, unpacked.
func everything(t *testing.T, l *Ledger) []byte {
	t.Helper()
	var all bytes.Buffer
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(l.Dir(), FileName+suffix))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	rows, err := l.read.Query("SELECT evidence FROM vehicles WHERE evidence IS NOT NULL")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var packed []byte
		if err := rows.Scan(&packed); err != nil {
			t.Fatal(err)
		}
		var e migrate.Evidence
		if err := unpack(packed, &e, true); err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(plain)
	}
	return all.Bytes()
}

// TestNoPositionIsKept: positions are compared in memory; the ledger has the distance alone (CONTRACT §8.6).
func TestNoPositionIsKept(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(1)...)
	f, _ := compare.Lookup("location")
	at := func(lat, lon float64) compare.Reading {
		return compare.Reading{Field: "location", Status: compare.Served, Value: compare.PositionValue(lat, lon), Observed: noon}
	}
	r := aRecord(0, migrate.Ready)
	r.Evidence.Findings = compare.Diff([]*compare.Field{f}, []compare.Reading{at(48.137154, 11.576124)}, []compare.Reading{at(48.137254, 11.576224)})
	save(t, l, r)
	all := everything(t, l)
	for _, digits := range []string{"48.137", "11.576", "48137154", "11576124"} {
		if bytes.Contains(all, []byte(digits)) {
			t.Errorf("the ledger holds %s", digits)
		}
	}
	got := records(t, l)[0].Evidence.Findings[0]
	if got.Distance == nil || *got.Distance < 10 || *got.Distance > 20 || got.Outcome != r.Evidence.Findings[0].Outcome {
		t.Errorf("the finding came back as %+v", got)
	}
}

// TestNoTokenIsKept: an inventory with a literal token, a nominal capacity's secret address and an error's prose go
// through the whole way into the ledger; not one of them arrives.
func TestNoTokenIsKept(t *testing.T) {
	const token, refresh, address, prose = "CANARYTOKEN0123456789", "CANARYREFRESH01234567", "CANARYADDRESS01234567", "CANARYPROSE0123456789"
	path := filepath.Join(t.TempDir(), "inventory.yaml")
	text := "version: 1\nvehicles:\n  - vehicleId: c0000000-0000-4000-8000-000000000000\n    userId: a0000000-0000-4000-8000-000000000000\n    accessToken: \"" + token + "\"\n    refreshToken: \"" + refresh + "\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := inventory.Open(path, inventory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	l := create(t, t.TempDir())
	var entry inventory.Entry
	err = l.PutEntries(t.Context(), 1, func(add func(inventory.Entry) error) error {
		return file.Each(t.Context(), func(e inventory.Entry) error { entry = e; return add(e) })
	})
	if err != nil || !entry.HasToken {
		t.Fatalf("%+v, %v", entry, err)
	}
	batch, err := compare.ParseBatch([]byte(`{"responses":[{"path":"/battery/nominal_capacity","code":200,"body":{"capacity":{"nominal":80.9,"source":"SMARTCAR"},"availableCapacities":[{"capacity":80.9,"description":null}],"url":"https://example.com/?token=`+address+`"}},
		{"path":"/odometer","code":502,"body":{"type":"UPSTREAM","code":"NO_RESPONSE","description":"`+prose+`","statusCode":502}}]}`), noon)
	if err != nil {
		t.Fatal(err)
	}
	fields := compare.All()
	legacy := compare.ReadLegacy(fields, "", []string{"/battery/nominal_capacity", "/odometer"}, batch)
	record := migrate.Record{Entry: entry, At: noon, Evidence: migrate.Evidence{Legacy: migrate.Leg{Outcome: migrate.LegAnswered}, App: migrate.Leg{Outcome: migrate.LegTimeout},
		Findings: compare.Diff(fields, legacy, compare.AllFailed(fields, compare.Failure{Kind: compare.KindTimeout}))}}
	record.Judgement = migrate.Judge(entry, record.Evidence, migrate.Facts{}, rules.Rules{})
	save(t, l, record)
	all := everything(t, l)
	for _, canary := range []string{token, refresh, address, prose} {
		if bytes.Contains(all, []byte(canary)) || bytes.Contains(all, []byte(canary[:12])) {
			t.Errorf("the ledger holds %s", canary)
		}
	}
	if !bytes.Contains(all, []byte("80.9")) || !bytes.Contains(all, []byte(entry.VehicleID)) {
		t.Error("the search finds nothing at all: the test proves nothing")
	}
}
