package inorder

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func count(n int, end error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if end != nil {
			yield(0, end)
		}
	}
}

func collect(seq iter.Seq2[string, error]) (list []string, err error) {
	for text, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, text)
	}
	return list, nil
}

var errOdd = errors.New("odd")

func TestMap(t *testing.T) {
	refuse := func(at int) func(int) (string, error) {
		return func(n int) (string, error) {
			if n >= at {
				return "", errOdd
			}
			return strconv.Itoa(n), nil
		}
	}
	for _, tt := range []struct {
		reason            string
		items, at, expect int
		end, want         error
	}{
		{"nothing", 0, 9, 0, nil, nil}, {"one", 1, 9, 1, nil, nil}, {"a batch", batch, 1e6, batch, nil, nil}, {"many batches", 5*batch + 7, 1e6, 5*batch + 7, nil, nil},
		{"an error at the end", 3*batch + 1, 1e6, 3*batch + 1, errOdd, errOdd}, {"only an error", 0, 9, 0, errOdd, errOdd},
		{"work that fails", 4 * batch, 2*batch + 5, 2*batch + 5, nil, errOdd},
	} {
		got, err := collect(Map(t.Context(), count(tt.items, tt.end), refuse(tt.at)))
		if !errors.Is(err, tt.want) || tt.want == nil && err != nil || len(got) != tt.expect {
			t.Errorf("%s: %d, %v", tt.reason, len(got), err)
		}
		for i, text := range got {
			if text != strconv.Itoa(i) {
				t.Fatalf("%s: %s stands at %d", tt.reason, text, i)
			}
		}
	}
}

// TestMapThatIsLeft: no goroutine stays (a bubble would not end), and no more than three batches are read ahead.
func TestMapThatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done atomic.Int64
		for range Map(t.Context(), count(100*batch, nil), func(n int) (int, error) { done.Add(1); return n, nil }) {
			synctest.Wait()
			break
		}
		if n := done.Load(); n > 3*batch {
			t.Errorf("%d were done for one", n)
		}
	})
}

// TestMapThatIsCancelled: an end that was not the sequence's is never taken for it.
func TestMapThatIsCancelled(t *testing.T) {
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		var last error
		for _, err := range Map(ctx, count(20*batch, nil), func(n int) (int, error) { return n, nil }) {
			if last = err; err == nil {
				n++
			}
			if n == batch {
				cancel()
			}
		}
		if n < 20*batch && !errors.Is(last, context.Canceled) {
			t.Fatalf("%d of %d, and %v", n, 20*batch, last)
		}
		cancel()
	}
}
