package smartcar

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"scmigrate/migrate/secret"
)

// DefaultTimeoutAuth is for one refresh: a lost answer must be asked for again well inside the 60 s that a used refresh token
// still works (smartcar-v2.md §1.3).
const DefaultTimeoutAuth = 10 * time.Second

// ErrNoRefresh means that a refresh was asked of a client that may not do it; nothing was sent.
var ErrNoRefresh = errors.New("this client may not refresh tokens")

// Pair is what one refresh brought.
type Pair struct {
	Access, Refresh secret.Secret
	ExpiresAt       time.Time // of Access, UTC
}

// RefreshResult is what an attempt at a refresh came to, a closed list.
type RefreshResult string

// The results. All but RefreshCame and RefreshUnknown say that the attempt spent nothing.
const (
	RefreshCame        RefreshResult = "came"
	RefreshDead        RefreshResult = "invalid-grant" // the token is used up, expired or revoked: the owner must connect again
	RefreshUnfit       RefreshResult = "not-a-token"   // it has not the form of a refresh token
	RefreshCredentials RefreshResult = "credentials"   // the application's id or secret is refused
	RefreshLimited     RefreshResult = "limited"       // 429; AdmitRefresh waits for its time
	RefreshUnknown     RefreshResult = "unknown"       // no answer, or none that can be read: the token may be spent
)

// Refreshed is one attempt at a refresh.
type Refreshed struct {
	Result RefreshResult
	Pair   Pair   // of RefreshCame
	Label  string // what was answered otherwise, free of the answer's own words
}

// AdmitRefresh waits until the application's limit lets one refresh leave. It is apart from Refresh, so that nothing needs to
// wait between the note that a refresh begins and its answer, and so that a lost answer can be asked for again at once.
func (c *Client) AdmitRefresh(ctx context.Context) error { return c.limiter.Wait(ctx, HostAuth) }

// Refresh spends a refresh token: one attempt, POST /oauth/token (smartcar-v2.md §1.2), without waiting. It needs
// Options.AllowRefresh. The error is trouble of the tool, or the context's.
func (c *Client) Refresh(ctx context.Context, token secret.Secret) (Refreshed, error) {
	switch {
	case c.application.IsZero():
		return Refreshed{}, ErrNoRefresh
	case !sendable(token):
		return Refreshed{Result: RefreshUnfit, Label: "letters that no request can carry"}, nil
	}
	left := c.now()
	p, err := c.wire(ctx, request{
		host: HostAuth, method: "POST", path: "/oauth/token", body: refreshForm(token), contentType: typeForm, timeout: c.timeouts[HostAuth],
		basicUser: c.applicationID, basic: c.application, fingerprint: c.application.Fingerprint(), attempts: new(int),
	})
	if err != nil {
		return Refreshed{}, err
	}
	done := refreshed(p)
	switch {
	case done.Result == RefreshLimited:
		c.limiter.refused(HostAuth, left, p.Failure.RetryAfter)
	case p.Status > 0 && p.Status < 500:
		c.limiter.accepted(HostAuth, left)
	}
	return done, nil
}

// refreshed reads an answer. A refusal counts only with OAuth's word for it: something in front of the host must not make an
// owner connect again.
func refreshed(p reply) Refreshed {
	if p.Failure == nil {
		if pair, ok := readPair(p.Answer); ok {
			return Refreshed{Result: RefreshCame, Pair: pair}
		}
		return Refreshed{Result: RefreshUnknown, Label: "an answer without a token pair"}
	}
	r := Refreshed{Result: RefreshUnknown, Label: p.Failure.Label()}
	switch word := p.Failure.Code; {
	case p.Status == 429:
		r.Result = RefreshLimited
	case p.Status == 400 && word == "INVALID_GRANT":
		r.Result = RefreshDead
	case p.Status == 400 && word == "INVALID_REQUEST":
		r.Result = RefreshUnfit
	case (p.Status == 400 || p.Status == 401 || p.Status == 403) && (word == "INVALID_CLIENT" || word == "UNAUTHORIZED_CLIENT"):
		r.Result = RefreshCredentials
	}
	return r
}

// readPair wants both tokens: an answer that leaves the new refresh token out would lock the owner out later.
func readPair(a Answer) (Pair, bool) {
	var body struct {
		AccessToken  string          `json:"access_token"`
		RefreshToken string          `json:"refresh_token"`
		TokenType    string          `json:"token_type"`
		ExpiresIn    json.RawMessage `json:"expires_in"`
	}
	bearer := json.Unmarshal(a.Body, &body) == nil && (body.TokenType == "" || strings.EqualFold(body.TokenType, "bearer"))
	pair := Pair{Access: secret.New(body.AccessToken), Refresh: secret.New(body.RefreshToken)}
	if !bearer || !sendable(pair.Access) || !sendable(pair.Refresh) {
		return Pair{}, false
	}
	life := legacyLife
	if len(body.ExpiresIn) > 0 {
		life = min(lifeOf(body.ExpiresIn), legacyLife)
	}
	pair.ExpiresAt = a.FetchedAt.Add(life).UTC().Truncate(time.Second)
	return pair, true
}

// legacyLife is how long an opaque access token lives (smartcar-v2.md §1.2).
const legacyLife = 2 * time.Hour

// connectRefresh gives the client what `inventory refresh` needs and no other command has.
func (c *Client) connectRefresh(o Options) error {
	c.timeouts[HostAuth] = orDefault(o.TimeoutAuth, DefaultTimeoutAuth)
	if !o.AllowRefresh {
		return nil
	}
	if o.LegacyID == "" || o.LegacySecret.IsZero() {
		return errors.New("refreshing needs the application id and its secret")
	}
	c.applicationID, c.application = o.LegacyID, o.LegacySecret
	return nil
}
