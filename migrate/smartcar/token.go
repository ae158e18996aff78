package smartcar

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/secret"
)

// ErrCredentials means that IAM refused every client secret: a person must act (exit code 5). It is remembered; nothing
// is asked again in this process.
var ErrCredentials = errors.New("the application's credentials are refused; check the v3 client id and its client secrets in the dashboard")

// TokenFunc gives a bearer token at the moment it is put on a request: after every wait for the rate limit.
type TokenFunc func(context.Context) (secret.Secret, error)

// TokenError says that no application token could be had for a reason that is not the credentials (IAM down, a
// time-out). On a vehicle's call it becomes the Answer's Failure; only AppToken returns it.
type TokenError struct{ Failure compare.Failure }

func (e *TokenError) Error() string {
	return fmt.Sprintf("no application token: the token endpoint answered %s; try again later", e.Failure.Label())
}

const (
	// tokenPause is how long a failed token request is not repeated: many workers ask at once.
	tokenPause = 30 * time.Second
	// renewPause is how long a token that v3 never once accepted is kept although v3 refuses it: the refusal is then not about
	// the token's age, and IAM must not be asked for each vehicle.
	renewPause = time.Minute
)

// tokens hands out the application token. Any number of workers share one request for it. The mutex is never held while
// waiting; workers wait on a channel, which testing/synctest understands.
type tokens struct {
	fetch func(context.Context) (fresh, error)
	now   func() time.Time

	silent func() bool // IAM does not answer, and its breaker says when it is tried again

	mu      sync.Mutex
	current fresh
	had     bool      // IAM gave a token in this process
	worked  bool      // v3 accepted the current token at least once
	renewed time.Time // when a refusal by v3 last had the token renewed
	flight  *flight   // the request under way
	refused error     // ErrCredentials, for good
	failed  error     // a TokenError, until `again`
	again   time.Time
}

// fresh is a token with its times; zero where there is none.
type fresh struct {
	token           secret.Secret
	renewAt, deadAt time.Time
}

// flight is one token request; result is set before done closes.
type flight struct {
	done   chan struct{}
	result fresh
	err    error
}

// errAbandoned: the worker that asked was cancelled; another one takes over.
var errAbandoned = errors.New("the token request was given up")

// errHeld: a renewal failed because IAM does not answer at all. A run that had a token waits for the next one, at IAM's
// breaker: an outage of minutes must not make a fleet inconclusive. It ends with that breaker's ErrSystemic.
var errHeld = errors.New("the token endpoint does not answer")

// get returns a token that is good by its age, asking IAM where needed.
func (t *tokens) get(ctx context.Context) (secret.Secret, error) {
	for {
		token, f, mine, err := t.join()
		if f == nil {
			return token, err
		}
		if mine {
			t.fly(ctx, f)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return secret.Secret{}, ctx.Err()
		}
		if errors.Is(f.err, errHeld) {
			continue
		}
		if mine || !errors.Is(f.err, errAbandoned) {
			return f.outcome(ctx)
		}
	}
}

func (f *flight) outcome(ctx context.Context) (secret.Secret, error) {
	if errors.Is(f.err, errAbandoned) {
		return secret.Secret{}, ctx.Err()
	}
	return f.result.token, f.err
}

// join answers from memory, or gives the flight to wait for; mine says that the caller has to fly it.
func (t *tokens) join() (token secret.Secret, f *flight, mine bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	switch {
	case t.refused != nil:
		return secret.Secret{}, nil, false, t.refused
	case now.Before(t.current.renewAt):
		return t.current.token, nil, false, nil
	case t.flight != nil:
		return secret.Secret{}, t.flight, false, nil
	case now.Before(t.again) && now.Before(t.current.deadAt):
		return t.current.token, nil, false, nil
	case now.Before(t.again):
		return secret.Secret{}, nil, false, t.failed
	}
	t.flight = &flight{done: make(chan struct{})}
	return secret.Secret{}, t.flight, true, nil
}

func (t *tokens) fly(ctx context.Context, f *flight) {
	f.err = errAbandoned // also what waiters see if fetch panics
	defer t.land(f)
	got, err := t.fetch(ctx)
	if err != nil && ctx.Err() != nil {
		return
	}
	f.result, f.err = got, err
}

// land settles what a flight brought. A renewal that failed in passing leaves the old token in use until it dies.
func (t *tokens) land(f *flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer close(f.done)
	t.flight = nil
	var passing *TokenError
	switch {
	case f.err == nil:
		t.current, t.worked, t.had = f.result, false, true
	case errors.Is(f.err, ErrCredentials):
		t.refused = f.err
	case errors.As(f.err, &passing):
		t.failed, t.again = f.err, t.now().Add(tokenPause)
		switch {
		case t.now().Before(t.current.deadAt):
			f.result, f.err = t.current, nil
		case t.had && t.silent():
			f.err, t.again = errHeld, time.Time{}
		}
	}
}

// reject forgets a token that v3 refused, if it is still the current one. It is false where another attempt is pointless.
func (t *tokens) reject(token secret.Secret) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.current.token.Equal(token) {
		return true // somebody was faster
	}
	now := t.now()
	if !t.worked && now.Sub(t.renewed) < renewPause {
		return false
	}
	t.current, t.renewed = fresh{}, now
	return true
}

func (t *tokens) accept(token secret.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.worked = t.worked || t.current.token.Equal(token)
}

// authorised puts the bearer token on a request at the last moment: the wait for the rate limit may outlast a token.
func authorised(now func() time.Time, next exchange) exchange {
	return func(ctx context.Context, r request) (reply, error) {
		token, err := r.bearer(ctx)
		var passing *TokenError
		switch {
		case errors.As(err, &passing):
			f := passing.Failure
			f.Note = "no application token could be had"
			return reply{Answer: Answer{FetchedAt: now(), Failure: &f}}, nil
		case err != nil:
			return reply{}, err
		case !sendable(token):
			f := compare.Failure{Kind: compare.KindUnauthorized, Note: "there is no token, or one with letters no header can carry; nothing was sent"}
			return reply{Answer: Answer{FetchedAt: now(), Failure: &f}}, nil
		}
		r.token = token
		return next(ctx, r)
	}
}

// renewed asks once more with a new application token after a 401. A 401 that stays is the vehicle's answer, not the
// credentials' end: v3 may refuse an application that IAM knows.
func renewed(t *tokens, next exchange) exchange {
	return func(ctx context.Context, r request) (reply, error) {
		p, err := next(ctx, r)
		switch {
		case err != nil || p.token.IsZero():
			return p, err
		case p.Status == 401 && t.reject(p.token):
			return next(ctx, r)
		case p.Status >= 200 && p.Status < 500 && p.Status != 401 && p.Status != 429:
			t.accept(p.token)
		}
		return p, nil
	}
}
