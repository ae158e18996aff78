package smartcar

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Host is one of Smartcar's five hosts.
type Host string

// The hosts this program knows (smartcar-v2.md §0, smartcar-v3.md §1).
const (
	HostIAM        Host = "iam"        // app tokens
	HostApp        Host = "app"        // v3: connections, vehicles, signals
	HostLegacy     Host = "legacy"     // v2.0: vehicles, batch, user
	HostAuth       Host = "auth"       // v2.0 token refresh, refused unless Options.AllowRefresh
	HostManagement Host = "management" // v2.0 connections list
)

// Origins are the hosts' addresses, scheme and host without a path. An empty one means Smartcar's own.
type Origins struct{ IAM, App, Legacy, Auth, Management string }

// DefaultOrigins are Smartcar's production hosts.
func DefaultOrigins() Origins {
	return Origins{
		IAM:        "https://iam.smartcar.com",
		App:        "https://vehicle.api.smartcar.com",
		Legacy:     "https://api.smartcar.com",
		Auth:       "https://auth.smartcar.com",
		Management: "https://management.smartcar.com",
	}
}

// originRow ties a host to its environment variable (CONTRACT §2) and to its place in Origins.
type originRow struct {
	host     Host
	variable string
	field    func(*Origins) *string
}

var originRows = []originRow{
	{HostIAM, "SMARTCAR_IAM_ORIGIN", func(o *Origins) *string { return &o.IAM }},
	{HostApp, "SMARTCAR_VEHICLE_API_ORIGIN", func(o *Origins) *string { return &o.App }},
	{HostLegacy, "SMARTCAR_API_ORIGIN", func(o *Origins) *string { return &o.Legacy }},
	{HostAuth, "SMARTCAR_AUTH_ORIGIN", func(o *Origins) *string { return &o.Auth }},
	{HostManagement, "SMARTCAR_MANAGEMENT_API_ORIGIN", func(o *Origins) *string { return &o.Management }},
}

// OriginsFromEnv reads the SMARTCAR_*_ORIGIN variables over the defaults. A variable that is set but empty counts as
// not set. All faults are reported at once; each names its variable.
func OriginsFromEnv(getenv func(string) (string, bool)) (Origins, error) {
	o := DefaultOrigins()
	var faults []error
	for _, row := range originRows {
		value, ok := getenv(row.variable)
		if !ok || value == "" {
			continue
		}
		if _, err := parseOrigin(value); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", row.variable, err))
			continue
		}
		*row.field(&o) = value
	}
	return o, errors.Join(faults...)
}

// resolve checks every origin and fills the empty ones with the defaults.
func (o Origins) resolve() (map[Host]*url.URL, error) {
	defaults := DefaultOrigins()
	urls := make(map[Host]*url.URL, len(originRows))
	for _, row := range originRows {
		value := *row.field(&o)
		if value == "" {
			value = *row.field(&defaults)
		}
		u, err := parseOrigin(value)
		if err != nil {
			return nil, fmt.Errorf("origin of the %s host: %w", row.host, err)
		}
		urls[row.host] = u
	}
	return urls, nil
}

// parseOrigin takes scheme://host[:port], with one slash at the end forgiven. The value is not repeated in an error
// where it may hold a password.
func parseOrigin(value string) (*url.URL, error) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("not an origin; write scheme and host, as in https://api.smartcar.com")
	case u.User != nil:
		return nil, errors.New("an origin has no user or password; write scheme and host only")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("an origin has no query or fragment; write scheme and host only")
	case u.Path != "" && u.Path != "/":
		return nil, fmt.Errorf("an origin has no path, got %q; write %q, the paths are added by this program", u.Path, u.Scheme+"://"+u.Host)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("http is for loopback addresses only, not %q; write https", u.Hostname())
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("scheme %q is not https; write https://%s", u.Scheme, u.Host)
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
