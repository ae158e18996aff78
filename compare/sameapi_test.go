package compare

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// someSignal is an answer with one signal that no field of the catalogue reads.
func someSignal(t testing.TB, body string, at time.Time) Signals {
	t.Helper()
	return mustSignals(t, []byte(signalsOf(someCode, `{"value":"SUCCESS"}`, body, stamp("oemUpdatedAt", at))))
}

const someCode = "charge-amperagerequested"

func failingSignal(t testing.TB, kind, code string) Signals {
	t.Helper()
	return mustSignals(t, []byte(signalsOf(someCode, fmt.Sprintf(`{"value":"ERROR","error":{"type":%q,"code":%q}}`, kind, code), `{"value":1}`, stamp("oemUpdatedAt", noon))))
}

func TestUnmappedSignals(t *testing.T) {
	if slices.Contains(carCodes(), someCode) {
		t.Fatalf("%s is in the catalogue now: take another", someCode)
	}
	ok, none := someSignal(t, `{"value":16,"unit":"ampere"}`, noon), mustSignals(t, []byte(`{"data":[]}`))
	for _, c := range []struct {
		reason      string
		legacy, app Signals
		want        string
	}{
		{"the same", ok, ok, "match"},
		{"the same number, written otherwise", ok, someSignal(t, `{"unit":"ampere","value":16.0}`, noon), "match"},
		{"the same, hours later", ok, someSignal(t, `{"value":16,"unit":"ampere"}`, noon.Add(3*time.Hour)), "match the app value is 3 h 0 min newer"},
		{"another value at the same moment", ok, someSignal(t, `{"value":20,"unit":"ampere"}`, noon.Add(2*time.Second)), "differs/value both legs observed it at the same moment; /value changed"},
		{"another value later", ok, someSignal(t, `{"value":20,"unit":"ampere"}`, noon.Add(3*time.Second)), "unverifiable the app value is 3 s newer; what happened between the two observations is not known; /value changed"},
		{"another value, no times", someSignal(t, `{"value":16}`, time.Time{}), someSignal(t, `{"value":20}`, time.Time{}), "unmeasured/times it may change at any moment, and it is not stated when both legs observed it; /value changed"},
		{"another unit and no value of old", ok, someSignal(t, `{"value":16,"label":"A"}`, noon), "differs/value both legs observed it at the same moment; /label added, /unit removed"},
		{"only five places are named", someSignal(t, `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}`, noon), someSignal(t, `{"a":2,"b":2,"c":2,"d":2,"e":2,"f":2,"g":2}`, noon),
			"differs/value both legs observed it at the same moment; /a changed, /b changed, /c changed, /d changed, /e changed, and 2 more"},
		{"legacy only", ok, none, "lost"},
		{"app only", none, ok, "gained"},
		{"null is no answer", ok, someSignal(t, `{"value":null,"unit":"ampere"}`, noon), "lost"},
		{"an empty list is no answer", someSignal(t, `{"values":[]}`, noon), ok, "gained"},
		{"no answer on either leg", someSignal(t, `{"value":null}`, noon), someSignal(t, `{"value":"UNKNOWN"}`, noon), "absent"},
		{"the app leg cannot", ok, failingSignal(t, "COMPATIBILITY", "VEHICLE_NOT_CAPABLE"), "lost"},
		{"the app leg may not", ok, failingSignal(t, "PERMISSION", ""), "lost"},
		{"the app leg cannot now", ok, failingSignal(t, "UPSTREAM", "NO_RESPONSE"), "unmeasured/app"},
		{"the car's state", ok, failingSignal(t, "VEHICLE_STATE", "NOT_CHARGING"), "unmeasured/app"},
		{"the legacy leg cannot now", failingSignal(t, "UPSTREAM", "NO_RESPONSE"), ok, "unmeasured/legacy"},
		{"the legacy leg may not", failingSignal(t, "PERMISSION", ""), ok, "gained"},
		{"neither can now", failingSignal(t, "UPSTREAM", "X"), failingSignal(t, "UPSTREAM", "X"), "unmeasured/both"},
		{"the app list is not whole", ok, mustSignals(t, []byte(`{"data":[],"meta":{"totalCount":1}}`)), "unmeasured/app"},
	} {
		findings := DiffUnmapped(c.legacy, c.app)
		if len(findings) != 1 || findings[0].Field != someCode {
			t.Errorf("%s: %+v", c.reason, findings)
			continue
		}
		f := findings[0]
		got := string(f.Outcome)
		if f.Reason != "" {
			got += "/" + string(f.Reason)
		}
		if got = strings.TrimSpace(got + " " + f.Note); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.reason, got, c.want)
		}
		roundTrip(t, f)
	}
}

// TestOneRecordByItsFetching: static signals state only when they were fetched or stored; both legs read that from one store.
func TestOneRecordByItsFetching(t *testing.T) {
	at := func(key string, when time.Time, value int) Signals {
		return mustSignals(t, []byte(signalsOf("wheel-style", `{"value":"SUCCESS"}`, fmt.Sprintf(`{"value":%d}`, value), stamp(key, when))))
	}
	for _, c := range []struct {
		reason      string
		legacy, app Signals
		want        Outcome
	}{
		{"stored at the same moment", at("ingestedAt", noon, 1), at("ingestedAt", noon, 2), Differs},
		{"stored at another", at("ingestedAt", noon, 1), at("ingestedAt", noon.Add(time.Minute), 2), Unverifiable},
		{"two clocks", at("ingestedAt", noon, 1), at("retrievedAt", noon, 2), Unverifiable},
	} {
		if got := DiffUnmapped(c.legacy, c.app)[0].Outcome; got != c.want {
			t.Errorf("%s: %s, want %s", c.reason, got, c.want)
		}
	}
}

func carCodes() (codes []string) {
	for code := range mappedCodes {
		codes = append(codes, code)
	}
	return codes
}

// TestARecordedAnswerAgainstItself: nothing differs and nothing is lost, whether the catalogue reads it or not, and a wrong
// label on both legs is none between them.
func TestARecordedAnswerAgainstItself(t *testing.T) {
	fields := SameAPI(carFields(t))
	for _, name := range []string{"signals.json", "signals_older.json"} {
		s := mustSignals(t, testdata(t, name))
		readings := ReadApp(fields, s)
		findings := append(Diff(fields, readings, readings), DiffUnmapped(s, s)...)
		if name == "signals.json" && len(findings) <= len(fields) {
			t.Error("no signal beside the catalogue")
		}
		for _, f := range findings {
			failsAlike := f.Outcome == Unmeasured && f.Reason == ReasonBoth // which is no match
			if f.Outcome != Match && f.Outcome != Nowhere && !failsAlike {
				t.Errorf("%s, %s: %s %s", name, f.Field, f.Outcome, f.Note)
			}
		}
	}
}

// TestAWrongLabelOnBothLegs: 258 "bar" is a wrong label, but it is the one that is read today.
func TestAWrongLabelOnBothLegs(t *testing.T) {
	tire := func(unit string, pressure int) Reading {
		return appReading(t, "tires.frontLeft", fmt.Sprintf(`{"values":[{"row":0,"column":0,"tirePressure":%d}],"unit":%q}`, pressure, unit), noon)
	}
	fuel := func(value string) Reading { return appReading(t, "fuel.percentRemaining", `{"value":`+value+`}`, noon) }
	for _, c := range []struct {
		reason, field string
		legacy, app   Reading
		want          Outcome
	}{
		{"wrong on both", "tires.frontLeft", tire("bar", 258), tire("bar", 258), Match},
		{"wrong on one", "tires.frontLeft", tire("kPa", 258), tire("bar", 258), Differs},
		{"wrong on both, and unequal", "tires.frontLeft", tire("bar", 258), tire("bar", 200), Differs},
		{"no scale on both", "fuel.percentRemaining", fuel("0.4"), fuel("0.4"), Match},
		{"no scale, and unequal", "fuel.percentRemaining", fuel("0.4"), fuel("40"), Differs},
	} {
		if f := diffOne(t, c.field, c.legacy, c.app); f.Outcome != c.want {
			t.Errorf("%s: %s (%s), want %s", c.reason, f.Outcome, f.Note, c.want)
		}
	}
}

// TestTheWeakerSourceOnEitherLeg: charge-ischarging cannot tell a full battery, whichever leg has it.
func TestTheWeakerSourceOnEitherLeg(t *testing.T) {
	f := field(t, "charge.state")
	full := appReadingOf(t, f, "charge-detailedchargingstatus", `{"value":"FULLY_CHARGED"}`, noon)
	not := appReadingOf(t, f, "charge-ischarging", `{"value":false}`, noon)
	for _, pair := range [][2]Reading{{full, not}, {not, full}} {
		if got := diffOne(t, f.Name, pair[0], pair[1]); got.Outcome != Match {
			t.Errorf("%s against %s: %s", say(pair[0]), say(pair[1]), got.Outcome)
		}
	}
}

// TestV2AloneIsNotAskedFor: a field that v3 does not have is neither lost nor absent where both legs are v3.
func TestV2AloneIsNotAskedFor(t *testing.T) {
	fields := SameAPI(All())
	if len(fields) == 0 || len(fields) == len(All()) {
		t.Fatalf("%d of %d fields", len(fields), len(All()))
	}
	for _, f := range fields {
		if !f.HasCounterpart() {
			t.Errorf("%s has no form in v3", f.Name)
		}
	}
}

// TestNoPlaceInFindings: a canary in every body that may say where a car stood.
func TestNoPlaceInFindings(t *testing.T) {
	bodies := map[string][2]string{
		"charge-chargerecords":            {`{"values":[{"id":"r1","location":{"name":"Pariser Platz","latitude":52.516272,"longitude":13.377722}}]}`, `{"values":[{"id":"r1","location":{"name":"Quai Branly","latitude":48.858093,"longitude":2.294694}}]}`},
		"charge-chargetimers":             {`{"values":[{"type":"LOCATION","condition":{"address":"Pariser Platz","latitude":52.516272}}]}`, `{"values":[{"type":"LOCATION","condition":{"address":"Quai Branly","latitude":48.858093}}]}`},
		"location-isathome":               {`{"value":"Pariser Platz"}`, `{"value":"Quai Branly"}`},
		"location-preciselocation":        {`{"latitude":52.516272,"longitude":13.377722}`, `{"latitude":48.858093,"longitude":2.294694}`},
		"vehicleidentification-nickname":  {`{"value":"Platz's car"}`, `{"value":"Branly's car"}`},
		"motion-somethingthatcomeslater":  {`{"value":[52.516272,13.377722]}`, `{"value":[48.858093,2.294694]}`},
		"motion-anotherthatcomeslater":    {`{"value":"52.516272N 13.377722E"}`, `{"value":"48.858093N 2.294694E"}`},
		"vehicleuseraccount-permissions2": {`{"values":[{"url":"https://Platz"}]}`, `{"values":[{"url":"https://Branly"}]}`},
	}
	fields := SameAPI(All())
	for code, pair := range bodies {
		legacy, app := mustSignals(t, []byte(signalsOf(code, `{"value":"SUCCESS"}`, pair[0], stamp("oemUpdatedAt", noon)))), mustSignals(t, []byte(signalsOf(code, `{"value":"SUCCESS"}`, pair[1], stamp("oemUpdatedAt", noon))))
		findings := append(Diff(fields, ReadApp(fields, legacy), ReadApp(fields, app)), DiffUnmapped(legacy, app)...)
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Outcome == Differs }) {
			t.Errorf("%s: the difference was not seen", code)
		}
		for _, f := range findings {
			text, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			wantNoPlace(t, code, strings.ReplaceAll(string(text), noon.Format(time.RFC3339), ""))
		}
	}
}

// FuzzDiffUnmapped: an answer against itself has nothing but matches and absences, whatever its shape, and what is kept is
// short.
func FuzzDiffUnmapped(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := ParseSignals(body)
		if err != nil {
			return
		}
		other, err := ParseSignals([]byte(signalsOf(someCode, `{"value":"SUCCESS"}`, `{"value":1}`, stamp("oemUpdatedAt", noon))))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range DiffUnmapped(s, s) {
			if f.Outcome != Match && f.Outcome != Nowhere && f.Outcome != Unmeasured {
				t.Fatalf("%s against itself: %s %s", f.Field, f.Outcome, f.Note)
			}
		}
		for _, f := range append(DiffUnmapped(s, other), DiffUnmapped(other, s)...) {
			sound(t, []Reading{f.Legacy, f.App})
			roundTrip(t, f)
			if len([]rune(f.Legacy.Value.Text)) > maxText || len([]rune(f.Note)) > 1000 {
				t.Fatalf("%s keeps too much: %+v", f.Field, f)
			}
		}
	})
}
