package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"scmigrate/migrate"
	"scmigrate/migrate/internal/inorder"
	"scmigrate/migrate/inventory"
)

// Each gives the entries of an inventory one by one, in its order, and ends with put's error.
type Each func(put func(inventory.Entry) error) error

// PutEntries writes the inventory's entries, in one transaction: pass 1 is whole or not at all. On a ledger that has them
// already it renews what fresh tokens change, the expiry and the place in the file, and leaves what was measured alone;
// rows that stay as they are cost no write.
func (l *Ledger) PutEntries(ctx context.Context, seed uint64, each Each) error {
	return l.writer.finish(ctx, func(tx *sql.Tx) error {
		var known bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM vehicles)").Scan(&known); err != nil {
			return err
		}
		if known {
			return l.renew(ctx, tx, seed, each)
		}
		return fill(ctx, tx, seed, each)
	})
}

// vehicleIndexes are the names and the texts of the indexes of vehicles.
const vehicleIndexes = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'vehicles' AND sql IS NOT NULL"

// fill writes the entries in place of all that are there. The indexes are made at the end, which is one sort of each instead
// of four searches a row in random order.
func fill(ctx context.Context, tx *sql.Tx, seed uint64, each Each) error {
	remake, err := dropIndexes(ctx, tx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM vehicles"); err != nil {
		return err
	}
	if err := insertAll(ctx, tx, insertEntry, seed, each); err != nil {
		return err
	}
	return execAll(ctx, tx, slices.Concat([]string{smallCache}, remake, []string{usualCache}))
}

// A sort in SQLite takes as much memory as the connection's cache, twice over while it grows, and what it took stays with
// the process: with 32 MiB each, a fleet of a million left 60 MiB behind.
const (
	smallCache = "PRAGMA cache_size(-4096)"
	usualCache = "PRAGMA cache_size(-32768)"
)

func execAll(ctx context.Context, tx *sql.Tx, texts []string) error {
	for _, text := range texts {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func dropIndexes(ctx context.Context, tx *sql.Tx) (remake []string, err error) {
	rows, err := tx.QueryContext(ctx, vehicleIndexes)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var drop []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		drop, remake = append(drop, "DROP INDEX "+name), append(remake, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	return remake, execAll(ctx, tx, drop)
}

const insertEntry = "INSERT INTO vehicles(ordinal, vehicle_id, user_id, grant_id, entry, turn, draw, faulty) VALUES(?,?,?,?,?,?,?,?)"

// insertAll runs an insert of entryRow.values for each entry.
func insertAll(ctx context.Context, tx *sql.Tx, query string, seed uint64, each Each) error {
	insert, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer insert.Close()
	for row, err := range entryRows(ctx, seed, each) {
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, row.values()...); err != nil {
			return err
		}
	}
	return nil
}

// entryRow is an entry made ready for its row.
type entryRow struct {
	entry                      inventory.Entry
	encoded, grant, turn, draw string
}

func (r entryRow) values() []any {
	e := r.entry
	return []any{e.Ordinal, e.VehicleID, e.UserID, r.grant, r.encoded, r.turn, r.draw, e.Duplicate || e.Invalid != ""}
}

// entryRows reads, encodes and hashes the entries on other goroutines than the one that writes them.
func entryRows(ctx context.Context, seed uint64, each Each) iter.Seq2[entryRow, error] {
	return inorder.Map(ctx, pulled(each), func(e inventory.Entry) (entryRow, error) {
		encoded, err := json.Marshal(e)
		return entryRow{e, string(encoded), grantOf(e), turn(seed, e), migrate.DrawKey(seed, e)}, err
	})
}

// errUnread ends an Each of which nobody wants more.
var errUnread = errors.New("nobody reads on")

func pulled(each Each) iter.Seq2[inventory.Entry, error] {
	return func(yield func(inventory.Entry, error) bool) {
		err := each(func(e inventory.Entry) error {
			if !yield(e, nil) {
				return errUnread
			}
			return nil
		})
		if err != nil && !errors.Is(err, errUnread) {
			yield(inventory.Entry{}, err)
		}
	}
}

// renewEntry: a row that was faulty and is repaired starts anew, whatever was said of it. What was measured stays where the
// draw put it, even if its userId was corrected since.
const renewEntry = `INSERT INTO vehicles(ordinal, vehicle_id, user_id, grant_id, entry, turn, draw, faulty) VALUES(?,?,?,?,?,?,?,?)
	ON CONFLICT(ordinal) DO UPDATE SET entry = excluded.entry, turn = excluded.turn, faulty = excluded.faulty,
	draw = CASE WHEN verdict IS NULL THEN excluded.draw ELSE draw END,
	finished = CASE WHEN vehicles.faulty > excluded.faulty THEN 0 ELSE finished END,
	verdict = CASE WHEN vehicles.faulty > excluded.faulty THEN NULL ELSE verdict END,
	judgement = CASE WHEN vehicles.faulty > excluded.faulty THEN NULL ELSE judgement END`

// manyRows is how many changed rows make it cheaper to make the indexes anew than to keep them: fresh tokens change the turn of
// every vehicle.
const manyRows = 20_000

// renew writes the entries that are not what their rows hold. The rows are read beside the transaction, as they were before.
func (l *Ledger) renew(ctx context.Context, tx *sql.Tx, seed uint64, each Each) error {
	put, err := tx.PrepareContext(ctx, renewEntry)
	if err != nil {
		return err
	}
	defer put.Close()
	rows, err := l.read.QueryContext(ctx, "SELECT ordinal, entry FROM vehicles ORDER BY ordinal")
	if err != nil {
		return err
	}
	defer rows.Close()
	held := heldRows{rows: rows, ordinal: -1}
	changed, remake := 0, []string(nil)
	for row, err := range entryRows(ctx, seed, each) {
		if err != nil {
			return err
		}
		if same, err := held.same(row); err != nil || same {
			if err != nil {
				return err
			}
			continue
		}
		if changed++; changed == manyRows {
			if remake, err = dropIndexes(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := put.ExecContext(ctx, row.values()...); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), execAll(ctx, tx, remake))
}

// heldRows are the rows that a ledger has, in their order.
type heldRows struct {
	rows    *sql.Rows
	ordinal int
	entry   sql.RawBytes
}

// same tells whether the ledger holds the very same entry in its place.
func (h *heldRows) same(row entryRow) (bool, error) {
	for h.ordinal < row.entry.Ordinal && h.rows.Next() {
		if err := h.rows.Scan(&h.ordinal, &h.entry); err != nil {
			return false, err
		}
	}
	return h.ordinal == row.entry.Ordinal && string(h.entry) == row.encoded, nil
}

func grantOf(e inventory.Entry) string {
	if e.Grant != "" {
		return "g:" + e.Grant
	}
	return "v:" + e.VehicleID
}

// turn sorts earliest expiry first, the others after them, each in an order that is random but the same for one seed,
// so that any prefix is a sample.
func turn(seed uint64, e inventory.Entry) string {
	hash := sha256.Sum256([]byte(strconv.FormatUint(seed, 16) + "/" + strconv.Itoa(e.Ordinal) + "/" + e.VehicleID))
	expiry := "9999"
	if !e.ExpiresAt.IsZero() {
		expiry = e.ExpiresAt.UTC().Format(stamp)
	}
	return fmt.Sprintf("%s %s %010d", expiry, hex.EncodeToString(hash[:8]), e.Ordinal)
}
