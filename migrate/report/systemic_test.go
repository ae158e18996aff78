package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/rules"
)

// hitCars are n vehicles of a make, of which the first hits have the cause and, where it is a field's, the field lost.
func hitCars(vehicleMake string, n, hits int, cause migrate.CauseRef, unhit compare.Outcome) []migrate.Record {
	records := make([]migrate.Record, n)
	for i := range records {
		r := migrate.Record{Entry: inventory.Entry{VehicleID: fmt.Sprintf("%s-%d", vehicleMake, i)}, Judgement: migrate.Judgement{Verdict: migrate.Ready}}
		r.Evidence.Make = vehicleMake
		outcome := unhit
		if i < hits {
			r.Judgement = migrate.Judgement{Verdict: migrate.Blocked, Causes: []migrate.CauseRef{cause}}
			outcome = compare.Lost
		}
		if cause.Field != "" {
			r.Evidence.Findings = []compare.Finding{{Field: strings.ReplaceAll(cause.Field, "*", "frontLeft"), Outcome: outcome}}
		}
		records[i] = r
	}
	return records
}

func TestSystemicCauses(t *testing.T) {
	sunroof := migrate.CauseRef{Code: migrate.SignalLost, Field: "security.sunroof", Detail: "not in the store"}
	doors := migrate.CauseRef{Code: migrate.SignalLost, Field: "security.doors.*", Detail: "not in the store"}
	permission := migrate.CauseRef{Code: migrate.PermissionLost, Detail: "read_tires"}
	empty := migrate.CauseRef{Code: migrate.NoDataYet}
	waived := sunroof
	waived.Waived = true
	for _, c := range []struct {
		reason  string
		records [][]migrate.Record
		want    []string
	}{
		{"48 of 50 of a make", [][]migrate.Record{hitCars("POLESTAR", 50, 48, sunroof, compare.Match), hitCars("BMW", 50, 0, sunroof, compare.Match)},
			[]string{"signal-lost (security.sunroof) on 48 of 50 POLESTAR: one setting or capability, not many cars"}},
		{"a field of several is measured like its members", [][]migrate.Record{hitCars("POLESTAR", 20, 20, doors, compare.Match)},
			[]string{"signal-lost (security.doors.*) on 20 of 20 POLESTAR: one setting or capability, not many cars"}},
		{"89 of 100 are not nearly all", [][]migrate.Record{hitCars("BMW", 100, 89, sunroof, compare.Match)}, nil},
		{"90 of 100 are", [][]migrate.Record{hitCars("BMW", 100, 90, sunroof, compare.Match)},
			[]string{"signal-lost (security.sunroof) on 90 of 100 BMW: one setting or capability, not many cars"}},
		{"nine cars are too few", [][]migrate.Record{hitCars("BMW", 9, 9, sunroof, compare.Match)}, nil},
		{"cars that have no sunroof do not count", [][]migrate.Record{hitCars("BMW", 60, 12, sunroof, compare.Nowhere)},
			[]string{"signal-lost (security.sunroof) on 12 of 12 BMW: one setting or capability, not many cars"}},
		{"two makes together are the fleet", [][]migrate.Record{hitCars("BMW", 12, 12, permission, ""), hitCars("KIA", 8, 7, permission, "")},
			[]string{"permission-lost (read_tires) on 19 of 20 vehicles of the fleet: one setting or capability, not many cars"}},
		{"a third make that is well speaks against the fleet, not against the make", [][]migrate.Record{hitCars("BMW", 12, 12, permission, ""), hitCars("KIA", 8, 7, permission, ""), hitCars("VOLVO", 40, 0, permission, "")},
			[]string{"permission-lost (read_tires) on 12 of 12 BMW: one setting or capability, not many cars"}},
		{"a passing cause may be an outage", [][]migrate.Record{hitCars("BMW", 12, 12, empty, "")},
			[]string{"no-data-yet on 12 of 12 BMW: one setting or outage, not many cars"}},
		{"a make that nobody states is only said for the fleet", [][]migrate.Record{hitCars("", 12, 12, empty, ""), hitCars("KIA", 40, 0, empty, "")}, nil},
		{"no make is stated at all", [][]migrate.Record{hitCars("", 12, 12, empty, "")},
			[]string{"no-data-yet on 12 of 12 vehicles of the fleet: one setting or outage, not many cars"}},
		{"facts of the run are settings already", [][]migrate.Record{hitCars("BMW", 50, 50, migrate.CauseRef{Code: migrate.LegacyRetired}, ""),
			hitCars("KIA", 50, 50, migrate.CauseRef{Code: migrate.AppNotEnabled}, ""), hitCars("VOLVO", 50, 50, migrate.CauseRef{Code: migrate.NotRun}, "")}, nil},
		{"cars that were never called do not count", [][]migrate.Record{hitCars("BMW", 12, 12, permission, ""), hitCars("BMW", 50, 50, migrate.CauseRef{Code: migrate.NotRun}, "")},
			[]string{"permission-lost (read_tires) on 12 of 12 BMW: one setting or capability, not many cars"}},
		{"what is waived is known", [][]migrate.Record{hitCars("BMW", 50, 50, waived, compare.Match)}, nil},
		{"the most vehicles first, then the gravest", [][]migrate.Record{hitCars("BMW", 12, 12, sunroof, compare.Match), hitCars("KIA", 12, 12, permission, ""), hitCars("VOLVO", 13, 13, doors, compare.Match)},
			[]string{"signal-lost (security.doors.*) on 13 of 13 VOLVO: one setting or capability, not many cars",
				"permission-lost (read_tires) on 12 of 12 KIA: one setting or capability, not many cars",
				"signal-lost (security.sunroof) on 12 of 12 BMW: one setting or capability, not many cars"}},
	} {
		sum := newSumming(ledger.Header{}, rules.Rules{})
		for _, rec := range slices.Concat(c.records...) {
			sum.add(rec)
		}
		var got []string
		for _, n := range sum.summary().Notes {
			if n.Code != string(migrate.Systemic) || len(n.Examples) != maxExamples {
				t.Errorf("%s: note %+v", c.reason, n)
			}
			got = append(got, n.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.reason, got, c.want)
		}
	}
}
