package preflight

import (
	"context"
	"fmt"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// vehiclePath is the cheapest read there is: what every car answers, for one billed read.
const vehiclePath = "/"

// batch tries a batch of one read on one vehicle: whether the plan includes batch, and whether v2.0 is there at all.
func (f *flight) batch(ctx context.Context) error {
	entry, ok, err := f.chosen(ctx)
	if err != nil {
		return err
	}
	if !ok {
		f.add(f.batchCheck(Undecided, "not checked: the first page of the connections list shows no simulated vehicle that is in the inventory too",
			"whether the plan includes batch, and whether the legacy tokens work, is not known", "name a vehicle with --vehicle ID; it costs one billed read"))
		return nil
	}
	switch token, trouble := f.token(ctx, entry); {
	case ctx.Err() != nil:
		return ctx.Err()
	case trouble != nil:
		f.add(*trouble)
		return nil
	default:
		return f.tryBatch(ctx, entry, token)
	}
}

func (f *flight) tryBatch(ctx context.Context, entry inventory.Entry, token secret.Secret) error {
	f.Say("trying a batch on the legacy leg")
	client, err := f.legacyClient()
	if err != nil {
		return err
	}
	answer, err := client.Batch(ctx, entry.VehicleID, token, []string{vehiclePath})
	if err != nil {
		return err
	}
	f.sees(answer)
	c, err := f.judgeBatch(ctx, client, entry, token, answer)
	f.add(c)
	return err
}

func (f *flight) batchCheck(state State, what, meaning, next string) Check {
	return Check{Name: "batch on v2.0", Half: Legacy, State: state, What: what, Meaning: meaning, Next: next}
}

// legacyClient needs no application token; any client does.
func (f *flight) legacyClient() (*smartcar.Client, error) {
	if f.client != nil {
		return f.client, nil
	}
	return f.Dial(f.Secrets...)
}

// token resolves the vehicle's token as a run would; trouble is the line that says why there is none.
func (f *flight) token(ctx context.Context, e inventory.Entry) (secret.Secret, *Check) {
	token, err := f.Tokens.Token(ctx, inventory.TokenRequest{VehicleID: e.VehicleID, Grant: e.Grant, Offset: e.Offset, Length: e.Length, ExpiresAt: e.ExpiresAt})
	none := func(what, next string) (secret.Secret, *Check) {
		c := f.batchCheck(Undecided, "not checked: "+what, "", next)
		return secret.Secret{}, &c
	}
	switch {
	case err != nil:
		c := f.batchCheck(Wrong, "the legacy token cannot be had: "+err.Error(), "every vehicle with such a token would be legacy-token-missing", "try the source of the token by hand, then start again")
		return secret.Secret{}, &c
	case token.Gone != "":
		return none("the token command says that this vehicle's grant is gone", "name another vehicle with --vehicle ID")
	case token.Dead:
		return none("its token has expired", "renew it, or give legacyTokens.command in the inventory; a token lives two hours")
	case token.Missing || token.Secret.IsZero():
		return none("the inventory has no token for it", "give accessToken or legacyTokens.command in the inventory, or measure the app leg alone: run --legs app")
	}
	return token.Secret, nil
}

func (f *flight) judgeBatch(ctx context.Context, client *smartcar.Client, e inventory.Entry, token secret.Secret, answer smartcar.Answer) (Check, error) {
	failure := answer.Failure
	switch {
	case failure == nil:
		return f.answered(answer), nil
	case migrate.RefusesBatch(*failure):
		return f.orSingle(ctx, client, e, token, *failure)
	case failure.Kind == compare.KindUnauthorized:
		return f.batchCheck(Wrong, "v2.0 refuses the vehicle's token ("+failure.Label()+")", "it is dead, or v2.0 refuses everybody",
			"renew the token (it lives two hours) and start again; if a fresh one is refused too, try another vehicle with --vehicle ID"), nil
	case failure.Kind == compare.KindForbidden || failure.Kind == compare.KindNotPermitted:
		return f.batchCheck(Wrong, "the token works, but not for this vehicle ("+failure.Label()+")", "the inventory may have mixed up tokens", "check which vehicle the token belongs to"), nil
	}
	return f.batchCheck(Undecided, "v2.0 "+saying(*failure), "", "check the network, SMARTCAR_API_ORIGIN if it is set, and Smartcar's status page; then try again"), nil
}

// answered: the batch itself is well whatever its item says.
func (f *flight) answered(answer smartcar.Answer) Check {
	batch, err := compare.ParseBatch(answer.Body, f.Now())
	if err != nil {
		return f.batchCheck(Undecided, "the answer cannot be read: "+err.Error(), "", "check SMARTCAR_API_ORIGIN if it is set; then try again")
	}
	c := f.batchCheck(Well, "v2.0 answers it", "", "")
	if item := batch.Items[vehiclePath]; item.Failure != nil {
		c.What = fmt.Sprintf("v2.0 answers it; the read in it says %s, which is this vehicle's matter", item.Failure.Label())
	}
	return c
}

// orSingle tells a refusal of batch from one of the vehicle: where a single read is answered, it is batch that is refused.
func (f *flight) orSingle(ctx context.Context, client *smartcar.Client, e inventory.Entry, token secret.Secret, refusal compare.Failure) (Check, error) {
	answer, err := client.LegacyGet(ctx, e.VehicleID, vehiclePath, token)
	if err != nil {
		return Check{}, err
	}
	f.sees(answer)
	if answer.Failure != nil && answer.Failure.Kind == refusal.Kind && refusal.Kind == compare.KindNotFound {
		c := f.batchCheck(Undecided, "v2.0 answers "+refusal.Label()+" to the batch and to a single read", "the vehicle is not known there, or v2.0 has ended",
			"try another vehicle with --vehicle ID; where v2.0 has ended, measure against an earlier run: run --legacy-api none --baseline DIR0")
		if refusal.Status == 410 {
			c.State, c.code, c.Meaning = Wrong, migrate.ExitGate, "v2.0 has ended"
		}
		return c, nil
	}
	if answer.Failure != nil && answer.Failure.Kind != refusal.Kind {
		return f.batchCheck(Undecided, "batch answers "+refusal.Label()+", a single read "+answer.Failure.Label(), "", "try again, or another vehicle with --vehicle ID"), nil
	}
	c := f.batchCheck(Wrong, "v2.0 refuses the batch ("+refusal.Label()+") and answers a single read", "a run would read path by path: many requests a vehicle in place of one",
		"ask Smartcar to include batch in the plan, or plan with it: scmigrate plan, and few --fields")
	if answer.Failure != nil {
		c.What, c.Meaning = "v2.0 refuses the batch and single reads alike ("+refusal.Label()+")", "the plan of the application does not include these reads"
	}
	c.code = migrate.ExitGate
	return c, nil
}
