package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/internal/durable"
	"scmigrate/migrate/rules"
)

// Amendment is what a run is judged by from now on.
type Amendment struct {
	Header Header
	Rules  rules.Rules
	Facts  migrate.Facts
}

// Amend replaces what the run was judged by, and what changed of the vehicles that each gives, in one transaction: a reader
// sees all of it or nothing, also after a crash. A record without a verdict counts as never called.
func (l *Ledger) Amend(ctx context.Context, a Amendment, each func(put func(before, after migrate.Record) error) error) error {
	return l.writer.finish(ctx, func(tx *sql.Tx) error {
		for name, value := range map[string]any{"run": a.Header, "rules": a.Rules, "facts": a.Facts} {
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO header(name, value) VALUES(?, ?)", name, string(text)); err != nil {
				return err
			}
		}
		return each(func(before, after migrate.Record) error {
			if err := l.amendEntry(ctx, tx, before, after, a.Header.Seed); err != nil {
				return err
			}
			return l.amendJudgement(ctx, tx, before, after)
		})
	})
}

func (l *Ledger) amendEntry(ctx context.Context, tx *sql.Tx, before, r migrate.Record, seed uint64) error {
	if sameJSON(before.Entry, r.Entry) {
		return nil
	}
	e := r.Entry
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE vehicles SET vehicle_id=?, user_id=?, grant_id=?, entry=?, turn=?, faulty=? WHERE ordinal=?",
		e.VehicleID, e.UserID, grantOf(e), string(text), turn(seed, e), e.Duplicate || e.Invalid != "", e.Ordinal)
	if err != nil || r.Judgement.Verdict == "" || before.Entry.UserID == e.UserID { // evidence depends on nothing else of it
		return err
	}
	u, err := l.newUpdate(r)
	if err != nil {
		return err
	}
	unanswered := !r.Finished() && !strings.EqualFold(before.Entry.UserID, e.UserID) // an earlier run's answer is one to another question
	_, err = tx.ExecContext(ctx, "UPDATE vehicles SET app=?, evidence=?, carried=(carried AND NOT ?) WHERE ordinal=?", r.Evidence.App.Outcome, u.evidence, unanswered, e.Ordinal)
	return err
}

func (l *Ledger) amendJudgement(ctx context.Context, tx *sql.Tx, before, r migrate.Record) error {
	if sameJudgement(before.Judgement, r.Judgement) && before.Finished() == r.Finished() && strings.EqualFold(before.Entry.UserID, r.Entry.UserID) {
		return nil
	}
	if r.Judgement.Verdict == "" {
		_, err := tx.ExecContext(ctx, "UPDATE vehicles SET finished=0, verdict=NULL, proof=NULL, judgement=NULL WHERE ordinal=?", r.Entry.Ordinal)
		return err
	}
	text, err := json.Marshal(r.Judgement)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE vehicles SET finished=(carried OR ?), verdict=?, proof=?, judgement=? WHERE ordinal=?",
		r.Finished(), r.Judgement.Verdict, r.Judgement.Proof, string(l.clean(text)), r.Entry.Ordinal)
	return err
}

// ErrTaken means that a directory holds a ledger already.
var ErrTaken = errors.New("holds a run already (give a new or empty directory)")

// Copy writes the ledger, as it is at this moment, into another directory, which it makes. The copy gets its name when it
// is whole and durable. Directory and file are private.
func (l *Ledger) Copy(ctx context.Context, dir string) (err error) {
	if err := privateDir(dir); err != nil {
		return err
	}
	target, partial := filepath.Join(dir, FileName), filepath.Join(dir, "."+FileName+".partial")
	if _, err := os.Lstat(target); err == nil {
		return fmt.Errorf("%s %w", dir, ErrTaken)
	}
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot copy the ledger: %w", err)
	}
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // SQLite takes an empty file, and would take the umask's mode
	if err != nil {
		return fmt.Errorf("cannot copy the ledger: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(partial)
		}
	}()
	if _, err := l.read.ExecContext(ctx, "VACUUM INTO ?", partial); err != nil {
		return fmt.Errorf("cannot copy the ledger (is the disk full?): %w", err)
	}
	if err := errors.Join(f.Sync(), os.Rename(partial, target), durable.Folder(dir)); err != nil {
		return fmt.Errorf("cannot copy the ledger: %w", err)
	}
	return nil
}
