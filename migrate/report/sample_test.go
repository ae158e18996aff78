package report

import (
	"fmt"
	"iter"
	"time"
)

// shareKey is a key for tests.
var shareKey = []byte("a key for tests, 32 bytes long..")

func at(minutes int) *time.Time {
	return new(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute))
}

// sample is a small run that shows every verdict, outcome and gate.
func sample() Report {
	return reportOf(sampleSummary(), sampleVehicles())
}

func reportOf(s Summary, fleet []Vehicle) Report {
	return Report{Summary: s, Vehicles: func() iter.Seq2[Vehicle, error] {
		return func(yield func(Vehicle, error) bool) {
			for _, v := range fleet {
				if !yield(v, nil) {
					return
				}
			}
		}
	}}
}

func sampleSummary() Summary {
	s := Summary{
		Tool: Tool{"scmigrate", "1.0.0-test"},
		Run: Run{ID: "run-7f3a", StartedAt: *at(0), FinishedAt: *at(42), Complete: true, InventoryDigest: "sha256:6f1d", RulesDigest: "sha256:0b2c", LegacyAPI: "v2", Legs: "both",
			Fields: "standard", Requests: Requests{Legacy: 8, App: 12, IAM: 1}, BilledReads: BilledReads{Legacy: 61, App: 8}, Controls: Controls{Tried: 3, Refused: 3}, Rechecks: Rechecks{Vehicles: 2, Requests: 6, Persistent: 1, Flapped: 1, Left: 2},
			NotExamined: []string{"location", "diagnostics", "commands", "webhooks"}},
		Verdicts: Verdicts{Ready: 3, Blocked: 3, Broken: 1, Inconclusive: 1}, Total: 8, Proof: Proof{Full: 2, Partial: 1}, Waived: 1,
		Readiness: &Interval{Low: 3.0 / 7, High: 4.0 / 7},
		Gates:     []Gate{{"blocked == 0", "no", "3"}, {"inconclusive <= 20%", "yes", "12.5%"}, {"proven >= 40%", "undecided", "28.5% to 42.8%"}},
		Outcomes: map[string]map[string]int{
			"odometer.distance":                {"match": 4, "drift": 2},
			"security.sunroof":                 {"lost": 1, "match": 3, "waived": 1},
			"battery.percentRemaining":         {"unverifiable": 1, "drift": 3, "unmeasured": 1},
			"tires.frontLeft":                  {"differs": 1, "match": 5, "gained": 1},
			"battery.nominalCapacity.url":      {"no-counterpart": 4},
			"internalcombustionengine.unknown": {"absent": 8},
		},
		Causes: []Cause{
			{Code: "permission-lost", Field: "odometer.distance", Make: "VOLKSWAGEN", Title: "a permission is missing", Verdict: "blocked", Vehicles: 1, Fingerprint: "4f1c", Example: vehicleID(4),
				Meaning: "the legacy grant serves this, but the v3 connection lacks the permission for it", Action: "ask for the permission in Connect and send the owner through it again", Who: "vehicle owner"},
			{Code: "signal-lost", Field: "security.sunroof", Make: "POLESTAR", ErrorCode: "COMPATIBILITY/VEHICLE_NOT_CAPABLE", Title: "v3 does not serve this", Verdict: "blocked", Vehicles: 2, Waived: 1, Fingerprint: "77aa",
				Example: vehicleID(3), Meaning: "the legacy leg serves this field, the app leg for a lasting reason does not", Action: "change the code to do without it, or ask Smartcar support", Who: "engineering"},
			{Code: "legacy-grant-dead", Title: "the old grant is dead", Verdict: "broken", Vehicles: 1, Fingerprint: "90d0", Example: vehicleID(6), Meaning: "the token command says that the grant is gone",
				Action: "send the owner through Smartcar Connect", Who: "vehicle owner"},
			{Code: "rate-limited", ErrorCode: "RATE_LIMIT/VEHICLE", Title: "throttled", Verdict: "inconclusive", Vehicles: 1, Fingerprint: "1e1e", Example: vehicleID(7), Meaning: "the car's limit was reached",
				Action: "run again later", Who: "nobody: run again"},
			{Code: "unit-suspect", Field: "tires.frontLeft", Make: "JAGUAR", Title: "wrong unit or scale", Verdict: "blocked", Vehicles: 1, Fingerprint: "c0de", Example: vehicleID(5),
				Meaning: "the numbers agree only under another unit than the label says", Action: "read the unit with the value and convert", Who: "engineering"},
		},
		Notes: []Note{{Code: "orphan-connection", Count: 2, Text: "connected but not in the inventory", Examples: []string{"3f0e9e6c-0000-4000-8000-00000000aaaa"}}},
	}
	breakDown(&s)
	s.History = sampleHistory()
	s.Waves = &Waves{Steps: []Wave{{1, "1%", 1, 1}, {2, "10%", 1, 1}, {3, "100%", 1, 2}}, Held: HeldBack{Users: 1, Vehicles: 1}}
	return s
}

// sampleHistory is a chain of every kind of run.
func sampleHistory() *History {
	run := func(day int, p PastRun) PastRun {
		p.ID, p.FinishedAt, p.Complete = fmt.Sprintf("run-%04d", day), time.Date(2026, 11, day, 12, 42, 0, 0, time.UTC), day != 20
		return p
	}
	return &History{Ended: "the run before these is not where it was", Runs: []PastRun{
		run(19, PastRun{Total: 8, Verdicts: Verdicts{Inconclusive: 8}, Unlike: []string{"legs app then, both now"}}),
		run(20, PastRun{Total: 6, Verdicts: Verdicts{Ready: 1, Inconclusive: 5}, Alike: true, Unlike: []string{"another inventory"}}),
		run(21, PastRun{Total: 8, Verdicts: Verdicts{Ready: 1, Blocked: 5, Broken: 1, Inconclusive: 1}, Alike: true}),
		run(22, PastRun{Total: 8, Verdicts: Verdicts{Ready: 2, Blocked: 5, Broken: 1}, Alike: true}),
	}}
}

func vehicleID(n int) string { return fmt.Sprintf("36ab27d0-0000-4455-823a-%012d", n) }
func userID(n int) string    { return fmt.Sprintf("218eda3b-0000-49a8-8f3d-%012d", n) }
func requestID(n int) string { return fmt.Sprintf("5dea93a1-0000-4246-90c5-%012d", n) }

const (
	sampleVIN   = "5YJSA1CN5DFP00101"
	sampleLabel = "van of Anna Example"
)

func sampleVehicles() []Vehicle {
	fleet := []Vehicle{
		{Verdict: "ready", Proof: new("full"), Make: "TESLA", Model: "Model 3", Year: 2024, Identity: "vin"},
		{Verdict: "ready", Proof: new("partial"), Make: "VOLKSWAGEN", Model: "ID.4", Year: 2022, Identity: "list"},
		{Verdict: "ready", Proof: new("full"), Make: "POLESTAR", Model: "2", Waived: true, Causes: []CauseRef{{Code: "signal-lost", Field: "security.sunroof", Detail: "W-17", Waived: true}}},
		{Verdict: "blocked", Make: "POLESTAR", Model: "2", Year: 2023, Identity: "vin", Causes: []CauseRef{{Code: "signal-lost", Field: "security.sunroof", Detail: "COMPATIBILITY/VEHICLE_NOT_CAPABLE"}}, Fields: sampleFields()},
		{Verdict: "blocked", Make: "VOLKSWAGEN", Model: "ID.3", Causes: []CauseRef{{Code: "permission-lost", Field: "odometer.distance", Detail: "read_odometer"}}},
		{Verdict: "blocked", Make: "JAGUAR", Model: "I-PACE", Year: 2021, Causes: []CauseRef{{Code: "unit-suspect", Field: "tires.frontLeft", Detail: "labelled bar, plausible in kPa"}}},
		{Verdict: "broken", Causes: []CauseRef{{Code: "legacy-grant-dead", Detail: "gone: owner left"}}},
		{Verdict: "inconclusive", Make: "TESLA", Causes: []CauseRef{{Code: "rate-limited", Detail: "RATE_LIMIT/VEHICLE"}}, SuggestedUserID: new(userID(70))},
	}
	for i := range fleet {
		v := &fleet[i]
		v.VehicleID, v.UserID, v.Mode, v.Cohort = vehicleID(i), userID(i/2), "live", []string{"eu-pilot", "us"}[i%2]
		v.EvidenceAt = at(5 * i)
		v.RequestIDs = RequestIDs{Legacy: []string{requestID(2 * i)}, App: []string{requestID(2*i + 1)}}
	}
	fleet[3].Label = sampleLabel
	return fleet
}

func sampleFields() []Field {
	return []Field{
		{"vin", "match", &Observation{Value: sampleVIN}, &Observation{Value: sampleVIN, At: at(-60), Source: "ingestedAt"}, ""},
		{"odometer.distance", "drift", &Observation{Value: 62041.0, Unit: "km", At: at(15), Source: "sc-data-age"}, &Observation{Value: 61980.0, Unit: "km", At: at(-105), Source: "oemUpdatedAt"},
			"the app value is 2 h older; 61 km in 2 h is possible"},
		{"battery.percentRemaining", "unverifiable", &Observation{Value: 0.68, At: at(15), Source: "sc-data-age"}, &Observation{Value: 0.31, At: at(-900), Source: "retrievedAt"}, "15 h apart, long enough for any charge"},
		{"security.sunroof", "lost", &Observation{Value: "CLOSED", At: at(15), Source: "sc-data-age"}, &Observation{Error: "COMPATIBILITY/VEHICLE_NOT_CAPABLE"}, ""},
		{"location", "drift", &Observation{Value: map[string]any{"latitude": 52.520008, "longitude": 13.404954}, At: at(15)}, &Observation{Value: []any{52.51, 13.4}, At: at(-105)}, "1.2 km apart, from 52.520008 to 52.510001"},
		{"tires.frontLeft", "gained", nil, &Observation{Value: 258.0, Unit: "kPa"}, ""},
		{"diagnostics.dtcs", "match", &Observation{Value: []any{"P302D"}}, &Observation{Value: []any{"P302D"}}, sampleVIN + " of " + userID(1) + " said so to " + sampleLabel},
	}
}
