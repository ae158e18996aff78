package preflight

import (
	"context"
	"errors"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// positions name the secrets, which have no other name: their values are never shown.
var positions = []string{"first", "second", "third"}

// newSecret is what to do about a refused secret.
const newSecret = "make a new one in the dashboard (API Credentials, Create Secret) and put it in its place, or take the variable away"

// credentials tries each secret by itself. The client of the first that works makes the other checks.
func (f *flight) credentials(ctx context.Context) error {
	var silent *compare.Failure
	refused := 0
	for i, s := range f.Secrets {
		name := "client secret, " + positions[min(i, len(positions)-1)]
		if silent != nil {
			f.unasked(name, "the token endpoint did not answer for the one before")
			continue
		}
		failure, err := f.secret(ctx, name, s)
		if err != nil && !errors.Is(err, smartcar.ErrCredentials) {
			return err
		}
		if err != nil {
			refused++
		}
		silent = failure
		f.add(secretCheck(name, err != nil, failure))
	}
	f.appToken(refused, silent)
	return nil
}

func secretCheck(name string, refused bool, failure *compare.Failure) Check {
	c := appCheck(name, "the token endpoint gives an application token for it")
	switch {
	case refused:
		return c.wrong("the token endpoint refuses it", "a run goes on with the next secret, if there is one", newSecret)
	case failure != nil:
		return c.undecided("the token endpoint "+saying(*failure), "check the network, SMARTCAR_IAM_ORIGIN if it is set, and Smartcar's status page")
	}
	return c
}

// saying is the predicate of a sentence about a host that did not give what was asked for.
func saying(f compare.Failure) string {
	switch f.Kind {
	case compare.KindNetwork:
		return "cannot be reached (" + f.Label() + ")"
	case compare.KindTimeout:
		return "does not answer in time (" + f.Label() + ")"
	}
	return "answers " + f.Label()
}

// secret asks for a token with this secret alone. The failure is passing trouble of the token endpoint.
func (f *flight) secret(ctx context.Context, name string, s secret.Secret) (*compare.Failure, error) {
	f.Say("trying the " + name)
	client, err := f.Dial(s)
	if err != nil {
		return nil, err
	}
	err = client.AppToken(ctx)
	if trouble := (*smartcar.TokenError)(nil); errors.As(err, &trouble) {
		return &trouble.Failure, nil
	}
	if err == nil && f.client == nil {
		f.client = client
	}
	return nil, err
}

// appToken says whether a run would have a token at all.
func (f *flight) appToken(refused int, silent *compare.Failure) {
	c := appCheck("application token", "a run has one, and renews it hourly")
	switch {
	case f.client != nil:
	case silent != nil:
		c = c.undecided("none could be had", "")
	default:
		what := "all secrets are refused"
		if refused == 1 {
			what = "the only secret is refused"
		}
		c = c.wrong(what, "either the client id or every secret is wrong; the token endpoint does not say which, and whether v3 is enabled cannot be known without a token",
			"compare the client id (client_…, not the Application ID) and the secrets with the dashboard, API Credentials; mind that both are of this application and not of another environment's")
		c = c.exits(migrate.ExitCredentials)
	}
	f.add(c)
}
