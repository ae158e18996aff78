package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/internal/inorder"
)

// Records yields every vehicle in inventory order; those never called have an empty judgement.
func (l *Ledger) Records(ctx context.Context) iter.Seq2[migrate.Record, error] {
	return Map(ctx, l, nil, func(r migrate.Record) (migrate.Record, error) { return r, nil })
}

// Map yields what do makes of every vehicle, in inventory order. The records are read, and do runs, on all cores. Findings
// are most of a record: only those of the vehicles that wants names (by entry and judgement; nil: all) are read. Of the
// others there is the one about the VIN, if any.
func Map[T any](ctx context.Context, l *Ledger, wants func(migrate.Record) bool, do func(migrate.Record) (T, error)) iter.Seq2[T, error] {
	return mapRows(ctx, l, wants, func(rec migrate.Record, _ []byte) (T, error) { return do(rec) })
}

// MapStored is Map of whole records, beside each its evidence as it lies in the ledger: the same bytes for as long as
// nothing is measured again, nil where nothing was measured.
func MapStored[T any](ctx context.Context, l *Ledger, do func(rec migrate.Record, stored []byte) (T, error)) iter.Seq2[T, error] {
	return mapRows(ctx, l, nil, do)
}

func mapRows[T any](ctx context.Context, l *Ledger, wants func(migrate.Record) bool, do func(migrate.Record, []byte) (T, error)) iter.Seq2[T, error] {
	return inorder.Map(ctx, l.rows(ctx, "1"), func(r row) (T, error) {
		rec, err := r.record(wants)
		if err != nil {
			return *new(T), err
		}
		return do(rec, r.evidence)
	})
}

// Disputed yields the vehicles, in inventory order, that have something that asking again may change: those with a
// difference, or, where rules have tolerances of their own and so make differences, all that both legs answered for. What
// an earlier run measured is not asked about.
func (l *Ledger) Disputed(ctx context.Context, ownTolerances bool) iter.Seq2[migrate.Record, error] {
	which := "disputed > 0"
	if ownTolerances {
		which = "legacy = 'answered' AND app = 'answered'"
	}
	return inorder.Map(ctx, l.rows(ctx, "carried = 0 AND "+which), func(r row) (migrate.Record, error) { return r.record(nil) })
}

// row is a vehicle's row as it lies there.
type row struct {
	entry         string
	evidence      []byte
	judgement, at sql.NullString
	drawn         bool
	ordinal       int
}

const rowColumns = "entry, evidence, judgement, at, drawn, ordinal"

func (r *row) scan(rows *sql.Rows) error {
	if err := rows.Scan(&r.entry, &r.evidence, &r.judgement, &r.at, &r.drawn, &r.ordinal); err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	return nil
}

// record reads the row; see Map for wants.
func (r row) record(wants func(migrate.Record) bool) (rec migrate.Record, err error) {
	rec.Undrawn = !r.drawn
	err = json.Unmarshal([]byte(r.entry), &rec.Entry)
	if r.judgement.Valid {
		err = errors.Join(err, json.Unmarshal([]byte(r.judgement.String), &rec.Judgement))
		err = errors.Join(err, unpack(r.evidence, &rec.Evidence, wants == nil || wants(rec)))
		rec.At, _ = time.Parse(stamp, r.at.String)
	}
	if err != nil {
		return rec, fmt.Errorf("the ledger holds a row that cannot be read: %w", err)
	}
	return rec, nil
}

// rows yields rows in inventory order, a page at a time. which is part of the query: never text from outside.
func (l *Ledger) rows(ctx context.Context, which string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for from := -1; ; {
			rows, err := l.rowPage(ctx, which, from)
			for _, r := range rows {
				from = r.ordinal
				if !yield(r, nil) {
					return
				}
			}
			if err != nil {
				yield(row{}, err)
				return
			}
			if len(rows) < page {
				return
			}
		}
	}
}

func (l *Ledger) rowPage(ctx context.Context, which string, after int) (list []row, err error) {
	rows, err := l.query(ctx, "SELECT "+rowColumns+" FROM vehicles WHERE ordinal > ? AND "+which+" ORDER BY ordinal LIMIT ?", after, page)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := r.scan(rows); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// Record is one vehicle.
func (l *Ledger) Record(ctx context.Context, ordinal int) (migrate.Record, error) {
	rows, err := l.query(ctx, "SELECT "+rowColumns+" FROM vehicles WHERE ordinal = ?", ordinal)
	if err != nil {
		return migrate.Record{}, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		return migrate.Record{}, fmt.Errorf("vehicle %d is not in the ledger (%v)", ordinal, rows.Err())
	}
	var r row
	if err := r.scan(rows); err != nil {
		return migrate.Record{}, err
	}
	return r.record(nil)
}
