package compare

import (
	"strings"
	"testing"
	"time"
)

// differing is a finding that the first pair could not explain: both legs observed it at noon.
func differing(t testing.TB, name, legacy, app string) Finding {
	t.Helper()
	f := diffOne(t, name, legacyReading(t, name, legacy, noon), appReading(t, name, app, noon))
	if f.Outcome != Differs || f.Reason != ReasonValue {
		t.Fatalf("%s: %s %s (%s), want a difference", name, f.Outcome, f.Reason, f.Note)
	}
	return f
}

// asked gives a finding a round ten minutes later, in the words of readAgain.
func (f Finding) asked(t testing.TB, round [3]string) Finding {
	t.Helper()
	at := noon.Add(10 * time.Minute)
	before, after := readAgain(t, f.Field, round[0], legacyReading), readAgain(t, f.Field, round[2], legacyReading)
	var kept Recheck
	if f.Recheck != nil {
		kept = *f.Recheck
	}
	f.Recheck = kept.Add(NewRound(at, 10*time.Minute, before, readAgain(t, f.Field, round[1], appReading), after))
	return f
}

// readAgain makes a reading of a body; "upstream" failed, "" was never asked.
func readAgain(t testing.TB, name, body string, read func(testing.TB, string, string, time.Time) Reading) Reading {
	switch body {
	case "":
		return Reading{Field: name, Status: Unasked}
	case "upstream":
		return Reading{Field: name, Status: Failed, Failure: &Failure{Kind: KindUpstream, Type: "UPSTREAM", Code: "NO_RESPONSE"}}
	}
	return read(t, name, body, noon.Add(9*time.Minute))
}

func km(n string) string     { return `{"distance":` + n + `}` }
func kmApp(n string) string  { return `{"value":` + n + `,"unit":"km"}` }
func lock(v string) string   { return `{"isLocked":` + v + `}` }
func locked(v string) string { return `{"value":` + v + `}` }

func TestRechecked(t *testing.T) {
	odometer := differing(t, "odometer.distance", km("62000"), kmApp("61188"))
	isLocked := differing(t, "security.isLocked", lock("true"), locked("false"))
	place := differing(t, "location", `{"latitude":52.0,"longitude":13.0}`, `{"latitude":52.5,"longitude":13.0}`)
	at := func(lat string) string { return `{"latitude":` + lat + `,"longitude":13.0}` }
	for _, tt := range []struct {
		reason string
		first  Finding
		rounds [][3]string
		want   Outcome
		result RecheckResult
		note   string // a part of it
	}{
		{"nobody asked again: it stands, marked so", odometer, nil, Differs, NotAsked, "same moment; not asked again"},
		{"the legacy leg failed the first time", odometer, [][3]string{{"upstream", "", ""}}, Differs, NotAsked, "not asked again: the legacy leg failed (UPSTREAM/NO_RESPONSE)"},
		{"the app leg failed", odometer, [][3]string{{km("62000"), "upstream", km("62000")}}, Differs, NotAsked, "not asked again: the app leg failed (UPSTREAM/NO_RESPONSE)"},
		{"the second legacy answer has no value", odometer, [][3]string{{km("62000"), kmApp("61188"), km("null")}}, Differs, NotAsked, "not asked again: the legacy leg gave no value"},
		{"the app's unit is in doubt", differing(t, "battery.percentRemaining", `{"percentRemaining":0.8}`, `{"value":50,"unit":"percent"}`),
			[][3]string{{`{"percentRemaining":0.01}`, `{"value":1}`, `{"percentRemaining":0.01}`}}, Differs, NotAsked, "not asked again: the unit is in doubt"},
		{"still as far apart", odometer, [][3]string{{km("62000"), kmApp("61188"), km("62000")}}, Differs, Persistent,
			"same moment; still different 10 min later; the app value is 1 min old"},
		{"the legacy value moved, and not across the app's", odometer, [][3]string{{km("62000"), kmApp("61188"), km("62600")}}, Differs, Persistent, "still different"},
		{"equal to one legacy value of two alike", odometer, [][3]string{{km("62000"), kmApp("61999"), km("62000.9")}}, Differs, Persistent, "still different"},
		{"the legacy value moved across the app's", odometer, [][3]string{{km("62000"), kmApp("62002"), km("62004")}}, Drift, Explained,
			"explained: the value was changing while it was asked three times (legacy 62000 km, app 62002 km, legacy 62004 km, 10 min after the first pair); at first both legs"},
		{"within the tolerance of the moving value's end", odometer, [][3]string{{km("62000"), kmApp("62004.9"), km("62004")}}, Drift, Explained, "explained: "},
		{"across the app's, but further than a car gets in that time", odometer, [][3]string{{km("62000"), kmApp("62300"), km("62600")}}, Differs, Persistent, "still different"},
		{"backwards across: no odometer does that", odometer, [][3]string{{km("62004"), kmApp("62002"), km("62000")}}, Differs, Persistent, "still different"},
		{"the legs agree now", odometer, [][3]string{{km("62000"), kmApp("62000.4"), km("62000")}}, Unverifiable, Flapped,
			"flapped: the legs agreed 10 min later (legacy 62000 km, app 62000.4 km, legacy 62000 km); at first legacy 62000 km, app 61188 km: both legs"},
		{"persistent, then agreed", odometer, [][3]string{{km("62000"), kmApp("61188"), km("62000")}, {km("62000"), kmApp("62000"), km("62000")}}, Unverifiable, Flapped, "flapped: "},
		{"agreed once: a later difference does not take that back", odometer, [][3]string{{km("62000"), kmApp("62000"), km("62000")}, {km("62000"), kmApp("61188"), km("62000")}}, Unverifiable, Flapped, "flapped: "},
		{"persistent, then not served: the answer counts", odometer, [][3]string{{km("62000"), kmApp("61188"), km("62000")}, {"upstream", "", ""}}, Differs, Persistent, "still different"},
		{"not served, then persistent", odometer, [][3]string{{"upstream", "", ""}, {km("62000"), kmApp("61188"), km("62000")}}, Differs, Persistent, "still different"},
		{"a flag that changed to the app's", isLocked, [][3]string{{lock("true"), locked("false"), lock("false")}}, Unverifiable, Flapped, "(legacy true, app false, legacy false"},
		{"a flag that stayed another one", isLocked, [][3]string{{lock("true"), locked("false"), lock("true")}}, Differs, Persistent, "still different"},
		{"a flag that agrees now", isLocked, [][3]string{{lock("false"), locked("false"), lock("false")}}, Unverifiable, Flapped, "flapped: "},
		{"a car that drove past the app's position", place, [][3]string{{at("52.0"), at("52.2"), at("52.5")}}, Drift, Explained, "the legacy positions 5"},
		{"a car that drove elsewhere", place, [][3]string{{at("52.0"), at("53.5"), at("52.5")}}, Differs, Persistent, "still different"},
		{"a position that agrees now", place, [][3]string{{at("52.0"), at("52.0"), at("52.0")}}, Unverifiable, Flapped, "flapped: "},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			first := tt.first
			for _, round := range tt.rounds {
				first = first.asked(t, round)
			}
			for _, f := range []Finding{first.Rechecked(), first.Rechecked().Rechecked(), roundTrip(t, first).Rechecked()} {
				if f.Outcome != tt.want || f.Recheck.Result != tt.result || !strings.Contains(f.Note, tt.note) {
					t.Errorf("%s, %s: %q\nwant %s, %s: …%q…", f.Outcome, f.Recheck.Result, f.Note, tt.want, tt.result, tt.note)
				}
				if f.Flapped() != (tt.result == Flapped) || strings.Count(f.Note, "not asked again") > 1 {
					t.Errorf("flapped %v: %q", f.Flapped(), f.Note)
				}
			}
			if f := first.Rechecked(); say(f.Legacy) != say(tt.first.Legacy) || say(f.App) != say(tt.first.App) {
				t.Errorf("the first observation became %s and %s", say(f.Legacy), say(f.App))
			}
		})
	}
}

// TestOnlyChangingDifferencesAreRechecked: whatever else a finding is, a recheck says nothing about it.
func TestOnlyChangingDifferencesAreRechecked(t *testing.T) {
	agreed := [3]string{km("1"), kmApp("1"), km("1")}
	odometer := differing(t, "odometer.distance", km("62000"), kmApp("61188"))
	for reason, f := range map[string]Finding{
		"a unit in doubt": {Field: "odometer.distance", Outcome: Differs, Reason: ReasonUnit},
		"old news":        {Field: "odometer.distance", Outcome: Differs, Reason: ReasonStale},
		"a match":         {Field: "odometer.distance", Outcome: Match},
		"drift":           {Field: "odometer.distance", Outcome: Drift},
		"a wide bound":    {Field: "odometer.distance", Outcome: Unverifiable},
		"lost":            {Field: "odometer.distance", Outcome: Lost},
		"static":          {Field: "vin", Outcome: Differs, Reason: ReasonValue},
		"unknown":         {Field: "no.such", Outcome: Differs, Reason: ReasonValue},
	} {
		f.Recheck = odometer.asked(t, agreed).Recheck
		if got := f.Rechecked(); got.Outcome != f.Outcome || got.Note != f.Note || got.Flapped() {
			t.Errorf("%s: became %s (%s)", reason, got.Outcome, got.Note)
		}
	}
}

// TestRecheckedUnderAnotherTolerance: the saved rounds are decided again by what the rules allow.
func TestRecheckedUnderAnotherTolerance(t *testing.T) {
	f := differing(t, "odometer.distance", km("62000"), kmApp("61188")).asked(t, [3]string{km("62000"), kmApp("61950"), km("62000")})
	for _, tt := range []struct {
		within float64
		want   Outcome
		reason string
	}{
		{1, Differs, "50 km are too much"},
		{100, Unverifiable, "50 km are allowed, 812 were not"},
		{1000, Match, "the first pair is no difference any more"},
	} {
		if got := roundTrip(t, f).Under(Tolerance{Abs: tt.within}).Rechecked(); got.Outcome != tt.want {
			t.Errorf("%s: %s (%s)", tt.reason, got.Outcome, got.Note)
		}
	}
}

// TestNoPositionInARecheck: what is kept of a round holds distances and no place (CONTRACT §8.6).
func TestNoPositionInARecheck(t *testing.T) {
	at := func(lat string) string { return `{"latitude":` + lat + `,"longitude":13.0}` }
	f := differing(t, "location", at("52.0"), at("52.5")).asked(t, [3]string{at("52.01234"), at("52.5"), at("52.01234")})
	again := roundTrip(t, f)
	if r := again.Recheck.Rounds[0]; r.Before.Value.Form != FormNone || r.App.Value.Form != FormNone || r.After.Value.Form != FormNone || r.Apart == nil {
		t.Errorf("kept: %+v", r)
	}
	if strings.Contains(again.Rechecked().Note, "52.") {
		t.Errorf("told: %s", again.Rechecked().Note)
	}
}
