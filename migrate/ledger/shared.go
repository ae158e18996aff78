package ledger

import (
	"context"
	"fmt"
)

// Shared looks for the first so many vehicles of one ledger, in the order of their ids, in another one, and tells how many
// that has. Ids are random, so that they stand for all.
func Shared(ctx context.Context, was, is *Ledger, most int) (looked, known int, err error) {
	ids, err := was.firstIDs(ctx, most)
	if err != nil {
		return 0, 0, err
	}
	for _, id := range ids {
		there, err := is.Knows(ctx, id)
		if err != nil {
			return 0, 0, err
		}
		if there {
			known++
		}
	}
	return len(ids), known, nil
}

func (l *Ledger) firstIDs(ctx context.Context, most int) (ids []string, err error) {
	rows, err := l.read.QueryContext(ctx, "SELECT DISTINCT vehicle_id FROM vehicles WHERE vehicle_id <> '' ORDER BY vehicle_id LIMIT ?", most)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
