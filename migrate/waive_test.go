package migrate

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// waiver makes one of a line "ID cause field", the field "*" for any.
func waiver(line string, match rules.Match) rules.Waiver {
	parts := strings.Fields(line)
	w := rules.Waiver{ID: parts[0], Cause: parts[1], Match: match, Reason: "r", Owner: "o", Expires: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)}
	if parts[2] != "*" {
		w.Field = parts[2]
	}
	return w
}

func waivers(lines ...string) (list []rules.Waiver) {
	for _, line := range lines {
		list = append(list, waiver(line, rules.Match{}))
	}
	return list
}

// TestWaivers: what a waiver lets stand, and what it does not.
func TestWaivers(t *testing.T) {
	const lost, differs = "odometer.distance ok absent", "fuel.range ok other"
	for _, c := range []struct {
		reason  string
		seen    []string
		waivers []string
		want    string
		fields  string // shown as waived
		by      string // the waivers of the causes
	}{
		{"the loss is waived: ready, never in full", []string{lost, "vin ok ok"}, []string{"A signal-lost odometer.distance"}, "ready /partial signal-lost(odometer.distance)", "odometer.distance", "A"},
		{"whatever the field", []string{lost, "vin ok ok"}, []string{"A signal-lost *"}, "ready /partial signal-lost(odometer.distance)", "odometer.distance", "A"},
		{"another field", []string{lost, "vin ok ok"}, []string{"A signal-lost vin"}, "blocked signal-lost(odometer.distance)", "", ""},
		{"another cause", []string{lost, "vin ok ok"}, []string{"A value-differs odometer.distance"}, "blocked signal-lost(odometer.distance)", "", ""},
		{"one of two", []string{lost, differs, "vin ok ok"}, []string{"A signal-lost *"}, "blocked signal-lost(odometer.distance) value-differs(fuel.range)", "odometer.distance", "A"},
		{"both", []string{lost, differs, "vin ok ok"}, []string{"A signal-lost *", "B value-differs *"}, "ready /partial signal-lost(odometer.distance) value-differs(fuel.range)", "fuel.range odometer.distance", "A B"},
		{"the narrowest counts as the one that waives", []string{lost, "vin ok ok"}, []string{"A signal-lost *", "B signal-lost odometer.distance"}, "ready /partial signal-lost(odometer.distance)", "odometer.distance", "B"},
		{"one of two fields of a signal", []string{"tires.frontLeft ok absent", "tires.backLeft ok absent", "vin ok ok"}, []string{"A signal-lost tires.frontLeft"},
			"blocked signal-lost(tires.frontLeft) signal-lost(tires.backLeft)", "tires.frontLeft", "A"},
		{"everything is waived: nothing is left that proves", []string{lost}, []string{"A signal-lost *"}, "inconclusive signal-lost(odometer.distance) legacy-unmeasured", "odometer.distance", "A"},
		{"what was not measured cannot be", []string{"odometer.distance later ok", "vin ok ok"}, []string{"A legacy-unmeasured *", "B signal-unavailable *"}, "inconclusive legacy-unmeasured(odometer.distance)", "", ""},
		{"nor another car", []string{"vin ok other", "odometer.distance ok ok"}, []string{"A vehicle-mismatch *"}, "blocked vehicle-mismatch", "", ""},
		{"a match stays a match", []string{"odometer.distance ok ok", "vin ok ok"}, []string{"A signal-lost *", "B value-differs *"}, "ready /full", "", ""},
	} {
		e := healthy(seen(t, c.seen...)...)
		entry := anEntry()
		entry.VIN = ""
		j := Judge(entry, e, Facts{}, rules.Rules{Waivers: waivers(c.waivers...)})
		wantJudged(t, j, c.want)
		var by []string
		for _, cause := range j.Causes {
			if cause.Waived != (cause.Waiver != "") {
				t.Errorf("%s: %+v", c.reason, cause)
			}
			if cause.Waived {
				by = append(by, cause.Waiver)
			}
		}
		if got := strings.Join(slices.Sorted(slices.Values(j.WaivedFields)), " "); got != c.fields || strings.Join(by, " ") != c.by {
			t.Errorf("%s: waived %q by %q, want %q by %q", c.reason, got, by, c.fields, c.by)
		}
	}
}

// TestWaivedIsNeverAMatch: matches, waived differences and differences are three counts over the same fields.
func TestWaivedIsNeverAMatch(t *testing.T) {
	rec := Record{Entry: anEntry(), Evidence: healthy(seen(t, "vin ok ok", "odometer.distance ok other", "fuel.range ok absent", "security.isLocked ok other")...)}
	r := rules.Rules{Waivers: waivers("A value-differs odometer.distance", "B signal-lost *")}
	rec.Judgement = Judge(rec.Entry, rec.Evidence, Facts{}, r)
	counts := map[compare.Outcome]int{}
	for _, f := range Shown(rec, Facts{}, r) {
		counts[f.Outcome]++
	}
	if counts[compare.Match] != 1 || counts[compare.Waived] != 2 || counts[compare.Differs] != 1 || len(counts) != 3 {
		t.Errorf("shown as %v", counts)
	}
	rec.Evidence.Findings = Shown(rec, Facts{}, r)
	f := NewFleet(parsed("lost == 0", "differs == 0"))
	f.Add(rec)
	if g := f.Gates(); g[0].Met != metYes || g[1].Met != metNo {
		t.Errorf("gates %+v", g)
	}
}

// TestWaivedPermission: a permission may be waived for one field of those that need it.
func TestWaivedPermission(t *testing.T) {
	e := healthy(seen(t, "tires.frontLeft ok denied", "tires.backLeft ok denied", "vin ok ok")...)
	e.Identity.Listed.Permissions = without(allPermissions(), "read_tires")
	for _, c := range []struct{ waiver, want, fields string }{
		{"A permission-lost *", "ready /partial permission-lost", "tires.backLeft tires.frontLeft"},
		{"A permission-lost tires.frontLeft", "blocked permission-lost permission-lost", "tires.frontLeft"},
		{"A permission-lost vin", "blocked permission-lost", ""},
	} {
		j := Judge(anEntry(), e, Facts{}, rules.Rules{Waivers: waivers(c.waiver)})
		wantJudged(t, j, c.want)
		if got := strings.Join(slices.Sorted(slices.Values(j.WaivedFields)), " "); got != c.fields {
			t.Errorf("%s: waived %q, want %q", c.waiver, got, c.fields)
		}
	}
}

func lostSunroofs(t *testing.T, n int) Store {
	s := recorded{}
	for i := range n {
		e := healthy(seen(t, "security.sunroof ok absent", "vin ok ok")...)
		e.Make = "POLESTAR"
		s.records = append(s.records, Record{Entry: inventory.Entry{VehicleID: fmt.Sprint(i), UserID: userID}, Evidence: e, Judgement: Judgement{Verdict: Blocked}})
	}
	return recorded{records: append(s.records, Record{Entry: anEntry(), Evidence: healthy(seen(t, "security.sunroof ok ok", "vin ok ok")...), Judgement: Judgement{Verdict: Ready}},
		Record{Entry: anEntry()}, Record{Entry: inventory.Entry{Invalid: "x"}, Judgement: Judgement{Verdict: Inconclusive}})}
}

// TestWeighWaivers: which waivers waive nothing in a run, and which have nothing to waive.
func TestWeighWaivers(t *testing.T) {
	two, three := 2, 3
	limited := func(most *int) rules.Waiver {
		w := waiver("A signal-lost security.sunroof", rules.Match{Make: "polestar"})
		w.MaxVehicles = most
		return w
	}
	lastDay := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		reason  string
		waivers []rules.Waiver
		end     time.Time
		want    string
	}{
		{"in force", []rules.Waiver{limited(nil)}, lastDay, ""},
		{"in force until the end of its day, whatever the zone", []rules.Waiver{limited(nil)}, lastDay.In(time.FixedZone("east", 9*3600)), ""},
		{"over", []rules.Waiver{limited(nil)}, lastDay.Add(time.Second), "A waiver-expired expired after 2026-11-30"},
		{"as many as it may", []rules.Waiver{limited(&three)}, lastDay, ""},
		{"more than it may", []rules.Waiver{limited(&two)}, lastDay, "A waiver-void matches 3 vehicles, over its maxVehicles 2"},
		{"none may", []rules.Waiver{limited(new(int))}, lastDay, "A waiver-void matches 3 vehicles, over its maxVehicles 0"},
		{"matches nothing", waivers("A signal-lost vin", "B value-differs *"), lastDay, "A waiver-unused matches no vehicle; B waiver-unused matches no vehicle"},
		{"a narrower one hides none", append(waivers("B signal-lost *"), limited(&two)), lastDay, "A waiver-void matches 3 vehicles, over its maxVehicles 2"},
		{"over counts before anything else", append(waivers("B signal-lost vin"), limited(&two)), lastDay.AddDate(0, 0, 1), "B waiver-expired expired after 2026-11-30; A waiver-expired expired after 2026-11-30"},
	} {
		facts, err := weighWaivers(t.Context(), lostSunroofs(t, 3), Facts{}, rules.Rules{Waivers: c.waivers}, c.end)
		var got []string
		for _, f := range facts {
			got = append(got, strings.Join([]string{f.ID, string(f.Code), f.Why}, " "))
		}
		if s := strings.Join(got, "; "); err != nil || s != c.want {
			t.Errorf("%s: %q, %v; want %q", c.reason, s, err, c.want)
		}
	}
}

// TestVoidWaivers: a void waiver waives nothing, and does not stand in the way of a wider one.
func TestVoidWaivers(t *testing.T) {
	e := healthy(seen(t, "security.sunroof ok absent", "vin ok ok")...)
	facts := Facts{Waivers: []WaiverFact{{ID: "A", Code: WaiverVoid}, {ID: "C", Code: WaiverExpired}, {ID: "D", Code: WaiverUnused}}}
	for _, c := range []struct {
		waivers []string
		want    string
	}{
		{[]string{"A signal-lost security.sunroof"}, "blocked signal-lost(security.sunroof)"},
		{[]string{"C signal-lost security.sunroof"}, "blocked signal-lost(security.sunroof)"},
		{[]string{"A signal-lost security.sunroof", "B signal-lost *"}, "ready /partial signal-lost(security.sunroof)"},
		{[]string{"D signal-lost *"}, "ready /partial signal-lost(security.sunroof)"},
	} {
		wantJudged(t, Judge(anEntry(), e, facts, rules.Rules{Waivers: waivers(c.waivers...)}), c.want)
	}
}

// TestWaiverCauses: every cause is either to be waived or says why not; only causes that block are.
func TestWaiverCauses(t *testing.T) {
	var can []string
	for _, c := range WaiverCauses() {
		if c.Refusal == "" {
			can = append(can, c.Code)
		}
	}
	want := []string{"not-connected", "vehicle-id-changed", "app-reauthentication-needed", "permission-lost", "signal-lost", "unit-suspect", "value-differs", "stale-data"}
	if !slices.Equal(can, want) {
		t.Errorf("may be waived: %v, want %v", can, want)
	}
	schema, err := os.ReadFile("../testdata/rules/rules.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Defs struct {
			Waiver struct {
				Properties struct{ Cause struct{ Enum []string } }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schema, &s); err != nil || !slices.Equal(s.Defs.Waiver.Properties.Cause.Enum, can) {
		t.Errorf("the schema allows %v, %v", s.Defs.Waiver.Properties.Cause.Enum, err)
	}
}
