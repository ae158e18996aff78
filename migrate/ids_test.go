package migrate

import (
	"slices"
	"strings"
	"testing"

	"scmigrate/migrate/rules"
)

// TestIDsAreComparedWithoutCase: databases differ in how they write UUIDs, and a mere spelling proves no other owner or car.
func TestIDsAreComparedWithoutCase(t *testing.T) {
	loud := *aLink()
	loud.UserID, loud.VehicleID = strings.ToUpper(userID), strings.ToUpper(carID)
	e := healthy(seen(t, "odometer.distance ok ok", "vin ok ok")...)
	e.Identity = identify(anEntry(), []Link{loud}, true)
	wantJudged(t, Judge(anEntry(), e, Facts{}, rules.Rules{}), "ready /full")

	breached := Facts{Breached: []string{strings.ToUpper(carID)}}
	for name, j := range map[string]Judgement{"measured": Judge(anEntry(), e, breached, rules.Rules{}), "never called": Uncalled(anEntry(), breached)} {
		if !j.Has(IsolationBreach) {
			t.Errorf("%s: %s", name, told(j))
		}
	}

	r := Record{Entry: anEntry(), Evidence: Evidence{Identity: Identity{TokenUser: strings.ToUpper(userID)}}}
	if by := r.IdentityBy(); by != "user" {
		t.Errorf("identity by %q", by)
	}
	other := Link{UserID: strangeID, Make: "FORD"}
	described := Evidence{Identity: Identity{AskedAs: userID}}
	described.describe([]Link{loud, other})
	if described.Make != loud.Make {
		t.Errorf("described by another user's link: %q", described.Make)
	}
}

// TestConnectionsOfOnePairAreOne: what either grants is granted, they are one user, and one user may be suggested.
func TestConnectionsOfOnePairAreOne(t *testing.T) {
	first, second := *aLink(), *aLink()
	first.Permissions, second.Permissions, second.UserID = []string{"read_vin"}, []string{"read_odometer"}, strings.ToUpper(userID)
	entry := anEntry()
	for _, user := range []string{userID, ""} {
		entry.UserID = user
		id := identify(entry, []Link{first, second}, true)
		if len(id.Users) != 1 || id.Listed == nil || !slices.Equal(id.Listed.Permissions, []string{"read_odometer", "read_vin"}) || (id.Suggested == "") != (user != "") {
			t.Errorf("user %q: %+v", user, id)
		}
	}
	if got := merge(nil, []Link{first, second}); len(got) != 1 || len(got[0].Permissions) != 2 {
		t.Errorf("asked for by itself: %+v", got)
	}
	stored := []Link{first}
	if got := merge(stored, []Link{second}); len(got) != 1 || len(got[0].Permissions) != 1 {
		t.Errorf("a user that is known already: %+v", got)
	}
}
