// Package inorder works through a long sequence on all cores and gives the results in the sequence's order.
package inorder

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"scmigrate/migrate/internal/crash"
)

// batch is how many items are worked on at a time. Memory holds at most three batches: one that is being used, one that
// is ready, one that is being worked on.
const batch = 128

// Map yields what do makes of every item, in the order of the items. do runs on several goroutines at once; which items it
// has seen when the reader stops is not told. The first error, of the items or of do, is the last thing yielded; so is
// ctx's own, when ctx ends. No goroutine is left when the loop over it ends.
func Map[In, Out any](ctx context.Context, items iter.Seq2[In, error], do func(In) (Out, error)) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		inner, cancel := context.WithCancel(ctx)
		j := job[In, Out]{ctx: inner, do: do, ready: make(chan result[Out], 1)}
		go func() {
			defer close(j.ready)
			if err := crash.Do(func() error { j.work(items); return nil }); err != nil {
				j.hand(result[Out]{err: err})
			}
		}()
		defer j.wait()
		defer cancel()
		if err := j.deliver(yield); err != nil {
			yield(*new(Out), err)
		}
	}
}

// job is one use of Map.
type job[In, Out any] struct {
	ctx   context.Context
	do    func(In) (Out, error)
	ready chan result[Out]
	group []In
}

// result is one batch; an error stands behind what was done before it.
type result[Out any] struct {
	done []Out
	last bool
	err  error
}

// deliver yields the batches to their end, or as long as they are wanted.
func (j *job[In, Out]) deliver(yield func(Out, error) bool) error {
	for r := range j.ready {
		for _, out := range r.done {
			if !yield(out, nil) {
				return nil
			}
		}
		if r.err != nil || r.last {
			return r.err
		}
	}
	return j.ctx.Err() // it ended without a last batch: nobody may take that for the whole
}

// wait returns when the work has ended.
func (j *job[In, Out]) wait() {
	for range j.ready {
		continue
	}
}

func (j *job[In, Out]) work(items iter.Seq2[In, error]) {
	for in, err := range items {
		if err != nil {
			j.send(false, err)
			return
		}
		if j.group = append(j.group, in); len(j.group) == batch && !j.send(false, nil) {
			return
		}
	}
	j.send(true, nil)
}

// send works on the group and hands it over; false when there is nothing more to do.
func (j *job[In, Out]) send(last bool, trouble error) bool {
	done, err := j.together()
	if err == nil {
		err = trouble
	}
	j.group = j.group[:0]
	return j.hand(result[Out]{done, last, err}) && err == nil
}

// hand gives a result to the reader; false when there is none any more.
func (j *job[In, Out]) hand(r result[Out]) bool {
	select {
	case j.ready <- r:
		return true
	case <-j.ctx.Done():
		return false
	}
}

// together gives the group to all cores.
func (j *job[In, Out]) together() ([]Out, error) {
	done, errs := make([]Out, len(j.group)), make([]error, len(j.group))
	workers := min(runtime.GOMAXPROCS(0), len(j.group))
	var wait sync.WaitGroup
	for first := range workers {
		wait.Go(func() {
			if err := crash.Do(func() error { j.every(workers, first, done, errs); return nil }); err != nil {
				errs[first] = err // of all its items none counts
			}
		})
	}
	wait.Wait()
	return upToError(done, errs)
}

// every does each step-th item from the first on.
func (j *job[In, Out]) every(step, first int, done []Out, errs []error) {
	for i := first; i < len(done); i += step {
		done[i], errs[i] = j.do(j.group[i])
	}
}

// upToError is what is done before the first error, in order.
func upToError[Out any](done []Out, errs []error) ([]Out, error) {
	for i, err := range errs {
		if err != nil {
			return done[:i], err
		}
	}
	return done, nil
}
