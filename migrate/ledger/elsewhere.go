package ledger

import (
	"context"
	"database/sql"
)

// SetElsewhere replaces the ids of the vehicles that are other shards': a car of theirs that a user of this shard is
// connected to as well is in the inventory, and no orphan.
func (l *Ledger) SetElsewhere(ctx context.Context, each func(put func(vehicleID string) error) error) error {
	return l.writer.finish(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM elsewhere"); err != nil {
			return err
		}
		insert, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO elsewhere(vehicle_id) VALUES(?)")
		if err != nil {
			return err
		}
		defer insert.Close()
		return each(func(vehicleID string) error {
			_, err := insert.ExecContext(ctx, vehicleID)
			return err
		})
	})
}
