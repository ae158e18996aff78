// Package secret owns the values that must never be shown: a type that cannot be printed, and a vault that finds
// and redacts every value it was told of. It knows nothing of Smartcar, files or networks.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
)

// Mark is what is printed in the place of a secret.
const Mark = "[secret]"

// Secret is a value that cannot be printed. It is a struct around a pointer, not a named string: fmt cannot call
// methods on unexported fields and map values of other types, and would print a string there; of this type it prints an address.
// The zero Secret is "no secret".
type Secret struct{ v *string }

// New wraps s as it is: nothing is trimmed. The empty string gives the zero Secret.
func New(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{v: &s}
}

// IsZero reports whether there is no secret. encoding/json honours it for omitzero.
func (s Secret) IsZero() bool { return s.v == nil }

// Reveal opens the secret. The product calls it in one file only, where requests are signed; a test holds it to that.
func (s Secret) Reveal() string {
	if s.v == nil {
		return ""
	}
	return *s.v
}

// Fingerprint is the last 4 hex digits of the value's SHA-256: enough to tell three client secrets apart in an audit
// trail, too little to guess one from. It is "" for the zero Secret.
func (s Secret) Fingerprint() string {
	if s.v == nil {
		return ""
	}
	return fingerprint(*s.v)
}

// Hash is the hex SHA-256 of the value, by which a token is known again where it must not stand itself. It is no secret only
// for values that nobody can guess, as tokens are.
func (s Secret) Hash() string {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:])
}

// Equal compares values in constant time. Two zero Secrets are equal.
func (s Secret) Equal(o Secret) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(o.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Shares tells whether the text holds n or more consecutive bytes of the secret: a part of it is as good as a leak.
func (s Secret) Shares(text string, n int) bool {
	if s.v == nil {
		return false
	}
	for i := 0; i+n <= len(text); i++ {
		if strings.Contains(*s.v, text[i:i+n]) {
			return true
		}
	}
	return false
}

// String gives Mark.
func (s Secret) String() string { return Mark }

// GoString gives Mark, for %#v.
func (s Secret) GoString() string { return Mark }

// Format writes Mark whatever the verb, so that no verb reaches the pointer.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Mark)) }

// MarshalText gives Mark, also for YAML, XML and map keys.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Mark), nil }

// MarshalJSON gives Mark as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Mark + `"`), nil }

// LogValue gives Mark to log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Mark) }

func fingerprint(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[len(sum)-2:])
}
