package migrate

import (
	"testing"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// TestUnder: what saved evidence says under a corrected entry. Evidence of one user is never read as another's.
func TestUnder(t *testing.T) {
	served := func() Evidence { return healthy(seen(t, "vin ok ok", "odometer.distance ok ok")...) }
	open := served()
	open.Identity.Whole = false
	const thirdID = "a0000000-0000-4000-8000-000000000003"
	theirs := *aLink()
	theirs.UserID = strangeID
	suggested := served()
	suggested.Identity = Identity{Listed: &theirs, Users: []string{strangeID}, AskedAs: strangeID, Suggested: strangeID, Whole: true}
	uncalled := Evidence{Identity: Identity{AskedAs: userID, Absent: true, Whole: true, Users: []string{strangeID}}, Legacy: Leg{Outcome: LegNotRun}, App: Leg{Outcome: LegNotRun}}
	shared := served()
	shared.Identity = Identity{Listed: aLink(), Users: []string{userID, strangeID}, AskedAs: userID, TokenUser: strangeID}
	dead := served()
	dead.Legacy = Leg{Outcome: LegGrantDead}
	whole := served()
	whole.Identity.Whole, whole.Identity.Users = true, []string{userID}

	for _, c := range []struct {
		reason   string
		from, to string
		e        Evidence
		links    []Link
		want     string
		finished bool
	}{
		{"the suggested user, as whom it was measured", "", strangeID, suggested, []Link{theirs}, "ready", true},
		{"the same, written in capitals", "", "A0000000-0000-4000-8000-000000000002", suggested, []Link{theirs}, "ready", true},
		{"another than the suggested one: the list denies him", "", userID, suggested, []Link{theirs}, "blocked user-id-wrong", true},
		{"another, and the list leaves him open", userID, thirdID, open, []Link{*aLink()}, "inconclusive not-run", false},
		{"the token's own user, who was not measured", userID, strangeID, shared, []Link{*aLink(), theirs}, "inconclusive not-run", false},
		{"the user is taken out, and was the only one", userID, "", whole, []Link{*aLink()}, "blocked user-id-missing", true},
		{"never called because the list denied the old user", userID, strangeID, uncalled, []Link{theirs}, "inconclusive not-run", false},
		{"nothing changes", userID, userID, served(), nil, "ready", true},
		{"dead today, whoever is stored", userID, strangeID, dead, []Link{*aLink(), theirs}, "broken legacy-grant-dead", false},
	} {
		entry := anEntry()
		entry.UserID = c.from
		r := Record{Entry: entry, Evidence: c.e, Judgement: Judge(entry, c.e, Facts{}, rules.Rules{})}
		entry.UserID = c.to
		r = r.Under(entry, c.links)
		r.Judgement = Judge(entry, r.Evidence, Facts{}, rules.Rules{})
		if got := words(r.Judgement); got != c.want || r.Finished() != c.finished {
			t.Errorf("%s: %s, finished %v; want %s, %v", c.reason, got, r.Finished(), c.want, c.finished)
		}
	}
}

func words(j Judgement) string {
	text := string(j.Verdict)
	for _, c := range j.Causes {
		text += " " + string(c.Code)
	}
	return text
}

// TestUnderOfFaultyRows: what was faulty was never measured; what was never called has nothing to lose.
func TestUnderOfFaultyRows(t *testing.T) {
	faulty := Record{Entry: inventory.Entry{Invalid: "vehicleId is missing"}, Judgement: Judgement{Verdict: Inconclusive}}
	if r := faulty.Under(anEntry(), nil); r.Judgement.Verdict != "" || r.Entry.VehicleID != carID {
		t.Errorf("a repaired row: %+v", r)
	}
	other := anEntry()
	other.UserID = strangeID
	if r := (Record{Entry: anEntry()}).Under(other, nil); r.Judgement.Verdict != "" || r.Evidence.Identity.AskedAs != "" || r.Entry.UserID != strangeID {
		t.Errorf("a vehicle that was never called: %+v", r)
	}
}
