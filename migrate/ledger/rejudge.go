package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"

	"scmigrate/migrate"
	"scmigrate/migrate/internal/inorder"
)

// Rejudge gives every measured vehicle's evidence to a judge again and writes the judgements that changed, leaving the
// evidence alone. Changes become durable a group at a time: other rules may change a million. The judge is called from
// several goroutines at once.
func (l *Ledger) Rejudge(ctx context.Context, judge func(migrate.Record) migrate.Judgement) (changed int, err error) {
	group := make([]judged, 0, maxGroup)
	for j, err := range inorder.Map(ctx, l.rows(ctx, "verdict IS NOT NULL"), func(r row) (judged, error) { return l.rejudged(r, judge) }) {
		if err != nil {
			return changed, err
		}
		if !j.changed {
			continue
		}
		if group = append(group, j); len(group) == maxGroup {
			if err := l.setJudgements(ctx, group); err != nil {
				return changed, err
			}
			changed, group = changed+len(group), group[:0]
		}
	}
	return changed + len(group), l.setJudgements(ctx, group)
}

// judged is a judgement made anew, ready for its row.
type judged struct {
	ordinal   int
	finished  bool
	judgement migrate.Judgement
	text      string
	changed   bool
}

// rejudged compares the judgements as they are written: the secrets are out of both.
func (l *Ledger) rejudged(r row, judge func(migrate.Record) migrate.Judgement) (judged, error) {
	rec, err := r.record(nil)
	if err != nil {
		return judged{}, err
	}
	rec.Judgement = judge(rec)
	text, err := json.Marshal(rec.Judgement)
	if err != nil {
		return judged{}, err
	}
	j := judged{ordinal: r.ordinal, finished: rec.Finished(), judgement: rec.Judgement, text: string(l.clean(text))}
	j.changed = j.text != r.judgement.String
	return j, nil
}

func (l *Ledger) setJudgements(ctx context.Context, group []judged) error {
	if len(group) == 0 {
		return nil
	}
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		set, err := tx.PrepareContext(ctx, "UPDATE vehicles SET finished=(carried OR ?), verdict=?, proof=?, judgement=? WHERE ordinal=?")
		if err != nil {
			return err
		}
		defer set.Close()
		for _, j := range group {
			if _, err := set.ExecContext(ctx, j.finished, j.judgement.Verdict, j.judgement.Proof, j.text, j.ordinal); err != nil {
				return err
			}
		}
		return nil
	})
}

func sameJudgement(a, b migrate.Judgement) bool { return sameJSON(a, b) }

func sameJSON(a, b any) bool {
	left, errA := json.Marshal(a)
	right, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(left, right)
}
