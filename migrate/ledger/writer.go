package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"scmigrate/migrate/internal/crash"
)

// maxGroup is the most jobs that one commit takes.
const maxGroup = 500

// errClosed is the answer to a job that comes after the end.
var errClosed = errors.New("the ledger is closed")

// job is one change; done is told when it is durable, nil where nobody waits.
type job struct {
	do   func(*sql.Tx) error
	done chan error
}

// writer is the one goroutine that writes. It commits by group: whatever has arrived when the previous commit returned,
// at most maxGroup, and never waits for a group to fill (a timer of a second lost 170 vehicles over four kills).
type writer struct {
	db    *sql.DB
	jobs  chan job
	mu    sync.RWMutex
	shut  bool
	ended chan struct{}
	err   error // the first trouble of a job that nobody waited for
}

func startWriter(db *sql.DB) *writer {
	w := &writer{db: db, jobs: make(chan job, maxGroup), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		if err := crash.Do(func() error { w.loop(); return nil }); err != nil {
			w.err = errors.Join(w.err, err)
		}
	}()
	return w
}

// put hands a job over without waiting for it.
func (w *writer) put(do func(*sql.Tx) error) { _ = w.send(job{do: do}) }

// wait hands a job over and returns when it is durable, or when ctx ends: then it may or may not come to be.
func (w *writer) wait(ctx context.Context, do func(*sql.Tx) error) error {
	j := job{do: do, done: make(chan error, 1)}
	if err := w.send(j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finish is wait for a job that reads from its caller while it writes: it never returns before the job is over. When ctx has
// ended by then, nothing of it is kept.
func (w *writer) finish(ctx context.Context, do func(*sql.Tx) error) error {
	return w.wait(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return ctx.Err()
	})
}

func (w *writer) send(j job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.shut {
		return errClosed
	}
	w.jobs <- j
	return nil
}

// stop commits what is there and ends the goroutine.
func (w *writer) stop() error {
	w.mu.Lock()
	already := w.shut
	w.shut = true
	w.mu.Unlock()
	if !already {
		close(w.jobs)
	}
	<-w.ended
	return w.err
}

func (w *writer) loop() {
	for first := range w.jobs {
		group := w.gather(first)
		together := w.commit(group)
		for _, j := range group {
			err := together
			if err != nil && len(group) > 1 {
				err = w.commit([]job{j}) // one job's trouble is not that of the others: each gets its own answer
			}
			if j.done != nil {
				j.done <- err
			} else if err != nil && w.err == nil {
				w.err = err
			}
		}
	}
}

func (w *writer) gather(first job) []job {
	group := []job{first}
	for len(group) < maxGroup {
		select {
		case j, ok := <-w.jobs:
			if !ok {
				return group
			}
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

func (w *writer) commit(group []job) error {
	tx, err := w.db.Begin()
	if err != nil {
		return fmt.Errorf("cannot write the ledger: %w", err)
	}
	for _, j := range group {
		if err := crash.Do(func() error { return j.do(tx) }); err != nil {
			return errors.Join(fmt.Errorf("cannot write the ledger: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("cannot write the ledger (is the disk full?): %w", err)
	}
	return nil
}
