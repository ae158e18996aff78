package smartcar

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

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

// signBasic puts the application management token (smartcar-v2.md §7) or the application's secret (§1.2) into the header.
func signBasic(r *http.Request, user string, token secret.Secret) {
	r.SetBasicAuth(user, token.Reveal())
}

// refreshForm is the body of a refresh (smartcar-v2.md §1.2).
func refreshForm(token secret.Secret) []byte {
	return []byte(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.Reveal()}}.Encode())
}

// VerifyWebhook tells whether signature is what Smartcar signs a webhook's body with: the hex HMAC-SHA256 of its bytes under
// the application management token (smartcar-v3.md §10).
func VerifyWebhook(token secret.Secret, body []byte, signature string) bool {
	given, err := hex.DecodeString(strings.TrimSpace(signature))
	if err != nil || token.IsZero() {
		return false
	}
	mac := hmac.New(sha256.New, []byte(token.Reveal()))
	_, _ = mac.Write(body)
	return hmac.Equal(mac.Sum(nil), given)
}
