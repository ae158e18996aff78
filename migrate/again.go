package migrate

import (
	"context"
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
)

// Recheck asks again about fields of a vehicle that was measured before: legacy, app, legacy, one call after the other,
// with the paths of these fields alone. Their findings get the round, or the reason why there is none; the first
// observations stay. After an error (the tool's own trouble, or the end of the run) they are as they were; what was spent
// until then is in e.Again all the same.
func (m *Meter) Recheck(ctx context.Context, entry inventory.Entry, e *Evidence, names []string) error {
	a := again{meter: m, entry: entry, evidence: e, at: m.Now()}
	for _, name := range names {
		if f, ok := compare.Lookup(name); ok {
			a.fields = append(a.fields, f)
		}
	}
	why, err := a.ask(ctx)
	if err != nil {
		return err
	}
	for i, f := range a.fields {
		n := slices.IndexFunc(e.Findings, func(found compare.Finding) bool { return found.Field == f.Name })
		if n >= 0 {
			e.Findings[n].Recheck = a.keep(e.Findings[n].Recheck, why, i)
		}
	}
	return nil
}

// again is one vehicle while it is asked again. The readings are in the order of fields, nil where a leg was not asked.
type again struct {
	meter              *Meter
	entry              inventory.Entry
	evidence           *Evidence
	at                 time.Time
	fields             []*compare.Field
	before, app, after []compare.Reading
}

// ask makes the three calls, as far as they can change anything. why is set where none was made.
func (a *again) ask(ctx context.Context) (why string, err error) {
	reads := 2*len(compare.Paths(a.fields, a.evidence.Make)) + 1
	if a.meter.sameAPI() {
		reads = 3
	}
	switch {
	case a.meter.spentUp(a.entry.VehicleID):
		return quotaSpent, nil
	case spacing(a.evidence.Make) > 0:
		return spacingText(a.evidence.Make), nil
	case a.billed()+reads > a.meter.Billed:
		return "over --max-billed-per-vehicle", nil
	}
	v := a.visit()
	if usable, err := v.resolve(ctx); err != nil || !usable {
		return "no legacy token: " + v.evidence.Legacy.Detail, err
	}
	if possible, err := v.appPossible(ctx); err != nil || !possible {
		return v.evidence.App.Detail, err
	}
	if a.before, err = a.askLegacy(ctx); err != nil || !a.goesOn(a.before) {
		return "", err
	}
	if a.app, err = a.askApp(ctx); err != nil || !a.goesOn(a.app) {
		return "", err
	}
	a.after, err = a.askLegacy(ctx)
	return "", err
}

// goesOn tells whether a further call may change anything, and may be made.
func (a *again) goesOn(readings []compare.Reading) bool {
	served := slices.ContainsFunc(readings, func(r compare.Reading) bool { return r.Status == compare.Served })
	return served && !a.meter.spentUp(a.entry.VehicleID)
}

// billed is what the vehicle has cost so far, on both legs.
func (a *again) billed() int { return a.evidence.Earlier + a.evidence.billed() }

// visit is a visit of the same car with legs of its own, so that the record of the first one stays. Its legacy leg begins
// with what is billed already: the cap is the vehicle's.
func (a *again) visit() *visit {
	e := Evidence{Identity: a.evidence.Identity, Make: a.evidence.Make, Legacy: Leg{Outcome: LegNotRun, Billed: a.billed()}, App: Leg{Outcome: LegNotRun}}
	e.Identity.OtherCarID = ""
	return &visit{meter: a.meter, entry: a.entry, fields: a.fields, evidence: &e}
}

func (a *again) askLegacy(ctx context.Context) ([]compare.Reading, error) {
	v, billed := a.visit(), a.billed()
	err := v.legacy()(ctx)
	leg := v.evidence.Legacy
	a.evidence.Again.Requests += leg.Requests
	a.evidence.Again.Legacy += leg.Billed - billed
	a.evidence.Legacy.cite(leg)
	readings := v.legacyReadings(a.fields)
	a.meter.noteQuota(a.entry.VehicleID, *v.evidence, readings...)
	return readings, err
}

// askApp takes no answer for another car than the first time: that would be another car's value.
func (a *again) askApp(ctx context.Context) ([]compare.Reading, error) {
	v := a.visit()
	err := v.appLeg(ctx)
	leg := v.evidence.App
	a.evidence.Again.Requests += leg.Requests
	a.evidence.Again.App += leg.Billed
	a.evidence.App.cite(leg)
	readings := v.appReadings()
	a.meter.noteQuota(a.entry.VehicleID, *v.evidence, readings...)
	if !sameID(v.evidence.Identity.OtherCarID, a.evidence.Identity.OtherCarID) {
		readings = compare.AllFailed(a.fields, compare.Failure{Kind: compare.KindMalformed, Note: "it answered for another vehicle id"})
	}
	return readings, err
}

// cite adds the request ids of a later call: Smartcar's support asks for them.
func (l *Leg) cite(later Leg) {
	for _, id := range later.RequestIDs {
		if !slices.Contains(l.RequestIDs, id) {
			l.RequestIDs = append(l.RequestIDs, id)
		}
	}
}

// keep adds what came of field i to an earlier recheck. Why nobody asked is only told where nobody did.
func (a *again) keep(earlier *compare.Recheck, why string, i int) *compare.Recheck {
	var kept compare.Recheck
	if earlier != nil {
		kept = *earlier
	}
	if why != "" {
		kept.Why = why
		return &kept
	}
	reading := func(leg []compare.Reading) compare.Reading {
		if leg == nil {
			return compare.Reading{Field: a.fields[i].Name, Status: compare.Unasked}
		}
		return leg[i]
	}
	return kept.Add(compare.NewRound(a.at, a.at.Sub(a.evidence.At), reading(a.before), reading(a.app), reading(a.after)))
}
