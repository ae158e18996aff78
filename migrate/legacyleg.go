package migrate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// legacyLeg sends one batch. A 401 asks once for another token; a batch that is refused as such falls back to single GETs.
func (v *visit) legacyLeg(ctx context.Context) error {
	v.asked = compare.Paths(v.fields, v.evidence.Make)
	answer, err := v.send(ctx)
	if errors.Is(err, errNoToken) {
		v.batch = compare.FailedBatch(v.asked, compare.Failure{Kind: compare.KindUnauthorized, Note: "no token that may be sent"})
		return nil
	}
	if err != nil {
		return err
	}
	leg := &v.evidence.Legacy
	leg.note(answer)
	v.server = answer.ServerDate
	switch {
	case answer.Failure == nil:
		v.readBatch(answer)
		return nil
	case RefusesBatch(*answer.Failure):
		return v.singles(ctx, v.asked, answer.Failure)
	case answer.Failure.Kind == compare.KindInvalid && len(v.standardPaths()) < len(v.asked):
		return v.withoutMakes(ctx, answer)
	}
	v.refuse(*answer.Failure)
	return v.proveDead(ctx)
}

// send makes the leg's one call, twice where the first token was refused and the source has another one.
func (v *visit) send(ctx context.Context) (smartcar.Answer, error) {
	answer, err := v.ask(ctx)
	if err != nil || answer.Failure == nil || answer.Failure.Kind != compare.KindUnauthorized {
		return answer, err
	}
	next, err := v.meter.Tokens.Token(ctx, v.tokenRequest(v.token.Secret))
	switch {
	case ctx.Err() != nil:
		return answer, ctx.Err()
	case err == nil && next.Gone != "":
		v.token = next
		return answer, nil
	case err != nil || next.Missing || next.Dead || next.Secret.IsZero() || next.Secret.Equal(v.token.Secret):
		return answer, nil
	}
	v.evidence.Legacy.note(answer)
	return v.ask(ctx)
}

// standardPaths are the paths that every make has.
func (v *visit) standardPaths() []string { return compare.Paths(v.fields, "") }

// withoutMakes sends the batch again without the make-specific paths, and those one by one: an unknown path makes v2
// refuse the whole batch (smartcar-v2.md §3), and one endpoint that goes away with v2 must not cost the car.
func (v *visit) withoutMakes(ctx context.Context, refused smartcar.Answer) error {
	all, standard := v.asked, v.standardPaths()
	v.asked = standard
	answer, err := v.send(ctx)
	v.asked = all
	if errors.Is(err, errNoToken) { // it died while it waited: the vehicle's trouble, not the run's
		v.batch = compare.FailedBatch(all, compare.Failure{Kind: compare.KindUnauthorized, Note: "no token that may be sent"})
		return nil
	}
	if err != nil {
		return err
	}
	if answer.Failure != nil {
		v.refuse(*refused.Failure)
		return nil
	}
	v.evidence.Legacy.note(answer)
	v.readBatch(answer)
	if v.evidence.Legacy.Outcome != LegAnswered {
		return nil
	}
	return v.singles(ctx, slices.DeleteFunc(slices.Clone(all), func(p string) bool { return slices.Contains(standard, p) }), nil)
}

// errNoToken ends a call whose token died while it waited for the rate limit; why is already on record.
var errNoToken = errors.New("no token that may be sent")

// current resolves the token again at the moment it is put on the request: the wait for the rate limit may be longer
// than a token's life. The source answers from its cache while the token is good; one that stands in the inventory has no
// other value, and reading its row again would cost a tenth of what the whole visit does.
func (v *visit) current(ctx context.Context) (secret.Secret, error) {
	if t := v.token; t.Literal && (t.ExpiresAt.IsZero() || v.meter.Now().Before(t.ExpiresAt)) {
		return t.Secret, nil
	}
	usable, err := v.resolve(ctx)
	if err != nil {
		return secret.Secret{}, err
	}
	if !usable {
		return secret.Secret{}, errNoToken
	}
	return v.token.Secret, nil
}

// resolve gets the legacy token; usable is false where there is none that may be sent, and the leg then says why.
func (v *visit) resolve(ctx context.Context) (usable bool, err error) {
	token, err := v.meter.Tokens.Token(ctx, v.tokenRequest(secret.Secret{}))
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	leg := &v.evidence.Legacy
	switch {
	case err != nil:
		leg.Outcome, leg.Detail = LegTokenMissing, sourceTrouble(err)
	case token.Gone != "":
		leg.Outcome, leg.Detail = LegGrantDead, "the token command says: gone"
	case token.Dead:
		leg.Outcome, leg.Detail = LegTokenMissing, "expired before its turn: never sent"
	case token.Missing || token.Secret.IsZero():
		leg.Outcome, leg.Detail = LegTokenMissing, "none given"
	default:
		v.token = token
		return true, nil
	}
	return false, nil
}

// sourceTrouble says why a token source failed without the vehicle's id, so that one broken command is one cause.
func sourceTrouble(err error) string {
	if trouble := (*inventory.TokenError)(nil); errors.As(err, &trouble) {
		return trouble.Source + " " + trouble.Reason
	}
	return err.Error()
}

func (v *visit) tokenRequest(refused secret.Secret) inventory.TokenRequest {
	return inventory.TokenRequest{VehicleID: v.entry.VehicleID, Grant: v.entry.Grant, Offset: v.entry.Offset, Length: v.entry.Length,
		ExpiresAt: v.entry.ExpiresAt, After: refused}
}

// refuse records a leg that failed as a whole.
func (v *visit) refuse(f compare.Failure) {
	leg := &v.evidence.Legacy
	leg.Outcome, leg.Failure = legacyOutcome(f), &f
	switch {
	case v.token.Gone != "":
		leg.Outcome, leg.Failure, leg.Detail = LegGrantDead, nil, "the token command says: gone"
	case leg.Outcome == LegTokenRefused && insideLife(v.token, v.meter.Now(), v.server):
		leg.Outcome = LegGrantDead
	}
	v.batch = compare.FailedBatch(v.asked, f)
}

// proveDead makes sure that a refusal inside the token's life means a dead grant: v2 may answer 401 for a car that a
// good token does not cover (smartcar-v2.md §5). GET /v2.0/user, which is not billed, tells the two apart.
func (v *visit) proveDead(ctx context.Context) error {
	leg := &v.evidence.Legacy
	if leg.Outcome != LegGrantDead || v.token.Gone != "" {
		return nil
	}
	answer, err := v.meter.Caller.LegacyUserFrom(ctx, v.same(v.token.Secret))
	switch {
	case errors.Is(err, errNoToken):
		leg.Outcome = LegTokenRefused
	case err != nil:
		leg.Outcome = LegTokenRefused // not proved
		return err
	case answer.Failure == nil:
		leg.Outcome = LegTokenWrong
	case answer.Failure.Kind != compare.KindUnauthorized || !insideLife(v.token, v.meter.Now(), answer.ServerDate):
		leg.Outcome = LegTokenRefused
	}
	return nil
}

// same gives the token that was used before, unless it died since: a question about a token must be asked with that one,
// and a dead one is never sent.
func (v *visit) same(token secret.Secret) smartcar.TokenFunc {
	expires := v.token.ExpiresAt
	return func(context.Context) (secret.Secret, error) {
		if !expires.IsZero() && !v.meter.Now().Before(expires) {
			return secret.Secret{}, errNoToken
		}
		return token, nil
	}
}

func (v *visit) readBatch(answer smartcar.Answer) {
	leg := &v.evidence.Legacy
	batch, err := compare.ParseBatch(answer.Body, v.serverTime())
	if err != nil {
		leg.malformed(err)
		v.batch = compare.FailedBatch(v.asked, *leg.Failure)
		return
	}
	leg.Outcome, v.batch = LegAnswered, batch
	for _, item := range batch.Items {
		if item.Failure == nil {
			leg.Billed++
		} else if item.Failure.Kind == compare.KindAppLimit && v.meter.Pause != nil {
			v.meter.Pause(smartcar.HostLegacy, item.Failure.RetryAfter)
		}
	}
}

// serverTime is the clock by which v2 meant a Retry-After date: Smartcar's own where it stated it.
func (v *visit) serverTime() time.Time {
	if v.server.IsZero() {
		return v.meter.Now()
	}
	return v.server
}

// RefusesBatch tells the refusals that may be of batch itself: a plan without it, or no such endpoint (smartcar-v2.md §3).
func RefusesBatch(f compare.Failure) bool {
	return f.Code == "INVALID_PLAN" || f.Kind == compare.KindNotFound
}

// singles reads path by path, in sequence. Where a refusal of the batch is given, it stops if the first path is refused in
// the same way: then it was not the batch that was refused. Paths over the vehicle's billed budget count as failed for
// now, never as absent.
func (v *visit) singles(ctx context.Context, paths []string, refusal *compare.Failure) error {
	now := v.meter.Now()
	over := compare.FailedBatch(paths, compare.Failure{Kind: compare.KindQuota, Note: "over --max-billed-per-vehicle"})
	if v.batch.Items == nil {
		v.batch.Items = map[string]compare.Item{}
	}
	maps.Copy(v.batch.Items, over.Items)
	leg := &v.evidence.Legacy
	for i, path := range paths {
		if v.evidence.Earlier+leg.Billed >= v.meter.Billed {
			break
		}
		answer, err := v.meter.Caller.LegacyGetFrom(ctx, v.entry.VehicleID, path, v.current)
		if errors.Is(err, errNoToken) {
			return nil
		}
		if err != nil {
			return err
		}
		leg.note(answer)
		if i == 0 && refusal != nil && answer.Failure != nil && answer.Failure.Kind == refusal.Kind {
			v.refuse(*refusal)
			return nil
		}
		v.batch.Items[path] = singleItem(path, answer, now)
		if answer.Failure == nil {
			leg.Billed++
		} else if k := answer.Failure.Kind; k == compare.KindQuota || k == compare.KindVehicleLimit { // the others would be refused alike
			maps.Copy(v.batch.Items, compare.FailedBatch(paths[i+1:], *answer.Failure).Items)
			break
		}
	}
	leg.Outcome = LegAnswered
	return nil
}

func singleItem(path string, answer smartcar.Answer, now time.Time) compare.Item {
	if answer.Failure != nil {
		return compare.Item{Path: path, Code: answer.Status, Failure: answer.Failure}
	}
	return compare.NewItem(path, answer.Status, answer.Header, answer.Body, now)
}
