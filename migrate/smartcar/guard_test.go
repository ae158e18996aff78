package smartcar

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

const (
	appOrigin    = "https://vehicle.api.smartcar.com"
	legacyOrigin = "https://api.smartcar.com"
	iamOrigin    = "https://iam.smartcar.com"
	authOrigin   = "https://auth.smartcar.com"
	mgmtOrigin   = "https://management.smartcar.com"
	oneVehicle   = legacyOrigin + "/v2.0/vehicles/36ab27d0-0000-4455-823a-000000000003"
	oneV3        = appOrigin + "/v3/vehicles/36ab27d0-0000-4455-823a-000000000003"
)

func guardOver(t *testing.T, w *world, allowRefresh bool) guard {
	t.Helper()
	origins, err := Origins{}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	if allowRefresh {
		return newGuard(w, origins, refreshRoute)
	}
	return newGuard(w, origins)
}

func rawRequest(t *testing.T, method, address, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		r.Body = http.NoBody
	}
	return r
}

func TestGuardLetsEveryReadThrough(t *testing.T) {
	type request struct{ method, address, contentType, body string }
	table := []request{
		{"POST", iamOrigin + "/oauth2/token", typeForm, "client_id=client_a&client_secret=b&grant_type=client_credentials"},
		{"GET", appOrigin + "/v3/connections", "", ""},
		{"GET", appOrigin + "/v3/connections?page%5Bnumber%5D=2&page%5Bsize%5D=100&filter%5Bvehicle.mode%5D=live&filter%5BuserId%5D=u&filter%5BvehicleId%5D=v", "", ""},
		{"GET", appOrigin + "/v3/connections/c-1", "", ""},
		{"GET", appOrigin + "/v3/vehicles", "", ""},
		{"GET", oneV3, "", ""},
		{"GET", oneV3 + "/signals", "", ""},
		{"GET", oneV3 + "/signals/odometer-traveleddistance", "", ""},
		{"GET", legacyOrigin + "/v2.0/user", "", ""},
		{"GET", legacyOrigin + "/v2.0/vehicles?limit=50&offset=50", "", ""},
		{"GET", oneVehicle, "", ""},
		{"GET", oneVehicle + "/service/history?start_date=2025-01-01", "", ""},
		{"GET", legacyOrigin + "/v2.0/vehicles/sc4a1b01e5_x.y~z:1/odometer", "", ""},
		{"POST", oneVehicle + "/batch", typeJSON, `{"requests":[{"path":"/odometer"},{"path":"/"},{"path":"/tesla/charge"}]}`},
	}
	for path := range legacyReads {
		table = append(table, request{"GET", oneVehicle + strings.TrimSuffix(path, "/"), "", ""})
	}
	for _, row := range table {
		w := &world{answer: always(200, `{}`)}
		r := rawRequest(t, row.method, row.address, row.body)
		if row.contentType != "" {
			r.Header.Set("Content-Type", row.contentType)
		}
		if _, err := guardOver(t, w, false).RoundTrip(r); err != nil {
			t.Errorf("%s %s: %v", row.method, row.address, err)
		} else if len(w.sent) != 1 || w.sent[0].body != row.body {
			t.Errorf("%s %s: not sent as it was: %+v", row.method, row.address, w.sent)
		}
	}
}

// commands are all of smartcar-v2.md §2.6 and smartcar-v3.md §4.0 that are not reads.
var commands = []string{
	"POST " + oneVehicle + "/security", "POST " + oneVehicle + "/charge", "POST " + oneVehicle + "/charge/limit",
	"POST " + oneVehicle + "/navigation/destination", "DELETE " + oneVehicle + "/application",
	"POST " + oneVehicle + "/webhooks/w-1", "DELETE " + oneVehicle + "/webhooks/w-1",
	"PUT " + oneVehicle + "/ford/charge/schedule_by_location", "PUT " + oneVehicle + "/lincoln/charge/schedule_by_location",
	"PUT " + oneVehicle + "/nissan/charge/schedule",
	"POST " + oneVehicle + "/tesla/security/frunk", "POST " + oneVehicle + "/tesla/security/trunk",
	"POST " + oneVehicle + "/tesla/charge/charge_port_door", "POST " + oneVehicle + "/tesla/charge/ammeter",
	"POST " + oneVehicle + "/tesla/charge/schedule", "POST " + oneVehicle + "/tesla/climate/cabin",
	"POST " + oneVehicle + "/tesla/climate/defroster", "POST " + oneVehicle + "/tesla/climate/steering_wheel",
	"POST " + oneVehicle + "/tesla/pin", "DELETE " + oneVehicle + "/tesla/pin",
	"DELETE " + mgmtOrigin + "/v2.0/management/connections?user_id=u",
	"DELETE " + mgmtOrigin + "/v2.0/management/connections?vehicle_id=v",
	"POST " + authOrigin + "/oauth/token",

	"DELETE " + appOrigin + "/v3/connections/c-1", "DELETE " + appOrigin + "/v3/users/u-1",
	"POST " + oneV3 + "/commands/charge/start", "POST " + oneV3 + "/commands/charge/stop", "POST " + oneV3 + "/commands/charge/set-limit",
	"POST " + oneV3 + "/commands/charge-port/open", "POST " + oneV3 + "/commands/charge-port/close",
	"POST " + oneV3 + "/commands/security/lock", "POST " + oneV3 + "/commands/security/unlock",
	"POST " + oneV3 + "/commands/navigation/set-destination",
	"POST " + oneV3 + "/charge-schedules/daily", "POST " + oneV3 + "/charge-schedules/weekly", "POST " + oneV3 + "/charge-schedules/workweek",
	"DELETE " + oneV3 + "/charge-schedules/s-1",
	"POST https://management.api.smartcar.com/v3/subscriptions", "DELETE https://management.api.smartcar.com/v3/subscriptions/s-1",
	"DELETE https://management.api.smartcar.com/v3/webhooks/w-1",
}

func mustRefuse(t *testing.T, r *http.Request, what string) {
	t.Helper()
	w := &world{answer: always(200, `{}`)}
	_, err := guardOver(t, w, false).RoundTrip(r)
	if !errors.Is(err, ErrRefused) {
		t.Errorf("%s: not refused: %v", what, err)
	}
	if len(w.sent) != 0 {
		t.Errorf("%s: reached the transport", what)
	}
	if err != nil && canaryIn(err.Error()) {
		t.Errorf("%s: the error shows a secret: %v", what, err)
	}
}

func TestGuardRefusesEveryCommand(t *testing.T) {
	for _, command := range commands {
		method, address, _ := strings.Cut(command, " ")
		mustRefuse(t, rawRequest(t, method, address, ""), command)
		r := rawRequest(t, method, address, `{"action":"UNLOCK"}`)
		r.Header.Set("Content-Type", typeJSON)
		mustRefuse(t, r, command+" with a body")
	}
}

// A path that is readable by GET must be closed to every other method, and a command's path to every method but a read's.
func TestGuardRefusesEveryOtherMethod(t *testing.T) {
	methods := []string{"POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "Get", "PROPFIND"}
	paths := []string{appOrigin + "/v3/connections", appOrigin + "/v3/connections/c-1", appOrigin + "/v3/vehicles", oneV3, oneV3 + "/signals", oneV3 + "/signals/x", legacyOrigin + "/v2.0/user", legacyOrigin + "/v2.0/vehicles"}
	for path := range legacyReads {
		paths = append(paths, oneVehicle+strings.TrimSuffix(path, "/"))
	}
	for _, address := range paths {
		for _, method := range methods {
			mustRefuse(t, rawRequest(t, method, address, ""), method+" "+address)
		}
	}
	for _, method := range append(methods[1:], "GET") {
		mustRefuse(t, rawRequest(t, method, oneVehicle+"/batch", ""), method+" batch")
		mustRefuse(t, rawRequest(t, method, iamOrigin+"/oauth2/token", ""), method+" token")
	}
}

func TestGuardRefusesTricks(t *testing.T) {
	table := map[string]string{
		"another host":                  "https://evil.example/v2.0/user",
		"host with a suffix":            "https://api.smartcar.com.evil.example/v2.0/user",
		"another port":                  "https://api.smartcar.com:444/v2.0/user",
		"plain http":                    "http://api.smartcar.com/v2.0/user",
		"user in the URL":               "https://x:y@api.smartcar.com/v2.0/user",
		"v3 path on the legacy host":    legacyOrigin + "/v3/vehicles/a/signals",
		"v2 path on the v3 host":        appOrigin + "/v2.0/user",
		"encoded slash in an id":        legacyOrigin + "/v2.0/vehicles/a%2Fsecurity/odometer",
		"doubly encoded slash":          legacyOrigin + "/v2.0/vehicles/a%252Fsecurity/odometer",
		"encoded backslash":             legacyOrigin + "/v2.0/vehicles/a%5Csecurity",
		"dot segments":                  legacyOrigin + "/v2.0/vehicles/../user",
		"encoded dot segments":          legacyOrigin + "/v2.0/vehicles/%2e%2e/odometer",
		"doubled slash":                 legacyOrigin + "/v2.0//vehicles/a",
		"empty id":                      legacyOrigin + "/v2.0/vehicles//odometer",
		"trailing slash":                oneV3 + "/",
		"path parameter":                legacyOrigin + "/v2.0/vehicles/a;b/odometer",
		"encoded question mark":         legacyOrigin + "/v2.0/vehicles/a%3Fx/odometer",
		"encoded letter of a literal":   legacyOrigin + "/v2.0/vehicles/a/%6fdometer",
		"another case":                  legacyOrigin + "/V2.0/vehicles/a/Odometer",
		"control character":             legacyOrigin + "/v2.0/vehicles/a%0d%0ax/odometer",
		"unknown query":                 oneV3 + "/signals?_method=DELETE",
		"query on a path without":       oneVehicle + "?limit=1",
		"repeated query":                appOrigin + "/v3/connections?page%5Bsize%5D=1&page%5Bsize%5D=2",
		"broken query":                  appOrigin + "/v3/connections?a=%zz",
		"bare question mark":            oneV3 + "?",
		"upper-case make":               oneVehicle + "/TESLA/charge",
		"unknown endpoint":              oneVehicle + "/application",
		"compatibility with basic auth": legacyOrigin + "/v2.0/compatibility?vin=x",
	}
	for what, address := range table {
		mustRefuse(t, rawRequest(t, "GET", address, ""), what)
	}
}

func TestGuardRefusesForgedRequests(t *testing.T) {
	table := map[string]func(*http.Request){
		"method override":   func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "DELETE") },
		"upgrade":           func(r *http.Request) { r.Header.Set("Upgrade", "h2c") },
		"repeated header":   func(r *http.Request) { r.Header["Sc-User-Id"] = []string{"a", "b"} },
		"lower-case header": func(r *http.Request) { r.Header["authorization"] = []string{"Bearer " + canaryApp} },
		"other Host":        func(r *http.Request) { r.Host = "evil.example" },
		"opaque URL":        func(r *http.Request) { r.URL.Opaque = "//evil.example/v2.0/user" },
		"trailer":           func(r *http.Request) { r.Trailer = http.Header{"X": {"y"}} },
		"no URL":            func(r *http.Request) { r.URL = nil },
		"body on a read":    func(r *http.Request) { r.Body = rawRequest(t, "POST", oneV3, "x").Body },
	}
	for what, forge := range table {
		r := rawRequest(t, "GET", oneV3+"/signals", "")
		forge(r)
		mustRefuse(t, r, what)
	}
}

func TestGuardReadsTheBody(t *testing.T) {
	const batch, token = oneVehicle + "/batch", iamOrigin + "/oauth2/token"
	table := []struct{ reason, address, contentType, body string }{
		{"empty batch", batch, typeJSON, `{"requests":[]}`},
		{"no body", batch, typeJSON, ``},
		{"not JSON", batch, typeJSON, `requests`},
		{"command path", batch, typeJSON, `{"requests":[{"path":"/application"}]}`},
		{"path without slash", batch, typeJSON, `{"requests":[{"path":"odometer"}]}`},
		{"path that climbs", batch, typeJSON, `{"requests":[{"path":"/../b/security"}]}`},
		{"path with a query", batch, typeJSON, `{"requests":[{"path":"/odometer?x=y"}]}`},
		{"a method in the item", batch, typeJSON, `{"requests":[{"path":"/security","method":"POST"}]}`},
		{"a doubled key", batch, typeJSON, `{"requests":[{"path":"/security","path":"/application"}]}`},
		{"a doubled list", batch, typeJSON, `{"requests":[{"path":"/application"}],"requests":[{"path":"/odometer"}]}`},
		{"a key in another case", batch, typeJSON, `{"Requests":[{"path":"/odometer"}]}`},
		{"trailing data", batch, typeJSON, `{"requests":[{"path":"/odometer"}]} {}`},
		{"another content type", batch, "text/plain", `{"requests":[{"path":"/odometer"}]}`},
		{"too large", batch, typeJSON, `{"requests":[` + strings.Repeat(`{"path":"/odometer"},`, 4000) + `{"path":"/"}]}`},
		{"another grant", token, typeForm, "client_id=a&client_secret=canary-x&grant_type=refresh_token"},
		{"a field more", token, typeForm, "client_id=a&client_secret=canary-x&grant_type=client_credentials&scope=all"},
		{"a field twice", token, typeForm, "client_id=a&client_id=b&client_secret=canary-x&grant_type=client_credentials"},
		{"no secret", token, typeForm, "client_id=a&client_secret=&grant_type=client_credentials"},
		{"JSON form", token, typeJSON, `{"grant_type":"client_credentials"}`},
	}
	for _, row := range table {
		r := rawRequest(t, "POST", row.address, row.body)
		r.Header.Set("Content-Type", row.contentType)
		mustRefuse(t, r, row.reason)
	}
}

func TestGuardOpensTheRefreshOnlyWhenAsked(t *testing.T) {
	make := func() *http.Request {
		r := rawRequest(t, "POST", authOrigin+"/oauth/token", "grant_type=refresh_token&refresh_token=canary-refresh")
		r.Header.Set("Content-Type", typeForm)
		return r
	}
	mustRefuse(t, make(), "refresh")
	w := &world{answer: always(200, `{}`)}
	if _, err := guardOver(t, w, true).RoundTrip(make()); err != nil || len(w.sent) != 1 {
		t.Errorf("allowed refresh: %v, %d sent", err, len(w.sent))
	}
	for _, row := range routes {
		if row.host == HostAuth {
			t.Errorf("the shared list was changed: %+v", row)
		}
	}
}

func FuzzPathsReachNoOtherEndpoint(f *testing.F) {
	for _, id := range []string{"a", "..", "a/../b", "a%2Fb", "a?b", "a#b", "ä", "a;b", "", "a\x00", "／"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		w := serving(always(200, `{}`))
		c := newTestClient(t, w)
		if _, err := c.Batch(t.Context(), id, legacyToken(), []string{"/odometer"}); err != nil {
			t.Fatalf("an odd id is data, not an error: %v", err)
		}
		if _, err := c.Signal(t.Context(), id, id, id); err != nil {
			t.Fatalf("an odd id is data, not an error: %v", err)
		}
		for _, s := range w.seen(false) {
			if n := strings.Count(s.path, "/"); n != 4 && n != 5 {
				t.Errorf("id %q reached %s", id, s.path)
			}
		}
	})
}
