package smartcar

import (
	"errors"
	"net/url"
	"strings"
)

const maxID = 200 // bytes; Smartcar's ids have 36

// checkID tells why an id cannot be one segment of a path. Ids are opaque (smartcar-v3.md §11 has several forms), but one
// that some server or proxy on the way could read as more than one segment would reach another endpoint: so no slash of
// any kind, no percent sign (decoded twice), no dots that climb, no path parameters, nothing outside printable ASCII.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("an empty id")
	case len(id) > maxID:
		return errors.New("an id of more than 200 bytes")
	case id == "." || strings.Contains(id, ".."):
		return errors.New("an id with dots that climb")
	case strings.ContainsAny(id, `/\?#%;`):
		return errors.New(`an id with one of / \ ? # % ;`)
	case !printable(id):
		return errors.New("an id with a blank, a control character or a letter outside ASCII")
	}
	return nil
}

// printable is true for visible ASCII only.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// isPlainSegment is true for a path segment as it stands on the wire that is one id, written the one way we write it.
func isPlainSegment(escaped string) bool {
	id, err := url.PathUnescape(escaped)
	return err == nil && checkID(id) == nil && url.PathEscape(id) == escaped
}

// matches compares a path on the wire with a route's pattern, segment by segment. Literals must be equal byte for byte:
// an escaped letter, another case, a doubled or a trailing slash is another path.
func (r route) matches(escapedPath string) bool {
	want, got := strings.Split(r.path, "/"), strings.Split(escapedPath, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if strings.HasPrefix(want[i], "{") && isPlainSegment(got[i]) {
			continue
		}
		if want[i] != got[i] {
			return false
		}
	}
	return true
}
