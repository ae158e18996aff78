package migrate

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"

	"golang.org/x/sync/semaphore"

	"scmigrate/migrate/smartcar"
)

// TestATaskThatWasDrawnIsNeverForgotten: the sequence ends only when every task that it gave away was let go of, as the turns of
// a run do. Whatever ends the work early, and wherever, nobody waits for a task that nobody begins.
func TestATaskThatWasDrawnIsNeverForgotten(t *testing.T) {
	const tasks, workers = 60, 16
	broken := errors.New("the ledger cannot be read")
	for _, ends := range []func() error{func() error { return broken }, func() error { return smartcar.ErrBudget }, func() error { panic("a bug") }} {
		for at := range tasks {
			synctest.Test(t, func(t *testing.T) {
				held := semaphore.NewWeighted(tasks)
				sequence := iter.Seq2[int, error](func(yield func(int, error) bool) {
					for i := range tasks {
						if err := held.Acquire(t.Context(), 1); err != nil || !yield(i, nil) {
							return
						}
					}
					_ = held.Acquire(t.Context(), tasks) // until all were let go of
				})
				err := inParallel(t.Context(), t.Context(), workers, sequence, func(ctx context.Context, i int) error {
					defer held.Release(1)
					if ctx.Err() == nil && i == at {
						return ends()
					}
					return ctx.Err()
				})
				if err == nil {
					t.Errorf("task %d: no error", at)
				}
			})
		}
	}
}
