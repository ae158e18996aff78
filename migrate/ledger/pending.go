package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// page is how many entries are read at a time: a read transaction over days would hold the write-ahead log.
const page = 256

// Pending yields the entries that are not finished: those never called first, then those that could not be measured
// before, each part in calling order, so that a budget is spent on new vehicles before it is spent on old trouble. Each is
// yielded once, also when it stays unfinished. A run at a lower level of --legs does not measure again what a higher one
// has. Vehicles that the sample left out are not called.
func (l *Ledger) Pending(ctx context.Context, legs string) iter.Seq2[migrate.Turn, error] {
	return func(yield func(migrate.Turn, error) bool) {
		again, err := l.unmeasured(ctx, legs)
		if err != nil {
			yield(migrate.Turn{}, err)
			return
		}
		if !l.eachNew(ctx, yield) {
			return
		}
		for chunk := range slices.Chunk(again, page) {
			entries, err := l.entriesOf(ctx, chunk)
			entries = slices.DeleteFunc(entries, func(t migrate.Turn) bool { return t.Finished }) // since the list was made
			if !yieldAll(entries, err, yield) {
				return
			}
		}
	}
}

// unmeasured are the ordinals of the vehicles to try again: 8 bytes each.
func (l *Ledger) unmeasured(ctx context.Context, legs string) (ordinals []int, err error) {
	again := map[string]string{"connections": "0", "app": "legacy = 'not-run'"}[legs]
	if again == "" {
		again = "1"
	}
	rows, err := l.read.QueryContext(ctx, "SELECT ordinal FROM vehicles WHERE drawn = 1 AND finished = 0 AND verdict IS NOT NULL AND "+again+" ORDER BY turn")
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		ordinals = append(ordinals, n)
	}
	return ordinals, rows.Err()
}

// Uncalled yields those of them that were never called, or that are as if they had not been.
func (l *Ledger) Uncalled(ctx context.Context) iter.Seq2[migrate.Turn, error] {
	return func(yield func(migrate.Turn, error) bool) { l.eachNew(ctx, yield) }
}

// Turn is one vehicle, as Pending yields it.
func (l *Ledger) Turn(ctx context.Context, ordinal int) (migrate.Turn, error) {
	turns, err := l.entriesOf(ctx, []int{ordinal})
	if err == nil && len(turns) == 0 {
		err = fmt.Errorf("vehicle %d is not in the ledger", ordinal)
	}
	if err != nil {
		return migrate.Turn{}, err
	}
	return turns[0], nil
}

// OthersRead is when another entry of the same car was last answered on the legacy leg, or throttled; zero where none was.
func (l *Ledger) OthersRead(ctx context.Context, e inventory.Entry) (at time.Time, err error) {
	rows, err := l.query(ctx, "SELECT coalesce(max(at), '') FROM vehicles WHERE vehicle_id = ? AND ordinal <> ? AND legacy IN ('answered', 'rate-limited')", e.VehicleID, e.Ordinal)
	if err != nil {
		return at, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return at, fmt.Errorf("cannot read the ledger: %w", err)
		}
		at, _ = time.Parse(stamp, text)
	}
	return at, rows.Err()
}

// eachNew yields the vehicles never called; false when the reader has had enough.
func (l *Ledger) eachNew(ctx context.Context, yield func(migrate.Turn, error) bool) bool {
	for last := ""; ; {
		entries, end, err := l.newPage(ctx, last)
		if !yieldAll(entries, err, yield) {
			return false
		}
		if len(entries) < page {
			return true
		}
		last = end
	}
}

func yieldAll(entries []migrate.Turn, err error, yield func(migrate.Turn, error) bool) bool {
	for _, e := range entries {
		if !yield(e, nil) {
			return false
		}
	}
	return err == nil || yield(migrate.Turn{}, err) && false
}

func (l *Ledger) newPage(ctx context.Context, after string) (entries []migrate.Turn, last string, err error) {
	rows, err := l.read.QueryContext(ctx, "SELECT entry, turn, coalesce(billed_legacy, 0) + coalesce(billed_app, 0), verdict IS NOT NULL, finished FROM vehicles WHERE drawn = 1 AND finished = 0 AND verdict IS NULL AND turn > ? ORDER BY turn LIMIT ?", after, page)
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the ledger: %w", err)
	}
	entries, err = scanEntries(rows, &last)
	return entries, last, err
}

func (l *Ledger) entriesOf(ctx context.Context, ordinals []int) ([]migrate.Turn, error) {
	list, err := json.Marshal(ordinals)
	if err != nil {
		return nil, err
	}
	rows, err := l.read.QueryContext(ctx, "SELECT entry, turn, coalesce(billed_legacy, 0) + coalesce(billed_app, 0), verdict IS NOT NULL, finished FROM vehicles WHERE ordinal IN (SELECT value FROM json_each(?)) ORDER BY turn", string(list))
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return scanEntries(rows, new(string))
}

func scanEntries(rows *sql.Rows, last *string) (entries []migrate.Turn, err error) {
	defer rows.Close()
	for rows.Next() {
		var encoded string
		var t migrate.Turn
		if err := rows.Scan(&encoded, last, &t.Billed, &t.Known, &t.Finished); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		if err := json.Unmarshal([]byte(encoded), &t.Entry); err != nil {
			return nil, fmt.Errorf("the ledger holds a row that cannot be read: %w", err)
		}
		entries = append(entries, t)
	}
	return entries, rows.Err()
}
