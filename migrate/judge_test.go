package migrate

import (
	"encoding/json"
	"slices"
	"testing"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// TestJudgeFields: what single fields come to, both legs having answered.
func TestJudgeFields(t *testing.T) {
	for _, c := range []struct {
		reason  string
		seen    []string
		require []string // of the rules
		own     []string // of the vehicle
		want    string
	}{
		{"all match", []string{"odometer.distance ok ok", "vin ok ok"}, nil, nil, "ready /full"},
		{"one field that time cannot decide", []string{"odometer.distance ok ok", "security.isLocked ok stale"}, nil, nil, "ready /partial"},
		{"undecided only", []string{"security.isLocked ok stale"}, nil, nil, "ready /partial"},
		{"undecided, but not required", []string{"odometer.distance ok ok", "security.isLocked ok stale"}, nil, []string{"odometer.distance"}, "ready /full"},
		{"another value at the same moment", []string{"odometer.distance ok other"}, nil, nil, "blocked value-differs(odometer.distance)"},
		{"another unit", []string{"odometer.distance ok miles"}, nil, nil, "blocked unit-suspect(odometer.distance)"},
		{"unit before value", []string{"fuel.range ok other", "odometer.distance ok miles"}, nil, nil, "blocked unit-suspect(odometer.distance) value-differs(fuel.range)"},

		{"lost: not in the store", []string{"odometer.distance ok absent", "vin ok ok"}, nil, nil, "blocked signal-lost(odometer.distance)"},
		{"lost: cannot", []string{"odometer.distance ok incapable", "vin ok ok"}, nil, nil, "blocked signal-lost(odometer.distance)"},
		{"lost: UNKNOWN is no answer", []string{"odometer.distance ok empty", "vin ok ok"}, nil, nil, "blocked signal-lost(odometer.distance)"},
		{"lost: denied although the list grants it", []string{"odometer.distance ok denied", "vin ok ok"}, nil, nil, "blocked signal-lost(odometer.distance)"},
		{"lost, but the vehicle does not use it", []string{"odometer.distance ok absent", "vin ok ok"}, nil, []string{"vin"}, "ready /full"},
		{"lost, but the rules do not ask for it", []string{"odometer.distance ok absent", "vin ok ok"}, []string{"vin"}, nil, "ready /full"},
		{"the vehicle's own fields win over the rules", []string{"odometer.distance ok absent", "vin ok ok"}, []string{"vin"}, []string{"odometer.distance", "vin"}, "blocked signal-lost(odometer.distance)"},

		{"gained is no loss", []string{"odometer.distance absent ok", "vin ok ok"}, nil, nil, "ready /full"},
		{"neither has it", []string{"odometer.distance incapable absent", "vin ok ok"}, nil, nil, "ready /full"},
		{"not charging: no value to lose", []string{"charge.state unplugged ok", "vin ok ok"}, nil, nil, "ready /full"},
		{"required, and neither has it", []string{"odometer.distance incapable absent", "vin ok ok"}, nil, []string{"odometer.distance", "vin"}, "ready /partial"},

		{"the legacy item fails for now", []string{"odometer.distance later ok", "vin ok ok"}, nil, nil, "inconclusive legacy-unmeasured(odometer.distance)"},
		{"the legacy item is throttled", []string{"odometer.distance throttled ok", "vin ok ok"}, nil, nil, "inconclusive legacy-unmeasured(odometer.distance)"},
		{"the car sleeps", []string{"odometer.distance asleep ok", "vin ok ok"}, nil, nil, "inconclusive legacy-unmeasured(odometer.distance)"},
		{"the legacy item fails for now, the app lacks it", []string{"odometer.distance later absent", "vin ok ok"}, nil, nil, "inconclusive legacy-unmeasured(odometer.distance)"},
		{"the app's signal fails for now", []string{"odometer.distance ok later", "vin ok ok"}, nil, nil, "inconclusive signal-unavailable(odometer.distance)"},
		{"both items fail alike", []string{"odometer.distance later later", "vin ok ok"}, nil, nil, "inconclusive legacy-unmeasured(odometer.distance)"},
		{"fails for now, but is not required", []string{"odometer.distance later ok", "vin ok ok"}, nil, []string{"vin"}, "ready /full"},
		{"required, never asked for", []string{"odometer.distance unasked ok", "vin ok ok"}, nil, []string{"odometer.distance", "vin"}, "inconclusive legacy-unmeasured(odometer.distance)"},
		{"never asked for, not required", []string{"odometer.distance unasked ok", "vin ok ok"}, nil, nil, "ready /full"},

		{"a measured block stands beside what was not measured", []string{"odometer.distance later ok", "vin ok absent"}, nil, nil, "blocked signal-lost(vin) legacy-unmeasured(odometer.distance)"},
		{"nothing is served by both", []string{"odometer.distance absent ok", "vin empty ok"}, nil, nil, "inconclusive legacy-unmeasured"},
		{"nothing was compared at all", nil, nil, nil, "inconclusive legacy-unmeasured"},
		{"what is served by both is not required", []string{"odometer.distance ok ok", "vin absent ok"}, nil, []string{"vin"}, "inconclusive legacy-unmeasured"},
		{"no counterpart never counts", []string{"battery.nominalCapacity.url ok absent"}, nil, nil, "inconclusive legacy-unmeasured"},
		{"no counterpart never blocks", []string{"battery.nominalCapacity.url ok absent", "vin ok ok"}, nil, nil, "ready /full"},

		{"the rules require a field that was never asked for", []string{"vin ok ok"}, []string{"vin", "odometer.distance"}, nil, "inconclusive legacy-unmeasured(odometer.distance)"},
		{"the vehicle requires a field that was never asked for", []string{"vin ok ok"}, nil, []string{"vin", "odometer.distance"}, "inconclusive legacy-unmeasured(odometer.distance)"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			entry := anEntry()
			entry.Fields = c.own
			wantJudged(t, Judge(entry, healthy(seen(t, c.seen...)...), Facts{}, rules.Rules{Require: c.require}), c.want)
		})
	}
}

// TestJudgeFieldsUnderAMissingLeg: single fields say nothing while a leg is missing; the leg's cause does.
func TestJudgeFieldsUnderAMissingLeg(t *testing.T) {
	e := healthy(seen(t, "odometer.distance ok absent", "fuel.range later ok")...)
	e.App.Outcome = LegTimeout
	wantJudged(t, Judge(anEntry(), e, Facts{}, rules.Rules{}), "inconclusive timeout")
}

// TestJudgePermissions: a lost permission explains the fields under it.
func TestJudgePermissions(t *testing.T) {
	for _, c := range []struct {
		reason string
		lacks  []string
		seen   []string
		want   string
		detail string
	}{
		{"the connection lacks it, the app denies", []string{"read_odometer"}, []string{"odometer.distance ok denied", "vin ok ok"}, "blocked permission-lost", "read_odometer"},
		{"the connection lacks it, the signal is not there", []string{"read_odometer"}, []string{"odometer.distance ok absent", "vin ok ok"}, "blocked permission-lost", "read_odometer"},
		{"the connection lacks it, the app fails for now", []string{"read_odometer"}, []string{"odometer.distance ok later", "vin ok ok"}, "blocked permission-lost", "read_odometer"},
		{"the connection lacks it, the app serves it all the same", []string{"read_odometer"}, []string{"odometer.distance ok ok", "vin ok ok"}, "ready /full", ""},
		{"legacy does not serve it either", []string{"read_odometer"}, []string{"odometer.distance denied absent", "vin ok ok"}, "ready /full", ""},
		{"one permission, several fields: once", []string{"read_tires"}, []string{"tires.frontLeft ok denied", "tires.backLeft ok absent", "vin ok ok"}, "blocked permission-lost", "read_tires"},
		{"two permissions are two causes", []string{"read_tires", "read_odometer"}, []string{"tires.frontLeft ok denied", "odometer.distance ok denied"}, "blocked permission-lost permission-lost", "read_tires"},
		{"charging port: read_security is enough", []string{"read_charge"}, []string{"security.chargingPort ok absent", "vin ok ok"}, "blocked signal-lost(security.chargingPort)", "not in the store"},
		{"charging port: read_charge is enough", []string{"read_security"}, []string{"security.chargingPort ok absent", "vin ok ok"}, "blocked signal-lost(security.chargingPort)", "not in the store"},
		{"charging port: denied, so the one that is missing was needed", []string{"read_charge"}, []string{"security.chargingPort ok denied", "vin ok ok"}, "blocked permission-lost", "read_charge"},
		{"charging port: denied although both are granted", nil, []string{"security.chargingPort ok denied", "vin ok ok"}, "blocked signal-lost(security.chargingPort)", "PERMISSION"},
		{"charging port: neither", []string{"read_security", "read_charge"}, []string{"security.chargingPort ok absent", "vin ok ok"}, "blocked permission-lost", "read_security"},
		{"the other losses stay", []string{"read_odometer"}, []string{"odometer.distance ok denied", "fuel.range ok absent"}, "blocked permission-lost signal-lost(fuel.range)", "read_odometer"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			e := healthy(seen(t, c.seen...)...)
			e.Identity.Listed.Permissions = without(allPermissions(), c.lacks...)
			j := Judge(anEntry(), e, Facts{}, rules.Rules{})
			wantJudged(t, j, c.want)
			if c.detail != "" && (len(j.Causes) == 0 || j.Causes[0].Detail != c.detail) {
				t.Errorf("detail of %+v, want %q", j.Causes, c.detail)
			}
		})
	}
}

// TestJudgePermissionsUnstated: a list that is silent about permissions proves none to be missing.
func TestJudgePermissionsUnstated(t *testing.T) {
	for _, c := range []struct {
		reason      string
		permissions []string
		app, want   string
	}{
		{"not stated, fails for now", nil, "later", "inconclusive signal-unavailable(odometer.distance)"},
		{"not stated, denied", nil, "denied", "blocked permission-lost(odometer.distance)"},
		{"not stated, absent", nil, "absent", "blocked signal-lost(odometer.distance)"},
		{"stated: none", []string{}, "later", "blocked permission-lost"},
	} {
		e := healthy(seen(t, "odometer.distance ok "+c.app, "vin ok ok")...)
		e.Identity.Listed.Permissions = c.permissions
		if got := told(Judge(anEntry(), e, Facts{}, rules.Rules{})); got != c.want {
			t.Errorf("%s: judged %q, want %q", c.reason, got, c.want)
		}
		e.Identity.Listed, e.Identity.TokenUser = nil, userID // the list does not show the car at all
		if got := told(Judge(anEntry(), e, Facts{}, rules.Rules{})); c.permissions == nil && got != c.want {
			t.Errorf("%s, not listed: judged %q, want %q", c.reason, got, c.want)
		}
	}
}

// TestRequiredPermissions: what the rules demand of the connection (permissions.require), with no call.
func TestRequiredPermissions(t *testing.T) {
	demand := rules.Rules{Permissions: []string{"control_charge", "read_odometer"}}
	granted := append(allPermissions(), "control_charge")
	for _, c := range []struct {
		reason      string
		permissions []string
		seen        []string
		legacy, app LegOutcome
		facts       Facts
		want        string
		details     []string
	}{
		{"granted", granted, []string{"odometer.distance ok ok"}, LegAnswered, LegAnswered, Facts{}, "ready /full", nil},
		{"missing", allPermissions(), []string{"odometer.distance ok ok"}, LegAnswered, LegAnswered, Facts{}, "blocked permission-lost", []string{"control_charge"}},
		{"silent about permissions: neither proved nor missing", nil, []string{"odometer.distance ok ok"}, LegAnswered, LegAnswered, Facts{}, "inconclusive signal-unavailable", nil},
		{"none is granted: both are missing", []string{}, []string{"vin ok ok"}, LegAnswered, LegAnswered, Facts{}, "blocked permission-lost permission-lost", []string{"control_charge", "read_odometer"}},
		{"missing, and the field under it lost: one cause", without(granted, "read_odometer"), []string{"odometer.distance ok denied", "vin ok ok"}, LegAnswered, LegAnswered, Facts{}, "blocked permission-lost", []string{"read_odometer"}},
		{"missing, legacy was not measured", allPermissions(), nil, LegNotRun, LegNotRun, Facts{}, "blocked permission-lost not-run", []string{"control_charge"}},
		{"missing, legacy is throttled", allPermissions(), []string{"odometer.distance later ok"}, LegRateLimited, LegAnswered, Facts{}, "blocked permission-lost rate-limited", []string{"control_charge"}},
		{"missing, the legacy token is of another car", allPermissions(), []string{"odometer.distance later ok"}, LegTokenWrong, LegAnswered, Facts{}, "blocked permission-lost legacy-token-wrong", []string{"control_charge"}},
		{"missing, and the grant is dead", allPermissions(), nil, LegGrantDead, LegAnswered, Facts{}, "broken legacy-grant-dead", nil},
		{"missing, and the owner must log in", allPermissions(), nil, LegReauth, LegAnswered, Facts{}, "broken reauthentication-needed", nil},
		{"missing, and the car is gone", allPermissions(), nil, LegGone, LegNotRun, Facts{}, "broken vehicle-gone", nil},
		{"missing, and v2 refuses everybody", allPermissions(), nil, LegGrantDead, LegAnswered, Facts{LegacyRetired: true}, "blocked permission-lost legacy-retired", []string{"control_charge"}},
	} {
		t.Run(c.reason, func(t *testing.T) {
			e := healthy(seen(t, c.seen...)...)
			e.Identity.Listed.Permissions, e.Legacy.Outcome, e.App.Outcome = c.permissions, c.legacy, c.app
			j := Judge(anEntry(), e, c.facts, demand)
			wantJudged(t, j, c.want)
			var details []string
			for _, ref := range j.Causes {
				if ref.Code == PermissionLost {
					details = append(details, ref.Detail)
				}
			}
			if !slices.Equal(details, c.details) {
				t.Errorf("permissions %q, want %q", details, c.details)
			}
		})
	}
}

// TestRequiredPermissionsOfUnlistedCars: without a connection there is nothing that could lack a permission.
func TestRequiredPermissionsOfUnlistedCars(t *testing.T) {
	demand := rules.Rules{Permissions: []string{"control_charge"}}
	e := healthy()
	e.Identity = Identity{AskedAs: userID, Absent: true, Whole: true}
	e.Legacy.Outcome, e.App.Outcome = LegNotRun, LegNotRun
	wantJudged(t, Judge(anEntry(), e, Facts{}, demand), "blocked not-connected")
	e = healthy(seen(t, "odometer.distance ok ok", "vin ok ok")...)
	e.Identity.Listed, e.Identity.TokenUser = nil, userID
	wantJudged(t, Judge(anEntry(), e, Facts{}, demand), "inconclusive signal-unavailable") // measured, and not known what is granted
}

// TestOneCauseForEachPermission: also where only the app leg's own words tell which fields are denied.
func TestOneCauseForEachPermission(t *testing.T) {
	e := healthy(seen(t, "battery.percentRemaining ok denied", "battery.range ok denied", "odometer.distance ok denied", "vin ok ok")...)
	e.Identity.Listed.Permissions = nil
	wantJudged(t, Judge(anEntry(), e, Facts{}, rules.Rules{}), "blocked permission-lost(battery.*) permission-lost(odometer.distance)")
}

// TestPermissionGainedIsANote: what the legacy grant did not allow and v3 serves changes no verdict.
func TestPermissionGainedIsANote(t *testing.T) {
	j := Judge(anEntry(), healthy(seen(t, "odometer.distance denied ok", "vin ok ok")...), Facts{}, rules.Rules{})
	wantJudged(t, j, "ready /full")
	if len(j.Notes) != 1 || j.Notes[0].Code != PermissionGained || j.Notes[0].Field != "odometer.distance" {
		t.Errorf("notes: %+v", j.Notes)
	}
}

// TestJudgeGroups: fields of one signal that fail for one reason are one cause.
func TestJudgeGroups(t *testing.T) {
	for _, c := range []struct {
		reason string
		seen   []string
		want   string
	}{
		{"one tire", []string{"tires.frontLeft ok absent", "vin ok ok"}, "blocked signal-lost(tires.frontLeft)"},
		{"all tires", []string{"tires.frontLeft ok absent", "tires.frontRight ok absent", "tires.backLeft ok absent", "tires.backRight ok absent"}, "blocked signal-lost(tires.*)"},
		{"tires for two reasons", []string{"tires.frontLeft ok absent", "tires.frontRight ok absent", "tires.backLeft ok incapable", "tires.backRight ok incapable"}, "blocked signal-lost(tires.*) signal-lost(tires.*)"},
		{"doors", []string{"security.doors.frontLeft ok absent", "security.doors.backRight ok absent"}, "blocked signal-lost(security.doors.*)"},
		{"doors and windows are two signals", []string{"security.doors.frontLeft ok absent", "security.windows.frontLeft ok absent"}, "blocked signal-lost(security.doors.frontLeft) signal-lost(security.windows.frontLeft)"},
		{"one v2 path fails for now", []string{"security.doors.frontLeft later ok", "security.isLocked later ok", "vin ok ok"}, "inconclusive legacy-unmeasured(security.*)"},
		{"two v2 paths", []string{"odometer.distance later ok", "fuel.range later ok"}, "inconclusive legacy-unmeasured(odometer.distance) legacy-unmeasured(fuel.range)"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			wantJudged(t, Judge(anEntry(), healthy(seen(t, c.seen...)...), Facts{}, rules.Rules{}), c.want)
		})
	}
}

// TestJudgeFacts: what holds for everybody is said once, as one cause, and never as N × not-connected.
func TestJudgeFacts(t *testing.T) {
	retired, disabled := Facts{LegacyRetired: true}, Facts{AppNotEnabled: true}
	for _, c := range []struct {
		reason      string
		facts       Facts
		legacy, app LegOutcome
		want        string
	}{
		{"v2 is off: 404", retired, LegNotFound, LegAnswered, "inconclusive legacy-retired"},
		{"v2 is off: fresh tokens refused", retired, LegGrantDead, LegAnswered, "inconclusive legacy-retired"},
		{"v3 takes no opaque token: 401", retired, LegOpaqueRefused, LegAnswered, "inconclusive legacy-retired"},
		{"v3 takes no opaque token: 403", retired, LegOpaqueDenied, LegAnswered, "inconclusive legacy-retired"},
		{"v2 is off: tokens refused", retired, LegTokenRefused, LegReauth, "inconclusive legacy-retired"},
		{"v2 is off, but this one said more", retired, LegReauth, LegAnswered, "broken reauthentication-needed"},
		{"v2 is off and the user is not connected", retired, LegGrantDead, LegNotConnected, "blocked not-connected legacy-retired"},
		{"v3 is off", disabled, LegAnswered, LegNotConnected, "inconclusive app-not-enabled"},
		{"v3 is off: 401", disabled, LegAnswered, LegUnauthorized, "inconclusive app-not-enabled"},
		{"v3 is off and throttled", disabled, LegRateLimited, LegNotConnected, "inconclusive app-not-enabled rate-limited"},
		{"v3 is off, the car is dead", disabled, LegReauth, LegNotConnected, "broken reauthentication-needed"},
		{"v3 is off, legacy left out", disabled, LegNotRun, LegNotConnected, "inconclusive app-not-enabled"},
		{"v3 is off, nothing was called", disabled, LegNotRun, LegNotRun, "inconclusive app-not-enabled"},
		{"v3 was said to be off, yet it answers", disabled, LegAnswered, LegAnswered, "ready /full"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			for _, listed := range []*Link{aLink(), nil} {
				e := healthy(seen(t, "odometer.distance ok ok")...)
				e.Identity.Listed, e.Identity.TokenUser = listed, userID
				e.Legacy.Outcome, e.App.Outcome = c.legacy, c.app
				wantJudged(t, Judge(anEntry(), e, c.facts, rules.Rules{}), c.want)
			}
		})
	}
}

// TestJudgeFaultyEntries: a faulty row is inconclusive, final, and nothing else is said of it.
func TestJudgeFaultyEntries(t *testing.T) {
	for _, c := range []struct {
		entry inventory.Entry
		want  string
	}{
		{inventory.Entry{Invalid: "vehicleId is missing"}, "inconclusive invalid-entry"},
		{inventory.Entry{VehicleID: carID, UserID: userID, Duplicate: true}, "inconclusive duplicate-entry"},
		{inventory.Entry{VehicleID: carID, Duplicate: true, Invalid: "both"}, "inconclusive duplicate-entry"},
	} {
		j := Judge(c.entry, healthy(seen(t, "odometer.distance ok ok")...), Facts{AppNotEnabled: true}, rules.Rules{})
		wantJudged(t, j, c.want)
		if !(Record{Entry: c.entry, Judgement: j}).Finished() {
			t.Errorf("%s: a faulty row must not be called again on resume", c.want)
		}
	}
}

// TestFinished: what could not be measured is tried again, and so is what was judged without the legacy leg: a lower level
// of --legs. Everything else is done.
func TestFinished(t *testing.T) {
	for key, want := range pairs(t) {
		e := pairEvidence(t, key[0], key[1])
		e.Legacy.Outcome, e.App.Outcome = key[0], key[1]
		r := Record{Entry: anEntry(), Evidence: e}
		r.Judgement = Judge(r.Entry, e, Facts{}, rules.Rules{})
		if done := r.Judgement.Verdict != Inconclusive && key[0] != LegNotRun; r.Finished() != done {
			t.Errorf("%v (%s): finished %v", key, want, r.Finished())
		}
	}
}

// TestFinishedByTheListAlone: a vehicle that no level would call is done; one that a level would call is not.
func TestFinishedByTheListAlone(t *testing.T) {
	for _, c := range []struct {
		reason string
		id     Identity
		want   bool
	}{
		{"no connection, proved", Identity{AskedAs: userID, Absent: true, Whole: true}, true},
		{"nobody to ask as", Identity{Whole: true}, true},
		{"the only user is suggested and can be asked as", Identity{AskedAs: userID, Suggested: userID, Listed: aLink(), Whole: true}, false},
	} {
		e := Evidence{Identity: c.id, Legacy: Leg{Outcome: LegNotRun}, App: Leg{Outcome: LegNotRun}}
		r := Record{Entry: inventory.Entry{VehicleID: carID}, Evidence: e, Judgement: Judgement{Verdict: Blocked}}
		if r.Finished() != c.want {
			t.Errorf("%s: finished %v", c.reason, r.Finished())
		}
	}
}

// contractCodes is the table of CONTRACT §6 in its order.
var contractCodes = []Code{
	"isolation-breach", "vehicle-mismatch", "user-id-wrong", "user-id-missing", "user-id-ambiguous", "not-connected", "vehicle-id-changed",
	"app-reauthentication-needed", "permission-lost", "signal-lost", "unit-suspect", "value-differs", "stale-data",
	"legacy-grant-dead", "reauthentication-needed", "vehicle-gone", "legacy-retired", "app-not-enabled",
	"legacy-token-missing", "legacy-token-refused", "legacy-token-wrong", "no-data-yet", "signal-unavailable", "legacy-unmeasured", "both-failed",
	"rate-limited", "quota-exhausted", "upstream-error", "vehicle-unreachable", "timeout", "malformed-response", "not-run", "invalid-entry", "duplicate-entry",
	"orphan-connection", "permission-gained", "clock-skew", "systemic",
}

// TestCausesAreTheContracts: the codes, their order and what cannot be waived.
func TestCausesAreTheContracts(t *testing.T) {
	var codes []Code
	for _, c := range Causes() {
		codes = append(codes, c.Code)
		if c.Title == "" || c.Meaning == "" || c.Action == "" || c.Who == "" {
			t.Errorf("%s: a cause without title, meaning, action or who can act", c.Code)
		}
		fixed := slices.Contains([]Code{IsolationBreach, VehicleMismatch, UserIDWrong, UserIDMissing, UserIDAmbiguous}, c.Code)
		if c.Unwaived != fixed {
			t.Errorf("%s: cannot be waived = %v, want %v", c.Code, c.Unwaived, fixed)
		}
	}
	if !slices.Equal(codes, contractCodes) {
		t.Errorf("the table of causes is\n%v\nand not the contract's\n%v", codes, contractCodes)
	}
	if _, known := LookupCause("no-such-cause"); known {
		t.Error("a code that nobody knows was found")
	}
}

// TestJudgementSurvivesTheLedger: evidence that went through JSON is judged as before.
func TestJudgementSurvivesTheLedger(t *testing.T) {
	e := healthy(seen(t, "odometer.distance ok miles", "security.isLocked ok stale", "vin ok ok", "fuel.range ok denied")...)
	packed, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var again Evidence
	if err := json.Unmarshal(packed, &again); err != nil {
		t.Fatal(err)
	}
	wantJudged(t, Judge(anEntry(), again, Facts{}, rules.Rules{}), told(Judge(anEntry(), e, Facts{}, rules.Rules{})))
	if again.Findings[0].Outcome != compare.Differs {
		t.Errorf("the finding became %+v", again.Findings[0])
	}
}
