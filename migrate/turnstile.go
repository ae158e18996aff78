package migrate

import (
	"context"
	"sync"
)

// turnstile lets one at a time to what has a name: two entries may be one car, and a car is never called twice at once on
// one leg. The zero turnstile is open. Who waits can be cancelled.
type turnstile struct {
	mu     sync.Mutex // never held while waiting
	inside map[string]*gateway
}

// gateway is the way to one name; it is there while anybody is inside or waits.
type gateway struct {
	free  chan struct{} // holds one token while nobody is inside
	users int
}

// enter waits for its turn; leave must be called then.
func (t *turnstile) enter(ctx context.Context, name string) (leave func(), err error) {
	g := t.come(name)
	select {
	case <-g.free:
		return func() { g.free <- struct{}{}; t.gone(name) }, nil
	case <-ctx.Done():
		t.gone(name)
		return nil, ctx.Err()
	}
}

func (t *turnstile) come(name string) *gateway {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.inside[name]
	if g == nil {
		g = &gateway{free: make(chan struct{}, 1)}
		g.free <- struct{}{}
		if t.inside == nil {
			t.inside = map[string]*gateway{}
		}
		t.inside[name] = g
	}
	g.users++
	return g
}

func (t *turnstile) gone(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g := t.inside[name]; g != nil {
		if g.users--; g.users == 0 {
			delete(t.inside, name)
		}
	}
}
