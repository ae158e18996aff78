package owners

import (
	"context"
	"errors"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// UserAPI is v2's GET /user. *smartcar.Client is one.
type UserAPI interface {
	LegacyUserFrom(ctx context.Context, token smartcar.TokenFunc) (smartcar.Answer, error)
}

// TokenSource looks tokens up. *inventory.Resolver is one.
type TokenSource interface {
	Token(ctx context.Context, r inventory.TokenRequest) (inventory.Token, error)
}

// Asker asks whose a row's own token is. Rows that share a token are asked about once.
type Asker struct {
	API    UserAPI
	Tokens TokenSource
	known  map[string]answered // by grant
}

type answered struct {
	token secret.Secret
	user  string
}

// errNoToken ends a call whose token turned out not to be there.
var errNoToken = errors.New("there is no token")

// Ask fills in whose the entry's token is, or why that is not known. The error is trouble of the tool.
func (a *Asker) Ask(ctx context.Context, e inventory.Entry, row *Row) (err error) {
	row.TokenUser, row.TokenNote, err = a.ask(ctx, e)
	row.Refused = row.TokenNote == refused
	return err
}

// sharedBytes is how much of a token a user id may not repeat. Two random UUIDs share so many by chance once in a million.
const sharedBytes = 8

// refused is the note on a token that Smartcar does not take although it is not known to be dead.
const refused = "GET /user answered 401"

func (a *Asker) ask(ctx context.Context, e inventory.Entry) (user, note string, err error) {
	request := inventory.TokenRequest{VehicleID: e.VehicleID, Grant: e.Grant, Offset: e.Offset, Length: e.Length, ExpiresAt: e.ExpiresAt}
	token, note, err := a.token(ctx, request)
	if err != nil || note != "" {
		return "", note, err
	}
	if known, ok := a.known[e.Grant]; ok && e.Grant != "" && known.token.Equal(token) {
		return known.user, "", nil
	}
	answer, err := a.API.LegacyUserFrom(ctx, func(ctx context.Context) (secret.Secret, error) { // asked again: it may have died while this call waited
		fresh, late, err := a.token(ctx, request)
		if token, note = fresh, late; err == nil && late != "" {
			err = errNoToken
		}
		return fresh, err
	})
	switch {
	case errors.Is(err, errNoToken):
		return "", note, nil
	case err != nil:
		return "", "", err
	case answer.Status == 401:
		return "", refused, nil
	case answer.Failure != nil:
		return "", "GET /user answered " + answer.Failure.Label(), nil
	}
	if user = compare.ParseUser(answer.Body); user == "" {
		return "", "GET /user names no user", nil
	}
	if token.Shares(user, sharedBytes) { // it would be written into a file
		return "", "GET /user answered with the token itself", nil
	}
	if a.known == nil {
		a.known = map[string]answered{}
	}
	a.known[e.Grant] = answered{token, user}
	return user, "", nil
}

// token looks the entry's token up; note is why there is none.
func (a *Asker) token(ctx context.Context, r inventory.TokenRequest) (secret.Secret, string, error) {
	t, err := a.Tokens.Token(ctx, r)
	var trouble *inventory.TokenError
	switch {
	case errors.As(err, &trouble):
		return secret.Secret{}, trouble.Source + " " + trouble.Reason, nil
	case err != nil:
		return secret.Secret{}, "", err
	case t.Gone != "":
		return secret.Secret{}, "the grant is gone", nil
	case t.Dead:
		return secret.Secret{}, "it is dead by its own time", nil
	case t.Secret.IsZero():
		return secret.Secret{}, "there is none", nil
	}
	return t.Secret, "", nil
}
