package compare

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Failure is why a leg, a batch item or a signal gave no data: Smartcar's error as data, in one shape for all
// generations of error bodies (smartcar-v2.md §5, smartcar-v3.md §7.1). Type and Code are Smartcar's own words in
// upper case; both are empty for trouble below the API (a time-out, a reset, a body that is not JSON), where Kind says what.
type Failure struct {
	Kind       Kind          `json:"kind"`
	Status     int           `json:"status,omitempty"` // HTTP status, 0 where no answer came
	Type       string        `json:"type,omitempty"`
	Code       string        `json:"code,omitempty"`
	Resolution string        `json:"resolution,omitempty"`
	RequestID  string        `json:"requestId,omitempty"`
	RetryAfter time.Duration `json:"retryAfter,omitempty"` // 0: not stated
	Note       string        `json:"note,omitempty"`       // our words, never the body's prose
}

// Kind is what a failure means for the verdict. It is decided once, by type and code, in the table of kinds.go.
type Kind string

// The kinds of failure. Passing kinds may be gone tomorrow; lasting ones stay until a person changes something.
const (
	KindNotCapable    Kind = "not-capable"    // lasting: the car, make or platform cannot
	KindNotPermitted  Kind = "not-permitted"  // lasting: the permission is not granted
	KindNotFound      Kind = "not-found"      // lasting: path, version, vehicle or signal unknown
	KindNotApplicable Kind = "not-applicable" // lasting for the comparison: the car's state gives the field no value (not charging)
	KindInvalid       Kind = "invalid"        // lasting: Smartcar found our request malformed
	KindReauth        Kind = "reauthenticate" // lasting: the owner must log in at the maker again
	KindGone          Kind = "vehicle-gone"   // lasting: the car left the owner's account
	KindUnauthorized  Kind = "unauthorized"   // the token was refused (401)
	KindForbidden     Kind = "forbidden"      // the token works, but not for this (403)
	KindPlan          Kind = "plan"           // passing, as a person can change it for the whole application: not in the plan (430 INVALID_PLAN, VEHICLE_LIMIT, ACCOUNT_SUSPENDED)
	KindQuota         Kind = "quota"          // passing: this car's calls of the month are used up (430)
	KindAppLimit      Kind = "app-limit"      // passing: the application's bucket is empty (429)
	KindVehicleLimit  Kind = "vehicle-limit"  // passing: this car is throttled (429)
	KindUpstream      Kind = "upstream"       // passing: the maker or Smartcar itself failed (5xx)
	KindVehicleState  Kind = "vehicle-state"  // passing: asleep, out of reach, moving (409)
	KindTimeout       Kind = "timeout"        // passing: no answer in time
	KindNetwork       Kind = "network"        // passing: no connection, or it broke
	KindMalformed     Kind = "malformed"      // passing: an answer that cannot be read
)

// Passing tells whether the failure may be gone when asked again: its fields are unmeasured, not lost.
func (k Kind) Passing() bool {
	switch k {
	case KindQuota, KindAppLimit, KindVehicleLimit, KindUpstream, KindVehicleState, KindTimeout, KindNetwork, KindMalformed, KindUnauthorized, KindPlan:
		return true
	}
	return false
}

// OfVehicle tells a 404 that may be about the vehicle and its user from one about the request's path or version or a
// signal: v2-style paths on v3 answer INVALID_PATH, which others took for a lost car (v2-to-v3-mapping.md §4.3, item 18).
func (f Failure) OfVehicle() bool {
	switch f.Code {
	case "PATH", "VERSION", "INVALID_PATH", "SIGNAL_NOT_FOUND":
		return false
	}
	return f.Kind == KindNotFound
}

// SignalAbsent tells whether an error of one signal proves that the store does not hold it: SIGNAL_NOT_FOUND, or a 404 that
// says nothing more (smartcar-v3.md §4.5, §7.3).
func (f Failure) SignalAbsent() bool {
	return f.Kind == KindNotFound && (f.Code == "SIGNAL_NOT_FOUND" || f.Code == "NOT_FOUND" || f.Code == "")
}

// OfSignal is the failure as one of a single signal of a car whose list was served. A 404 about the vehicle or the path then
// contradicts that list, and a request that is called malformed was answered for the others: neither is a lasting reason
// of the car's, so it passes.
func (f Failure) OfSignal() Failure {
	if f.Kind == KindInvalid || f.Kind == KindNotFound && !f.SignalAbsent() {
		f.Kind = KindUpstream
	}
	return f
}

// Label is the failure in Smartcar's words where it has any ("UPSTREAM/NO_RESPONSE"), else ours. Safe to print.
func (f Failure) Label() string {
	switch {
	case f.Type != "" && f.Code != "":
		return f.Type + "/" + f.Code
	case f.Type != "" || f.Code != "":
		return f.Type + f.Code
	case f.Status != 0:
		return fmt.Sprintf("%s (HTTP %d)", f.Kind, f.Status)
	}
	return string(f.Kind)
}

// DecodeFailure reads an error answer of any generation: {"errors":[…]}, the flat v2 body, {"error":{…}} and OAuth's
// {"error":"…"} (smartcar-v3.md §7.1). A body that is none of them still gives a Failure, classified by status alone.
// The prose of the body is never kept.
func DecodeFailure(status int, header http.Header, body []byte, now time.Time) Failure {
	decoded, err := parseBody(bytes.TrimSpace(body))
	f := failureOf(status, header, decoded, now)
	if err != nil {
		f.Note = "the error body is not JSON"
	}
	return f
}

// failureOf is DecodeFailure of a body that was decoded.
func failureOf(status int, header http.Header, body any, now time.Time) Failure {
	f := fillFailure(errorRoot(toObject(body)), Failure{Status: status, RetryAfter: ParseRetryAfter(header.Get("Retry-After"), now)})
	if id := requestID(header.Get("Sc-Request-Id")); id != "" {
		f.RequestID = id
	}
	f.Kind = kindOf(f)
	return f
}

// errorRoot is the entry that carries the type and code, in every known generation: v2's flat body, v3's entries of
// errors[], an error within, and the OAuth form, whose one word is its code.
func errorRoot(body object) object {
	if list, _ := body["errors"].([]any); len(list) > 0 {
		return toObject(list[0])
	}
	if inner := toObject(body["error"]); inner != nil {
		return inner
	}
	if _, typed := body["type"]; !typed && wordOf(body["error"]) != "" {
		body = maps.Clone(body)
		body["code"] = body["error"]
	}
	return body
}

// fillFailure takes what has the expected type; a member of another type is left out, the others count.
func fillFailure(entry object, f Failure) Failure {
	debug := toObject(toObject(entry["meta"])["debug"])
	f.Type, f.Code, f.Resolution = enumWord(entry["type"]), enumWord(entry["code"]), resolutionOf(entry["resolution"])
	f.RequestID = requestID(cmp.Or(toText(entry["requestId"]), toText(debug["requestId"])))
	if f.Status == 0 {
		f.Status, _ = strconv.Atoi(numeral(entry["statusCode"]))
	}
	if f.Status == 0 {
		f.Status, _ = strconv.Atoi(wordOf(entry["status"]))
	}
	return f
}

// resolutionOf accepts the object, the bare string and null (smartcar-v2.md §5).
func resolutionOf(v any) string {
	if o := toObject(v); o != nil {
		return enumWord(o["type"])
	}
	return enumWord(v)
}

// wordOf is a JSON string's or number's text, "" for anything else.
func wordOf(v any) string { return cmp.Or(toText(v), numeral(v)) }

// numeral is a JSON number as it is written, "" for anything else.
func numeral(v any) string {
	n, _ := v.(json.Number)
	return n.String()
}

// requestID drops what is not shaped like an id: it is text from outside, and is printed.
func requestID(s string) string {
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool { return r != '-' && r != '_' && !isWord(r) }) {
		return ""
	}
	return s
}

func isWord(r rune) bool { return isDigit(r) || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func digits(s string) (n int) {
	for _, r := range s {
		if isDigit(r) {
			n++
		}
	}
	return n
}

// maxDigits in an enumeration's word: Smartcar's have none, the old VS_000 three; a token of hex digits has more.
const maxDigits = 4

// enumWord is an enumeration's word in upper case with underscores; anything that does not look like one is dropped,
// so that no prose (which could quote a token) and no token travels further.
func enumWord(v any) string {
	word := strings.ToUpper(strings.ReplaceAll(wordOf(v), "-", "_"))
	odd := strings.ContainsFunc(word, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && !isDigit(r) })
	if len(word) > 64 || odd || digits(word) > maxDigits {
		return ""
	}
	return word
}

// maxRetryAfter caps what a Retry-After may ask for: a day. More is a mistake of the server's clock.
const maxRetryAfter = 24 * time.Hour

// plainSeconds are digits, with decimals: ParseFloat alone would take "infinity" and "0x1p9" for times.
var plainSeconds = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// ParseRetryAfter reads seconds or an HTTP date (smartcar-v3.md §3); 0 where there is none or it makes no sense.
func ParseRetryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if value = strings.TrimSpace(value); value == "" {
		return 0
	}
	if plainSeconds.MatchString(value) {
		seconds, _ := strconv.ParseFloat(value, 64) // too large a number is infinite
		wait = time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, maxRetryAfter))
}
