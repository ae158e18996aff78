package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"scmigrate/migrate"
)

// stamp is the form of every time in the ledger: UTC, sortable as text.
const stamp = "2006-01-02T15:04:05.000000Z"

// Save writes one vehicle's record and returns when it is durable.
func (l *Ledger) Save(ctx context.Context, r migrate.Record) error {
	l.packs <- struct{}{}
	update, err := l.newUpdate(r)
	<-l.packs
	if err != nil {
		return err
	}
	return l.writer.wait(ctx, update.apply)
}

// Correct writes a record over the vehicle's last one, without a visit, and returns when it is durable.
func (l *Ledger) Correct(ctx context.Context, r migrate.Record) error {
	u, err := l.newUpdate(r)
	if err != nil {
		return err
	}
	u.legacy, u.app = 0, 0
	return l.writer.wait(ctx, u.apply)
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
