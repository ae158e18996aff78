package smartcar

import (
	"net/http"
	"net/url"

	"scmigrate/migrate/secret"
)

// This file is the only place of the program that opens a secret.

// signBearer puts the token into the request's header.
func signBearer(r *http.Request, token secret.Secret) {
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
}

// clientForm is the body of a token request in the documented form encoding (smartcar-v3.md §2).
func clientForm(clientID string, clientSecret secret.Secret) []byte {
	return []byte(url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {clientID},
		"client_secret": {clientSecret.Reveal()},
	}.Encode())
}

// sendable is false for a token that no header may carry: it would otherwise fail below us with its reason lost.
func sendable(token secret.Secret) bool {
	return !token.IsZero() && printable(token.Reveal())
}
