package smartcar

import (
	fifo "container/list"
	"context"
	"errors"
	"time"
)

// The reasons for which no further request leaves. Each ends every wait, now and later.
var (
	// ErrStopped is what Wait returns after Stop.
	ErrStopped = errors.New("the run is ending, no further request leaves")
	// ErrPaused is what Wait returns where Smartcar asks everyone to wait longer than MaxPause.
	ErrPaused = errors.New("smartcar asks for a longer wait than this run may make; resume later")
	// ErrSystemic is what Wait returns where a host has not answered for longer than MaxPause.
	ErrSystemic = errors.New("a host of smartcar's has not answered for longer than this run may wait; check the network, then resume")
)

// errShut: the host's breaker opened while a request waited for the rate limit. Nothing was taken.
var errShut = errors.New("the host does not answer")

// place is one request in a bucket's queue.
type place struct {
	wake chan struct{} // told to look again: it is the first now, or the first one's time has changed
	at   *fifo.Element
}

// Wait returns nil when one request to the host may leave, in the order of asking. It returns ErrBudget at once when
// MaxRequests are used up, the reason where no request leaves any more, and the context's error when that ends first.
func (l *Limiter) Wait(ctx context.Context, host Host) error {
	return l.wait(ctx, host, func() bool { return true })
}

// wait is Wait for a host that may go silent meanwhile: open is asked at the moment of going, under the Limiter's lock. It
// returns errShut where that says no; whoever is next goes in its place.
func (l *Limiter) wait(ctx context.Context, host Host, open func() bool) error {
	b, p, err := l.enter(host)
	if err != nil {
		return err
	}
	for {
		went, span, err := l.try(ctx, host, p, open)
		if err == nil && !went {
			err = l.rest(ctx, span, p.wake)
		}
		if went || err != nil {
			l.leave(b, p, went)
			return err
		}
	}
}

// enter takes a place in the queue. The token endpoint's is the first: whoever has a request in hand waits for it.
func (l *Limiter) enter(host Host) (*bucket, *place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.options.MaxRequests > 0 && l.spent >= l.options.MaxRequests {
		return nil, nil, ErrBudget
	}
	l.spent++
	b, p := l.of(host), &place{wake: make(chan struct{}, 1)}
	if host == HostIAM {
		p.at = b.queue.PushFront(p)
	} else {
		p.at = b.queue.PushBack(p)
	}
	return b, p, nil
}

// turnless is the wait of those who are not the first in the queue: they are told when they are.
const turnless = -1

// try lets the place go where it may, and tells how long it waits where it may not yet.
func (l *Limiter) try(ctx context.Context, host Host, p *place, open func() bool) (went bool, wait time.Duration, err error) {
	select {
	case <-l.ended:
		return false, 0, l.why
	default:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now, b := l.options.Now(), l.of(host)
	switch {
	case ctx.Err() != nil:
		return false, 0, ctx.Err()
	case b.queue.Front() != p.at:
		return false, turnless, nil
	case !open():
		return false, 0, errShut
	case b.take(now):
		if l.journal != nil && !l.options.Unlimited {
			l.journal.Departed(host, now)
		}
		return true, 0, nil
	}
	return false, b.until(now, 1) + b.grain(), nil
}

// leave gives the place up and wakes the next one. One that did not go costs nothing.
func (l *Limiter) leave(b *bucket, p *place, went bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !went {
		l.spent--
	}
	b.queue.Remove(p.at)
	b.wakeFirst()
}

func (b *bucket) wakeFirst() {
	if first := b.queue.Front(); first != nil {
		select {
		case first.Value.(*place).wake <- struct{}{}:
		default: // it was told already
		}
	}
}

// rest waits for d (for ever below 0), a word to look again, the end of the context or of all waits, whichever is first.
func (l *Limiter) rest(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	var due <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
	case <-wake:
	case <-l.ended:
		return l.why
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Pause is for a 429 of the application, from the host: everyone waits for so long, those already waiting included, and
// then sends more slowly for a while. A time of 0 or less is unstated and counts as 30 s. With a bucket for each host only
// that host waits. A pause never shortens another; one above MaxPause ends every wait.
func (l *Limiter) Pause(host Host, wait time.Duration) { l.refused(host, l.options.Now(), wait) }

// refused is Pause for the answer to a request that left at a time.
func (l *Limiter) refused(host Host, left time.Time, wait time.Duration) {
	if wait <= 0 {
		wait = unstatedPause
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of(host)
	b.refuse(l.options.Now(), left, wait)
	if l.journal != nil {
		l.journal.Paused(host, l.options.Now(), b.paused)
	}
	b.wakeFirst()
	if l.options.MaxPause > 0 && wait > l.options.MaxPause {
		l.end(ErrPaused)
	}
}

// Hold has everyone wait as long as Smartcar asked an earlier process to. Nothing was refused now, so the rate stays.
func (l *Limiter) Hold(host Host, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of(host)
	b.paused = later(b.paused, until)
	if l.options.MaxPause > 0 && until.Sub(l.options.Now()) > l.options.MaxPause {
		l.end(ErrPaused)
	}
}

// accepted is for a request to the host that left at a time and was not refused for its limit.
func (l *Limiter) accepted(host Host, left time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.of(host); b.grow(l.options.Now(), left) {
		b.wakeFirst()
	}
}

// Stop ends every wait, now and later: a run that ends waits for the answers to what it sent, not for its turn to send.
func (l *Limiter) Stop() { l.end(ErrStopped) }

// end is Stop for a reason; the first one counts.
func (l *Limiter) end(why error) {
	l.once.Do(func() {
		l.why = why
		close(l.ended)
	})
}
