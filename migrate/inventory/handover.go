package inventory

import (
	"encoding/json"
	"strconv"
	"time"

	"scmigrate/migrate/secret"
)

// This file is, beside the one that signs requests, the only place of the program that opens a secret: where a token is
// handed back to its owner's own store, or to the journal that keeps it from being lost on the way there.

// Pair is a grant's access and refresh token, as a store takes it.
type Pair struct {
	Access, Refresh secret.Secret
	ExpiresAt       time.Time // of Access
}

// IsZero tells whether there is no pair.
func (p Pair) IsZero() bool { return p.Refresh.IsZero() }

// pairText is how a pair is written for others.
type pairText struct {
	AccessToken  string    `json:"accessToken"`
	RefreshToken string    `json:"refreshToken"`
	ExpiresAt    time.Time `json:"expiresAt"`
}

// Disclose gives the pair in plain text, as {"accessToken":…,"refreshToken":…,"expiresAt":…}.
func (p Pair) Disclose() (json.RawMessage, error) {
	return json.Marshal(pairText{p.Access.Reveal(), p.Refresh.Reveal(), p.ExpiresAt.UTC()}) //nolint:gosec // for the owner's own store and journal alone
}

// ReadPair undoes Disclose. ok is false where a token is missing.
func ReadPair(text []byte) (p Pair, ok bool) {
	var t pairText
	if json.Unmarshal(text, &t) != nil || t.AccessToken == "" || t.RefreshToken == "" {
		return Pair{}, false
	}
	return Pair{secret.New(t.AccessToken), secret.New(t.RefreshToken), t.ExpiresAt}, true
}

// DiscloseToken gives a token in plain text.
func DiscloseToken(s secret.Secret) string { return s.Reveal() }

// written is a token as YAML text, in the quotes of the token that it replaces.
func writtenToken(s secret.Secret, old string) string {
	plain := s.Reveal()
	switch {
	case old != "" && old[0] == '\'' && lowerUUID.MatchString(plain):
		return "'" + plain + "'"
	case old != "" && old[0] != '"' && lowerUUID.MatchString(plain):
		return plain
	}
	return strconv.Quote(plain)
}
