package migrate

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// However many vehicles are visited at once, no more legs are under way than those of so many vehicles; and a leg that ends
// makes room although the other one of its vehicle goes on.
func TestRoomBoundsTheLegs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Meter{room: newRoom(2), Caller: &fakeCaller{}}
		var now, most, begun atomic.Int64
		leg := func(d time.Duration) func(context.Context) error {
			return func(context.Context) error {
				begun.Add(1)
				for n := now.Add(1); ; {
					if high := most.Load(); n <= high || most.CompareAndSwap(high, n) {
						break
					}
				}
				time.Sleep(d)
				now.Add(-1)
				return nil
			}
		}
		for range visitorsFor(2) {
			go func() {
				v := visit{meter: m}
				if err := v.together(t.Context(), []func(context.Context) error{leg(time.Second), leg(time.Minute)}); err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(30 * time.Second)
		if n := begun.Load(); n != 6 {
			t.Errorf("%d legs were begun while the slow ones of two vehicles go on, want 6", n)
		}
		time.Sleep(2 * time.Minute)
		if begun.Load() != 6 || most.Load() > 4 {
			t.Errorf("%d legs in all, %d at a time, want 6 and at most 4", begun.Load(), most.Load())
		}
	})
}

// A leg that waits for room ends with the run.
func TestRoomEndsWithTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newRoom(1)
	for range 2 {
		if _, err := r.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
