package browser

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"scmigrate/migrate/report"
)

var (
	makes   = []string{"TESLA", "VOLKSWAGEN", "POLESTAR", "JAGUAR", "BMW"}
	cohorts = []string{"eu-pilot", "us"}
	measure = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
)

func vehicleID(n int) string { return fmt.Sprintf("36ab27d0-0000-4455-823a-%012d", n) }

// fleet is a report of n vehicles; every tenth is blocked, by one of two causes. text goes into whatever comes from outside.
func fleet(n int, text string) report.Report {
	blocked := (n + 9) / 10
	s := report.Summary{
		Tool: report.Tool{Name: "scmigrate", Version: "test"}, Total: n, Verdicts: report.Verdicts{Ready: n - blocked, Blocked: blocked}, Proof: report.Proof{Full: n - blocked},
		Run:       report.Run{ID: "run-1", StartedAt: measure, FinishedAt: measure.Add(time.Hour), Complete: true, LegacyAPI: "v2", Legs: "both", Fields: "standard", Retirement: "2026-12-01", NotExamined: []string{"location", "commands"}},
		Readiness: &report.Interval{Low: 0.9, High: 0.9}, Gates: []report.Gate{{Require: "blocked == 0", Met: "no", Observed: fmt.Sprint(blocked)}},
		Outcomes: map[string]map[string]int{"odometer.distance": {"match": n - blocked, "lost": blocked}},
		Causes: []report.Cause{
			{Code: "permission-lost", Title: "a permission is missing" + text, Verdict: "blocked", Vehicles: blocked / 2, Unblocks: blocked / 2, Fingerprint: "f1", Example: vehicleID(10), Meaning: "v3 lacks a permission", Action: "ask the owner" + text, Who: "vehicle owner"},
			{Code: "signal-lost", Field: "odometer.distance", Make: "TESLA", Title: "v3 does not serve this", Verdict: "blocked", Vehicles: blocked - blocked/2, Unblocks: blocked - blocked/2, Fingerprint: "f2", Example: vehicleID(0), Meaning: "lost", Action: "do without", Who: "engineering"},
		},
		Notes: []report.Note{{Code: "orphan-connection", Count: 2, Text: "connected but not in the inventory" + text}},
		Changes: &report.Changes{Previous: report.Previous{ID: "run-0", FinishedAt: measure.AddDate(0, 0, -7), Complete: true, Total: n, Verdicts: report.Verdicts{Ready: n / 2, Blocked: n - n/2}},
			Causes: []report.ChangedCause{{Change: report.CauseFixed, Code: "not-connected", Title: "not connected" + text, Verdict: "blocked", Fingerprint: "f3", Was: 3, Fixed: 3}}},
		History: &report.History{Runs: []report.PastRun{
			{ID: "run-0", FinishedAt: measure.AddDate(0, 0, -7), Complete: true, Total: n, Verdicts: report.Verdicts{Ready: n / 2, Blocked: n - n/2}, Alike: true, Unlike: []string{"other rules" + text}},
			{ID: "run-00", FinishedAt: measure.AddDate(0, 0, -5), Total: n, Verdicts: report.Verdicts{Inconclusive: n}, Unlike: []string{"another fleet" + text}},
		}, Ended: "the run before these is not where it was" + text},
		Waves: &report.Waves{Steps: []report.Wave{{Wave: 1, Share: "1%", Users: 1, Vehicles: n / 100}, {Wave: 2, Share: "10%", Users: 2, Vehicles: n / 10}, {Wave: 3, Share: "100%", Users: 3, Vehicles: n / 2}}, Held: report.HeldBack{Users: 1, Vehicles: n / 5}},
		Ages:  report.Ages{Compared: 30, Unknown: 3, Steps: []report.AgeStep{{Name: "within a minute", Values: 20}, {Name: "to 1 h older", Values: 10}}},
	}
	for i, name := range makes {
		g := report.Group{Name: name + text, Vehicles: n / 5, Verdicts: report.Verdicts{Ready: n / 5}, Proof: report.Proof{Full: n / 5}}
		if i == 0 {
			g.Verdicts = report.Verdicts{Ready: n/5 - blocked, Blocked: blocked}
		}
		s.Makes = append(s.Makes, report.MakeGroup{Group: g, Outcomes: map[string]map[string]int{"odometer.distance": {"match": g.Verdicts.Ready, "lost": g.Verdicts.Blocked}}})
	}
	for _, name := range cohorts {
		s.Cohorts = append(s.Cohorts, report.Group{Name: name + text, Vehicles: n / 2, Verdicts: report.Verdicts{Ready: n/2 - blocked/2, Blocked: blocked / 2}})
	}
	return report.Report{Summary: s, Vehicles: func() iter.Seq2[report.Vehicle, error] {
		return func(yield func(report.Vehicle, error) bool) {
			for i := range n {
				if !yield(vehicle(i, text), nil) {
					return
				}
			}
		}
	}}
}

func vehicle(i int, text string) report.Vehicle {
	v := report.Vehicle{VehicleID: vehicleID(i), UserID: fmt.Sprintf("218eda3b-0000-49a8-8f3d-%012d", i/2), Make: makes[i%5] + text, Model: "X", Year: 2024, Cohort: cohorts[i%2] + text, Mode: "live", Verdict: "ready", Proof: new("full"), EvidenceAt: &measure}
	if i%10 > 0 {
		return v
	}
	v.Verdict, v.Proof, v.Label = "blocked", nil, fmt.Sprintf("van %d", i)+text
	v.Causes = []report.CauseRef{{Code: "permission-lost"}}
	if i%20 == 0 {
		v.Causes = []report.CauseRef{{Code: "signal-lost", Field: "odometer.distance"}}
	}
	seen := measure.Add(-2 * time.Hour)
	v.Fields = []report.Field{
		{Field: "odometer.distance", Outcome: "lost", Legacy: &report.Observation{Value: 62041.0, Unit: "km", At: &measure, Source: "sc-data-age"}, App: &report.Observation{Error: "COMPATIBILITY/VEHICLE_NOT_CAPABLE"}},
		{Field: "battery.percentRemaining", Outcome: "drift", Legacy: &report.Observation{Value: 0.5, At: &measure}, App: &report.Observation{Value: 0.6, At: &seen}, Note: "2 h apart, 5 points an hour are possible" + text},
	}
	v.RequestIDs = report.RequestIDs{Legacy: []string{fmt.Sprint("legacy-request-", i)}, App: []string{fmt.Sprint("app-request-", i)}}
	return v
}

// written is the page of a report.
func written(t *testing.T, r report.Report) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Render(file, "html", r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// forms are the two forms of a report.
func forms(r report.Report) map[string]report.Report {
	return map[string]report.Report{"private": r, "share": report.Share(r, []byte("0123456789abcdef0123456789abcdef"))}
}
