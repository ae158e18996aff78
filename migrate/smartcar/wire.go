package smartcar

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"scmigrate/compare"
	"scmigrate/migrate/secret"
)

// Answer is one HTTP exchange as data: what came, and what it means where it is not a 2xx with a JSON body. An Answer
// that never left the process (an id no path can carry, no token) has Status 0 and a Failure like any other.
type Answer struct {
	Status     int              // 0: no answer came
	Header     http.Header      // only sc-*, retry-after, date and content-type
	Body       []byte           // as it came, at most Options.MaxBody bytes; of failures too
	RequestID  string           // Smartcar's, "" if it gave none
	FetchedAt  time.Time        // when the answer began to arrive, or when waiting for it ended
	ServerDate time.Time        // the Date header; zero if there is none
	Failure    *compare.Failure // nil: a 2xx whose body is a JSON object or array
	Attempts   int              // how often the call left the process
}

// Call is one attempt that left the process, for the ledger's audit trail: no body, no secret, no query.
type Call struct {
	At                time.Time
	Host              Host   // whose requests it counts among: the host it went to, but HostLegacy for an opaque token sent to v3
	Method, Path      string // the path as sent, with its ids
	VehicleID         string // "" where no vehicle was asked about
	Status            int    // 0: no answer came
	RequestID         string
	Bytes             int64 // of the answer's body, as read
	Duration          time.Duration
	Err               string // a class where the exchange broke: timeout, cancelled, reset, refused, dns, tls, network, too-large, truncated
	SecretFingerprint string // token requests only: which client secret, by the last hex digits of its hash
	Attempt           int    // 1 for the first attempt of a call
}

// request is one call as the steps hand it down. It is copied from step to step; only attempts is shared.
type request struct {
	host              Host
	countedAs         Host   // in the audit trail, where that is not host
	method, path      string // path escaped, ready for the wire
	query             url.Values
	body              []byte
	contentType       string
	vehicleID, userID string
	metric            bool // ask for metric units
	timeout           time.Duration
	bearer            TokenFunc     // nil: the request carries no bearer token
	token             secret.Secret // set by authorised
	basic             secret.Secret // the management token or the application's secret, in the place of a bearer
	basicUser         string        // what stands beside it
	fingerprint       string
	attempts          *int        // attempts made so far for this call
	open              func() bool // false once the host's breaker opened; nil: always open. Set by guarded
}

// reply is an Answer with what only the steps need to know.
type reply struct {
	Answer
	class string        // Call.Err
	token secret.Secret // the bearer token it was sent with
}

// exchange is one step; each wraps the next. Its error is trouble of the tool, never of the vehicle.
type exchange func(ctx context.Context, r request) (reply, error)

// wire makes one attempt: signs, sends, reads within the bounds, tells the audit trail. The time-out starts here, after
// all waiting for permission.
func (c *Client) wire(ctx context.Context, r request) (reply, error) {
	if err := ctx.Err(); err != nil {
		return reply{}, err
	}
	*r.attempts++
	started := c.now()
	timed, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	p, size, err := c.send(timed, r)
	if errors.Is(err, ErrRefused) {
		return reply{}, err
	}
	p.token = r.token
	cancelled := err != nil && ctx.Err() != nil // ours, not the time-out's
	if cancelled {
		p.class = "cancelled"
	}
	c.onCall(Call{
		At: started, Host: cmp.Or(r.countedAs, r.host), Method: r.method, Path: r.path, VehicleID: r.vehicleID, Status: p.Status, RequestID: p.RequestID,
		Bytes: size, Duration: c.now().Sub(started), Err: p.class, SecretFingerprint: r.fingerprint, Attempt: *r.attempts,
	})
	if cancelled {
		return reply{}, ctx.Err()
	}
	return p, nil
}

// send is one round trip. Its error tells wire that the exchange broke; the reply says the same as data.
func (c *Client) send(ctx context.Context, r request) (reply, int64, error) {
	response, err := c.guard.RoundTrip(c.build(ctx, r))
	if err != nil {
		return c.broken(err), 0, err
	}
	defer response.Body.Close()
	p := reply{Answer: Answer{Status: response.StatusCode, Header: harmless(response.Header), FetchedAt: c.now()}}
	p.ServerDate, _ = http.ParseTime(response.Header.Get("Date"))
	p.RequestID = cleanRequestID(response.Header.Get("Sc-Request-Id"), r.token, r.basic)
	p.Body, err = readBounded(response.Body, c.maxBody)
	size := int64(len(p.Body))
	p.Failure, p.class = c.judge(p.Answer, err)
	if p.Failure != nil {
		p.Failure.RequestID = cleanRequestID(p.Failure.RequestID, r.token, r.basic)
		if p.RequestID == "" {
			p.RequestID = p.Failure.RequestID
		}
	}
	return p, size, err
}

func (c *Client) build(ctx context.Context, r request) *http.Request {
	u := *c.origins[r.host]
	u.Path, _ = url.PathUnescape(r.path)
	u.RawPath = r.path
	u.RawQuery = r.query.Encode()
	h := (&http.Request{Method: r.method, URL: &u, Header: make(http.Header)}).WithContext(ctx)
	set := func(name, value string) {
		if value != "" {
			h.Header.Set(name, value)
		}
	}
	set("Accept", typeJSON)
	set("User-Agent", c.userAgent)
	set("Content-Type", r.contentType)
	set("Sc-User-Id", r.userID)
	if r.metric {
		set("Sc-Unit-System", "metric")
	}
	if !r.token.IsZero() {
		signBearer(h, r.token)
	}
	if !r.basic.IsZero() {
		signBasic(h, r.basicUser, r.basic)
	}
	if len(r.body) > 0 {
		h.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	return h
}

var errTooLarge = errors.New("the body is over the limit")

// rooms are the buffers that bodies are read into: most have no stated length, and growing costs twice what they hold.
var rooms = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBounded reads at most limit bytes, counted after decompression. What was read is returned with any error.
func readBounded(body io.Reader, limit int64) ([]byte, error) {
	room := rooms.Get().(*bytes.Buffer)
	defer rooms.Put(room)
	room.Reset()
	_, err := room.ReadFrom(io.LimitReader(body, limit+1))
	data := bytes.Clone(room.Bytes())
	if err == nil && int64(len(data)) > limit {
		return data[:limit], errTooLarge
	}
	return data, err
}

// judge decides what an answer is: data, Smartcar's error, or something that cannot be read.
func (c *Client) judge(a Answer, readErr error) (*compare.Failure, string) {
	class := ""
	if readErr != nil {
		class = classOfBody(readErr)
	}
	switch {
	case a.Status >= 400:
		f := compare.DecodeFailure(a.Status, a.Header, a.Body, a.serverTime())
		return &f, class
	case a.Status >= 300 || a.Status < 200:
		return malformed(a, "an answer that points elsewhere is not followed"), class
	case class != "":
		return &compare.Failure{Kind: kindOfClass[class], Status: a.Status, RequestID: a.RequestID, Note: notes[class]}, class
	case !isJSON(a.Body):
		return malformed(a, "the body is not a JSON object or array"), class
	}
	return nil, ""
}

// serverTime is the clock against which the server meant a Retry-After date.
func (a Answer) serverTime() time.Time {
	if a.ServerDate.IsZero() {
		return a.FetchedAt
	}
	return a.ServerDate
}

func malformed(a Answer, note string) *compare.Failure {
	return &compare.Failure{Kind: compare.KindMalformed, Status: a.Status, RequestID: a.RequestID, Note: note}
}

// isJSON looks at the grammar alone, as encoding/json does, and several times faster; readers of the body are stricter.
func isJSON(body []byte) bool {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	return len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') &&
		jsontext.Value(trimmed).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// harmless keeps the headers that mean something to us; the others (cookies above all) go no further.
func harmless(h http.Header) http.Header {
	kept := make(http.Header)
	for name, values := range h {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "sc-") || lower == "retry-after" || lower == "date" || lower == "content-type" {
			kept[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
		}
	}
	return kept
}

// sharedBytes is how much of a token an id may not repeat. Two random UUIDs share so many by chance once in a million.
const sharedBytes = 8

// cleanRequestID lets through what looks like an id and repeats no part of a token: it ends up in reports and on
// terminals.
func cleanRequestID(id string, tokens ...secret.Secret) string {
	shares := func(token secret.Secret) bool { return token.Shares(id, sharedBytes) }
	if len(id) > 128 || !printable(id) || slices.ContainsFunc(tokens, shares) {
		return ""
	}
	return id
}
