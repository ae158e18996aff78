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
			f.unasked(name, App, "the token endpoint did not answer for the one before")
			continue
		}
		failure, err := f.secret(ctx, name, s)
		switch {
		case err == nil && failure == nil:
			f.add(Check{Name: name, Half: App, State: Well, What: "the token endpoint gives an application token for it"})
		case errors.Is(err, smartcar.ErrCredentials):
			refused++
			f.add(Check{Name: name, Half: App, State: Wrong, What: "the token endpoint refuses it", Meaning: "a run goes on with the next secret, if there is one", Next: newSecret})
		case err != nil:
			return err
		default:
			silent = failure
			f.add(Check{Name: name, Half: App, State: Undecided, What: "the token endpoint answers " + failure.Label(), Next: "check the network, SMARTCAR_IAM_ORIGIN if it is set, and Smartcar's status page"})
		}
	}
	f.appToken(refused, silent)
	return nil
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
	c := Check{Name: "application token", Half: App, State: Well, What: "a run has one, and renews it hourly"}
	switch {
	case f.client != nil:
	case silent != nil:
		c.State, c.What = Undecided, "none could be had"
	default:
		c.State, c.code = Wrong, migrate.ExitCredentials
		c.What = "all secrets are refused"
		if refused == 1 {
			c.What = "the only secret is refused"
		}
		c.Meaning = "either the client id or every secret is wrong; the token endpoint does not say which, and whether v3 is enabled cannot be known without a token"
		c.Next = "compare the client id (client_…, not the Application ID) and the secrets with the dashboard, API Credentials; mind that both are of this application and not of another environment's"
	}
	f.add(c)
}
