package inventory

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// maxAnswers is how many answers of commands are remembered; a forgotten one costs one more run of the command.
const maxAnswers = 100_000

// answers remembers what commands said, one answer per grant (per vehicle without one) and command.
type answers struct {
	mu    sync.Mutex // never held while a command runs
	byKey map[string]*slot
	order []string // keys of byKey by age
}

// slot is the state of one answer. A flight is going on while flight is not nil.
type slot struct {
	token   Token
	have    bool
	refused bool // Smartcar refused this very token after it was asked for
	flight  *flight
}

// flight is one run of a command that others wait for.
type flight struct {
	done  chan struct{} // closed when token and err are set
	token Token
	err   error
}

// cached gives the remembered answer while it is good, joins a command that is running for the same grant, or runs it.
func (r *Resolver) cached(ctx context.Context, argv []string, req TokenRequest) (Token, error) {
	k := cacheKey(argv, req)
	for {
		t, f, mine := r.answers.enter(k, req, r.o.Now())
		if f == nil {
			return t, nil
		}
		if mine {
			f.token, f.err = r.ask(ctx, argv, req)
			r.answers.leave(k, f, req)
			return f.token.dead(r.o.Now()), f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
		if cancelled(f.err) { // whoever ran it gave up; that says nothing about the grant
			continue
		}
		return f.token.dead(r.o.Now()), f.err
	}
}

func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func cacheKey(argv []string, req TokenRequest) string {
	scope := "grant\x00" + req.Grant
	if req.Grant == "" {
		scope = "vehicle\x00" + req.VehicleID
	}
	return scope + "\x00" + strings.Join(argv, "\x00")
}

// enter gives a good answer (no flight), the flight to wait for, or a new flight that the caller must make.
func (a *answers) enter(k string, req TokenRequest, now time.Time) (t Token, f *flight, mine bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.slot(k)
	switch {
	case s.flight != nil:
		return Token{}, s.flight, false
	case s.good(req, now):
		return s.token, nil, false
	}
	s.flight = &flight{done: make(chan struct{})}
	return Token{}, s.flight, true
}

// good reports whether the answer can be given again. A refused token is given again only to those who were refused it too:
// it was asked for anew already, and they will see that nothing changed.
func (s *slot) good(req TokenRequest, now time.Time) bool {
	switch {
	case !s.have || s.token.dead(now).Dead:
		return false
	case s.token.Gone != "":
		return true
	case refused(s.token, req):
		return s.refused
	}
	return !s.refused
}

// leave ends a flight and keeps its answer; failures are not kept.
func (a *answers) leave(k string, f *flight, req TokenRequest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.slot(k)
	if f.err == nil {
		s.refused = refused(f.token, req) || (s.refused && s.token.Secret.Equal(f.token.Secret))
		s.token, s.have = f.token, true
	}
	s.flight = nil
	close(f.done)
}

// slot gives the state for k, making room if it is new. The caller holds the lock.
func (a *answers) slot(k string) *slot {
	if s, ok := a.byKey[k]; ok {
		return s
	}
	if len(a.byKey) >= maxAnswers {
		a.forgetOldest()
	}
	s := &slot{}
	a.byKey[k] = s
	a.order = append(a.order, k)
	return s
}

// forgetOldest drops the oldest answer that nobody is fetching.
func (a *answers) forgetOldest() {
	for i, k := range a.order {
		if a.byKey[k].flight == nil {
			delete(a.byKey, k)
			a.order[i] = a.order[0]
			a.order = a.order[1:]
			return
		}
	}
}
