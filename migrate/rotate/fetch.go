package rotate

import (
	"context"
	"fmt"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// pauses are between the attempts of one refresh. The first five fall within the minute in which a used token works again
// even if each attempt is lost after its ten seconds; those behind them help where the token was never spent.
var pauses = []time.Duration{0, time.Second, 2 * time.Second, 2 * time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 10 * time.Second}

// fetch sends the token of an intent until there is an answer that can be read, and notes the pair, or that there is none.
// An attempt without an answer may have spent the token, so that nothing but repeating it within the server's grace period
// can bring the pair: an interrupt does not end that, and a limit does not put it off. While nothing is spent both do.
func (r *Rotation) fetch(ctx context.Context, i *item) error {
	doubtful, label, steady := i.resumed, "no answer", context.WithoutCancel(ctx)
	for n := 0; n < len(pauses); {
		if pauses[n] > 0 {
			r.o.Pause(steady, pauses[n])
		}
		r.step("refresh: before sending")
		got, err := r.o.API.Refresh(steady, i.old)
		r.step("refresh: answered")
		if err != nil {
			return err
		}
		switch {
		case got.Result == smartcar.RefreshCame:
			return r.keep(steady, i, got)
		case got.Result == smartcar.RefreshDead, got.Result == smartcar.RefreshUnfit:
			return r.refuse(i, got, doubtful)
		case got.Result == smartcar.RefreshCredentials:
			return r.back(i, doubtful, ErrCredentials)
		case got.Result == smartcar.RefreshLimited && !doubtful:
			if err := r.o.API.AdmitRefresh(ctx); err != nil {
				return r.back(i, doubtful, err)
			}
		default:
			doubtful, label = true, got.Label
			n++
		}
	}
	return fmt.Errorf("%w (the last answer: %s)", ErrUnanswered, label)
}

// keep notes the pair that came. While the journal cannot take it this process is the only one who knows it, so it does not
// end for that.
func (r *Rotation) keep(ctx context.Context, i *item, got smartcar.Refreshed) error {
	i.pair = inventory.Pair(got.Pair)
	text, err := i.pair.Disclose()
	if err != nil {
		return err
	}
	for {
		err := r.journal.add(record{Event: eventPair, Token: i.token, Pair: text})
		if err == nil {
			return nil
		}
		r.o.Say("%v: free some room; ending this process now would lose a token", err)
		r.o.Pause(ctx, 2*time.Second)
	}
}

// refuse notes that a token is no good: its owner must connect again.
func (r *Rotation) refuse(i *item, got smartcar.Refreshed, doubtful bool) error {
	why := "the refresh token is used up, expired or revoked"
	switch {
	case got.Result == smartcar.RefreshUnfit:
		why = "it has not the form of a refresh token"
	case doubtful:
		why = "an earlier attempt got no answer, and the token no longer works"
	}
	return r.journal.add(record{Event: eventRefused, Token: i.token, Why: why})
}

// back notes that a token was not spent, unless an earlier attempt may have.
func (r *Rotation) back(i *item, doubtful bool, cause error) error {
	if doubtful {
		return cause
	}
	if err := r.journal.add(record{Event: eventUnspent, Token: i.token}); err != nil {
		return err
	}
	return cause
}
