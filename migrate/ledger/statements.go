package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// The two statements of every vehicle, which the writer's connection compiles once: compiling them cost more than running
// them. (It has one connection, which a transaction holds: a statement made later than here would wait for ever.)
const (
	setVehicle = `UPDATE vehicles SET carried=0, finished=?, verdict=?, proof=?, legacy=?, legacy_status=?, app=?, make=?,
		billed_legacy=coalesce(billed_legacy,0)+?, billed_app=coalesce(billed_app,0)+?, disputed=?, evidence=?, judgement=?, at=? WHERE ordinal=?`
	addCall = "INSERT INTO calls VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
)

func (l *Ledger) compile() (err error) {
	var errCall error
	l.setVehicle, err = l.write.Prepare(setVehicle)
	l.addCall, errCall = l.write.Prepare(addCall)
	if err := errors.Join(err, errCall); err != nil {
		return fmt.Errorf("cannot prepare the ledger: %w", err)
	}
	return nil
}

// statements are the queries that are asked for every vehicle, compiled when they are first asked. They end with their
// database.
type statements struct {
	mu    sync.Mutex
	known map[string]*sql.Stmt
}

// query asks a compiled query. There are few of them: the text is never made up.
func (l *Ledger) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := l.reads.get(l.read, text) //nolint:sqlclosecheck // kept until the database is closed
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (s *statements) get(db *sql.DB, text string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known[text]; known != nil {
		return known, nil
	}
	fresh, err := db.Prepare(text)
	if err != nil {
		return nil, err
	}
	if s.known == nil {
		s.known = map[string]*sql.Stmt{}
	}
	s.known[text] = fresh
	return fresh, nil
}
