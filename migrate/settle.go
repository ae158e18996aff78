package migrate

import (
	"cmp"
	"context"
	"time"

	"scmigrate/migrate/rules"
)

// Settle decides what holds for a whole run, from its ledger alone, and judges every vehicle again under it. end is the
// moment that waivers' expiry dates are held against. It tells how many judgements changed.
func Settle(ctx context.Context, s Store, r rules.Rules, stop Stop, end time.Time) (changed int, err error) {
	facts, err := fleetFacts(ctx, s, r, stop, end)
	if err != nil {
		return 0, err
	}
	if err := s.SetFacts(ctx, facts); err != nil {
		return 0, err
	}
	return s.Rejudge(ctx, func(rec Record) Judgement { return Judge(rec.Entry, rec.Evidence, facts.of(rec), r) })
}

func fleetFacts(ctx context.Context, s Store, r rules.Rules, stop Stop, end time.Time) (Facts, error) {
	tally, err := s.Tally(ctx)
	if err != nil {
		return Facts{}, err
	}
	facts := factsOf(tally, stop)
	rechecks, err := s.Rechecks(ctx)
	if err != nil {
		return Facts{}, err
	}
	facts.NotAsked = cmp.Or(string(stop), rechecks.Why)
	controls, err := s.Controls(ctx)
	if err != nil {
		return Facts{}, err
	}
	if controls.Breached() {
		facts.Breached = controls.Vehicles
	}
	if facts.Suspects, err = suspects(ctx, s, r); err != nil {
		return Facts{}, err
	}
	facts.Waivers, err = weighWaivers(ctx, s, facts, r, end)
	return facts, err
}

// factsOf reads the facts of a run from its counts. Two vehicles are the least that can show a rule: one car refused is
// one car's trouble. What worked in an earlier run, whose vehicles were taken over, proves nothing of this one; nor does
// what worked in this one speak for what came after an API's end.
func factsOf(t Tally, stop Stop) Facts {
	facts := wholeFacts(t, stop)
	if t.LegacyEnd.reached() {
		facts.LegacyEnded = t.LegacyEnd.Last.Add(-longestVisit)
	}
	if t.AppEnd.reached() {
		facts.AppEnded = t.AppEnd.Last.Add(-longestVisit)
	}
	return facts
}

// longestVisit is how long the last car that was served may have been on its way: what was refused meanwhile was refused for
// the same reason.
const longestVisit = 6 * time.Minute

// wholeFacts are the facts that hold from the run's beginning.
func wholeFacts(t Tally, stop Stop) Facts {
	if t.Own != nil {
		own := wholeFacts(*t.Own, stop)
		t.Own = nil
		all := wholeFacts(t, stop)
		return Facts{LegacyRetired: own.LegacyRetired || all.LegacyRetired, AppNotEnabled: own.AppNotEnabled || all.AppNotEnabled}
	}
	worked := count(t.Legacy, LegacyServes)
	opaque := t.Legacy[LegOpaqueRefused] + t.Legacy[LegOpaqueDenied] - t.App[LegNotConnected] // v3 refuses those to any token
	retired := worked == 0 && (t.Legacy[LegNotFound] >= 2 || t.RefusedGrants >= 2 || opaque >= 2)
	appWorked := count(t.App, AppServes)
	refused := appWorked == 0 && t.App[LegNotConnected]+t.App[LegUnauthorized] >= 2
	return Facts{LegacyRetired: retired, AppNotEnabled: refused || stop == StopAppRefused}
}

// LegacyServes and AppServes are the outcomes of a leg that show that its API serves this application.
var (
	LegacyServes = []LegOutcome{LegAnswered, LegReauth, LegGone, LegTokenWrong, LegUnreachable}
	AppServes    = []LegOutcome{LegAnswered, LegEmptyStore, LegReauth, LegGone, LegUnreachable}
)

// LegacyRefuses and AppRefuses are those that an API may give to everybody while it is ill; v2's 403 is no sign of health then.
var (
	LegacyRefuses = []LegOutcome{LegGrantDead, LegTokenRefused, LegTokenWrong, LegNotFound, LegOpaqueRefused, LegOpaqueDenied}
	AppRefuses    = []LegOutcome{LegNotConnected, LegUnauthorized}
)

func count(outcomes map[LegOutcome]int, of []LegOutcome) (n int) {
	for _, o := range of {
		n += outcomes[o]
	}
	return n
}
