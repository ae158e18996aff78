package migrate

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"scmigrate/migrate/internal/crash"
	"scmigrate/migrate/smartcar"
)

// inParallel gives each task of a sequence to one of so many workers and waits for them. When feed ends it begins no
// further task; work is the context of those that are in flight. The error says why it ended early, nil where it did not.
func inParallel[T any](feed, work context.Context, workers int, tasks iter.Seq2[T, error], do func(context.Context, T) error) error {
	group, inner := errgroup.WithContext(work)
	group.SetLimit(max(1, workers))
	var feedErr error
	var ending atomic.Pointer[error] // why no further task is begun; what is in flight still ends
	for task, err := range tasks {
		if err != nil {
			feedErr = err
			break
		}
		if feed.Err() != nil || inner.Err() != nil || ending.Load() != nil {
			break
		}
		group.Go(func() (err error) {
			defer crash.Catch(&err)
			err = do(inner, task)
			if endsRun(err) {
				ending.Store(&err)
				return nil
			}
			return err
		})
	}
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
