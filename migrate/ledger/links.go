package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"scmigrate/migrate"
)

// SaveLinks replaces the connections of one mode by a new reading of the list, all or nothing.
func (l *Ledger) SaveLinks(ctx context.Context, list migrate.LinkList) error {
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM links WHERE mode = ?", list.Mode); err != nil {
			return err
		}
		insert, err := tx.PrepareContext(ctx, putLink)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, link := range list.Links {
			if err := l.putLink(ctx, tx, insert, list.Mode, link); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO lists(mode, read_at, pages, complete, why) VALUES(?,?,?,?,?)",
			list.Mode, list.ReadAt.UTC().Format(stamp), list.Pages, list.Complete, l.cleaned(list.Why))
		return err
	})
}

// putLink leaves a row of the same reading alone: a second connection of the pair is joined to it. A row of the other mode
// is of an older reading, and replaced.
const putLink = `INSERT INTO links(vehicle_id, user_id, mode, link) VALUES(?,?,?,?)
	ON CONFLICT(vehicle_id, user_id) DO UPDATE SET mode = excluded.mode, link = excluded.link WHERE links.mode <> excluded.mode`

func (l *Ledger) putLink(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, mode string, link migrate.Link) error {
	encoded, err := json.Marshal(link)
	if err != nil {
		return err
	}
	vehicle, user := l.cleaned(link.VehicleID), l.cleaned(link.UserID)
	result, err := insert.ExecContext(ctx, vehicle, user, mode, l.cleaned(string(encoded)))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	var first migrate.Link
	var text string
	err = tx.QueryRowContext(ctx, "SELECT link FROM links WHERE vehicle_id = ? AND user_id = ?", vehicle, user).Scan(&text)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &first); err != nil {
		return err
	}
	if encoded, err = json.Marshal(first.Join(link)); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE links SET link = ? WHERE vehicle_id = ? AND user_id = ?", l.cleaned(string(encoded)), vehicle, user)
	return err
}

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
	rows, err := l.query(ctx, "SELECT link FROM links WHERE vehicle_id = ? ORDER BY user_id", l.cleaned(vehicleID))
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return scanLinks(rows)
}

// OrphansOf are the connections of one user to vehicles that no inventory entry has, in the order of their ids.
func (l *Ledger) OrphansOf(ctx context.Context, userID string) ([]migrate.Link, error) {
	rows, err := l.read.QueryContext(ctx, "SELECT link FROM links WHERE user_id = ? AND user_id <> '' AND "+linkNoEntry+" ORDER BY vehicle_id", l.cleaned(userID))
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return scanLinks(rows)
}

// SampleLinks are the first connections in the order of their ids, for the negative controls; vehicles that the sample left
// out, or that are another shard's, come last.
func (l *Ledger) SampleLinks(ctx context.Context, n int) ([]migrate.Link, error) {
	rows, err := l.read.QueryContext(ctx, `SELECT link FROM links WHERE user_id <> '' ORDER BY EXISTS
		(SELECT 1 FROM vehicles v WHERE v.vehicle_id = links.vehicle_id AND v.drawn = 0)
		OR EXISTS (SELECT 1 FROM elsewhere e WHERE e.vehicle_id = links.vehicle_id), mode DESC, vehicle_id, user_id LIMIT ?`, n)
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
	rows, err := l.read.QueryContext(ctx, "SELECT DISTINCT vehicle_id FROM links WHERE "+linkNoEntry+" ORDER BY vehicle_id")
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
