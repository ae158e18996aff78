package compare

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// errorRows are every (type, code) of smartcar-v2-errors.csv and smartcar-v3.md §7.2, typed from there, with what each
// means here. "-" is the code null.
const errorRows = `
400 VALIDATION - invalid lasting
400 VALIDATION PARAMETER invalid lasting
400 VALIDATION INVALID_INPUT_FORMAT invalid lasting
400 VALIDATION MISSING_PARAMETER invalid lasting
401 AUTHENTICATION - unauthorized passing
401 AUTHENTICATION UNAUTHORIZED unauthorized passing
403 AUTHENTICATION ACCESS_DENIED forbidden lasting
403 PERMISSION - not-permitted lasting
200 PERMISSION UNKNOWN not-permitted lasting
200 PERMISSION PERMISSION_DENIED not-permitted lasting
404 RESOURCE_NOT_FOUND PATH not-found lasting
404 RESOURCE_NOT_FOUND VERSION not-found lasting
404 RESOURCE_NOT_FOUND VEHICLE_NOT_FOUND not-found lasting
404 RESOURCE_NOT_FOUND INVALID_PATH not-found lasting
404 RESOURCE_NOT_FOUND SIGNAL_NOT_FOUND not-found lasting
409 VEHICLE_STATE ASLEEP vehicle-state passing
409 VEHICLE_STATE CHARGING_IN_PROGRESS vehicle-state passing
409 VEHICLE_STATE CHARGING_PLUG_CONNECTED vehicle-state passing
409 VEHICLE_STATE CHARGING_PLUG_NOT_CONNECTED not-applicable lasting
409 VEHICLE_STATE DOOR_OPEN vehicle-state passing
409 VEHICLE_STATE FULLY_CHARGED not-applicable lasting
409 VEHICLE_STATE NOT_CHARGING not-applicable lasting
409 VEHICLE_STATE CHARGE_FAULT vehicle-state passing
409 VEHICLE_STATE HOOD_OPEN vehicle-state passing
409 VEHICLE_STATE IGNITION_ON vehicle-state passing
409 VEHICLE_STATE IN_MOTION vehicle-state passing
409 VEHICLE_STATE REMOTE_ACCESS_DISABLED vehicle-state passing
409 VEHICLE_STATE TRUNK_OPEN vehicle-state passing
409 VEHICLE_STATE UNREACHABLE vehicle-state passing
409 VEHICLE_STATE VEHICLE_OFFLINE_FOR_SERVICE vehicle-state passing
409 VEHICLE_STATE UNKNOWN vehicle-state passing
409 VEHICLE_STATE LOW_BATTERY vehicle-state passing
429 RATE_LIMIT SMARTCAR_API app-limit passing
429 RATE_LIMIT VEHICLE vehicle-limit passing
430 BILLING VEHICLE_LIMIT plan passing
430 BILLING INVALID_PLAN plan passing
430 BILLING VEHICLE_REQUEST_LIMIT quota passing
430 BILLING ACCOUNT_SUSPENDED plan passing
400 CONNECTED_SERVICES_ACCOUNT ACCOUNT_ISSUE reauthenticate lasting
400 CONNECTED_SERVICES_ACCOUNT AUTHENTICATION_FAILED reauthenticate lasting
400 CONNECTED_SERVICES_ACCOUNT NO_VEHICLES vehicle-gone lasting
400 CONNECTED_SERVICES_ACCOUNT PERMISSION reauthenticate lasting
400 CONNECTED_SERVICES_ACCOUNT SUBSCRIPTION reauthenticate lasting
400 CONNECTED_SERVICES_ACCOUNT VEHICLE_MISSING vehicle-gone lasting
400 CONNECTED_SERVICES_ACCOUNT VIRTUAL_KEY_REQUIRED reauthenticate lasting
500 SERVER INTERNAL upstream passing
500 SERVER RECORD_NOT_FOUND not-capable lasting
500 SERVER MULTIPLE_RECORDS_FOUND not-capable lasting
501 COMPATIBILITY MAKE_NOT_COMPATIBLE not-capable lasting
501 COMPATIBILITY SMARTCAR_NOT_CAPABLE not-capable lasting
501 COMPATIBILITY VEHICLE_NOT_CAPABLE not-capable lasting
501 COMPATIBILITY PLATFORM_NOT_CAPABLE not-capable lasting
502 UPSTREAM INVALID_DATA upstream passing
502 UPSTREAM KNOWN_ISSUE upstream passing
502 UPSTREAM NO_RESPONSE upstream passing
502 UPSTREAM RATE_LIMIT upstream passing
502 UPSTREAM UNKNOWN_ISSUE upstream passing
409 VEHICLE_STATE A_CODE_OF_TOMORROW vehicle-state passing
501 COMPATIBILITY A_CODE_OF_TOMORROW not-capable lasting
429 RATE_LIMIT A_CODE_OF_TOMORROW app-limit passing
430 BILLING A_CODE_OF_TOMORROW plan passing
503 A_TYPE_OF_TOMORROW X upstream passing
418 A_TYPE_OF_TOMORROW X malformed passing`

// TestErrorCatalogue reads each row in every generation of error body: v2's flat one, v3's errors[], {"error":{…}} and
// the status of a signal. All must mean the same.
func TestErrorCatalogue(t *testing.T) {
	for _, row := range strings.Split(strings.TrimSpace(errorRows), "\n") {
		var status int
		var kind, code, want, lasts string
		fmt.Sscan(row, &status, &kind, &code, &want, &lasts)
		word, _ := json.Marshal(code)
		if code == "-" {
			word, code = []byte("null"), ""
		}
		member := fmt.Sprintf(`"type":%q,"code":%s`, kind, word)
		bodies := map[string]string{
			"v2 flat":    `{"statusCode":` + fmt.Sprint(status) + `,` + member + `,"description":"canary"}`,
			"v3 errors":  `{"errors":[{"status":"` + fmt.Sprint(status) + `",` + member + `,"detail":"canary"}]}`,
			"v3 wrapped": `{"error":{` + member + `,"title":"canary"}}`,
		}
		for generation, body := range bodies {
			f := DecodeFailure(status, nil, []byte(body), noon)
			if string(f.Kind) != want || f.Kind.Passing() != (lasts == "passing") || f.Type != kind || f.Code != code {
				t.Errorf("%s, %s: %+v, passing %v", row, generation, f, f.Kind.Passing())
			}
		}
		if strings.HasPrefix(kind, "A_TYPE") {
			continue // a signal has no status to fall back to
		}
		sig := signalsOf("vehicleidentification-vin", `{"value":"ERROR","error":{`+member+`}}`, "", "")
		r := ReadApp([]*Field{field(t, "vin")}, mustSignals(t, []byte(sig)))[0]
		if r.Status != Failed || r.Failure.Kind != (Failure{Kind: Kind(want), Code: code}).OfSignal().Kind {
			t.Errorf("%s, signal: %s", row, say(r))
		}
	}
}

// TestWhatA404IsAbout: the vehicle, the signal, or only the request; and what of it is lasting for a single signal.
func TestWhatA404IsAbout(t *testing.T) {
	for _, c := range []struct {
		status                 int
		kind, code             string
		vehicle, absent, lasts bool
		reason                 string
	}{
		{404, "RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND", true, false, false, "about the vehicle: as a signal's it contradicts the list"},
		{404, "RESOURCE_NOT_FOUND", "SIGNAL_NOT_FOUND", false, true, true, "about the signal"},
		{404, "RESOURCE_NOT_FOUND", "PATH", false, false, false, "about the request"},
		{404, "RESOURCE_NOT_FOUND", "VERSION", false, false, false, "about the request"},
		{404, "RESOURCE_NOT_FOUND", "INVALID_PATH", false, false, false, "v2-style path on v3"},
		{404, "", "", true, true, true, "says nothing more than where it was asked"},
		{404, "", "NOT_FOUND", true, true, true, "the oldest v3 documents say nothing more"},
		{400, "VALIDATION", "PARAMETER", false, false, false, "our request, answered for the other signals"},
		{403, "PERMISSION", "", false, false, true, "a refusal is no absence, and lasts"},
		{501, "COMPATIBILITY", "VEHICLE_NOT_CAPABLE", false, false, true, "cannot is no absence, and lasts"},
	} {
		body := fmt.Sprintf(`{"errors":[{"type":%q,"code":%q}]}`, c.kind, c.code)
		f := DecodeFailure(c.status, nil, []byte(body), noon)
		if f.OfVehicle() != c.vehicle || f.SignalAbsent() != c.absent || f.OfSignal().Kind.Passing() == c.lasts {
			t.Errorf("%d %s/%s (%s): of the vehicle %v, signal absent %v, as a signal's %s", c.status, c.kind, c.code, c.reason, f.OfVehicle(), f.SignalAbsent(), f.OfSignal().Kind)
		}
	}
}

func TestFailuresWithoutAType(t *testing.T) {
	tests := []struct {
		status     int
		body, want string
		passing    bool
		reason     string
	}{
		{401, `{"errors":[{"status":"401","code":"unauthorized","title":"x"}]}`, "unauthorized UNAUTHORIZED", true, "oldest v3 documents: lower case, no type"},
		{404, `{"errors":[{"code":"not_found"}]}`, "not-found NOT_FOUND", false, "oldest v3 documents"},
		{500, `{"errors":[{"code":"internal_error"}]}`, "upstream INTERNAL_ERROR", true, "oldest v3 documents"},
		{401, `{"error":"invalid_client","error_description":"canary"}`, "unauthorized INVALID_CLIENT", true, "OAuth"},
		{400, `{"error":"invalid_grant"}`, "invalid INVALID_GRANT", false, "OAuth: the judge reads the code"},
		{409, `{"error":"vehicle_state_error","message":"canary","code":"VS_000"}`, "vehicle-state VEHICLE_STATE_ERROR", true, "v1, still in old mocks"},
		{504, `<html>canary gateway</html>`, "upstream ", true, "a gateway's page"},
		{502, ``, "upstream ", true, "no body"},
		{429, `null`, "app-limit ", true, "by status"},
		{430, `[]`, "plan ", true, "by status"},
		{501, `{}`, "not-capable ", false, "by status"},
		{404, `"canary"`, "not-found ", false, "a bare text"},
		{403, `{"type":"permission","code":"","resolution":5}`, "not-permitted ", false, "lower case"},
		{403, `{"type":"PERMISSION","statusCode":"403","requestId":7,"meta":[],"errors":{}}`, "not-permitted ", false, "members of other types do not hide the type"},
		{302, `{}`, "malformed ", true, "no answer of an API"},
		{0, `{}`, "malformed ", true, "nothing is known"},
	}
	for _, tt := range tests {
		f := DecodeFailure(tt.status, nil, []byte(tt.body), noon)
		if got := string(f.Kind) + " " + f.Code; got != tt.want || f.Kind.Passing() != tt.passing {
			t.Errorf("%d %s (%s): %q passing %v, want %q %v", tt.status, tt.body, tt.reason, got, f.Kind.Passing(), tt.want, tt.passing)
		}
	}
}

func TestResolutionAndRequestID(t *testing.T) {
	const id = "5dea93a1-3f79-4246-90c5-89610a20471b"
	tests := []struct{ body, resolution, request, reason string }{
		{`{"resolution":{"type":"RETRY_LATER","url":"https://canary"},"requestId":"` + id + `"}`, "RETRY_LATER", id, "the object of today"},
		{`{"resolution":"REAUTHENTICATE"}`, "REAUTHENTICATE", "", "the bare string of older servers"},
		{`{"resolution":null}`, "", "", "null"},
		{`{"resolution":{"type":null}}`, "", "", "an object with null"},
		{`{"resolution":["x"]}`, "", "", "something else"},
		{`{"errors":[{"resolution":{"type":"CONTACT_SUPPORT"},"meta":{"debug":{"requestId":"` + id + `"}}}]}`, "CONTACT_SUPPORT", id, "v3"},
		{`{"requestId":"the canary of your request"}`, "", "", "prose is no id"},
		{`{"requestId":"` + strings.Repeat("a", 65) + `"}`, "", "", "too long for an id"},
	}
	for _, tt := range tests {
		f := DecodeFailure(400, nil, []byte(tt.body), noon)
		if f.Resolution != tt.resolution || f.RequestID != tt.request {
			t.Errorf("%s (%s): %q %q", tt.body, tt.reason, f.Resolution, f.RequestID)
		}
	}
	header := http.Header{"Sc-Request-Id": {"header-1"}}
	if f := DecodeFailure(400, header, []byte(`{"requestId":"body-1"}`), noon); f.RequestID != "header-1" {
		t.Errorf("the header's id counts first: %q", f.RequestID)
	}
}

// TestProseIsNeverKept: texts of an error body may quote a token, in any member.
func TestProseIsNeverKept(t *testing.T) {
	const token = "36ab27d0-0000-4455-823a-0123456789ab"
	members := []string{"type", "code", "description", "detail", "title", "message", "docURL", "suggestedUserMessage", "resolution", "error", "error_description", "status", "statusCode"}
	for _, member := range members {
		for _, text := range []string{"token " + token + " refused", token, strings.ReplaceAll(token, "-", ""), "Bearer canary"} {
			value, _ := json.Marshal(text)
			for _, form := range []string{`{%q:%s}`, `{"errors":[{%q:%s}]}`, `{"error":{%q:%s}}`} {
				f := DecodeFailure(403, nil, fmt.Appendf(nil, form, member, value), noon)
				kept := strings.ToLower(strings.ReplaceAll(fmt.Sprintf("%+v %s", f, f.Label()), "_", "-"))
				if strings.Contains(kept, "36ab") || strings.Contains(kept, "canary") {
					t.Errorf("%s %q: kept %s", member, text, kept)
				}
			}
		}
	}
}

func TestLabel(t *testing.T) {
	tests := []struct {
		f            Failure
		want, reason string
	}{
		{Failure{Kind: KindUpstream, Type: "UPSTREAM", Code: "NO_RESPONSE", Status: 502}, "UPSTREAM/NO_RESPONSE", "Smartcar's words first"},
		{Failure{Kind: KindNotPermitted, Type: "PERMISSION"}, "PERMISSION", "no code"},
		{Failure{Kind: KindNotFound, Code: "NOT_FOUND"}, "NOT_FOUND", "no type"},
		{Failure{Kind: KindUpstream, Status: 504}, "upstream (HTTP 504)", "neither"},
		{Failure{Kind: KindTimeout}, "timeout", "no answer at all"},
	}
	for _, tt := range tests {
		if got := tt.f.Label(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.reason, got, tt.want)
		}
	}
}

func TestParseRetryAfter(t *testing.T) {
	tests := []struct {
		in     string
		want   time.Duration
		reason string
	}{
		{"120", 2 * time.Minute, "seconds"}, {" 120 ", 2 * time.Minute, "blanks"}, {"0.5", 500 * time.Millisecond, "a fraction"},
		{"Wed, 14 Oct 2026 12:01:00 GMT", time.Minute, "a date"}, {"Wed, 14 Oct 2026 11:00:00 GMT", 0, "a date that is over"},
		{"Wed, 14 Oct 2099 12:00:00 GMT", maxRetryAfter, "a date too far away"}, {"1791979200000", maxRetryAfter, "milliseconds since 1970"},
		{"", 0, "absent"}, {"-5", 0, "negative"}, {"0", 0, "nought"}, {"NaN", 0, "a number only to Go"}, {"1e400", 0, "no number"}, {"soon", 0, "prose"},
		{"infinity", 0, "a word that Go reads"}, {"0x1p9", 0, "hex"}, {"1_0", 0, "underscores"}, {"30, 60", 0, "two values"}, {"99999999999999999999", maxRetryAfter, "an absurd number"},
	}
	for _, tt := range tests {
		if got := ParseRetryAfter(tt.in, noon); got != tt.want {
			t.Errorf("ParseRetryAfter(%q) (%s): %v, want %v", tt.in, tt.reason, got, tt.want)
		}
	}
}
