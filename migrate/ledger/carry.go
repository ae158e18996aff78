package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// OpenEarlier opens the ledger of an earlier run of the same inventory, and keeps runs from writing to it until unlock.
func OpenEarlier(dir string) (l *Ledger, unlock func() error, err error) { return openHeld(dir) }

// SameDir tells whether two names are of one directory.
func SameDir(a, b string) bool { return sameDir(a, []string{b}) != "" }

// Carry takes over what an earlier run has measured, with its time, but for the vehicles that are chosen to be called again,
// and its readings of the connections list, against which the next one is held. A vehicle is the same where vehicleId,
// userId and fields are; the ledger's other vehicles are to be called. What is taken over counts as finished, whatever it
// came to, and cost this run nothing.
func (l *Ledger) Carry(ctx context.Context, from *Ledger, chosen func(migrate.Judgement) bool) error {
	rows, err := from.read.QueryContext(ctx, `SELECT verdict, proof, legacy, legacy_status, app, make, evidence, judgement, at, vehicle_id, user_id, coalesce(json_extract(entry, '$.Fields'), '')
		FROM vehicles WHERE verdict IS NOT NULL AND faulty = 0 AND drawn = 1`)
	if err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	group := make([][]any, 0, maxGroup)
	for rows.Next() {
		row, judged, err := scanCarried(rows)
		if err != nil {
			return err
		}
		if chosen(judged) {
			continue
		}
		if group = append(group, row); len(group) == maxGroup {
			if err := l.carry(ctx, group); err != nil {
				return err
			}
			group = group[:0]
		}
	}
	return errors.Join(rows.Err(), l.carry(ctx, group), l.carryLists(ctx, from))
}

// Kept gives the entries that Carry would take over, as this ledger has them.
func (l *Ledger) Kept(ctx context.Context, chosen func(migrate.Judgement) bool, take func(inventory.Entry)) error {
	rows, err := l.read.QueryContext(ctx, "SELECT entry, judgement FROM vehicles WHERE verdict IS NOT NULL AND faulty = 0 AND drawn = 1")
	if err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var entry, judgement string
		if err := rows.Scan(&entry, &judgement); err != nil {
			return fmt.Errorf("cannot read the ledger: %w", err)
		}
		var e inventory.Entry
		var j migrate.Judgement
		if err := errors.Join(json.Unmarshal([]byte(entry), &e), json.Unmarshal([]byte(judgement), &j)); err != nil {
			return fmt.Errorf("the ledger holds a row that cannot be read: %w", err)
		}
		if !chosen(j) {
			take(e)
		}
	}
	return rows.Err()
}

// scanCarried gives the values of carryRow.
func scanCarried(rows *sql.Rows) (row []any, judged migrate.Judgement, err error) {
	var judgement, vehicle, user, fields string
	var evidence []byte
	var texts [5]sql.NullString // verdict, proof, legacy, app, make
	var status sql.NullInt64
	var at sql.NullString
	if err := rows.Scan(&texts[0], &texts[1], &texts[2], &status, &texts[3], &texts[4], &evidence, &judgement, &at, &vehicle, &user, &fields); err != nil {
		return nil, judged, fmt.Errorf("cannot read the ledger: %w", err)
	}
	if err := json.Unmarshal([]byte(judgement), &judged); err != nil {
		return nil, judged, fmt.Errorf("the ledger holds a row that cannot be read: %w", err)
	}
	return []any{texts[0], texts[1], texts[2], status, texts[3], texts[4], evidence, judgement, at, vehicle, user, fields}, judged, nil
}

// carryRow: one of two rows with the same ids is faulty, so there is one at the most.
const carryRow = `UPDATE vehicles SET carried = 1, finished = 1, verdict=?, proof=?, legacy=?, legacy_status=?, app=?, make=?, evidence=?, judgement=?, at=?
	WHERE vehicle_id=? AND user_id=? COLLATE NOCASE AND faulty = 0 AND coalesce(json_extract(entry, '$.Fields'), '') = ?`

func (l *Ledger) carry(ctx context.Context, group [][]any) error {
	if len(group) == 0 {
		return nil
	}
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		set, err := tx.PrepareContext(ctx, carryRow)
		if err != nil {
			return err
		}
		defer set.Close()
		for _, row := range group {
			if _, err := set.ExecContext(ctx, row...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *Ledger) carryLists(ctx context.Context, from *Ledger) error {
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		for _, c := range []copying{
			{into: "lists", query: "SELECT * FROM lists"},
			{into: "links", query: "SELECT * FROM links WHERE reading IN (SELECT reading FROM lists) ORDER BY reading, vehicle_id, user_id"},
		} {
			if err := c.run(ctx, from.read, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Carried is how many vehicles are as an earlier run measured them, and when that was.
type Carried struct {
	Vehicles       int
	Oldest, Newest time.Time
}

// Carried counts them: one that was measured since is not among them.
func (l *Ledger) Carried(ctx context.Context) (c Carried, err error) {
	var oldest, newest sql.NullString
	err = l.read.QueryRowContext(ctx, "SELECT count(*), min(at), max(at) FROM vehicles WHERE carried = 1").Scan(&c.Vehicles, &oldest, &newest)
	if err != nil {
		return c, fmt.Errorf("cannot read the ledger: %w", err)
	}
	c.Oldest, _ = time.Parse(stamp, oldest.String)
	c.Newest, _ = time.Parse(stamp, newest.String)
	return c, nil
}
