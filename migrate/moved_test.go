package migrate

import (
	"context"
	"slices"
	"strings"
	"testing"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// orphanStore knows the orphans of one user and nothing else.
type orphanStore struct {
	Store
	orphans map[string][]Link
}

func (s orphanStore) OrphansOf(_ context.Context, userID string) ([]Link, error) {
	return s.orphans[userID], nil
}

// orphan is another connection of the car's user; words change it: lacking, silent, ford, older.
func orphan(id, words string) Link {
	l := *aLink()
	l.VehicleID = id
	for word := range strings.FieldsSeq(words) {
		switch word {
		case "lacking":
			l.Permissions = without(allPermissions(), vinPermission)
		case "silent":
			l.Permissions = nil
		case "ford":
			l.Make = "FORD"
		case "older":
			l.Year = 2012
		}
	}
	return l
}

// vinAnswer is a single VIN signal of a vehicle.
func vinAnswer(id, vin string) smartcar.Answer {
	return answered(map[string]any{"data": map[string]any{"id": vinSignal, "type": "signal",
		"attributes": map[string]any{"code": vinSignal, "status": map[string]any{"value": "SUCCESS"}, "body": map[string]any{"value": vin}}},
		"included": map[string]any{"vehicle": map[string]any{"id": id, "attributes": map[string]any{"make": "TESLA"}}}})
}

// vinError is a single VIN signal that came as an error inside a 200.
func vinError(kind string) smartcar.Answer {
	return answered(map[string]any{"data": aSignal(vinSignal, kind)})
}

func legacyRefuses(status int, kind, code string) func(string, []string) smartcar.Answer {
	return func(string, []string) smartcar.Answer { return refused(status, kind, code) }
}

// TestACarUnderAnotherID: a car that is not connected is looked for among the user's orphan connections, with the fewest
// calls, and nothing is claimed that was not proved.
func TestACarUnderAnotherID(t *testing.T) {
	same := func(id, _ string) smartcar.Answer { return vinAnswer(id, carVIN) }
	other := func(id, _ string) smartcar.Answer { return vinAnswer(id, otherVIN) }
	says := func(a smartcar.Answer) func(string, string) smartcar.Answer {
		return func(string, string) smartcar.Answer { return a }
	}
	one := []Link{orphan("new-1", "")}
	for _, c := range []struct {
		reason  string
		orphans []Link
		vin     string // the inventory's
		legs    string
		token   inventory.Token
		batch   func(string, []string) smartcar.Answer
		look    func(id, user string) smartcar.Answer
		want    string
		detail  string // how the first cause's ends
		calls   []string
		again   bool // a resumed run asks again
	}{
		{reason: "no orphan: no call", vin: carVIN, want: "blocked not-connected"},
		{reason: "the inventory's VIN: one call", orphans: one, vin: carVIN, look: same, want: "blocked vehicle-id-changed", detail: "connected as new-1", calls: []string{"look new-1"}},
		{reason: "VINs in another case", orphans: one, vin: strings.ToLower(carVIN), look: same, want: "blocked vehicle-id-changed", detail: "connected as new-1", calls: []string{"look new-1"}},
		{reason: "a connection that is silent about permissions may be asked", orphans: []Link{orphan("new-1", "silent")}, vin: carVIN, look: same, want: "blocked vehicle-id-changed", detail: "connected as new-1", calls: []string{"look new-1"}},
		{reason: "another car", orphans: one, vin: carVIN, look: other, want: "blocked not-connected", calls: []string{"look new-1"}},
		{reason: "no VIN in the inventory: one batch", orphans: one, token: aToken("first-token-0001"), look: same, want: "blocked vehicle-id-changed", detail: "connected as new-1", calls: []string{"batch first-token-0001", "look new-1"}},
		{reason: "the batch tells make and year: no look at other cars", orphans: []Link{orphan("new-1", "ford"), orphan("new-2", "older"), orphan("new-3", "")}, token: aToken("first-token-0001"), look: same, want: "blocked vehicle-id-changed", detail: "connected as new-3", calls: []string{"batch first-token-0001", "look new-3"}},
		{reason: "the batch shows that none is alike", orphans: []Link{orphan("new-1", "ford")}, token: aToken("first-token-0001"), want: "blocked not-connected", calls: []string{"batch first-token-0001"}},
		{reason: "no VIN, no token", orphans: one, token: inventory.Token{Missing: true}, want: "blocked not-connected", detail: "(legacy token: none given)", again: true},
		{reason: "no VIN, a dead token", orphans: one, token: inventory.Token{Dead: true}, want: "blocked not-connected", detail: "never sent)", again: true},
		{reason: "no VIN, and the grant is gone", orphans: one, token: inventory.Token{Gone: "revoked"}, want: "broken not-connected legacy-grant-dead"},
		{reason: "the legacy leg asks for a login", orphans: one, token: aToken("first-token-0001"), batch: legacyRefuses(400, "CONNECTED_SERVICES_ACCOUNT", "AUTHENTICATION_FAILED"), want: "broken not-connected reauthentication-needed", calls: []string{"batch first-token-0001"}},
		{reason: "the legacy leg says that the car left the account", orphans: one, token: aToken("first-token-0001"), batch: legacyRefuses(400, "CONNECTED_SERVICES_ACCOUNT", "VEHICLE_MISSING"), want: "broken not-connected vehicle-gone", calls: []string{"batch first-token-0001"}},
		{reason: "the legacy VIN asks for a login", orphans: one, token: aToken("first-token-0001"), batch: func(_ string, p []string) smartcar.Answer {
			return batchAnswer(p, map[string]string{"/vin": "CONNECTED_SERVICES_ACCOUNT"})
		}, want: "broken not-connected reauthentication-needed", calls: []string{"batch first-token-0001"}},
		{reason: "the legacy leg is throttled", orphans: one, token: aToken("first-token-0001"), batch: legacyRefuses(429, "RATE_LIMIT", "VEHICLE"), want: "blocked not-connected", detail: "RATE_LIMIT/VEHICLE", calls: []string{"batch first-token-0001"}, again: true},
		{reason: "the legacy token is for another car", orphans: one, token: aToken("first-token-0001"), batch: legacyRefuses(403, "PERMISSION", ""), want: "blocked not-connected", detail: "PERMISSION", calls: []string{"batch first-token-0001"}},
		{reason: "the legacy token is refused: a fresh one may tell", orphans: one, token: aToken("first-token-0001"), batch: legacyRefuses(401, "AUTHENTICATION", ""), want: "blocked not-connected", detail: "AUTHENTICATION", calls: []string{"batch first-token-0001"}, again: true},
		{reason: "the legacy VIN is not permitted", orphans: one, token: aToken("first-token-0001"), batch: func(_ string, p []string) smartcar.Answer {
			return batchAnswer(p, map[string]string{"/vin": "PERMISSION"})
		}, want: "blocked not-connected", detail: "does not tell its own VIN", calls: []string{"batch first-token-0001"}},
		{reason: "the candidate is throttled", orphans: one, vin: carVIN, look: says(refused(429, "RATE_LIMIT", "VEHICLE")), want: "blocked not-connected", detail: "RATE_LIMIT/VEHICLE", calls: []string{"look new-1"}, again: true},
		{reason: "everybody is throttled: no further candidate", orphans: []Link{orphan("new-1", ""), orphan("new-2", "")}, vin: carVIN, look: says(refused(429, "RATE_LIMIT", "SMARTCAR_API")), want: "blocked not-connected", detail: "RATE_LIMIT/SMARTCAR_API", calls: []string{"look new-1"}, again: true},
		{reason: "the candidate is refused", orphans: one, vin: carVIN, look: says(refused(404, "RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND")), want: "blocked not-connected", detail: "VEHICLE_NOT_FOUND", calls: []string{"look new-1"}},
		{reason: "the candidate's VIN is not permitted", orphans: one, vin: carVIN, look: says(vinError("PERMISSION")), want: "blocked not-connected", detail: "PERMISSION", calls: []string{"look new-1"}},
		{reason: "the answer is of another vehicle", orphans: one, vin: carVIN, look: says(vinAnswer("elsewhere", carVIN)), want: "blocked not-connected", detail: "malformed", calls: []string{"look new-1"}, again: true},
		{reason: "no connection may tell its VIN: no call", orphans: []Link{orphan("new-1", "lacking")}, token: aToken("first-token-0001"), want: "blocked not-connected", detail: "they lack read_vin"},
		{reason: "one may, another may not", orphans: []Link{orphan("new-1", "lacking"), orphan("new-2", "")}, vin: carVIN, look: same, want: "blocked vehicle-id-changed", detail: "connected as new-2", calls: []string{"look new-2"}},
		{reason: "three looks at the most", orphans: []Link{orphan("new-1", ""), orphan("new-2", ""), orphan("new-3", ""), orphan("new-4", "")}, vin: carVIN, look: other, want: "blocked not-connected", detail: "3 of 4 were looked at", calls: []string{"look new-1", "look new-2", "look new-3"}},
		{reason: "the list alone", orphans: one, vin: carVIN, legs: "connections", want: "blocked not-connected", detail: "--legs connections asks for no VIN", again: true},
		{reason: "without the legacy leg, VIN known", orphans: one, vin: carVIN, legs: "app", look: same, want: "blocked vehicle-id-changed", detail: "connected as new-1", calls: []string{"look new-1"}},
		{reason: "without the legacy leg, VIN not known", orphans: one, legs: "app", want: "blocked not-connected", detail: "its own VIN is not known", again: true},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, tokens := aMeter(t)
			caller.look = c.look
			tokens.tokens = []inventory.Token{c.token}
			if c.batch != nil {
				caller.batch = c.batch
			}
			if c.legs != "" {
				m.Legs = c.legs
			}
			entry := anEntry()
			entry.VIN = c.vin
			e := searched(t, m, entry, nil, c.orphans)
			j := Judge(entry, e, Facts{}, rules.Rules{})
			wantJudged(t, j, c.want)
			detail := j.Causes[0].Detail
			if e.Identity.MovedTo != "" {
				detail = "connected as " + e.Identity.MovedTo
			}
			if !strings.HasSuffix(detail, c.detail) || c.detail == "" && detail != "" {
				t.Errorf("detail %q, want one that ends in %q", detail, c.detail)
			}
			wantCalls(t, caller, c.calls...)
			if done := (Record{Entry: entry, Evidence: e, Judgement: j}).Finished(); done == c.again {
				t.Errorf("finished %v: %q", done, e.Identity.Search)
			}
		})
	}
}

// searched measures the entry under a whole list and lets the run search for it.
func searched(t *testing.T, m *Meter, entry inventory.Entry, links, orphans []Link) Evidence {
	t.Helper()
	r := Run{Meter: Meter{Caller: m.Caller, Tokens: m.Tokens, Fields: m.Fields, Now: m.Now, Legs: m.Legs, Billed: m.Billed}, Store: orphanStore{orphans: map[string][]Link{userID: orphans}}}
	e, err := r.Meter.Measure(t.Context(), entry, links, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.search(t.Context(), entry, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestNoSearchWithoutAProvedAbsence: nobody is looked for who may be connected, or whose user is not known.
func TestNoSearchWithoutAProvedAbsence(t *testing.T) {
	theirs := *aLink()
	theirs.UserID = strangeID
	for _, c := range []struct {
		reason string
		user   string
		links  []Link
		whole  bool
	}{
		{"the list is incomplete", userID, nil, false},
		{"connected", userID, []Link{*aLink()}, true},
		{"another user is connected to this id", userID, []Link{theirs}, true},
		{"no userId in the inventory", "", nil, true},
	} {
		entry := anEntry()
		entry.UserID = c.user
		e := Evidence{Identity: identify(entry, c.links, c.whole), Legacy: Leg{Outcome: LegNotRun}, App: Leg{Outcome: LegNotRun}}
		r := Run{Store: orphanStore{orphans: map[string][]Link{userID: {orphan("new-1", "")}, "": {orphan("new-1", "")}}}}
		if err := r.search(t.Context(), entry, &e); err != nil || e.Identity.Search != "" || e.Identity.MovedTo != "" {
			t.Errorf("%s: searched: %+v, %v", c.reason, e.Identity, err)
		}
	}
}

// TestALookIsMadeOnce: the cars of a user who connected all of them anew share what was learned.
func TestALookIsMadeOnce(t *testing.T) {
	m, caller, _ := aMeter(t)
	caller.look = func(id, _ string) smartcar.Answer {
		return vinAnswer(id, map[string]string{"new-1": otherVIN, "new-2": carVIN}[id])
	}
	orphans := []Link{orphan("new-1", ""), orphan("new-2", "")}
	for _, c := range []struct{ vin, want string }{{carVIN, "new-2"}, {otherVIN, "new-1"}} {
		entry := anEntry()
		entry.VIN = c.vin
		e := Evidence{Identity: identify(entry, nil, true), Legacy: Leg{Outcome: LegNotRun}, App: Leg{Outcome: LegNotRun}}
		if err := m.Search(t.Context(), entry, orphans, &e); err != nil || e.Identity.MovedTo != c.want {
			t.Errorf("%s: moved to %q (%v), want %q", c.vin, e.Identity.MovedTo, err, c.want)
		}
	}
	wantCalls(t, caller, "look new-1", "look new-2")
}

// TestASearchThatIsCut: what was proved before stands, and the search is made again on resume.
func TestASearchThatIsCut(t *testing.T) {
	m, _, _ := aMeter(t)
	m.Caller = brokenLooks{m.Caller}
	e := Evidence{Identity: identify(anEntry(), nil, true), Legacy: Leg{Outcome: LegNotRun}, App: Leg{Outcome: LegNotRun}}
	if err := m.Search(t.Context(), anEntry(), []Link{orphan("new-1", "")}, &e); err == nil || !e.Identity.SearchAgain {
		t.Errorf("%v, %+v", err, e.Identity)
	}
}

type brokenLooks struct{ Caller }

func (brokenLooks) Signal(context.Context, string, string, string) (smartcar.Answer, error) {
	return smartcar.Answer{}, smartcar.ErrBudget
}

// TestASearchKeepsTheBilledCap: looks count against the cap of the vehicle they are made for.
func TestASearchKeepsTheBilledCap(t *testing.T) {
	m, caller, tokens := aMeter(t)
	tokens.tokens, m.Billed = []inventory.Token{aToken("first-token-0001")}, 3
	caller.look = func(id, _ string) smartcar.Answer { return vinAnswer(id, otherVIN) }
	entry := anEntry()
	entry.VIN = ""
	e := searched(t, m, entry, nil, []Link{orphan("new-1", ""), orphan("new-2", "")})
	if e.Legacy.Billed != 2 || e.App.Billed != 1 || len(caller.sent("look")) != 1 {
		t.Errorf("billed %d and %d after %q", e.Legacy.Billed, e.App.Billed, caller.calls)
	}
}

// TestARetiredLegacyLegIsNotDead: where v2 refuses everybody, a refused read proves nothing about this car.
func TestARetiredLegacyLegIsNotDead(t *testing.T) {
	e := Evidence{Identity: Identity{AskedAs: userID, Absent: true, Whole: true}, Legacy: Leg{Outcome: LegGrantDead}, App: Leg{Outcome: LegNotRun}}
	wantJudged(t, Judge(anEntry(), e, Facts{}, rules.Rules{}), "broken not-connected legacy-grant-dead")
	wantJudged(t, Judge(anEntry(), e, Facts{LegacyRetired: true}, rules.Rules{}), "blocked not-connected")
}

// TestTheVINSignalIsTheCatalogues: what the search asks for is what the field vin is read from.
func TestTheVINSignalIsTheCatalogues(t *testing.T) {
	f, _ := compare.Lookup("vin")
	if f.App[0].Code != vinSignal || !slices.Contains(f.Permissions, vinPermission) {
		t.Errorf("the catalogue reads the vin from %q under %v", f.App[0].Code, f.Permissions)
	}
}
