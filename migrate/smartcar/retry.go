package smartcar

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"scmigrate/compare"
)

// policy says which failures are worth another attempt at once. Whatever it does not repeat comes back as data, and the
// next run on the same ledger asks again.
type policy struct {
	tries   uint          // attempts in all
	longest time.Duration // a Retry-After above this is not waited for; the application's limit excepted
	worth   func(reply) bool
}

var (
	// vehiclePolicy: each further attempt may wake a car and cost money, so one, and only where the first surely read nothing:
	// a connection that broke, and the application's limit, which everyone waits for anyway. A car's own limit is not waited
	// for here: it may be long, and the worker has other cars to call.
	vehiclePolicy = policy{tries: 2, worth: func(p reply) bool { return brokeBeforeAnswer(p) || ofApplication(p) }}
	// pagePolicy: a lost page makes the whole connections list prove nothing, so it may take longer.
	pagePolicy = policy{tries: 4, longest: 5 * time.Minute, worth: passes}
	iamPolicy  = policy{tries: 4, longest: 30 * time.Second, worth: func(p reply) bool { return passes(p) || refusedOddly(p) }}
)

// brokeBeforeAnswer: there was no connection, or it broke before any byte of the answer. Trouble of no known type counts:
// net/http names a kept connection that the server closed under a POST by an error of no type at all. A time-out does not:
// the car may be answering. Where the host is silent, the further attempt waits at its breaker, and the vehicle is not lost.
func brokeBeforeAnswer(p reply) bool {
	return p.Status == 0 && p.class != "" && p.class != classTimeout
}

// ofApplication: Smartcar refused a request of the application, whatever it was about.
func ofApplication(p reply) bool { return p.Failure.Kind == compare.KindAppLimit }

// passes is true for trouble that a little time may heal, on requests that no car notices.
func passes(p reply) bool {
	switch p.Failure.Kind {
	case compare.KindUpstream, compare.KindTimeout, compare.KindNetwork, compare.KindMalformed, compare.KindAppLimit, compare.KindVehicleLimit:
		return p.Status < 300 || p.Status >= 400 // a redirect stays one
	}
	return false
}

var errAgain = errors.New("worth another attempt")

// verdict is nil when the reply is final, else errAgain, with the server's waiting time where it named one. The wait for
// the application's limit is the Limiter's: it holds everyone, and tells those who watch.
func (p policy) verdict(got reply) error {
	switch {
	case got.Failure == nil || !p.worth(got):
		return nil
	case ofApplication(got):
		return errors.Join(errAgain, &backoff.RetryAfterError{})
	case got.Failure.RetryAfter > p.longest:
		return nil
	}
	if wait := got.Failure.RetryAfter; wait > 0 {
		return errors.Join(errAgain, &backoff.RetryAfterError{Duration: wait})
	}
	return errAgain
}

// retried repeats an exchange under a policy. Each attempt passes the limiter and is reported by itself.
func retried(p policy, next exchange) exchange {
	return func(ctx context.Context, r request) (reply, error) {
		schedule := backoff.NewExponentialBackOff()
		schedule.InitialInterval, schedule.Multiplier, schedule.MaxInterval = time.Second, 2, 10*time.Second
		attempt := func() (reply, error) {
			got, err := next(ctx, r)
			if err != nil {
				return reply{}, backoff.Permanent(err)
			}
			return got, p.verdict(got)
		}
		got, err := backoff.Retry(ctx, attempt, backoff.WithBackOff(schedule), backoff.WithMaxTries(p.tries), backoff.WithMaxElapsedTime(0))
		switch {
		case err == nil:
			return got, nil
		case ctx.Err() != nil:
			return reply{}, ctx.Err()
		case errors.Is(err, errAgain):
			return got, nil
		}
		return reply{}, err
	}
}
