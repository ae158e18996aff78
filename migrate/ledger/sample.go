package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"scmigrate/migrate"
)

// Draw draws whole users, in the order of the seeded hash, until they hold at least n vehicles; 0 draws everybody. The
// order does not change, so a larger n keeps who was drawn before. What was measured already stays drawn.
func (l *Ledger) Draw(ctx context.Context, n int) error {
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		last := everybody
		if n > 0 {
			err := tx.QueryRowContext(ctx, "SELECT draw FROM vehicles ORDER BY draw LIMIT 1 OFFSET ?", n-1).Scan(&last)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		return drawTo(ctx, tx, last)
	})
}

// everybody comes after every key of the draw.
const everybody = "g"

// DrawTo draws everybody up to a key of the draw, as Draw does. A shard's ledger holds a part of the keys, so the last one
// is found in the inventory (migrate.Draw).
func (l *Ledger) DrawTo(ctx context.Context, last string) error {
	return l.writer.wait(ctx, func(tx *sql.Tx) error { return drawTo(ctx, tx, last) })
}

func drawTo(ctx context.Context, tx *sql.Tx, last string) error {
	if last == everybody {
		_, err := tx.ExecContext(ctx, "UPDATE vehicles SET drawn = 1 WHERE drawn = 0")
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE vehicles SET drawn = NOT drawn WHERE drawn <> (draw <= ? OR verdict IS NOT NULL)", last)
	return err
}

// Frame is what the sample was drawn from, nil where the run is about every vehicle.
func (l *Ledger) Frame(ctx context.Context) (*migrate.SampleFrame, error) {
	h, err := l.Header(ctx)
	if err != nil || h.Sample == "" {
		return nil, err
	}
	var f migrate.SampleFrame
	err = l.read.QueryRowContext(ctx, `SELECT coalesce(sum(n), 0), coalesce(sum(drawn), 0), coalesce(sum(drawn > 0), 0), coalesce(max(n), 0)
		FROM (SELECT count(*) AS n, sum(drawn) AS drawn FROM vehicles GROUP BY draw)`).Scan(&f.Of, &f.Vehicles, &f.Users, &f.LargestUser)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return &f, nil
}
