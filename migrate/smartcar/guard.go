package smartcar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// ErrRefused is the cause of every request that the guard kept inside the process.
var ErrRefused = errors.New("refused by the read-only guard, nothing was sent")

// guard is the last RoundTripper before the network. It lets through what stands in the routes and refuses all else;
// whatever the code above gets wrong, no command and no DELETE reaches Smartcar (CONTRACT §8.1).
type guard struct {
	next    http.RoundTripper
	origins map[Host]*url.URL
	routes  []route
}

func newGuard(next http.RoundTripper, origins map[Host]*url.URL, more ...route) guard {
	return guard{next: next, origins: origins, routes: append(slices.Clone(routes), more...)}
}

// RoundTrip sends an allowed request on as a copy that has nothing the guard did not look at.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readBody(r)
	if err == nil {
		err = g.check(r, body)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %w", r.Method, hostOnly(r.URL), ErrRefused, err)
	}
	clean := (&http.Request{Method: r.Method, URL: r.URL, Header: r.Header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(r.Context())
	if len(body) > 0 {
		clean.ContentLength = int64(len(body))
		clean.Body = io.NopCloser(bytes.NewReader(body))
		clean.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	return g.next.RoundTrip(clean)
}

const maxRequestBody = 64 << 10

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBody+1))
	if err != nil {
		return nil, errors.New("its body cannot be read")
	}
	if len(body) > maxRequestBody {
		return nil, errors.New("its body is over 64 KiB")
	}
	return body, nil
}

// hostOnly names a URL in an error without its path and query.
func hostOnly(u *url.URL) string {
	if u == nil {
		return "no URL"
	}
	return u.Scheme + "://" + u.Host
}

func (g guard) check(r *http.Request, body []byte) error {
	if err := checkForm(r); err != nil {
		return err
	}
	row, err := g.find(r)
	if err != nil {
		return err
	}
	if err := checkQuery(r.URL, row.query); err != nil {
		return err
	}
	if row.body != nil {
		return row.body(r.Header.Get("Content-Type"), body)
	}
	if len(body) > 0 {
		return errors.New("a read has no body")
	}
	return nil
}

// sendableHeaders are all a request may carry: no method override, no upgrade, no forged forwarding.
var sendableHeaders = []string{"Accept", "Authorization", "Content-Type", "Sc-Unit-System", "Sc-User-Id", "User-Agent"}

// checkForm refuses what would make the request on the wire another than the one its URL shows.
func checkForm(r *http.Request) error {
	switch {
	case r.URL == nil || r.URL.Opaque != "" || r.URL.User != nil || r.URL.Fragment != "":
		return errors.New("the URL is not of the plain kind")
	case r.Host != "" && r.Host != r.URL.Host:
		return errors.New("the Host header is not the URL's host")
	case len(r.Trailer) > 0:
		return errors.New("it has trailers")
	}
	for name, values := range r.Header {
		if !slices.Contains(sendableHeaders, name) || len(values) != 1 {
			return fmt.Errorf("header %q is not one this program sends, or is repeated", name)
		}
	}
	return nil
}

// find looks for the route. Several hosts may share one address (a simulator), so the address alone decides nothing.
func (g guard) find(r *http.Request) (route, error) {
	known := false
	for _, row := range g.routes {
		origin := g.origins[row.host]
		if origin == nil || origin.Scheme != r.URL.Scheme || origin.Host != r.URL.Host {
			continue
		}
		known = true
		if row.method == r.Method && row.matches(r.URL.EscapedPath()) {
			return row, nil
		}
	}
	if !known {
		return route{}, errors.New("the address is none of the configured origins")
	}
	return route{}, errors.New("the method and path are not on the list of reads")
}

func checkQuery(u *url.URL, allowed []string) error {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.ForceQuery {
		return errors.New("the query cannot be read")
	}
	for name, v := range values {
		if !slices.Contains(allowed, name) || len(v) != 1 {
			return fmt.Errorf("query parameter %q is not one this path takes, or is repeated", name)
		}
	}
	return nil
}
