package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"scmigrate/migrate"
)

// LinkLists are the readings of the list that the ledger holds, without their links.
func (l *Ledger) LinkLists(ctx context.Context) ([]migrate.LinkList, error) {
	rows, err := l.read.QueryContext(ctx, "SELECT mode, read_at, pages, complete, why FROM lists ORDER BY mode")
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	var lists []migrate.LinkList
	for rows.Next() {
		var list migrate.LinkList
		var at string
		if err := rows.Scan(&list.Mode, &at, &list.Pages, &list.Complete, &list.Why); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		list.ReadAt, _ = time.Parse(stamp, at)
		lists = append(lists, list)
	}
	return lists, rows.Err()
}

// Links are the connections of one vehicle, by user.
func (l *Ledger) Links(ctx context.Context, vehicleID string) ([]migrate.Link, error) {
	rows, err := l.query(ctx, "SELECT link FROM linked WHERE vehicle_id = ? ORDER BY user_id", l.cleaned(vehicleID))
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return scanLinks(rows)
}

// OrphansOf are the connections of one user to vehicles that no inventory entry has, in the order of their ids.
func (l *Ledger) OrphansOf(ctx context.Context, userID string) ([]migrate.Link, error) {
	rows, err := l.read.QueryContext(ctx, "SELECT link FROM linked WHERE user_id = ? AND user_id <> '' AND "+linkNoEntry+" ORDER BY vehicle_id", l.cleaned(userID))
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return scanLinks(rows)
}

// SampleLinks are the first connections in the order of their ids, for the negative controls; vehicles that the sample left
// out, or that are another shard's, come last.
func (l *Ledger) SampleLinks(ctx context.Context, n int) ([]migrate.Link, error) {
	rows, err := l.read.QueryContext(ctx, `SELECT link FROM linked WHERE user_id <> '' ORDER BY EXISTS
		(SELECT 1 FROM vehicles v WHERE v.vehicle_id = linked.vehicle_id AND v.drawn = 0)
		OR EXISTS (SELECT 1 FROM elsewhere e WHERE e.vehicle_id = linked.vehicle_id), mode DESC, vehicle_id, user_id LIMIT ?`, n)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return scanLinks(rows)
}

func scanLinks(rows *sql.Rows) ([]migrate.Link, error) {
	defer rows.Close()
	var links []migrate.Link
	for rows.Next() {
		var encoded string
		var link migrate.Link
		if err := rows.Scan(&encoded); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		if err := json.Unmarshal([]byte(encoded), &link); err != nil {
			return nil, fmt.Errorf("the ledger holds a row that cannot be read: %w", err)
		}
		links = append(links, link)
	}
	return links, rows.Err()
}

// Orphans counts the connected vehicles that no inventory entry has, and names the first few. A second user of a listed
// vehicle is none.
func (l *Ledger) Orphans(ctx context.Context) (n int, examples []string, err error) {
	rows, err := l.read.QueryContext(ctx, "SELECT DISTINCT vehicle_id FROM linked WHERE "+linkNoEntry+" ORDER BY vehicle_id")
	if err != nil {
		return 0, nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return 0, nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		if n++; len(examples) < maxOrphans {
			examples = append(examples, id)
		}
	}
	return n, examples, rows.Err()
}

// maxOrphans is how many orphans are named.
const maxOrphans = 20
