package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// stamp is the form of every time in the ledger: UTC, sortable as text.
const stamp = "2006-01-02T15:04:05.000000Z"

// PutEntries writes the inventory's entries as each gives them, in one transaction: pass 1 is whole or not at all. On a
// ledger that has them already it renews what fresh tokens change, the expiry and the place in the file, and leaves what
// was measured alone.
func (l *Ledger) PutEntries(ctx context.Context, seed uint64, each func(func(inventory.Entry) error) error) error {
	return l.writer.finish(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, putEntry)
		if err != nil {
			return err
		}
		defer insert.Close()
		return each(func(e inventory.Entry) error {
			encoded, err := json.Marshal(e)
			if err != nil {
				return err
			}
			_, err = insert.ExecContext(ctx, e.Ordinal, e.VehicleID, e.UserID, grantOf(e), encoded, turn(seed, e), migrate.DrawKey(seed, e), e.Duplicate || e.Invalid != "")
			return err
		})
	})
}

// putEntry: a row that was faulty and is repaired starts anew, whatever was said of it. What was measured stays where the
// draw put it, even if its userId was corrected since.
const putEntry = `INSERT INTO vehicles(ordinal, vehicle_id, user_id, grant_id, entry, turn, draw, faulty) VALUES(?,?,?,?,?,?,?,?)
	ON CONFLICT(ordinal) DO UPDATE SET entry = excluded.entry, turn = excluded.turn, faulty = excluded.faulty,
	draw = CASE WHEN verdict IS NULL THEN excluded.draw ELSE draw END,
	finished = CASE WHEN vehicles.faulty > excluded.faulty THEN 0 ELSE finished END,
	verdict = CASE WHEN vehicles.faulty > excluded.faulty THEN NULL ELSE verdict END,
	judgement = CASE WHEN vehicles.faulty > excluded.faulty THEN NULL ELSE judgement END`

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

// Save writes one vehicle's record and returns when it is durable.
func (l *Ledger) Save(ctx context.Context, r migrate.Record) error {
	update, err := l.newUpdate(r)
	if err != nil {
		return err
	}
	return l.writer.wait(ctx, update.apply)
}

// update is a record made ready for its row.
type update struct {
	set                 *sql.Stmt
	r                   migrate.Record
	evidence, judgement []byte
	legacy, app         int // billed reads to add
}

func (l *Ledger) newUpdate(r migrate.Record) (update, error) {
	evidence, err := l.pack(r.Evidence)
	if err != nil {
		return update{}, err
	}
	r.Evidence.Make = string(l.clean([]byte(r.Evidence.Make)))
	judgement, err := json.Marshal(r.Judgement)
	return update{l.setVehicle, r, evidence, l.clean(judgement), r.Evidence.Legacy.Billed, r.Evidence.App.Billed}, err
}

func (u update) apply(tx *sql.Tx) error {
	e, j := u.r.Evidence, u.r.Judgement
	status := 0
	if e.Legacy.Failure != nil {
		status = e.Legacy.Failure.Status
	}
	result, err := tx.Stmt(u.set).Exec( //nolint:sqlclosecheck // ends with tx
		u.r.Finished(), j.Verdict, j.Proof, e.Legacy.Outcome, status, e.App.Outcome, e.Make, u.legacy, u.app, e.Disputed(), u.evidence, string(u.judgement), u.r.At.UTC().Format(stamp), u.r.Entry.Ordinal)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("vehicle %d is not in the ledger", u.r.Entry.Ordinal), err)
	}
	return nil
}
