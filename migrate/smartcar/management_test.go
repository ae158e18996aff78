package smartcar

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"scmigrate/fixtures"
	"scmigrate/migrate/secret"
)

const canaryManagement = "canary-management-token"

func withManagement(o *Options) { o.ManagementToken = secret.New(canaryManagement) }

// paged serves bodies by the cursor that asks for them.
func paged(bodies map[string]string) *world {
	return &world{answer: func(r *http.Request) (*http.Response, error) {
		body, ok := bodies[r.URL.Query().Get("cursor")]
		if !ok {
			return answer(400, `{"type":"VALIDATION","code":null}`), nil
		}
		return answer(200, body), nil
	}}
}

func managed(t *testing.T, w *world, mode string) (Listing, []Connection) {
	t.Helper()
	var rows []Connection
	l, err := newTestClient(t, w, withManagement).ManagementConnections(t.Context(), mode, func(page []Connection) error {
		rows = append(rows, page...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, rows
}

func TestManagementListIsReadToItsEnd(t *testing.T) {
	full := strings.TrimSuffix(strings.Repeat(`{"vehicleId":"v-%d","userId":"u-1"},`, pageSize), ",")
	numbers := make([]any, pageSize)
	for i := range numbers {
		numbers[i] = i
	}
	whole := `{"connections":[` + fmt.Sprintf(full, numbers...) + `]}`
	for _, c := range []struct {
		reason string
		bodies map[string]string
		rows   int
		why    string // of an incomplete list
	}{
		{"two pages", map[string]string{"": `{"connections":[{"vehicleId":"v-1","userId":"u-1","connectedAt":"2023-08-10T15:00:00.000Z","mode":"live"}],"paging":{"cursor":"AES::x/+=="}}`, "AES::x/+==": `{"connections":[{"vehicleId":"v-2","userId":"u-1"}],"paging":{"cursor":null}}`}, 2, ""},
		{"the older words, no paging", map[string]string{"": `{"connections":[{"vehicleId":"v-1","userId":"u-1","createdAt":"2023-08-10T15:00:00.000Z"}]}`}, 1, ""},
		{"empty", map[string]string{"": `{"connections":[],"paging":{"cursor":null}}`}, 0, ""},
		{"a full page without paging", map[string]string{"": whole}, pageSize, "does not say whether another follows"},
		{"a cursor that comes again", map[string]string{"": `{"connections":[],"paging":{"cursor":"a"}}`, "a": `{"connections":[],"paging":{"cursor":"a"}}`}, 0, "leads nowhere"},
		{"a row twice", map[string]string{"": `{"connections":[{"vehicleId":"v","userId":"u"}],"paging":{"cursor":"a"}}`, "a": `{"connections":[{"vehicleId":"v","userId":"u"}]}`}, 1, "moved while it was read"},
		{"a row without a user", map[string]string{"": `{"connections":[{"vehicleId":"v"}]}`}, 0, "names no vehicle or no user"},
		{"another shape", map[string]string{"": `{"data":[]}`}, 0, "cannot be read"},
		{"a page that fails", map[string]string{"": `{"connections":[],"paging":{"cursor":"b"}}`}, 0, "page 2 failed"},
	} {
		l, rows := managed(t, paged(c.bodies), "live")
		if len(rows) != c.rows || l.Complete != (c.why == "") || !strings.Contains(l.Why, c.why) {
			t.Errorf("%s: %d rows, %+v", c.reason, len(rows), l)
		}
	}
}

func TestManagementTokenGoesToTheManagementHostAlone(t *testing.T) {
	w := paged(map[string]string{"": `{"connections":[]}`})
	managed(t, w, "simulated")
	s := w.sent[0]
	if s.host != "management.smartcar.com" || !strings.HasPrefix(s.auth, "Basic ") || s.query.Get("mode") != "simulated" || s.query.Get("limit") != "100" || len(w.sent) != 1 {
		t.Errorf("sent %+v", w.sent)
	}
	_, err := newTestClient(t, w).ManagementConnections(t.Context(), "live", nil)
	if !errors.Is(err, ErrNoManagementToken) {
		t.Errorf("without a token: %v", err)
	}
}

func TestGuardOpensTheManagementListAlone(t *testing.T) {
	list := mgmtOrigin + "/v2.0/management/connections"
	mustRefuse(t, rawRequest(t, "GET", list, ""), "the list without a management token")
	w := &world{answer: always(200, `{}`)}
	g := guardOver(t, w, false)
	g.routes = append(g.routes, managementRoute)
	if _, err := g.RoundTrip(rawRequest(t, "GET", list+"?limit=100&cursor=x&mode=live", "")); err != nil {
		t.Error(err)
	}
	for _, refused := range []string{"DELETE " + list, "DELETE " + list + "?user_id=u", "POST " + list, "GET " + list + "?user_id=u", "GET " + list + "/", "GET " + mgmtOrigin + "/v2.0/management/webhooks"} {
		method, address, _ := strings.Cut(refused, " ")
		if _, err := g.RoundTrip(rawRequest(t, method, address, "")); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", refused, err)
		}
	}
}

func TestManagementListOfTheSimulator(t *testing.T) {
	world, err := fixtures.New(fixtures.Scenario{Seed: 5, Vehicles: 230, Simulated: fixtures.Amount{Share: 0.3}}, fixtures.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := newTestClient(t, world.Transport(), func(o *Options) { o.ManagementToken = secret.New(world.ManagementToken()) })
	found := map[string]string{}
	for _, mode := range []string{"live", "simulated"} {
		l, err := c.ManagementConnections(context.Background(), mode, func(page []Connection) error {
			for _, row := range page {
				found[row.VehicleID] = row.UserID
			}
			return nil
		})
		if err != nil || !l.Complete {
			t.Fatalf("%s: %+v %v", mode, l, err)
		}
	}
	for _, row := range world.Inventory() {
		if found[row.VehicleID] != row.UserID {
			t.Errorf("%s is %q's, the list says %q", row.VehicleID, row.UserID, found[row.VehicleID])
		}
	}
}

func TestVerifyWebhook(t *testing.T) {
	token, body := secret.New(canaryManagement), []byte(`{"eventType":"VEHICLE_STATE"}`)
	mac := hmac.New(sha256.New, []byte(canaryManagement))
	mac.Write(body)
	good := hex.EncodeToString(mac.Sum(nil))
	for _, c := range []struct {
		token     secret.Secret
		signature string
		want      bool
	}{
		{token, good, true}, {token, strings.ToUpper(good) + "\n", true}, {token, good[:62], false}, {token, "", false}, {token, "no hex", false},
		{secret.New("another"), good, false}, {secret.Secret{}, good, false},
	} {
		if got := VerifyWebhook(c.token, body, c.signature); got != c.want {
			t.Errorf("%q: %t", c.signature, got)
		}
	}
}
