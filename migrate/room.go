package migrate

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/semaphore"

	"scmigrate/migrate/internal/crash"
	"scmigrate/migrate/smartcar"
)

// room bounds the legs that are under way at the same time, so that a leg that ends makes room for the next vehicle's while
// the other one of its own vehicle is still being answered. A nil room has no end.
type room struct{ legs *semaphore.Weighted }

// newRoom is one for the two legs of so many vehicles.
func newRoom(vehicles int) *room { return &room{semaphore.NewWeighted(2 * int64(vehicles))} }

// enter waits for room for one leg, until ctx ends. First come, first served: the legs of one vehicle enter together.
func (r *room) enter(ctx context.Context) (leave func(), err error) {
	if r == nil {
		return func() {}, nil
	}
	if err := r.legs.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { r.legs.Release(1) }, nil
}

// visitorsFor are the workers that keep the legs of so many vehicles under way: while some call, others look up their next
// vehicle, wait for the slower one of its legs, or compare. One vehicle at a time stays one.
func visitorsFor(vehicles int) int { return 2*vehicles - 1 }

// together runs the legs at the same moment and waits for all; their errors are joined.
func (v *visit) together(ctx context.Context, legs []func(context.Context) error) error {
	errs := make([]error, len(legs))
	var wait sync.WaitGroup
	for i, leg := range legs {
		wait.Go(func() { errs[i] = crash.Do(func() error { return v.inRoom(ctx, leg) }) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// inRoom makes calls, one after the other, when there is room for them. Where the credentials were refused while it waited,
// it makes none: no answer would be compared with anything.
func (v *visit) inRoom(ctx context.Context, calls func(context.Context) error) error {
	leave, err := v.meter.room.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := v.meter.Caller.AppToken(ctx); errors.Is(err, smartcar.ErrCredentials) {
		return err
	}
	return calls(ctx)
}
