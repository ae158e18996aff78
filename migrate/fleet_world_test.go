package migrate

import (
	"context"
	"iter"
	"sync"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/fixtures"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// recorded is a Store that holds records and nothing else.
type recorded struct {
	Store
	records []Record
}

func (s recorded) Records(context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, r := range s.records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func suspectsOf(t testing.TB, records []Record) []Suspect {
	t.Helper()
	list, err := suspects(context.Background(), recorded{records: records}, rules.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// measured calls every vehicle of a simulated fleet on both legs, at one moment.
func measured(t testing.TB, s fixtures.Scenario, at time.Time) []Record {
	t.Helper()
	now := func() time.Time { return at }
	world, err := fixtures.New(s, fixtures.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	client, err := smartcar.New(smartcar.Options{Transport: world.Transport(), Now: now, ClientID: world.ClientID(),
		ClientSecrets: []secret.Secret{secret.New(world.ClientSecrets()[0])}, Limiter: smartcar.NewLimiter(smartcar.LimiterOptions{Unlimited: true})})
	if err != nil {
		t.Fatal(err)
	}
	standard, err := compare.Select("standard")
	if err != nil {
		t.Fatal(err)
	}
	rows := world.Inventory()
	records := make([]Record, len(rows))
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for i := worker; i < len(rows); i += 4 {
				records[i] = measuredCar(t, client, now, standard, i, rows[i])
			}
		})
	}
	workers.Wait()
	return records
}

func measuredCar(t testing.TB, client *smartcar.Client, now func() time.Time, fields []*compare.Field, i int, row fixtures.Row) Record {
	meter := Meter{Caller: client, Tokens: &fakeTokens{tokens: []inventory.Token{aToken(row.AccessToken)}}, Fields: fields, Now: now, Legs: "both", Billed: 60}
	entry := inventory.Entry{Ordinal: i, VehicleID: row.VehicleID, UserID: row.UserID, HasToken: true}
	link := Link{UserID: row.UserID, VehicleID: row.VehicleID, Permissions: allPermissions(), Mode: "live"}
	e, err := meter.Measure(context.Background(), entry, []Link{link}, true)
	if err != nil {
		t.Error(err)
	}
	return Record{Entry: entry, Evidence: e, Judgement: Judge(entry, e, Facts{}, rules.Rules{}), At: now()}
}
