package report

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/rules"
)

// breakDown fills in what the sample's vehicles say by make and cohort.
func breakDown(s *Summary) {
	s.Run.Retirement = "2026-12-01"
	s.Causes[4].Unblocks, s.Causes[1].Unblocks, s.Causes[3].Unblocks, s.Causes[0].Unblocks = 1, 1, 1, 1
	s.Makes = []MakeGroup{
		{Group{"POLESTAR", 0, 2, Verdicts{Ready: 1, Blocked: 1}, Proof{Full: 1}}, map[string]map[string]int{
			"odometer.distance": {"match": 2}, "security.sunroof": {"lost": 1, "waived": 1}, "tires.frontLeft": {"match": 2}}},
		{Group{"TESLA", 0, 2, Verdicts{Ready: 1, Inconclusive: 1}, Proof{Full: 1}}, map[string]map[string]int{
			"odometer.distance": {"match": 1, "drift": 1}, "security.sunroof": {"match": 1}, "battery.percentRemaining": {"drift": 1, "unmeasured": 1}}},
		{Group{"VOLKSWAGEN", 0, 2, Verdicts{Ready: 1, Blocked: 1}, Proof{Partial: 1}}, map[string]map[string]int{
			"odometer.distance": {"match": 1, "drift": 1}, "security.sunroof": {"match": 2}, "battery.percentRemaining": {"drift": 1, "unverifiable": 1}, "tires.frontLeft": {"match": 2, "gained": 1}}},
		{Group{"", 0, 1, Verdicts{Broken: 1}, Proof{}}, map[string]map[string]int{}},
		{Group{"JAGUAR", 0, 1, Verdicts{Blocked: 1}, Proof{}}, map[string]map[string]int{"tires.frontLeft": {"differs": 1}}},
	}
	s.Cohorts = []Group{{"eu-pilot", 0, 4, Verdicts{Ready: 2, Broken: 1, Blocked: 1}, Proof{Full: 2}}, {"us", 0, 4, Verdicts{Ready: 1, Blocked: 2, Inconclusive: 1}, Proof{Partial: 1}}}
	s.Ages = Ages{Compared: 12, Unknown: 7, Steps: ageSteps()}
	s.Ages.Steps[1].Values, s.Ages.Steps[4].Values, s.Ages.Steps[7].Values = 5, 6, 1
}

// recordOf is a vehicle whose only field came out so, seen so long ago by v3.
func recordOf(vehicleMake, cohort string, verdict migrate.Verdict, older time.Duration) migrate.Record {
	rec := migrate.Record{Judgement: migrate.Judgement{Verdict: verdict}}
	rec.Entry.VehicleID, rec.Entry.Cohort, rec.Evidence.Make = "car", cohort, vehicleMake
	now := *at(0)
	rec.Evidence.Findings = []compare.Finding{{Field: "odometer.distance", Outcome: compare.Match,
		Legacy: compare.Reading{Status: compare.Served, Observed: now}, App: compare.Reading{Status: compare.Served, Observed: now.Add(-older)}}}
	return rec
}

func TestBreakdown(t *testing.T) {
	sum := newSumming(ledger.Header{}, rules.Rules{Retirement: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
	for n := range mostGroups + 5 {
		for range mostGroups + 5 - n {
			sum.add(recordOf(fmt.Sprintf("MAKE%02d", n), fmt.Sprintf("cohort%02d", n), migrate.Ready, 2*time.Hour))
		}
	}
	sum.add(recordOf("MAKE00", "cohort00", migrate.Blocked, -time.Hour))
	s := sum.summary()
	if len(s.Makes) != mostGroups+1 || len(s.Cohorts) != mostGroups+1 {
		t.Fatalf("%d makes and %d cohorts", len(s.Makes), len(s.Cohorts))
	}
	first := MakeGroup{Group{"MAKE00", 0, 26, Verdicts{Ready: 25, Blocked: 1}, Proof{}}, map[string]map[string]int{"odometer.distance": {"match": 26}}}
	rest := MakeGroup{Group{"", 5, 15, Verdicts{Ready: 15}, Proof{}}, map[string]map[string]int{"odometer.distance": {"match": 15}}}
	if diff := cmp.Diff([]MakeGroup{first, rest}, []MakeGroup{s.Makes[0], s.Makes[mostGroups]}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Group{first.Group, rest.Group}, []Group{called(s.Cohorts[0], "MAKE00"), s.Cohorts[mostGroups]}); diff != "" {
		t.Error(diff)
	}
	if s.Outcomes["odometer.distance"]["match"] != s.Total || s.Ages.Steps[0].Values != 1 || s.Ages.Steps[4].Values != s.Total-1 || s.Ages.Compared != s.Total {
		t.Errorf("outcomes %v, ages %+v", s.Outcomes, s.Ages)
	}
	if s.Run.Retirement != "2026-12-01" {
		t.Errorf("retirement %q", s.Run.Retirement)
	}
}

func called(g Group, name string) Group {
	g.Name = name
	return g
}

// TestCohortsAreBounded: a fleet with a cohort for every car does not fill memory with them.
func TestCohortsAreBounded(t *testing.T) {
	b := newBreakdown()
	for n := range heldCohorts + 500 {
		b.add(recordOf("A", fmt.Sprint(n), migrate.Ready, 0))
	}
	cohorts := b.largestCohorts()
	if last := cohorts[len(cohorts)-1]; len(b.cohorts) != heldCohorts || last.Vehicles != heldCohorts+500-mostGroups {
		t.Errorf("%d cohorts are held, the last is %+v", len(b.cohorts), last)
	}
}

func TestUnblocks(t *testing.T) {
	sum := newSumming(ledger.Header{}, rules.Rules{})
	one, two := recordOf("A", "", migrate.Blocked, 0), recordOf("A", "", migrate.Blocked, 0)
	one.Judgement.Causes = []migrate.CauseRef{{Code: migrate.SignalLost, Field: "vin"}, {Code: migrate.StaleData, Field: "location", Waived: true}}
	two.Judgement.Causes = []migrate.CauseRef{{Code: migrate.SignalLost, Field: "vin"}, {Code: migrate.NotConnected}}
	dead := recordOf("A", "", migrate.Broken, 0)
	dead.Judgement.Causes = []migrate.CauseRef{{Code: migrate.LegacyGrantDead}}
	for _, rec := range []migrate.Record{one, two, dead} {
		sum.add(rec)
	}
	got := map[string]int{}
	for _, c := range sum.summary().Causes {
		got[c.Code] = c.Unblocks
	}
	if diff := cmp.Diff(map[string]int{"signal-lost": 1, "stale-data": 0, "not-connected": 0, "legacy-grant-dead": 0}, got); diff != "" {
		t.Error(diff)
	}
}
