package owners

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"scmigrate/compare"
	"scmigrate/fixtures"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// simulated is a client of a simulated application, and how many requests went to each path.
func simulated(t *testing.T, s fixtures.Scenario) (*fixtures.World, *smartcar.Client, map[string]int) {
	t.Helper()
	world, err := fixtures.New(s, fixtures.Options{})
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	client, err := smartcar.New(smartcar.Options{Transport: world.Transport(), Limiter: smartcar.NewLimiter(smartcar.LimiterOptions{Unlimited: true}), ClientID: world.ClientID(),
		ClientSecrets: []secret.Secret{secret.New(world.ClientSecrets()[0])}, ManagementToken: secret.New(world.ManagementToken()), OnCall: func(c smartcar.Call) { calls[c.Path]++ }})
	if err != nil {
		t.Fatal(err)
	}
	return world, client, calls
}

// TestFewVehiclesAreAskedForByThemselves, unless the server ignores the filter: then the whole list is read, and what it
// sent for other vehicles is not taken for these.
func TestFewVehiclesAreAskedForByThemselves(t *testing.T) {
	for _, ignored := range []bool{false, true} {
		world, client, calls := simulated(t, fixtures.Scenario{Seed: 8, Vehicles: 900, Simulated: fixtures.Amount{Share: 0.2},
			Defects: map[string]fixtures.Amount{"two-users": {Count: 90}}, Switches: fixtures.Switches{FilterIgnored: ignored}})
		var ids []string
		for _, row := range world.Inventory()[400:403] {
			ids = append(ids, row.VehicleID)
		}
		b := NewBook(ids)
		if err := b.ReadConnections(t.Context(), client); err != nil || b.Doubt(Connections) != "" {
			t.Fatalf("%v, %s", err, b.Doubt(Connections))
		}
		for _, id := range ids {
			if got, want := users(b.vehicles[key(id)].of(Connections)), world.Owners(id); len(got) != len(want) || !names(b.vehicles[key(id)].sightings, want[0]) {
				t.Errorf("ignored %t: %s has %v, want %v", ignored, id, got, want)
			}
		}
		if n := calls["/v3/connections"]; n > 9 && !ignored || n > 18 {
			t.Errorf("ignored %t: %d requests", ignored, n)
		}
	}
}

// listing plays a list that is different at each reading.
type listing struct {
	readings [][]smartcar.Connection // by mode, one after the other
	n        int
	why      []string
}

func (l *listing) ManagementConnections(_ context.Context, _ string, page func([]smartcar.Connection) error) (smartcar.Listing, error) {
	i := min(l.n, len(l.readings)-1)
	l.n++
	why := ""
	if i < len(l.why) {
		why = l.why[i]
	}
	return smartcar.Listing{Complete: why == "", Why: why}, page(l.readings[i])
}

func TestManagementListMustBeReadTwiceAlike(t *testing.T) {
	row := func(user string) smartcar.Connection { return smartcar.Connection{VehicleID: car, UserID: user} }
	one, two := []smartcar.Connection{row(ann)}, []smartcar.Connection{row(ann), row(bob)}
	for _, c := range []struct {
		reason   string
		readings [][]smartcar.Connection // live, simulated, live, …
		why      []string
		users    int
		doubt    string
	}{
		{"at rest", [][]smartcar.Connection{one, nil, one, nil}, nil, 1, ""},
		{"a row was missed", [][]smartcar.Connection{one, nil, two, nil, two, nil}, nil, 2, ""},
		{"a page failed once", [][]smartcar.Connection{nil, nil, two, nil, two, nil}, []string{"page 1 failed"}, 2, ""},
		{"it never rests", [][]smartcar.Connection{one, nil, two, nil, one, nil, two, nil}, nil, 2, "different each time"},
		{"it always fails", [][]smartcar.Connection{one}, []string{"page 2 failed"}, 1, "page 2 failed"},
	} {
		if c.reason == "it always fails" {
			c.readings, c.why = [][]smartcar.Connection{one, one, one, one, one, one, one, one}, strings.Split(strings.Repeat("page 2 failed,", 8), ",")
		}
		b := NewBook([]string{car})
		if err := b.ReadManagement(t.Context(), &listing{readings: c.readings, why: c.why}); err != nil {
			t.Fatal(err)
		}
		if got := users(b.vehicles[car].sightings); len(got) != c.users || !strings.Contains(b.Doubt(Management), c.doubt) || (c.doubt == "") != (b.Doubt(Management) == "") {
			t.Errorf("%s: %v, doubt %q", c.reason, got, b.Doubt(Management))
		}
	}
}

type tokenFunc func(inventory.TokenRequest) (inventory.Token, error)

func (f tokenFunc) Token(_ context.Context, r inventory.TokenRequest) (inventory.Token, error) {
	return f(r)
}

type userFunc func(secret.Secret) (smartcar.Answer, error)

func (f userFunc) LegacyUserFrom(ctx context.Context, token smartcar.TokenFunc) (smartcar.Answer, error) {
	s, err := token(ctx)
	if err != nil {
		return smartcar.Answer{}, fmt.Errorf("legacy host: %w", err)
	}
	return f(s)
}

func TestAsk(t *testing.T) {
	good := inventory.Token{Secret: secret.New("canary-token")}
	answers := func(status int, body string) userFunc {
		return func(secret.Secret) (smartcar.Answer, error) {
			a := smartcar.Answer{Status: status, Body: []byte(body)}
			if status != 200 {
				a.Failure = &compare.Failure{Kind: compare.KindUpstream, Status: status}
			}
			return a, nil
		}
	}
	dead := 0
	for _, c := range []struct {
		reason     string
		token      tokenFunc
		user       userFunc
		want, note string
		refused    bool
	}{
		{"answered", func(inventory.TokenRequest) (inventory.Token, error) { return good, nil }, answers(200, `{"id":"`+ann+`"}`), ann, "", false},
		{"no id in the answer", func(inventory.TokenRequest) (inventory.Token, error) { return good, nil }, answers(200, `{}`), "", "names no user", false},
		{"refused", func(inventory.TokenRequest) (inventory.Token, error) { return good, nil }, answers(401, `{}`), "", "401", true},
		{"the host fails", func(inventory.TokenRequest) (inventory.Token, error) { return good, nil }, answers(502, `{}`), "", "502", false},
		{"none", func(inventory.TokenRequest) (inventory.Token, error) { return inventory.Token{Missing: true}, nil }, nil, "", "there is none", false},
		{"gone", func(inventory.TokenRequest) (inventory.Token, error) { return inventory.Token{Gone: "sold"}, nil }, nil, "", "the grant is gone", false},
		{"the command fails", func(inventory.TokenRequest) (inventory.Token, error) {
			return inventory.Token{}, &inventory.TokenError{Source: "command", Reason: "ended with 1"}
		}, nil, "", "command ended with 1", false},
		{"it dies while the call waits", func(inventory.TokenRequest) (inventory.Token, error) {
			if dead++; dead > 1 {
				return inventory.Token{Dead: true}, nil
			}
			return good, nil
		}, answers(200, `{"id":"`+ann+`"}`), "", "dead by its own time", false},
	} {
		row := Row{}
		a := Asker{API: c.user, Tokens: c.token}
		if err := a.Ask(t.Context(), inventory.Entry{VehicleID: car}, &row); err != nil || row.TokenUser != c.want || !strings.Contains(row.TokenNote, c.note) || row.Refused != c.refused {
			t.Errorf("%s: %v %+v", c.reason, err, row)
		}
	}
	broken := errors.New("the inventory changed")
	a := Asker{Tokens: tokenFunc(func(inventory.TokenRequest) (inventory.Token, error) { return inventory.Token{}, broken })}
	if err := a.Ask(t.Context(), inventory.Entry{}, &Row{}); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestOneTokenIsAskedAboutOnce(t *testing.T) {
	calls := 0
	a := Asker{Tokens: tokenFunc(func(r inventory.TokenRequest) (inventory.Token, error) {
		return inventory.Token{Secret: secret.New("canary-" + r.VehicleID[:1])}, nil
	}), API: userFunc(func(secret.Secret) (smartcar.Answer, error) {
		calls++
		return smartcar.Answer{Status: 200, Body: []byte(`{"id":"u"}`)}, nil
	})}
	for _, id := range []string{"a1", "a2", "b1"} { // b1 says the same grant and has another token
		if err := a.Ask(t.Context(), inventory.Entry{VehicleID: id, Grant: "g"}, &Row{}); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}
