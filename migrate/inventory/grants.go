package inventory

import (
	"context"
	"errors"
	"strings"

	"scmigrate/migrate/secret"
)

// Holding is one row and where its tokens come from.
type Holding struct {
	Entry
	Access, Refresh Reference
}

// EachHolding is Each for the one command that may use refresh tokens.
func (f *File) EachHolding(ctx context.Context, fn func(Holding) error) error {
	give := func(r row) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(Holding{r.Entry, r.token, r.refresh})
	}
	if f.rows != nil {
		return eachOf(f.rows, give)
	}
	p := newPass(f.src, f.o, give)
	p.seen, p.env = nil, nil
	if err := p.pieces(); err != nil {
		return err
	}
	if sum(p) != f.digest {
		return f.changed()
	}
	return nil
}

// Identity is the same for references that give the same value, as far as that can be known without looking it up: a text
// that holds no secret. It is "" for the zero Reference.
func (r Reference) Identity() string {
	switch r.kind {
	case KindNone:
		return ""
	case KindLiteral:
		return "literal " + r.literal.Hash()
	}
	return string(r.kind) + " " + secret.New(r.name+"\x00"+strings.Join(r.argv, "\x00")).Hash()
}

// RefreshIdentity is the identity of the row's refresh token; a command's placeholders are filled in.
func (h Holding) RefreshIdentity() string {
	ref := h.Refresh
	ref.argv = filled(ref.argv, TokenRequest{VehicleID: h.VehicleID, Grant: h.Grant})
	return ref.Identity()
}

// RefreshToken looks up the refresh token of a row, which only `inventory refresh` does. The error is a *TokenError, or ctx's.
func (r *Resolver) RefreshToken(ctx context.Context, h Holding) (secret.Secret, error) {
	req := TokenRequest{VehicleID: h.VehicleID, Grant: h.Grant}
	var token Token
	var err error
	switch ref := h.Refresh; ref.kind {
	case KindLiteral:
		return ref.literal, nil
	case KindEnv, KindFile:
		token, err = r.stated(ref, req)
	case KindExec:
		token, err = r.ask(ctx, ref.argv, req)
	}
	switch {
	case err != nil:
		return secret.Secret{}, err
	case token.Secret.IsZero():
		return secret.Secret{}, &TokenError{VehicleID: h.VehicleID, Source: "refreshToken", Reason: "gave no token"}
	}
	return token.Secret, nil
}

// StoreCommand splits what stands behind exec: in --store, as an exec: reference of the inventory is split.
func StoreCommand(text string) ([]string, error) {
	argv, c := splitWords(text)
	if !c.none() {
		return nil, errors.New(c.message + " (" + c.hint + ")")
	}
	return argv, nil
}
