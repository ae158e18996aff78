package migrate

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"scmigrate/migrate/internal/crash"
	"scmigrate/migrate/smartcar"
)

// inParallel gives each task of a sequence to one of so many workers and waits for them. The next task or two are drawn
// while all are busy, so that none waits for one. When feed ends no further task is begun; work is the context of those that
// are in flight. A task that was drawn and may not be begun any more is given to do with a context that has ended: it lets go of
// what the task holds, or the sequence would wait for it for ever. The error says why it ended early, nil where it did not.
func inParallel[T any](feed, work context.Context, workers int, tasks iter.Seq2[T, error], do func(context.Context, T) error) error {
	p := parallel[T]{feed: feed, do: do, drawn: make(chan T, max(1, workers)/8)}
	p.work, p.cancel = context.WithCancel(work)
	defer p.cancel()
	var group sync.WaitGroup
	for range max(1, workers) {
		group.Go(func() {
			for task := range p.drawn {
				ctx, begun := p.context()
				err := crash.Do(func() error { return p.do(ctx, task) })
				if begun && err != nil {
					p.note(err)
				}
			}
		})
	}
	var feedErr error
	for task, err := range tasks {
		if feedErr = err; err != nil {
			break
		}
		p.drawn <- task
		if p.over() {
			break
		}
	}
	close(p.drawn)
	group.Wait()
	return p.why(feedErr)
}

// parallel is one use of inParallel.
type parallel[T any] struct {
	feed, work context.Context
	cancel     func()
	do         func(context.Context, T) error
	drawn      chan T
	ending     atomic.Pointer[error] // why no further task is begun; what is in flight still ends
	failed     atomic.Pointer[error] // the first other error: it ends what is in flight, too
}

func (p *parallel[T]) over() bool {
	return p.feed.Err() != nil || p.work.Err() != nil || p.ending.Load() != nil
}

// context is the one for the next task; begun is false where it has ended, because no task is begun any more.
func (p *parallel[T]) context() (ctx context.Context, begun bool) {
	if !p.over() {
		return p.work, true
	}
	ctx, cancel := context.WithCancel(p.work)
	cancel()
	return ctx, false
}

func (p *parallel[T]) note(err error) {
	if endsRun(err) {
		p.ending.Store(&err)
		return
	}
	p.failed.CompareAndSwap(nil, &err)
	p.cancel()
}

// why is the error of the whole.
func (p *parallel[T]) why(feedErr error) error {
	err := feedErr
	if failed := p.failed.Load(); failed != nil {
		err = errors.Join(*failed, feedErr)
	}
	if ending := p.ending.Load(); ending != nil {
		err = errors.Join(err, *ending)
	}
	if err == nil && p.feed.Err() != nil {
		err = p.feed.Err()
	}
	return err
}

// endsRun tells the errors that let no further request leave from those of one vehicle or of the tool.
func endsRun(err error) bool {
	return errors.Is(err, smartcar.ErrBudget) || errors.Is(err, smartcar.ErrStopped) || errors.Is(err, smartcar.ErrPaused) || errors.Is(err, smartcar.ErrSystemic) || errors.Is(err, smartcar.ErrCredentials)
}
