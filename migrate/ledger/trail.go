package ledger

import (
	"context"
	"fmt"

	"scmigrate/migrate/smartcar"
)

// CallsOf are the vehicle's calls in the audit trail, oldest first: where they went, and the status of their answers.
func (l *Ledger) CallsOf(ctx context.Context, vehicleID string) (calls []smartcar.Call, err error) {
	rows, err := l.read.QueryContext(ctx, "SELECT host, method, path, vehicle_id, status, request_id FROM calls WHERE vehicle_id = ? COLLATE NOCASE ORDER BY at", vehicleID)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c smartcar.Call
		if err := rows.Scan(&c.Host, &c.Method, &c.Path, &c.VehicleID, &c.Status, &c.RequestID); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		calls = append(calls, c)
	}
	return calls, rows.Err()
}
