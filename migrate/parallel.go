package migrate

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"scmigrate/migrate/smartcar"
)

// inParallel gives each task of a sequence to one of so many workers and waits for them. The next task or two are drawn
// while all are busy, so that none waits for one. When feed ends no further task is begun; work is the context of those that
// are in flight. The error says why it ended early, nil where it did not.
func inParallel[T any](feed, work context.Context, workers int, tasks iter.Seq2[T, error], do func(context.Context, T) error) error {
	workers = max(1, workers)
	group, inner := errgroup.WithContext(work)
	var ending atomic.Pointer[error] // why no further task is begun; what is in flight still ends
	over := func() bool { return feed.Err() != nil || inner.Err() != nil || ending.Load() != nil }
	drawn := make(chan T, workers/8)
	for range workers {
		group.Go(func() error {
			for task := range drawn {
				if over() {
					continue
				}
				if err := do(inner, task); endsRun(err) {
					ending.Store(&err)
				} else if err != nil {
					return err
				}
			}
			return nil
		})
	}
	var feedErr error
	for task, err := range tasks {
		if feedErr = err; err != nil || over() {
			break
		}
		select {
		case drawn <- task:
		case <-inner.Done(): // a worker may have ended
		}
	}
	close(drawn)
	err := errors.Join(group.Wait(), feedErr)
	if why := ending.Load(); why != nil {
		err = errors.Join(err, *why)
	}
	if err == nil && feed.Err() != nil {
		err = feed.Err()
	}
	return err
}

// endsRun tells the errors that let no further request leave from those of one vehicle or of the tool.
func endsRun(err error) bool {
	return errors.Is(err, smartcar.ErrBudget) || errors.Is(err, smartcar.ErrStopped) || errors.Is(err, smartcar.ErrPaused) || errors.Is(err, smartcar.ErrSystemic) || errors.Is(err, smartcar.ErrCredentials)
}
