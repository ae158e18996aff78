package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"

	"scmigrate/migrate"
)

// Rejudge gives every measured vehicle's evidence to a judge again and writes the judgements that changed, leaving the
// evidence alone. Changes become durable a group at a time: other rules may change a million.
func (l *Ledger) Rejudge(ctx context.Context, judge func(migrate.Record) migrate.Judgement) (changed int, err error) {
	group := make([]migrate.Record, 0, maxGroup)
	for r, err := range l.Records(ctx) {
		if err != nil {
			return changed, err
		}
		if r.Judgement.Verdict == "" {
			continue
		}
		before := r.Judgement
		if r.Judgement = judge(r); sameJudgement(before, r.Judgement) {
			continue
		}
		r.Evidence.Findings = nil // not written, and a group of them is large
		if group = append(group, r); len(group) == maxGroup {
			if err := l.setJudgements(ctx, group); err != nil {
				return changed, err
			}
			changed, group = changed+len(group), group[:0]
		}
	}
	return changed + len(group), l.setJudgements(ctx, group)
}

func sameJudgement(a, b migrate.Judgement) bool { return sameJSON(a, b) }

func sameJSON(a, b any) bool {
	left, errA := json.Marshal(a)
	right, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(left, right)
}

func (l *Ledger) setJudgements(ctx context.Context, records []migrate.Record) error {
	if len(records) == 0 {
		return nil
	}
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		for _, r := range records {
			text, err := json.Marshal(r.Judgement)
			if err != nil {
				return err
			}
			_, err = tx.Exec("UPDATE vehicles SET finished=?, verdict=?, proof=?, judgement=? WHERE ordinal=?",
				r.Finished(), r.Judgement.Verdict, r.Judgement.Proof, string(l.clean(text)), r.Entry.Ordinal)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
