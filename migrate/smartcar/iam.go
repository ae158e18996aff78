package smartcar

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"scmigrate/migrate/secret"
)

// iam asks for application tokens with up to three client secrets (CONTRACT §2). A secret that was refused is not tried
// again. The own POST instead of x/oauth2's: every attempt passes the limiter, the guard and the audit trail, and an
// error never holds IAM's body.
type iam struct {
	clientID string
	secrets  []secret.Secret // those not refused yet, the one in use first; touched by one flight at a time
	timeout  time.Duration
	ask      exchange
	onToken  func(secret.Secret) // told of every application token; nil: nobody
}

// fetch tries the secrets in turn. Its error is ErrCredentials when none is left, a *TokenError for passing trouble, or
// trouble of the tool.
func (i *iam) fetch(ctx context.Context) (fresh, error) {
	for len(i.secrets) > 0 {
		p, err := i.ask(ctx, i.request(i.secrets[0]))
		if err != nil {
			return fresh{}, err
		}
		if refusedCredentials(p.Status) {
			i.secrets = i.secrets[1:]
			continue
		}
		if p.Failure != nil {
			return fresh{}, &TokenError{Failure: *p.Failure}
		}
		token, err := readToken(p.Answer)
		if err == nil && i.onToken != nil {
			i.onToken(token.token)
		}
		return token, err
	}
	return fresh{}, ErrCredentials
}

func (i *iam) request(s secret.Secret) request {
	return request{
		host: HostIAM, method: "POST", path: "/oauth2/token", body: clientForm(i.clientID, s), contentType: typeForm,
		timeout: i.timeout, fingerprint: s.Fingerprint(), attempts: new(int),
	}
}

// refusedCredentials: 401 invalid_client and 400 are documented, 403 was met by others (smartcar-v3.md §2). Our form is
// always the same, so a 400 too says that IAM does not take this id or secret.
func refusedCredentials(status int) bool { return status == 400 || status == 401 || status == 403 }

// refusalWords are OAuth's codes for it (RFC 6749 §5.2), as compare writes them.
var refusalWords = []string{"INVALID_CLIENT", "UNAUTHORIZED_CLIENT", "INVALID_REQUEST", "INVALID_GRANT", "UNSUPPORTED_GRANT_TYPE", "ACCESS_DENIED"}

// refusedOddly: a refusal without OAuth's word may come from something in front of IAM. A refusal ends a secret for good,
// so this kind has to repeat itself first.
func refusedOddly(p reply) bool {
	return refusedCredentials(p.Status) && !slices.Contains(refusalWords, p.Failure.Code)
}

const (
	usualLife   = time.Hour // smartcar-v3.md §2
	longestLife = 24 * time.Hour
)

// readToken takes the token out of an answer. Renewal is due min(60 s, a tenth of its life) before its end.
func readToken(a Answer) (fresh, error) {
	var body struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	bearer := json.Unmarshal(a.Body, &body) == nil && (body.TokenType == "" || strings.EqualFold(body.TokenType, "bearer"))
	token := secret.New(body.AccessToken)
	if !bearer || !sendable(token) {
		return fresh{}, &TokenError{Failure: *malformed(a, "the token answer holds no bearer token")}
	}
	life := lifeOf(body.ExpiresIn)
	deadAt := a.FetchedAt.Add(life)
	return fresh{token: token, renewAt: deadAt.Add(-min(time.Minute, life/10)), deadAt: deadAt}, nil
}

// lifeOf reads expires_in, in seconds, as a number or a string; the documented hour where it is missing or absurd.
func lifeOf(raw json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64)
	if err != nil || !(seconds >= 1) {
		return usualLife
	}
	return time.Duration(min(seconds, longestLife.Seconds()) * float64(time.Second))
}
