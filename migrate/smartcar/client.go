package smartcar

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/secret"
)

// Bounds where Options name none.
const (
	DefaultTimeoutLegacy = 310 * time.Second // a v2 read may be a round trip to the car (smartcar-v2.md §0)
	DefaultTimeoutApp    = 60 * time.Second  // v3 reads a store
	DefaultMaxBody       = 16 << 20          // bytes, after decompression
	maxSecrets           = 3                 // an application has at most three live secrets (smartcar-v3.md §2)
)

// Options make a Client. Only the credentials have no default; without them every call of the app leg ends in
// ErrCredentials.
type Options struct {
	Origins       Origins             // empty members: Smartcar's own
	Transport     http.RoundTripper   // nil: NewTransport. It sees only what the guard let through
	Now           func() time.Time    // nil: time.Now
	Limiter       *Limiter            // nil: Smartcar's default bucket, whole
	TimeoutLegacy time.Duration       // one v2.0 exchange, waiting for the rate limit not counted; 0: 310 s
	TimeoutApp    time.Duration       // one v3 or token exchange; 0: 60 s
	OnCall        func(Call)          // told of every attempt that left, from many goroutines at once; nil: nobody
	OnToken       func(secret.Secret) // told of every application token, so that the artefacts can be scanned for it; nil: nobody
	UserAgent     string              // "": scmigrate
	ClientID      string
	ClientSecrets []secret.Secret // up to three, in the order of trying; empty ones are left out
	MaxBody       int64           // bytes of an answer after decompression; 0: 16 MiB
	AllowRefresh  bool            // lets POST auth/oauth/token through the guard: only `inventory refresh` sets it
	LegacyID      string          // with AllowRefresh: the Application ID, a UUID
	LegacySecret  secret.Secret   // and its secret
	TimeoutAuth   time.Duration   // one refresh; 0: 10 s

	ManagementToken secret.Secret // for ManagementConnections alone; without it the guard refuses the management host
}

// Client talks to Smartcar. It is safe for concurrent use.
type Client struct {
	origins    map[Host]*url.URL
	guard      guard
	now        func() time.Time
	onCall     func(Call)
	userAgent  string
	maxBody    int64
	timeouts   map[Host]time.Duration
	limiter    *Limiter
	breaker    *breaker
	tokens     *tokens
	legacyCall exchange
	appCall    exchange
	pageCall   exchange

	management     secret.Secret
	managementCall exchange

	applicationID string // for Refresh alone
	application   secret.Secret
}

// New checks the options; nothing is sent.
func New(o Options) (*Client, error) {
	origins, err := o.Origins.resolve()
	if err != nil {
		return nil, err
	}
	o.ClientSecrets = slices.DeleteFunc(slices.Clone(o.ClientSecrets), secret.Secret.IsZero)
	if len(o.ClientSecrets) > maxSecrets {
		return nil, fmt.Errorf("%d client secrets are given, an application has at most %d; drop the old ones", len(o.ClientSecrets), maxSecrets)
	}
	o.fill()
	c := &Client{
		origins: origins, guard: newGuard(o.Transport, origins, o.moreRoutes()...), now: o.Now, onCall: o.OnCall,
		userAgent: o.UserAgent, maxBody: o.MaxBody,
		timeouts: map[Host]time.Duration{HostLegacy: o.TimeoutLegacy, HostApp: o.TimeoutApp},
	}
	c.connect(o)
	return c, c.connectRefresh(o)
}

func (o *Options) fill() {
	if o.Transport == nil {
		o.Transport = NewTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limiter == nil {
		o.Limiter = NewLimiter(LimiterOptions{Now: o.Now})
	}
	if o.OnCall == nil {
		o.OnCall = func(Call) {}
	}
	if o.UserAgent == "" {
		o.UserAgent = "scmigrate"
	}
	o.TimeoutLegacy = orDefault(o.TimeoutLegacy, DefaultTimeoutLegacy)
	o.TimeoutApp = orDefault(o.TimeoutApp, DefaultTimeoutApp)
	o.MaxBody = orDefault(o.MaxBody, DefaultMaxBody)
}

// moreRoutes are what the guard lets through for one command alone.
func (o *Options) moreRoutes() (list []route) {
	if o.AllowRefresh {
		list = append(list, refreshRoute)
	}
	if !o.ManagementToken.IsZero() {
		list = append(list, managementRoute)
	}
	return list
}

func orDefault[T ~int64](given, otherwise T) T {
	if given > 0 {
		return given
	}
	return otherwise
}

// connect nests the steps of a call (see the package's comment).
func (c *Client) connect(o Options) {
	c.limiter, c.breaker = o.Limiter, newBreaker(o.Limiter)
	signed := guarded(c.breaker, limited(o.Limiter, authorised(c.now, c.wire)))
	source := &iam{clientID: o.ClientID, secrets: o.ClientSecrets, timeout: o.TimeoutApp, onToken: o.OnToken}
	source.ask = retried(iamPolicy, guarded(c.breaker, limited(o.Limiter, c.wire)))
	c.tokens = &tokens{fetch: source.fetch, now: c.now, silent: func() bool { return c.breaker.silent(HostIAM) }}
	if o.ClientID == "" || len(o.ClientSecrets) == 0 {
		c.tokens.refused = fmt.Errorf("no v3 client id or client secret is set: %w", ErrCredentials)
	}
	c.legacyCall = retried(vehiclePolicy, signed)
	c.appCall = renewed(c.tokens, retried(vehiclePolicy, signed))
	c.pageCall = renewed(c.tokens, retried(pagePolicy, signed))
	c.connectManagement(o.ManagementToken)
}

// AppToken makes sure that an application token can be had: before the first vehicle is called. The error is
// ErrCredentials, a *TokenError for passing trouble of IAM, ErrBudget, the reason where no request leaves any more, or the
// context's.
func (c *Client) AppToken(ctx context.Context) error {
	_, err := c.tokens.get(ctx)
	return err
}

// do runs a call through its steps. An id that fits no path is the vehicle's trouble, so it comes back as data.
func (c *Client) do(ctx context.Context, step exchange, r request) (Answer, error) {
	r.timeout, r.attempts = c.timeouts[r.host], new(int)
	p, err := step(ctx, r)
	if err != nil {
		return Answer{}, fmt.Errorf("%s host: %w", r.host, err)
	}
	p.Attempts = *r.attempts
	return p.Answer, nil
}

// unsendable is the answer for a call that cannot be written down.
func (c *Client) unsendable(err error) (Answer, error) {
	return Answer{FetchedAt: c.now(), Failure: &compare.Failure{Kind: compare.KindInvalid, Note: err.Error() + " cannot be sent; nothing was"}}, nil
}

// checkIDs is the first fault among ids.
func checkIDs(ids ...string) error {
	for _, id := range ids {
		if err := checkID(id); err != nil {
			return err
		}
	}
	return nil
}

func constant(token secret.Secret) TokenFunc {
	return func(context.Context) (secret.Secret, error) { return token, nil }
}

// Batch reads several endpoints of one vehicle on the legacy leg, in metric units: POST /v2.0/vehicles/{id}/batch
// (smartcar-v2.md §3). A path that is not a known read is ErrRefused.
func (c *Client) Batch(ctx context.Context, vehicleID string, token secret.Secret, paths []string) (Answer, error) {
	return c.BatchFrom(ctx, vehicleID, constant(token), paths)
}

// BatchFrom is Batch with a token that is asked for after the wait for the rate limit: a legacy token lives two hours
// and the wait may be long. An error of the function ends the call and comes back wrapped.
func (c *Client) BatchFrom(ctx context.Context, vehicleID string, token TokenFunc, paths []string) (Answer, error) {
	if err := checkID(vehicleID); err != nil {
		return c.unsendable(err)
	}
	body, err := newBatchBody(paths)
	if err != nil {
		return Answer{}, err
	}
	return c.do(ctx, c.legacyCall, request{
		host: HostLegacy, method: "POST", path: "/v2.0/vehicles/" + url.PathEscape(vehicleID) + "/batch",
		body: body, contentType: typeJSON, vehicleID: vehicleID, metric: true, bearer: token,
	})
}

// LegacyGet reads one endpoint of a vehicle on the legacy leg, by its batch path ("/odometer", "/" for the vehicle
// itself), where batch is refused. A path that is not a known read is ErrRefused.
func (c *Client) LegacyGet(ctx context.Context, vehicleID, path string, token secret.Secret) (Answer, error) {
	return c.LegacyGetFrom(ctx, vehicleID, path, constant(token))
}

// LegacyGetFrom is to LegacyGet what BatchFrom is to Batch.
func (c *Client) LegacyGetFrom(ctx context.Context, vehicleID, path string, token TokenFunc) (Answer, error) {
	if err := checkID(vehicleID); err != nil {
		return c.unsendable(err)
	}
	if _, ok := legacyReads[path]; !ok {
		return Answer{}, fmt.Errorf("path %q: %w: it is not on the list of reads", path, ErrRefused)
	}
	if path == "/" {
		path = ""
	}
	return c.do(ctx, c.legacyCall, request{
		host: HostLegacy, method: "GET", path: "/v2.0/vehicles/" + url.PathEscape(vehicleID) + path,
		vehicleID: vehicleID, metric: true, bearer: token,
	})
}

// LegacyUser asks whose token it is: GET /v2.0/user (smartcar-v2.md §2.1). Not billed.
func (c *Client) LegacyUser(ctx context.Context, token secret.Secret) (Answer, error) {
	return c.LegacyUserFrom(ctx, constant(token))
}

// LegacyUserFrom is to LegacyUser what BatchFrom is to Batch.
func (c *Client) LegacyUserFrom(ctx context.Context, token TokenFunc) (Answer, error) {
	return c.do(ctx, c.legacyCall, request{host: HostLegacy, method: "GET", path: "/v2.0/user", bearer: token})
}

// LegacySignalsFrom reads all stored signals with a vehicle's opaque token: the legacy leg where both legs are v3 (older
// texts let opaque tokens work there, smartcar-v3.md §11). The request goes to the v3 host, under its time-out; the audit
// trail counts it as the legacy leg's, and its path shows where it went. A 401 renews no token: the application's is not
// on the request.
func (c *Client) LegacySignalsFrom(ctx context.Context, vehicleID, userID string, token TokenFunc) (Answer, error) {
	if err := checkIDs(vehicleID, userID); err != nil {
		return c.unsendable(err)
	}
	return c.do(ctx, c.legacyCall, request{
		host: HostApp, countedAs: HostLegacy, method: "GET", path: "/v3/vehicles/" + url.PathEscape(vehicleID) + "/signals",
		vehicleID: vehicleID, userID: userID, bearer: token,
	})
}

// Signals reads all stored signals of a vehicle on the app leg: GET /v3/vehicles/{id}/signals (smartcar-v3.md §4.4).
func (c *Client) Signals(ctx context.Context, vehicleID, userID string) (Answer, error) {
	return c.app(ctx, vehicleID, userID, "/signals")
}

// Signal reads one signal of a vehicle on the app leg (smartcar-v3.md §4.5).
func (c *Client) Signal(ctx context.Context, vehicleID, userID, code string) (Answer, error) {
	if err := checkID(code); err != nil {
		return c.unsendable(err)
	}
	return c.app(ctx, vehicleID, userID, "/signals/"+url.PathEscape(code))
}

// Vehicle reads make, model and year on the app leg: GET /v3/vehicles/{id} (smartcar-v3.md §4.3).
func (c *Client) Vehicle(ctx context.Context, vehicleID, userID string) (Answer, error) {
	return c.app(ctx, vehicleID, userID, "")
}

// Vehicles asks for a list of a user's vehicles: GET /v3/vehicles. No specification has it and no client uses it
// (smartcar-v3.md §4.0); only preflight tries it, and nothing depends on the answer.
func (c *Client) Vehicles(ctx context.Context, userID string) (Answer, error) {
	if err := checkID(userID); err != nil {
		return c.unsendable(err)
	}
	return c.do(ctx, c.appCall, request{host: HostApp, method: "GET", path: "/v3/vehicles", userID: userID, bearer: c.tokens.get})
}

func (c *Client) app(ctx context.Context, vehicleID, userID, below string) (Answer, error) {
	if err := checkIDs(vehicleID, userID); err != nil {
		return c.unsendable(err)
	}
	return c.do(ctx, c.appCall, request{
		host: HostApp, method: "GET", path: "/v3/vehicles/" + url.PathEscape(vehicleID) + below,
		vehicleID: vehicleID, userID: userID, bearer: c.tokens.get,
	})
}
