package ledger

import (
	"context"
	"fmt"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// Baseline is what this run's legacy leg said of a vehicle, for a later run that has none: by the row of the same user, else
// by any row of the vehicle that has an answer, for the values are the car's whoever asks.
func (l *Ledger) Baseline(ctx context.Context, e inventory.Entry) (b migrate.Baseline, err error) {
	rows, err := l.query(ctx, "SELECT "+rowColumns+" FROM vehicles WHERE vehicle_id = ? AND faulty = 0 ORDER BY ordinal LIMIT ?", e.VehicleID, mostAlike)
	if err != nil {
		return b, fmt.Errorf("cannot read the baseline: %w", err)
	}
	defer rows.Close()
	b.Why = "the baseline does not have it"
	for rows.Next() {
		var r row
		if err := r.scan(rows); err != nil {
			return b, err
		}
		rec, err := r.record(nil)
		if err != nil {
			return b, err
		}
		found := migrate.BaselineOf(rec)
		if strings.EqualFold(rec.Entry.UserID, e.UserID) && !found.At.IsZero() {
			return found, nil
		}
		if b.At.IsZero() {
			b = found
		}
	}
	return b, rows.Err()
}

// Knows tells whether the ledger has the vehicle, called or not.
func (l *Ledger) Knows(ctx context.Context, vehicleID string) (known bool, err error) {
	err = l.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM vehicles WHERE vehicle_id = ?)", vehicleID).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return known, nil
}
