package smartcar

import (
	"context"
	"time"

	"scmigrate/compare"
)

// unstatedPause is how long everyone waits after a 429 of the application that names no time: at Smartcar's default the
// bucket gains one request in 30 s (smartcar-v2.md §5, retry table).
const unstatedPause = 30 * time.Second

// limited takes a token for every attempt, and stops everyone when the application's bucket turns out to be empty.
func limited(l *Limiter, next exchange) exchange {
	return func(ctx context.Context, r request) (reply, error) {
		if err := l.wait(ctx, r.host, r.mayLeave); err != nil {
			return reply{}, err
		}
		left := l.options.Now()
		p, err := next(ctx, r)
		switch {
		case err != nil || p.Status == 0 || p.Status >= 500: // says nothing about the limit
		case p.Failure != nil && p.Failure.Kind == compare.KindAppLimit:
			l.refused(r.host, left, p.Failure.RetryAfter)
		default:
			l.accepted(r.host, left)
		}
		return p, err
	}
}

// mayLeave tells whether the host still takes requests; the breaker fills it in.
func (r request) mayLeave() bool { return r.open == nil || r.open() }
