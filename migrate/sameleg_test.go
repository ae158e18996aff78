package migrate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// aSameMeter measures both legs on v3: a healthy car, until a test says otherwise.
func aSameMeter(t *testing.T) (*Meter, *fakeCaller, *fakeTokens) {
	t.Helper()
	m, caller, tokens := aMeter(t)
	m.LegacyAPI, m.Others, m.Fields = LegacyV3, true, compare.All()
	return m, caller, tokens
}

// withSignal is the healthy car's answer with one signal more.
func withSignal(code string, body any, at time.Time) smartcar.Answer {
	more := map[string]any{"id": code, "attributes": map[string]any{"code": code, "status": map[string]any{"value": "SUCCESS"}, "body": body},
		"meta": map[string]any{"oemUpdatedAt": at.Format(time.RFC3339)}}
	var answer map[string]any
	if err := json.Unmarshal(signalsAnswer(carID, 5, nil).Body, &answer); err != nil {
		panic(err)
	}
	answer["data"] = append([]any{more}, answer["data"].([]any)...)
	return answered(answer)
}

func amps(n int) any { return map[string]any{"value": n, "unit": "ampere"} }

func TestSameAPI(t *testing.T) {
	const code = "charge-amperagerequested"
	for _, c := range []struct {
		reason      string
		legacy, app smartcar.Answer
		want        string
	}{
		{"healthy", signalsAnswer(carID, 4, nil), signalsAnswer(carID, 4, nil), "ready /full"},
		{"a signal without a field, equal", withSignal(code, amps(16), noon), withSignal(code, amps(16), noon), "ready /full"},
		{"it differs", withSignal(code, amps(16), noon), withSignal(code, amps(20), noon), "blocked value-differs(charge-amperagerequested)"},
		{"it differs, an hour apart", withSignal(code, amps(16), noon), withSignal(code, amps(20), noon.Add(-time.Hour)), "ready /partial"},
		{"it is lost", withSignal(code, amps(16), noon), signalsAnswer(carID, 4, nil), "blocked signal-lost(charge-amperagerequested)"},
		{"it is gained", signalsAnswer(carID, 4, nil), withSignal(code, amps(16), noon), "ready /full"},
		{"a field is lost", signalsAnswer(carID, 4, nil), signalsAnswer(carID, 3, nil, "odometer-traveleddistance"), "blocked signal-lost(odometer.distance)"},
		{"a field fails now", signalsAnswer(carID, 4, nil), signalsAnswer(carID, 4, map[string]string{"odometer-traveleddistance": "UPSTREAM"}), "inconclusive signal-unavailable(odometer.distance)"},
		{"the legacy list is not whole", signalsAnswer(carID, 4, nil, "vehicleidentification-vin"), signalsAnswer(carID, 4, nil), ""},
		{"no data yet", signalsAnswer(carID, 4, nil), answered(map[string]any{"data": []any{}}), "inconclusive no-data-yet"},
		{"not JSON that is known", answered(map[string]any{"x": 1}), signalsAnswer(carID, 4, nil), "inconclusive malformed-response"},
		{"the opaque token is refused", refused(401, "AUTHENTICATION", ""), signalsAnswer(carID, 4, nil), "inconclusive legacy-token-refused"},
		{"the opaque token is denied", refused(403, "PERMISSION", ""), signalsAnswer(carID, 4, nil), "inconclusive legacy-token-wrong"},
		{"the car is unknown to it", refused(404, "RESOURCE_NOT_FOUND", "VEHICLE"), signalsAnswer(carID, 4, nil), "inconclusive legacy-token-wrong"},
		{"the owner must log in again", refused(400, "CONNECTED_SERVICES_ACCOUNT", "AUTHENTICATION_FAILED"), signalsAnswer(carID, 4, nil), "broken reauthentication-needed"},
		{"both fail", refused(502, "UPSTREAM", "X"), refused(502, "UPSTREAM", "X"), "inconclusive both-failed"},
		{"two cars", signalsAnswer(carID, 4, nil), signalsAnswer("c0000000-0000-4000-8000-000000000009", 4, nil), "blocked vehicle-mismatch"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, _ := aSameMeter(t)
			caller.opaque, caller.signals = func(string) smartcar.Answer { return c.legacy }, func() smartcar.Answer { return c.app }
			e, got := measure(t, m)
			if got != c.want && c.want != "" || c.want == "" && strings.HasPrefix(got, "ready") {
				t.Errorf("judged %q, want %q", got, c.want)
			}
			wantCalls(t, caller, "opaque first-token-0001 "+userID, "signals "+userID)
			if e.Legacy.Billed > 1 || e.App.Billed > 1 {
				t.Errorf("billed %d and %d reads, want one per leg", e.Legacy.Billed, e.App.Billed)
			}
			for _, f := range e.Findings {
				if f.Outcome == compare.NoCounterpart {
					t.Errorf("%s has no form in v3 and was asked for", f.Field)
				}
			}
		})
	}
}

// TestSameAPIAsksForNothingElse: v2.0 may be gone, so neither a refusal nor a doubt about the owner calls it.
func TestSameAPIAsksForNothingElse(t *testing.T) {
	living := inventory.Token{Secret: aToken("living-token-001").Secret, ExpiresAt: noon.Add(time.Hour)}
	theirs := *aLink()
	theirs.UserID = strangeID
	no := func(string) smartcar.Answer { return refused(401, "AUTHENTICATION", "") }
	for _, c := range []struct {
		reason string
		tokens []inventory.Token
		opaque func(string) smartcar.Answer
		links  []Link
		want   string
		calls  int
	}{
		{"refused inside its stated life: no proof of a dead grant", []inventory.Token{living}, no, nil, "inconclusive legacy-token-refused", 2},
		{"the next token works", []inventory.Token{aToken("old-token-000001"), aToken("new-token-000001")}, func(token string) smartcar.Answer {
			if token == "old-token-000001" {
				return no(token)
			}
			return signalsAnswer(carID, 4, nil)
		}, nil, "ready /full", 3},
		{"the command now says gone", []inventory.Token{aToken("old-token-000001"), {Gone: "revoked"}}, no, nil, "broken legacy-grant-dead", 2},
		{"several users: whose token it is stays unproved", []inventory.Token{living}, nil, []Link{*aLink(), theirs}, "inconclusive legacy-unmeasured", 2},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, tokens := aSameMeter(t)
			tokens.tokens = c.tokens
			if c.opaque != nil {
				caller.opaque = c.opaque
			}
			if _, got := measure(t, m, c.links...); got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
			if len(caller.calls) != c.calls || len(caller.sent("user")) > 0 {
				t.Errorf("called %q", caller.calls)
			}
		})
	}
}

// TestSameAPIWithoutTheLegacyLeg: the level "app" asks nothing of it, and nothing is lost by that.
func TestSameAPIWithoutTheLegacyLeg(t *testing.T) {
	m, caller, _ := aSameMeter(t)
	m.Legs = "app"
	e, got := measure(t, m)
	if got != "inconclusive not-run" || slices.ContainsFunc(e.Findings, func(f compare.Finding) bool { return f.Outcome != compare.Unmeasured }) {
		t.Errorf("judged %q: %+v", got, e.Findings)
	}
	wantCalls(t, caller, "signals "+userID)
}

// TestNeitherAnswerDescribesTheCar: what the connections list says of it is no comparison.
func TestNeitherAnswerDescribesTheCar(t *testing.T) {
	bare := func(answer smartcar.Answer) smartcar.Answer {
		var doc map[string]any
		if err := json.Unmarshal(answer.Body, &doc); err != nil {
			t.Fatal(err)
		}
		return answered(doc["data"])
	}
	m, caller, _ := aSameMeter(t)
	caller.opaque, caller.signals = func(string) smartcar.Answer { return bare(signalsAnswer(carID, 4, nil)) }, func() smartcar.Answer { return bare(signalsAnswer(carID, 4, nil)) }
	e, got := measure(t, m)
	if got != "ready /full" {
		t.Errorf("judged %q", got)
	}
	for _, f := range e.Findings {
		if f.Field == "make" && f.Outcome != compare.Nowhere {
			t.Errorf("make: %s", f.Outcome)
		}
	}
}

// TestAFieldOfV2AloneNeverBlocks: neither where the vehicle, nor where the rules require it by name.
func TestAFieldOfV2AloneNeverBlocks(t *testing.T) {
	for _, r := range []rules.Rules{{}, {Require: []string{"vin", "battery.nominalCapacity.url"}}} {
		m, _, _ := aSameMeter(t)
		entry := anEntry()
		if len(r.Require) == 0 {
			entry.Fields = []string{"vin", "battery.nominalCapacity.url"}
		}
		e, err := m.Measure(t.Context(), entry, []Link{*aLink()}, true)
		if err != nil {
			t.Fatal(err)
		}
		wantJudged(t, Judge(entry, e, Facts{}, r), "ready /full")
	}
}

// TestOnlyTheFieldsOfAList: without Others a signal that no field reads is not looked at.
func TestOnlyTheFieldsOfAList(t *testing.T) {
	m, caller, _ := aSameMeter(t)
	m.Others = false
	caller.opaque = func(string) smartcar.Answer { return withSignal("charge-amperagerequested", amps(16), noon) }
	if _, got := measure(t, m); got != "ready /full" {
		t.Errorf("judged %q", got)
	}
}

// TestNoPositionInTheEvidenceOfTheSameAPI: of a position only the distance is kept.
func TestNoPositionInTheEvidenceOfTheSameAPI(t *testing.T) {
	place := func(latitude float64) smartcar.Answer {
		return withSignal("location-preciselocation", map[string]any{"latitude": latitude, "longitude": 13.377722}, noon)
	}
	m, caller, _ := aSameMeter(t)
	caller.opaque, caller.signals = func(string) smartcar.Answer { return place(52.516272) }, func() smartcar.Answer { return place(52.917272) }
	e, got := measure(t, m)
	if got != "blocked value-differs(location)" {
		t.Errorf("judged %q", got)
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{"52.5", "52.9", "13.37"} {
		if strings.Contains(string(text), canary) {
			t.Errorf("%s is kept", canary)
		}
	}
	if !strings.Contains(string(text), `"distance":`) {
		t.Error("the distance is not kept")
	}
}
