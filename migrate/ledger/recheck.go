package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"

	"scmigrate/migrate"
)

// The lines of the header that count rechecks apart from the vehicles' rows.
const (
	recheckVehicles = "rechecks.vehicles"
	recheckRequests = "rechecks.requests"
	recheckWhy      = "rechecks.notAsked"
)

// SaveRecheck writes the record of a vehicle that was asked again and returns when it is durable. What that cost is added
// to the vehicle's billed reads and counted apart, in the same commit; spent is what it cost since the record was read.
func (l *Ledger) SaveRecheck(ctx context.Context, r migrate.Record, spent migrate.Spent) error {
	u, err := l.newUpdate(r)
	if err != nil {
		return err
	}
	u.legacy, u.app = spent.Legacy, spent.App
	vehicles := 0
	if r.Evidence.Again == spent && spent.Requests > 0 {
		vehicles = 1 // for the first time
	}
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		if err := u.apply(tx); err != nil {
			return err
		}
		if err := addTo(tx, recheckVehicles, vehicles); err != nil {
			return err
		}
		return addTo(tx, recheckRequests, spent.Requests)
	})
}

func addTo(tx *sql.Tx, name string, n int) error {
	_, err := tx.Exec("INSERT INTO header(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + ? AS TEXT)", name, strconv.Itoa(n), n)
	return err
}

// Rechecks is what asking again came to so far.
func (l *Ledger) Rechecks(ctx context.Context) (r migrate.Rechecks, err error) {
	if err := l.load(ctx, recheckVehicles, &r.Vehicles); err != nil {
		return r, err
	}
	if err := l.load(ctx, recheckRequests, &r.Requests); err != nil {
		return r, err
	}
	r.Why, err = l.Get(ctx, recheckWhy)
	return r, err
}

// SetNotAsked keeps why differences were left that nobody asked about again.
func (l *Ledger) SetNotAsked(ctx context.Context, why string) error {
	return l.Set(ctx, recheckWhy, why)
}

// InTurn sorts vehicles in calling order.
func (l *Ledger) InTurn(ctx context.Context, ordinals []int) (sorted []int, err error) {
	list, err := json.Marshal(ordinals)
	if err != nil {
		return nil, err
	}
	rows, err := l.read.QueryContext(ctx, "SELECT ordinal FROM vehicles WHERE ordinal IN (SELECT value FROM json_each(?)) ORDER BY turn", string(list))
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		sorted = append(sorted, n)
	}
	return sorted, rows.Err()
}
