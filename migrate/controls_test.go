package migrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// controlStore holds what controls need of a ledger, in memory.
type controlStore struct {
	Store
	links    []Link
	controls Controls
}

func (s *controlStore) SampleLinks(context.Context, int) ([]Link, error) { return s.links, nil }
func (s *controlStore) Controls(context.Context) (Controls, error)       { return s.controls, nil }
func (s *controlStore) SaveControls(_ context.Context, c Controls) error {
	s.controls = c
	return nil
}

func (s *controlStore) Links(_ context.Context, vehicleID string) (links []Link, err error) {
	for _, l := range s.links {
		if sameID(l.VehicleID, vehicleID) {
			links = append(links, l)
		}
	}
	return links, nil
}

// v3 is a small v3: answers tells what a car says to a foreign user, rows the connections that a re-read list shows.
type v3 struct {
	answers func(vehicleID string) (status int, body string)
	rows    []Link
	refuses bool     // the list, when it is read again
	asked   []string // "vehicle user" of every signals call
}

func (s *v3) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `{"access_token":"app-token-0001","token_type":"Bearer","expires_in":3600}`
	switch path := r.URL.Path; {
	case path == "/v3/connections" && s.refuses:
		status, body = http.StatusForbidden, v3Error("AUTHENTICATION", "ACCESS_DENIED")
	case path == "/v3/connections":
		body = s.page(r.URL.Query().Get("filter[vehicleId]"), r.URL.Query().Get("filter[vehicle.mode]"))
	case strings.HasSuffix(path, "/signals"):
		vehicle := strings.Split(path, "/")[3]
		s.asked = append(s.asked, vehicle+" "+r.Header.Get("Sc-User-Id"))
		status, body = s.answers(vehicle)
	}
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (s *v3) page(vehicle, mode string) string {
	var rows []string
	for _, l := range s.rows {
		if l.VehicleID == vehicle && l.Mode == mode {
			rows = append(rows, fmt.Sprintf(`{"id":"%s-%s","attributes":{"vehicle":{"id":"%s","mode":"%s"},"user":{"id":"%s"}}}`, l.VehicleID, l.UserID, l.VehicleID, l.Mode, l.UserID))
		}
	}
	return fmt.Sprintf(`{"data":[%s],"meta":{"totalCount":%d,"pageNumber":1},"links":{"next":null}}`, strings.Join(rows, ","), len(rows))
}

// controlled runs the controls of one run on a ledger.
func controlled(t *testing.T, store *controlStore, server *v3, n int) Stop {
	t.Helper()
	now := func() time.Time { return noon }
	client, err := smartcar.New(smartcar.Options{ClientID: "client_x", ClientSecrets: []secret.Secret{secret.New("app-secret-0001")}, Transport: server, Now: now,
		Limiter: smartcar.NewLimiter(smartcar.LimiterOptions{Now: now, Unlimited: true})})
	if err != nil {
		t.Fatal(err)
	}
	r := Run{Client: client, Store: store, Controls: n, Now: now}
	stop, err := r.control(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stop
}

// owned are n cars of n users, one each.
func owned(n int) (links []Link) {
	for i := range n {
		links = append(links, Link{VehicleID: fmt.Sprintf("car-%d", i), UserID: fmt.Sprintf("user-%d", i), Mode: "live"})
	}
	return links
}

const (
	someSignals = `{"data":[{"id":"odometer-traveleddistance","attributes":{"code":"odometer-traveleddistance","status":{"value":"SUCCESS"},"body":{"value":1,"unit":"km"}}}],"meta":{"totalCount":1}}`
	noSignals   = `{"data":[],"meta":{"totalCount":0}}`
	errorOnly   = `{"data":[{"id":"odometer-traveleddistance","attributes":{"code":"odometer-traveleddistance","status":{"value":"ERROR","error":{"type":"PERMISSION"}}}}],"meta":{"totalCount":1}}`
)

func v3Error(kind, code string) string {
	return fmt.Sprintf(`{"errors":[{"type":%q,"code":%q}]}`, kind, code)
}

// TestControls: what an answer to a foreign user is called.
func TestControls(t *testing.T) {
	always := func(status int, body string) func(string) (int, string) {
		return func(string) (int, string) { return status, body }
	}
	once := func(vehicle string) (int, string) {
		if vehicle == "car-1" {
			return 200, someSignals
		}
		return 403, v3Error("AUTHENTICATION", "ACCESS_DENIED")
	}
	for _, c := range []struct {
		reason  string
		answers func(string) (int, string)
		rows    []Link // of the list as it is read again
		want    Controls
		stop    Stop
	}{
		{"refused with a 403", always(403, v3Error("AUTHENTICATION", "ACCESS_DENIED")), nil, Controls{Tried: 3, Refused: 3}, StopNone},
		{"refused with a 404", always(404, v3Error("RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND")), nil, Controls{Tried: 3, Refused: 3}, StopNone},
		{"refused without a word", always(404, `{}`), nil, Controls{Tried: 3, Refused: 3}, StopNone},
		{"a 404 about the path says nothing about the user", always(404, v3Error("RESOURCE_NOT_FOUND", "INVALID_PATH")), nil, Controls{Tried: 3, Undecided: 3}, StopNone},
		{"a 401 is about the application", always(401, v3Error("AUTHENTICATION", "UNAUTHORIZED")), nil, Controls{Tried: 3, Undecided: 3}, StopNone},
		{"a server error", always(500, v3Error("SERVER", "INTERNAL")), nil, Controls{Tried: 3, Undecided: 3}, StopNone},
		{"an empty store serves nothing", always(200, noSignals), nil, Controls{Tried: 3, Undecided: 3}, StopNone},
		{"errors only serve nothing", always(200, errorOnly), nil, Controls{Tried: 3, Undecided: 3}, StopNone},
		{"served twice: a breach, and no third try", always(200, someSignals), owned(9), Controls{Tried: 2, Served: 2}, StopBreach},
		{"served once, not confirmed by three more", once, owned(9), Controls{Tried: 6, Refused: 5, Served: 1}, StopNone},
		{"served, but the user has connected since", always(200, someSignals), foreignPairs(owned(9)), Controls{Tried: 3, Undecided: 3}, StopNone},
	} {
		t.Run(c.reason, func(t *testing.T) {
			store, server := &controlStore{links: owned(9)}, &v3{answers: c.answers, rows: c.rows}
			stop := controlled(t, store, server, 3)
			got := store.controls
			if got.Tried != c.want.Tried || got.Refused != c.want.Refused || got.Served != c.want.Served || got.Undecided != c.want.Undecided || stop != c.stop {
				t.Errorf("%+v, stop %q; want %+v, %q", got, stop, c.want, c.stop)
			}
			for _, asked := range server.asked {
				if vehicle, user, _ := strings.Cut(asked, " "); listed(onlyOf(owned(9), vehicle), user) {
					t.Errorf("asked %q, which is a connection", asked)
				}
			}
		})
	}
}

func onlyOf(links []Link, vehicle string) []Link {
	return slices.DeleteFunc(links, func(l Link) bool { return l.VehicleID != vehicle })
}

// TestAnUnreadableListConfirmsNoBreach: who cannot be proved to be a stranger was not served as one.
func TestAnUnreadableListConfirmsNoBreach(t *testing.T) {
	store, server := &controlStore{links: owned(9)}, &v3{answers: func(string) (int, string) { return 200, someSignals }, refuses: true}
	if stop := controlled(t, store, server, 3); stop != StopNone || store.controls.Undecided != 3 || store.controls.Served != 0 {
		t.Errorf("stop %q, %+v", stop, store.controls)
	}
}

// TestControlsOnResume: what was decided is kept, only the missing number is made, and never of the same car.
func TestControlsOnResume(t *testing.T) {
	first := true
	flaky := func(vehicle string) (int, string) {
		if first && vehicle != "car-0" {
			return 500, v3Error("SERVER", "INTERNAL")
		}
		return 403, v3Error("AUTHENTICATION", "ACCESS_DENIED")
	}
	store, server := &controlStore{links: owned(9)}, &v3{answers: flaky}
	controlled(t, store, server, 3)
	if got := store.controls; got.Tried != 3 || got.Refused != 1 || got.Undecided != 2 {
		t.Fatalf("the first run: %+v", got)
	}
	first, server.asked = false, nil
	controlled(t, store, server, 3)
	if got := store.controls; got.Tried != 3 || got.Refused != 3 || got.Undecided != 0 || len(server.asked) != 2 || slices.Contains(server.asked, "car-0 user-1") {
		t.Errorf("the second run: %+v after %q", got, server.asked)
	}
	server.asked = nil
	controlled(t, store, server, 3)
	if len(server.asked) > 0 {
		t.Errorf("the third run asked %q", server.asked)
	}
}

// TestAServedControlIsConfirmedOnAnotherCar: also by a later run.
func TestAServedControlIsConfirmedOnAnotherCar(t *testing.T) {
	second := 500
	answers := func(vehicle string) (int, string) {
		if vehicle == "car-0" {
			return 200, someSignals
		}
		return second, someSignals
	}
	store, server := &controlStore{links: owned(2)}, &v3{answers: answers, rows: owned(2)}
	if stop := controlled(t, store, server, 3); stop != StopNone || store.controls.Served != 1 {
		t.Fatalf("stop %q, %+v", stop, store.controls)
	}
	second = 200
	if stop := controlled(t, store, server, 3); stop != StopBreach || !slices.Equal(store.controls.Vehicles, []string{"car-0", "car-1"}) {
		t.Errorf("stop %q, %+v", stop, store.controls)
	}
	server.asked = nil
	if stop := controlled(t, store, server, 3); stop != StopBreach || len(server.asked) > 0 {
		t.Errorf("after a breach: stop %q, asked %q", stop, server.asked)
	}
}

// TestControlsAreDurableOneByOne: what a cut run learned is not lost with it.
func TestControlsAreDurableOneByOne(t *testing.T) {
	server := &v3{answers: func(string) (int, string) { return 200, someSignals }, rows: owned(9)}
	now := func() time.Time { return noon }
	client, err := smartcar.New(smartcar.Options{ClientID: "client_x", ClientSecrets: []secret.Secret{secret.New("app-secret-0001")}, Transport: server, Now: now,
		Limiter: smartcar.NewLimiter(smartcar.LimiterOptions{Now: now, Unlimited: true, MaxRequests: 4})}) // a token, a control and two pages
	if err != nil {
		t.Fatal(err)
	}
	store := &controlStore{links: owned(9)}
	r := Run{Client: client, Store: store, Controls: 3, Now: now}
	if _, err := r.control(t.Context()); !errors.Is(err, smartcar.ErrBudget) || store.controls.Served != 1 {
		t.Errorf("%v, %+v", err, store.controls)
	}
}

// TestForeignPairs: one per car, of one mode, never a connection, ids without case.
func TestForeignPairs(t *testing.T) {
	link := func(car, user, mode string) Link { return Link{VehicleID: car, UserID: user, Mode: mode} }
	for _, c := range []struct {
		reason string
		links  []Link
		want   []Link
	}{
		{"two users", []Link{link("a", "1", "live"), link("b", "2", "live")}, []Link{link("a", "2", "live"), link("b", "1", "live")}},
		{"one user of everything", []Link{link("a", "1", "live"), link("b", "1", "live")}, nil},
		{"a shared car is one pair", []Link{link("a", "1", "live"), link("a", "2", "live"), link("b", "3", "live")}, []Link{link("a", "3", "live"), link("b", "1", "live")}},
		{"the same car in another case", []Link{link("a", "1", "live"), link("A", "2", "live")}, nil},
		{"the same user in another case", []Link{link("a", "u", "live"), link("b", "U", "live")}, nil},
		{"modes are not mixed", []Link{link("a", "1", "live"), link("b", "2", "simulated")}, nil},
		{"nobody", nil, nil},
	} {
		if got := foreignPairs(c.links); !slices.EqualFunc(got, c.want, func(a, b Link) bool { return a.VehicleID == b.VehicleID && a.UserID == b.UserID && a.Mode == b.Mode }) {
			t.Errorf("%s: %+v, want %+v", c.reason, got, c.want)
		}
	}
}
