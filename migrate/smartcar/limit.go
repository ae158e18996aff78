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
func limited(l *Limiter, now func() time.Time, next exchange) exchange {
	return func(ctx context.Context, r request) (reply, error) {
		if err := l.Wait(ctx, r.host); err != nil {
			return reply{}, err
		}
		p, err := next(ctx, r)
		if err == nil && p.Failure != nil && p.Failure.Kind == compare.KindAppLimit {
			wait := p.Failure.RetryAfter
			if wait <= 0 {
				wait = unstatedPause
			}
			l.Pause(now().Add(wait))
		}
		return p, err
	}
}
