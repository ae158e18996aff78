package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"scmigrate/migrate"
)

// comparing holds a whole reading of the connections list in one mode against the one before it, pair by pair, and gives up
// what was judged by a pair that changed. Where the one before was not whole, what it lacks is not new.
type comparing struct {
	ledger        *Ledger
	before, after int
	partial       bool // the one before was not whole
	changes       migrate.ListChanges
	stale         []stalePair // those whose vehicles are still to be given up
}

// stalePair is a pair of a vehicle and a user whose connection changed. A better one can change only a vehicle that is
// blocked.
type stalePair struct {
	vehicle, user string
	better        bool
}

// onlyIn are the pairs of one reading that another does not have. Rows that name no user are no pairs.
const onlyIn = `SELECT vehicle_id, user_id, '', '' FROM links l WHERE reading = ? AND user_id <> '' AND NOT EXISTS
	(SELECT 1 FROM links o WHERE o.reading = ? AND o.vehicle_id = l.vehicle_id AND o.user_id = l.user_id)`

const changedIn = `SELECT l.vehicle_id, l.user_id, o.link, l.link FROM links l CROSS JOIN links o ON o.reading = ? AND o.vehicle_id = l.vehicle_id AND o.user_id = l.user_id
	WHERE l.reading = ? AND l.user_id <> '' AND o.link <> l.link`

func (c *comparing) run(ctx context.Context) error {
	for _, part := range []struct {
		query string
		args  []any
		take  func(vehicle, user, before, after string) error

		whole bool // takes the one before to be whole
	}{
		{onlyIn, []any{c.before, c.after}, func(vehicle, user, _, _ string) error { return c.note(&c.changes.Gone, vehicle, user, false) }, false},
		{onlyIn, []any{c.after, c.before}, func(vehicle, user, _, _ string) error { return c.note(&c.changes.New, vehicle, user, true) }, true},
		{changedIn, []any{c.before, c.after}, c.changed, false},
	} {
		if part.whole && c.partial {
			continue
		}
		if err := c.each(ctx, part.query, part.args, part.take); err != nil {
			return err
		}
	}
	return c.giveUp()
}

func (c *comparing) each(ctx context.Context, query string, args []any, take func(vehicle, user, before, after string) error) error {
	rows, err := c.ledger.read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var vehicle, user, before, after string
		if err := rows.Scan(&vehicle, &user, &before, &after); err != nil {
			return fmt.Errorf("cannot read the ledger: %w", err)
		}
		if err := take(vehicle, user, before, after); err != nil {
			return err
		}
	}
	return rows.Err()
}

// changed notes what a connection grants less or more. One that is silent about its permissions proves neither.
func (c *comparing) changed(vehicle, user, before, after string) error {
	var old, now migrate.Link
	if err := json.Unmarshal([]byte(before), &old); err != nil {
		return fmt.Errorf("the ledger holds a row that cannot be read: %w", err)
	}
	if err := json.Unmarshal([]byte(after), &now); err != nil {
		return fmt.Errorf("the ledger holds a row that cannot be read: %w", err)
	}
	if old.Permissions == nil || now.Permissions == nil {
		return nil
	}
	lacks := func(all, some []string) bool {
		return slices.ContainsFunc(all, func(p string) bool { return !slices.Contains(some, p) })
	}
	if lacks(old.Permissions, now.Permissions) {
		if err := c.note(&c.changes.Lost, vehicle, user, false); err != nil {
			return err
		}
	}
	if lacks(now.Permissions, old.Permissions) {
		return c.note(&c.changes.Gained, vehicle, user, true)
	}
	return nil
}

func (c *comparing) note(n *migrate.Counted, vehicle, user string, better bool) error {
	n.Add(vehicle)
	if c.stale = append(c.stale, stalePair{vehicle, user, better}); len(c.stale) < maxGroup {
		return nil
	}
	return c.giveUp()
}

// giveUp makes vehicles of changed pairs as if they had never been called; what they cost stays.
func (c *comparing) giveUp() error {
	pairs := c.stale
	c.stale = nil
	return c.ledger.writer.wait(context.Background(), func(tx *sql.Tx) error {
		for _, p := range pairs {
			result, err := tx.Exec(forget, p.vehicle, p.user, p.better, p.better)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			c.changes.Reopened += int(n)
		}
		return nil
	})
}

// forget: a lost connection concerns the entries of its user and those that name none, a better one every entry of the
// vehicle that is blocked.
const forget = `UPDATE vehicles SET finished = 0, carried = 0, verdict = NULL, proof = NULL, legacy = NULL, legacy_status = NULL, app = NULL, disputed = 0, evidence = NULL, judgement = NULL, at = NULL
	WHERE vehicle_id = ?1 AND faulty = 0 AND verdict IS NOT NULL AND ((NOT ?3 AND (user_id = ?2 COLLATE NOCASE OR user_id = '')) OR (?4 AND verdict = 'blocked'))`
