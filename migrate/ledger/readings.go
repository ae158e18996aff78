package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"scmigrate/migrate"
)

// TakeList takes a new reading of the connections list in one mode: read is given put, hands it the connections as they
// come, a page at a time, and says at its end what the reading is. The reading counts from then on, in one small
// transaction; until then, and after an error or a crash, the one before it does. One that is not whole never takes the
// place of a whole one, and one without a page takes the place of none. The changes since the reading before come back,
// and vehicles that were judged by what has changed are not finished any more: nothing is known of them.
func (l *Ledger) TakeList(ctx context.Context, mode string, read func(put func([]migrate.Link) error) (migrate.LinkList, error)) (migrate.ListChanges, error) {
	if err := l.dropReadings(ctx); err != nil { // of a run that was killed
		return migrate.ListChanges{}, err
	}
	t := taking{ledger: l, mode: mode}
	if err := l.read.QueryRowContext(ctx, "SELECT coalesce(max(reading), 0) + 1 FROM lists").Scan(&t.reading); err != nil {
		return migrate.ListChanges{}, fmt.Errorf("cannot read the ledger: %w", err)
	}
	list, err := read(func(links []migrate.Link) error { return t.put(ctx, links) })
	if err != nil {
		return migrate.ListChanges{}, errors.Join(err, l.dropReadings(context.WithoutCancel(ctx)))
	}
	changes, err := t.counts(ctx, list)
	return changes, errors.Join(err, l.dropReadings(context.WithoutCancel(ctx)))
}

// taking is one reading while it is taken.
type taking struct {
	ledger  *Ledger
	mode    string
	reading int
}

func (t taking) put(ctx context.Context, links []migrate.Link) error {
	return t.ledger.writer.wait(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, "INSERT INTO links(reading, vehicle_id, user_id, mode, link) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING")
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, link := range links {
			if err := t.putLink(ctx, tx, insert, link); err != nil {
				return err
			}
		}
		return nil
	})
}

// putLink joins a second connection of a pair to the first.
func (t taking) putLink(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, link migrate.Link) error {
	encoded, err := json.Marshal(link)
	if err != nil {
		return err
	}
	l := t.ledger
	vehicle, user := l.cleaned(link.VehicleID), l.cleaned(link.UserID)
	result, err := insert.ExecContext(ctx, t.reading, vehicle, user, t.mode, l.cleaned(string(encoded)))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	var first migrate.Link
	var text string
	const pair = " WHERE reading = ? AND vehicle_id = ? AND user_id = ?"
	if err := tx.QueryRowContext(ctx, "SELECT link FROM links"+pair, t.reading, vehicle, user).Scan(&text); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &first); err != nil {
		return err
	}
	if encoded, err = json.Marshal(first.Join(link)); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE links SET link = ?"+pair, l.cleaned(string(encoded)), t.reading, vehicle, user)
	return err
}

// counts makes the reading the one that counts, unless it is worse than the one before it. What was judged by a connection
// that changed is given up first: a crash in between costs a few calls, the other order would leave a false verdict.
func (t taking) counts(ctx context.Context, list migrate.LinkList) (changes migrate.ListChanges, err error) {
	before, err := t.before(ctx)
	if err != nil {
		return changes, err
	}
	if worse := before.reading > 0 && !list.Complete && (before.complete || list.Pages == 0); worse {
		changes.Failed, changes.Why = 1, t.ledger.cleaned(list.Why)
		return changes, t.remember(ctx, changes, func(*sql.Tx) error { return nil })
	}
	if before.reading > 0 && list.Complete {
		c := comparing{ledger: t.ledger, before: before.reading, after: t.reading, partial: !before.complete}
		if err := c.run(ctx); err != nil {
			return changes, err
		}
		changes = c.changes
	}
	return changes, t.remember(ctx, changes, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT OR REPLACE INTO lists(mode, reading, read_at, pages, complete, why) VALUES(?,?,?,?,?,?)",
			t.mode, t.reading, list.ReadAt.UTC().Format(stamp), list.Pages, list.Complete, t.ledger.cleaned(list.Why))
		return err
	})
}

// remember adds the changes to those of earlier readings, in the transaction of do.
func (t taking) remember(ctx context.Context, fresh migrate.ListChanges, do func(*sql.Tx) error) error {
	sum, err := t.ledger.ListChanges(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(sum.Plus(fresh))
	if err != nil {
		return err
	}
	return t.ledger.writer.wait(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		if _, err := tx.Exec(setHeader, listChanges, string(text)); err != nil {
			return err
		}
		return do(tx)
	})
}

// listChanges is the line of the header that holds them.
const listChanges = "lists.changes"

// ListChanges are the changes between the readings of the connections list that this run has taken.
func (l *Ledger) ListChanges(ctx context.Context) (c migrate.ListChanges, err error) {
	err = l.load(ctx, listChanges, &c)
	return c, err
}

// previous is the reading that counted until now; its number is 0 where there was none.
type previous struct {
	reading  int
	complete bool
}

func (t taking) before(ctx context.Context) (p previous, err error) {
	err = t.ledger.read.QueryRowContext(ctx, "SELECT reading, complete FROM lists WHERE mode = ?", t.mode).Scan(&p.reading, &p.complete)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return p, nil
}

// dropped is how many rows of a reading that does not count are deleted at a time: the writer has others to serve.
const dropped = 2000

// dropReadings deletes what belongs to no reading that counts.
func (l *Ledger) dropReadings(ctx context.Context) error {
	for last := 0; ; {
		var reading sql.NullInt64
		var kept bool
		err := l.read.QueryRowContext(ctx, "SELECT min(reading), coalesce(min(reading) IN (SELECT reading FROM lists), 1) FROM links WHERE reading > ?", last).Scan(&reading, &kept)
		if err != nil {
			return fmt.Errorf("cannot read the ledger: %w", err)
		}
		if !reading.Valid {
			return nil
		}
		last = int(reading.Int64)
		for more := !kept; more; {
			if more, err = l.dropSome(ctx, last); err != nil {
				return err
			}
		}
	}
}

func (l *Ledger) dropSome(ctx context.Context, reading int) (more bool, err error) {
	err = l.writer.wait(ctx, func(tx *sql.Tx) error {
		result, err := tx.Exec("DELETE FROM links WHERE (reading, vehicle_id, user_id) IN (SELECT reading, vehicle_id, user_id FROM links WHERE reading = ? LIMIT ?)", reading, dropped)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		more = n == dropped
		return err
	})
	return more, err
}
