package smartcar

import (
	"context"
	"errors"
	"sync"
	"time"

	"scmigrate/compare"
)

// When a host counts as silent, and when it is tried again.
const (
	silentAfter = 10 // answers in a row that speak of the host and not of a vehicle or its maker
	firstProbe  = 30 * time.Second
	lastProbe   = 5 * time.Minute // the longest wait between two probes
)

// breaker keeps requests from a host that does not answer: each would cost a token of the bucket and make a vehicle
// inconclusive for nothing. While it is open, one request at a time tries the host, after 30 s, 60 s and so on up to 5
// minutes; an answer lets all go. An outage longer than the Limiter's MaxPause ends every wait of the run, to be resumed.
//
// IAM has one, too, though its requests are never many (token.go): without it, every vehicle that is due while the token
// cannot be renewed would be inconclusive within seconds, and the whole fleet within minutes. It opens once all attempts
// of one token request have failed, and the probes are then the only token requests there are.
type breaker struct {
	limiter *Limiter
	now     func() time.Time
	mu      sync.Mutex // never held while waiting, nor while the Limiter is called
	hosts   map[Host]*circuit
}

// circuit is what the breaker knows of one host.
type circuit struct {
	failures int           // in a row
	opened   time.Time     // zero: closed
	probe    time.Time     // when the next probe may leave
	span     time.Duration // the wait for it
	probing  bool          // a probe is under way
	failed   bool          // a probe failed since it opened
	waiting  int
	changed  chan struct{} // closed and replaced when those who wait must look again
}

func newBreaker(l *Limiter) *breaker {
	return &breaker{limiter: l, now: l.options.Now, hosts: map[Host]*circuit{}}
}

// guarded lets a request leave only to a host that answers. It comes before the rate limit, so that a request that waits
// for the host takes no token; one that waits for the rate limit while the host goes silent comes back without one. A probe that
// never reached the host waits on like the others: its vehicle is no worse than theirs.
func guarded(b *breaker, next exchange) exchange {
	return func(ctx context.Context, r request) (reply, error) {
		for {
			probe, err := b.wait(ctx, r.host)
			if err != nil {
				return reply{}, err
			}
			r.open = func() bool { return probe || !b.silent(r.host) }
			p, err := next(ctx, r)
			b.learn(r.host, probe, stateOf(p, err))
			if !errors.Is(err, errShut) && !(probe && err == nil && brokeBeforeAnswer(p)) {
				return p, err
			}
		}
	}
}

// of is a host's circuit. The lock is held.
func (b *breaker) of(host Host) *circuit {
	c := b.hosts[host]
	if c == nil {
		c = &circuit{changed: make(chan struct{})}
		b.hosts[host] = c
	}
	return c
}

func (b *breaker) silent(host Host) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.of(host).opened.IsZero()
}

// wait returns when a request may go on to the rate limit; probe says that it is the one that tries the host.
func (b *breaker) wait(ctx context.Context, host Host) (probe bool, err error) {
	for {
		may, first, span, changed := b.admit(host)
		if may {
			return first, nil
		}
		if span == 0 {
			b.limiter.end(ErrSystemic)
		}
		err := b.limiter.rest(ctx, span, changed)
		b.leave(host)
		if err != nil {
			return false, err
		}
	}
}

// admit lets a request pass, or counts it among those who wait: for a span, for ever where it is below 0. A span of 0
// says that the host has been silent for too long.
func (b *breaker) admit(host Host) (may, probe bool, span time.Duration, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, now := b.of(host), b.now()
	switch {
	case c.opened.IsZero():
		return true, false, 0, nil
	case !c.probing && !now.Before(c.probe):
		c.probing = true
		return true, true, 0, nil
	}
	c.waiting++
	if c.probing {
		return false, false, turnless, c.changed
	}
	span = c.probe.Sub(now)
	if longest := b.limiter.options.MaxPause; longest > 0 && c.failed {
		span = max(0, min(span, c.opened.Add(longest).Sub(now)))
	}
	return false, false, span, c.changed
}

func (b *breaker) leave(host Host) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(host).waiting--
}

// learn takes in what came of a request. Only a probe's failure makes an open breaker wait longer.
func (b *breaker) learn(host Host, probe bool, s state) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, now := b.of(host), b.now()
	switch {
	case s == stateAlive:
		c.failures, c.opened, c.failed = 0, time.Time{}, false
	case s == stateSick && c.opened.IsZero():
		if c.failures++; c.failures >= threshold(host) {
			c.opened, c.span, c.probe = now, firstProbe, now.Add(firstProbe)
		}
	case s == stateSick && probe:
		c.failed, c.span = true, min(2*c.span, lastProbe)
		c.probe = now.Add(c.span)
	case !probe:
		return
	}
	if probe || c.opened.IsZero() {
		c.probing = false
		c.tell()
	}
}

// tell makes those who wait look again.
func (c *circuit) tell() {
	if c.waiting > 0 {
		close(c.changed)
		c.changed = make(chan struct{})
	}
}

func threshold(host Host) int {
	if host == HostIAM {
		return int(iamPolicy.tries)
	}
	return silentAfter
}

// hold tells about a silent host that is tried again.
func (b *breaker) hold() Hold {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, host := range []Host{HostIAM, HostLegacy, HostApp} {
		c := b.hosts[host]
		if c == nil || c.opened.IsZero() {
			continue
		}
		if span := c.probe.Sub(b.now()); c.probing || span > 0 {
			return Hold{Reason: HoldSilent, Host: host, For: max(0, span)}
		}
	}
	return Hold{}
}

// state is what an answer says of its host.
type state int

const (
	stateUnsaid state = iota // nothing was sent, or it was cancelled
	stateAlive
	stateSick
)

// stateOf judges a host by an answer. Whatever Smartcar says of a vehicle, a token or a maker (UPSTREAM), in its own words,
// shows a living host; an endpoint that is gone (404, 410) or refuses (401, 403) does so as well.
func stateOf(p reply, err error) state {
	switch f := p.Failure; {
	case err != nil || p.Status == 0 && p.class == "":
		return stateUnsaid
	case f == nil:
		return stateAlive
	case p.Status == 0,
		f.Kind == compare.KindUpstream && f.Type != "UPSTREAM",
		f.Kind == compare.KindMalformed && p.Status < 400 && p.class == "": // the page of a gateway, or of a network's login
		return stateSick
	}
	return stateAlive
}
