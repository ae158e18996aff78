package report

import (
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

func vehiclesUpTo(n int, end error, walks *int) func() iter.Seq2[Vehicle, error] {
	return func() iter.Seq2[Vehicle, error] {
		return func(yield func(Vehicle, error) bool) {
			*walks++
			for i := range n {
				if !yield(Vehicle{VehicleID: fmt.Sprint(i), Verdict: "ready"}, nil) {
					return
				}
			}
			if end != nil {
				yield(Vehicle{}, end)
			}
		}
	}
}

func TestAConvoyWalksOnceForAll(t *testing.T) {
	trouble := errors.New("trouble")
	for _, n := range []int{0, 1, convoyBatch - 1, convoyBatch, 3*convoyBatch + 1} {
		for _, end := range []error{nil, trouble} {
			walks, stops := 0, []int{-1, 0, 5, -1}
			got := make([]int, len(stops))
			c := convoy{vehicles: vehiclesUpTo(n, end, &walks)()}
			var group errgroup.Group
			for i, stop := range stops {
				r := c.add()
				group.Go(func() error {
					defer r.leave()
					for v, err := range r.seq() {
						if err != nil {
							return err
						}
						if got[i] == stop {
							return nil
						}
						if v.VehicleID != fmt.Sprint(got[i]) {
							return fmt.Errorf("%s after %d", v.VehicleID, got[i])
						}
						got[i]++
					}
					return nil
				})
			}
			c.drive()
			if err := group.Wait(); !errors.Is(err, end) || walks != 1 {
				t.Errorf("%d vehicles: %v after %d walks", n, err, walks)
			}
			for i, stop := range stops {
				if want := min(n, max(stop, n*(-stop))); stop != 0 && got[i] != want {
					t.Errorf("%d vehicles, rider %d saw %d, want %d", n, i, got[i], want)
				}
			}
		}
	}
}

// TestWriteAllWalksOnce also lets riders leave before the end: a rider that nobody reads must hold nobody up.
func TestWriteAllWalksOnce(t *testing.T) {
	walks := 0
	r := sample()
	r.Vehicles = vehiclesUpTo(1000, nil, &walks)
	if _, err := WriteAll(t.TempDir(), r, WriteOptions{Formats: Formats(), ShareKey: shareKey}); err != nil || walks != 1 {
		t.Errorf("%d walks: %v", walks, err)
	}
	trouble := errors.New("trouble")
	r.Vehicles = vehiclesUpTo(1000, trouble, &walks)
	ended := make(chan error)
	go func() {
		_, err := WriteAll(t.TempDir(), r, WriteOptions{Formats: Formats(), ShareKey: shareKey})
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, trouble) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the reports wait for each other")
	}
}
