package migrate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scmigrate/migrate/rules"
)

// TestIdentify: what the list says about whose car this is. Only a whole list proves an absence.
func TestIdentify(t *testing.T) {
	mine, theirs := *aLink(), *aLink()
	theirs.UserID = strangeID
	for _, c := range []struct {
		reason string
		user   string
		links  []Link
		whole  bool
		want   Identity
	}{
		{"listed", userID, []Link{mine}, false, Identity{Listed: &mine, Users: []string{userID}, AskedAs: userID}},
		{"listed beside another user", userID, []Link{theirs, mine}, false, Identity{Listed: &mine, Users: []string{userID, strangeID}, AskedAs: userID}},
		{"not listed, list incomplete", userID, nil, false, Identity{AskedAs: userID}},
		{"not listed, list whole", userID, nil, true, Identity{AskedAs: userID, Absent: true}},
		{"only another user, list incomplete", userID, []Link{theirs}, false, Identity{Users: []string{strangeID}, AskedAs: userID}},
		{"only another user, list whole", userID, []Link{theirs}, true, Identity{Users: []string{strangeID}, AskedAs: userID, Absent: true}},
		{"no userId, one user", "", []Link{theirs}, true, Identity{Listed: &theirs, Users: []string{strangeID}, AskedAs: strangeID, Suggested: strangeID}},
		{"no userId, two users", "", []Link{mine, theirs}, true, Identity{Users: []string{userID, strangeID}}},
		{"no userId, nobody, list whole", "", nil, true, Identity{Absent: true}},
		{"no userId, nobody, list incomplete", "", nil, false, Identity{}},
	} {
		entry := anEntry()
		entry.UserID = c.user
		c.want.Whole = c.whole
		if diff := cmp.Diff(c.want, identify(entry, c.links, c.whole)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.reason, diff)
		}
	}
}

// TestJudgeIdentity: identity × legs.
func TestJudgeIdentity(t *testing.T) {
	theirs := *aLink()
	theirs.UserID = strangeID
	absent := Identity{AskedAs: userID, Absent: true}
	replaced := Identity{AskedAs: userID, Absent: true, Users: []string{strangeID}}
	silent := Identity{AskedAs: userID, TokenUser: userID}
	shared := Identity{Listed: aLink(), Users: []string{userID, strangeID}, AskedAs: userID, Whole: true}
	wrongToken, ownToken, otherCar := shared, shared, healthy().Identity
	wrongToken.TokenUser, ownToken.TokenUser, otherCar.OtherCarID = strangeID, userID, "c0000000-0000-4000-8000-000000000009"
	userless := Identity{Listed: &theirs, Users: []string{strangeID}, AskedAs: strangeID, Suggested: strangeID, Whole: true}
	many := Identity{Users: []string{userID, strangeID}}

	for _, c := range []struct {
		reason      string
		user        string
		id          Identity
		legacy, app LegOutcome
		want        string
	}{
		{"proved absent: not called", userID, absent, LegNotRun, LegNotRun, "blocked not-connected"},
		{"another user in its place: not called", userID, replaced, LegNotRun, LegNotRun, "blocked user-id-wrong"},
		{"list silent, the app serves the user", userID, silent, LegAnswered, LegAnswered, "ready /full"},
		{"list silent, the app refuses the user", userID, silent, LegAnswered, LegNotConnected, "blocked not-connected"},
		{"list silent, the app is throttled: nothing is proved", userID, silent, LegAnswered, LegRateLimited, "inconclusive rate-limited"},
		{"listed, yet refused", userID, healthy().Identity, LegAnswered, LegNotConnected, "blocked not-connected"},
		{"refused, legacy not measured", userID, healthy().Identity, LegTimeout, LegNotConnected, "blocked not-connected timeout"},
		{"refused, legacy dead", userID, healthy().Identity, LegReauth, LegNotConnected, "broken not-connected reauthentication-needed"},

		{"token of another user", userID, wrongToken, LegAnswered, LegAnswered, "blocked user-id-wrong"},
		{"token of this user", userID, ownToken, LegAnswered, LegAnswered, "ready /full"},
		{"two users, and the token's was not to be had", userID, shared, LegAnswered, LegAnswered, "inconclusive legacy-unmeasured"},
		{"two users, legacy left out", userID, shared, LegNotRun, LegAnswered, "inconclusive not-run"},
		{"list silent, and the token's user was not to be had", userID, Identity{AskedAs: userID}, LegAnswered, LegAnswered, "inconclusive legacy-unmeasured"},

		{"no userId, one candidate: measured with it", "", userless, LegAnswered, LegAnswered, "blocked user-id-missing"},
		{"no userId, one candidate, app throttled", "", userless, LegAnswered, LegRateLimited, "blocked user-id-missing rate-limited"},
		{"no userId, legacy dead", "", userless, LegGone, LegAnswered, "broken user-id-missing vehicle-gone"},
		{"no userId, nobody is connected", "", Identity{Absent: true}, LegNotRun, LegNotRun, "blocked user-id-missing not-connected"},
		{"no userId, list silent", "", Identity{}, LegNotRun, LegNotRun, "blocked user-id-missing"},
		{"no userId, two candidates", "", many, LegNotRun, LegNotRun, "blocked user-id-ambiguous"},

		{"the app answers for another car", userID, otherCar, LegAnswered, LegAnswered, "blocked vehicle-mismatch"},
		{"another car does not give way to a dead leg", userID, otherCar, LegGrantDead, LegAnswered, "blocked vehicle-mismatch legacy-grant-dead"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			entry := anEntry()
			entry.UserID = c.user
			e := healthy(seen(t, "odometer.distance ok ok", "vin ok ok")...)
			e.Identity, e.Legacy.Outcome, e.App.Outcome = c.id, c.legacy, c.app
			if c.legacy == LegNotRun {
				e.Findings = nil
			}
			wantJudged(t, Judge(entry, e, Facts{}, rules.Rules{}), c.want)
		})
	}
}

// TestJudgeVINs: the VIN proves which car answered, also where nobody requires it as a field.
func TestJudgeVINs(t *testing.T) {
	for _, c := range []struct {
		reason    string
		inventory string
		vin       string
		own       []string
		want      string
	}{
		{"all three agree", carVIN, "ok ok", nil, "ready /full"},
		{"case does not matter", "5yjsa1cn5dfp00101", "ok ok", nil, "ready /full"},
		{"the inventory states none", "", "ok ok", nil, "ready /full"},
		{"the legs differ", carVIN, "ok other", nil, "blocked vehicle-mismatch"},
		{"the legs differ at different moments", carVIN, "ok stale", nil, "blocked vehicle-mismatch"},
		{"the legs differ, the inventory states none", "", "ok other", nil, "blocked vehicle-mismatch"},
		{"the legs differ and the vin is not required", carVIN, "ok other", []string{"odometer.distance"}, "blocked vehicle-mismatch"},
		{"both legs are another car", otherVIN, "ok ok", nil, "blocked vehicle-mismatch"},
		{"the legacy leg is another car", carVIN, "other absent", []string{"odometer.distance"}, "blocked vehicle-mismatch"},
		{"the app leg is another car", carVIN, "absent other", nil, "blocked vehicle-mismatch"},
		{"no leg has a vin", carVIN, "denied denied", nil, "ready /full"},
		{"the app leg has none and nobody needs it", carVIN, "ok absent", []string{"odometer.distance"}, "ready /full"},
		{"the app's vin fails for now and nobody needs it as a field", carVIN, "ok later", []string{"odometer.distance"}, "inconclusive signal-unavailable(vin)"},
		{"the legacy vin fails for now and nobody needs it as a field", "", "throttled ok", []string{"odometer.distance"}, "inconclusive legacy-unmeasured(vin)"},
		{"the app's vin fails for now, the inventory's is known", carVIN, "denied later", nil, "inconclusive signal-unavailable(vin)"},
		{"the app's vin fails for now, there is nothing to compare with", "", "denied later", nil, "ready /full"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			entry := anEntry()
			entry.VIN, entry.Fields = c.inventory, c.own
			e := healthy(seen(t, "odometer.distance ok ok", "vin "+c.vin)...)
			wantJudged(t, Judge(entry, e, Facts{}, rules.Rules{}), c.want)
		})
	}
}

// TestVINMismatchExplainsEverything: two cars differ in everything; that is one cause, and a dead leg does not hide it.
func TestVINMismatchExplainsEverything(t *testing.T) {
	e := healthy(seen(t, "odometer.distance ok other", "fuel.range ok absent", "vin ok other")...)
	wantJudged(t, Judge(anEntry(), e, Facts{}, rules.Rules{}), "blocked vehicle-mismatch")
	e.Legacy.Outcome = LegReauth
	wantJudged(t, Judge(anEntry(), e, Facts{}, rules.Rules{}), "blocked vehicle-mismatch reauthentication-needed")
}

// TestADeadLegExplainsALostPermission: the static VIN still answers where the account is dead; the owner has to connect
// anew in any case.
func TestADeadLegExplainsALostPermission(t *testing.T) {
	e := healthy(seen(t, "vin ok denied")...)
	e.Identity.Listed.Permissions = without(allPermissions(), "read_vin")
	for legacy, want := range map[LegOutcome]string{
		LegReauth: "broken reauthentication-needed", LegGone: "broken vehicle-gone", LegGrantDead: "broken legacy-grant-dead",
		LegRateLimited: "blocked permission-lost rate-limited", LegAnswered: "blocked permission-lost",
	} {
		e.Legacy.Outcome = legacy
		wantJudged(t, Judge(anEntry(), e, Facts{}, rules.Rules{}), want)
	}
}

// TestDescribe: make and model come from the list, the asked user's link first, and from the answer only where it is silent.
func TestDescribe(t *testing.T) {
	other := Link{UserID: strangeID, VehicleID: carID, Make: "FORD", Model: "F", Year: 2001, Mode: "live"}
	e := Evidence{Identity: Identity{AskedAs: userID}}
	e.describe([]Link{*aLink(), other})
	if e.Make != "TESLA" || e.Model != "Model S" || e.Year != 2014 || e.Mode != "live" {
		t.Errorf("described as %+v", e)
	}
}
