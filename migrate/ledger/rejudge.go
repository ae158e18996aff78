package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"

	"scmigrate/migrate"
)

func sameJudgement(a, b migrate.Judgement) bool { return sameJSON(a, b) }

func sameJSON(a, b any) bool {
	left, errA := json.Marshal(a)
	right, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(left, right)
}

// setJudgement changes what was judged of a vehicle and leaves its evidence alone.
func (l *Ledger) setJudgement(ctx context.Context, r migrate.Record) error {
	text, err := json.Marshal(r.Judgement)
	if err != nil {
		return err
	}
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE vehicles SET finished=?, verdict=?, proof=?, judgement=? WHERE ordinal=?",
			r.Finished(), r.Judgement.Verdict, r.Judgement.Proof, string(text), r.Entry.Ordinal)
		return err
	})
}
