package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// observation is a reading made by hand: a value at a time, from the observation's own time unless said otherwise.
func observation(f *Field, v Value, at time.Time, from string) Reading {
	return Reading{Field: f.Name, Status: Served, Value: v, Observed: at, Fetched: at, TimeFrom: from}
}

func number(n float64) Value { return NumberValue(n) }

func diffOf(f *Field, legacy, app Reading) Finding {
	return Diff([]*Field{f}, []Reading{legacy}, []Reading{app})[0]
}

// TestDynamics: what may change between two observations, and how fast (DESIGN §3.3). The app value is older by the time
// in the third column; the legacy one is of noon.
func TestDynamics(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		field       string
		legacy, app Value
		older       time.Duration
		want, note  string
		reason      string
	}{
		{"odometer.distance", number(62_061), number(62_000), 2 * hour, "drift", "+61 km in 2 h 0 min is possible", "the sentence of DESIGN §3.3"},
		{"odometer.distance", number(62_000), number(62_000.9), 2 * hour, "match", "2 h 0 min older", "equal within tolerance, whatever the times"},
		{"odometer.distance", number(62_000), number(62_002), 2 * hour, "differs", "never falls", "the older value is higher: against physics"},
		{"odometer.distance", number(62_000), number(62_061), -2 * hour, "drift", "+61 km", "the app value is the newer one"},
		{"odometer.distance", number(62_061), number(62_000), -2 * hour, "differs", "never falls", "the newer value is lower"},
		{"odometer.distance", number(62_500), number(62_000), hour, "differs", "not possible", "faster than any car"},
		{"odometer.distance", number(70_000), number(62_000), 7 * 24 * hour, "unverifiable", "more than cars usually do", "a thousand kilometres a day"},
		{"odometer.distance", number(62_041), number(34_000), 5 * 24 * hour, "differs", "not possible", "nobody drives 5,600 km a day for days"},
		{"odometer.distance", number(30_000), number(18_579), 2 * 24 * hour, "differs", "wrong unit", "miles, and little was driven since"},
		{"odometer.distance", number(5_000), number(3_045), 24 * hour, "differs", "wrong unit", "the same of a young car"},
		{"odometer.distance", number(63_500), number(62_000), 10 * 24 * hour, "drift", "+1500 km", "ten days of driving"},
		{"odometer.distance", number(62_061), number(62_000), 0, "differs", "same moment", "one moment, two values"},
		{"odometer.distance", number(62_061), number(62_000), time.Second, "differs", "same moment", "within two seconds is one moment"},
		{"odometer.distance", number(160_934.4), number(100_000), 30 * 24 * hour, "differs", "wrong unit", "miles, however old"},
		{"odometer.distance", number(161_000), number(100_000), 2 * hour, "differs", "wrong unit", "miles, and 66 km driven since"},
		{"odometer.distance", number(100_000), number(161_000), -2 * hour, "differs", "wrong unit", "the other way round"},
		{"odometer.distance", number(161_000), number(120_000), 2 * hour, "differs", "not possible", "no unit explains it"},

		{"battery.percentRemaining", number(0.62), number(0.60), time.Minute, "drift", "+2.0 points", "charging for a minute"},
		{"battery.percentRemaining", number(0.9), number(0.3), time.Minute, "differs", "+60 points in 1 min", "no charger does that"},
		{"battery.percentRemaining", number(0.3), number(0.9), time.Minute, "differs", "-60 points in 1 min", "no driver does that"},
		{"battery.percentRemaining", number(0.8), number(0.3), 20 * time.Minute, "unverifiable", "", "fast charging does that, and proves nothing"},
		{"battery.percentRemaining", number(0.8), number(0.3), 24 * hour, "unverifiable", "", "a day allows everything"},
		{"battery.percentRemaining", number(0.68), number(0.0068), 24 * hour, "differs", "wrong unit", "a fraction under the label percent, however old"},
		{"battery.range", number(200), number(260), 5 * time.Minute, "unverifiable", "", "climate control: an estimate is recomputed at once"},
		{"battery.range", number(230), number(260), 4 * time.Second, "drift", "", "the same within seconds"},
		{"battery.range", number(60), number(400), time.Minute, "differs", "", "more than a recomputed estimate"},

		{"fuel.percentRemaining", number(0.95), number(0.2), time.Minute, "unverifiable", "", "refuelling is a jump"},
		{"fuel.percentRemaining", number(0.2), number(0.95), time.Minute, "differs", "", "no engine burns that"},
		{"fuel.percentRemaining", number(0.70), number(0.75), 3 * time.Minute, "drift", "", "a few minutes of driving"},
		{"fuel.amountRemaining", number(60), number(10), time.Minute, "unverifiable", "", "refuelling is a jump"},
		{"engine.oil.lifeRemaining", number(0.95), number(0.10), 24 * hour, "unverifiable", "", "an oil service"},
		{"engine.oil.lifeRemaining", number(0.40), number(0.95), hour, "differs", "", "oil does not age that fast"},
		{"engine.oil.lifeRemaining", number(0.93), number(0.95), hour, "drift", "", "an hour of hard driving"},
		{"tires.frontLeft", number(300), number(220), hour, "unverifiable", "", "air was added"},
		{"tires.frontLeft", number(120), number(240), hour, "unverifiable", "", "a puncture"},
		{"tires.frontLeft", number(290), number(230), 30 * time.Second, "differs", "", "no compressor is that fast"},
		{"tires.frontLeft", number(236), number(230), 10 * time.Second, "drift", "", "warming up"},
		{"tires.frontLeft", number(240), number(34.8), 24 * hour, "differs", "wrong unit", "psi under another label"},

		{"location", PositionValue(52.5, 13.4), PositionValue(52.6, 13.4), 20 * time.Minute, "drift", "+11 km", "a drive"},
		{"location", PositionValue(52.5, 13.4), PositionValue(48.1, 11.6), time.Hour, "differs", "not possible", "another town"},
		{"location", PositionValue(52.5, 13.4), PositionValue(48.1, 11.6), 24 * hour, "unverifiable", "", "a day's drive"},

		{"security.isLocked", FlagValue(true), FlagValue(false), 3 * time.Second, "unverifiable", "what happened", "locked meanwhile"},
		{"security.isLocked", FlagValue(true), FlagValue(false), 2 * time.Second, "differs", "same moment", "one moment"},
		{"charge.limit", number(0.8), number(0.9), hour, "unverifiable", "", "the owner may change it at any moment"},
		{"vin", TextValue("A"), TextValue("B"), 24 * hour, "differs", "does not change", "static"},
		{"battery.nominalCapacity", number(75), number(74.9), 24 * hour, "differs", "does not change", "static and exact"},
	} {
		f := field(t, c.field)
		got := diffOf(f, observation(f, c.legacy, noon, timeLegacy), observation(f, c.app, noon.Add(-c.older), timeMaker))
		if string(got.Outcome) != c.want || !strings.Contains(got.Note, c.note) {
			t.Errorf("%s: %s %v against %v: %s (%s), want %s (%s)", c.reason, c.field, c.legacy, c.app, got.Outcome, got.Note, c.want, c.note)
		}
	}
}

// TestWeakTimes: a time that is only the latest possible one explains nothing, and refutes only what runs backwards.
func TestWeakTimes(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		legacy, app         float64
		older               time.Duration
		legacyFrom, appFrom string
		want, reason        string
	}{
		{62_061, 62_000, hour, timeLegacy, timeGot, "unverifiable", "the app value may be older still: nothing is explained"},
		{62_500, 62_000, time.Minute, timeLegacy, timeGot, "unverifiable", "fetched a minute ago from a cloud that may be days behind"},
		{62_000, 62_061, hour, timeLegacy, timeGot, "differs", "older for certain, and yet higher"},
		{62_000, 62_061, hour, timeLegacy, timeStored, "differs", "the same by the time of storing"},
		{62_061, 62_000, -hour, timeFetched, timeMaker, "differs", "the legacy value is older for certain, and yet higher"},
		{62_061, 62_000, -hour, timeLegacy, timeGot, "unverifiable", "the app value was fetched later, but may be older"},
		{62_000, 62_061, hour, timeFetched, timeGot, "unverifiable", "no order is known"},
		{62_061, 62_000, 0, timeLegacy, timeGot, "unverifiable", "fetched at one moment is not observed at one moment"},
		{62_000, 62_000, hour, timeFetched, timeStored, "match", "equal needs no time"},
		{160_934.4, 100_000, hour, timeFetched, timeStored, "differs", "units are tested first"},
	} {
		f := field(t, "odometer.distance")
		got := diffOf(f, observation(f, number(c.legacy), noon, c.legacyFrom), observation(f, number(c.app), noon.Add(-c.older), c.appFrom))
		if string(got.Outcome) != c.want {
			t.Errorf("%s: %s (%s), want %s", c.reason, got.Outcome, got.Note, c.want)
		}
	}
}

// TestUnknownTimes: without two times what changes slowly must be equal, and what may change at any moment is unmeasured:
// never explained, never ready.
func TestUnknownTimes(t *testing.T) {
	for _, c := range []struct {
		field string
		other Value
		want  Outcome
	}{
		{"odometer.distance", number(7), Differs}, {"battery.percentRemaining", number(0.1), Differs},
		{"security.isLocked", FlagValue(false), Unmeasured}, {"charge.state", TextValue("CHARGING"), Unmeasured},
	} {
		f := field(t, c.field)
		mine := map[Form]Value{FormNumber: number(0.5), FormFlag: FlagValue(true), FormText: TextValue("NOT_CHARGING")}[c.other.Form]
		for _, times := range [][2]time.Time{{}, {noon, time.Time{}}, {time.Time{}, noon}} {
			got := diffOf(f, observation(f, mine, times[0], ""), observation(f, c.other, times[1], ""))
			if got.Outcome != c.want {
				t.Errorf("%s at %v: %s, want %s", c.field, times, got.Outcome, c.want)
			}
		}
	}
}

// TestTimesThatCannotBe: an observation after its own fetching has a wrong clock or zone; the fetching counts.
func TestTimesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		reason    string
		own, got  time.Time
		wantFrom  string
		wantClock bool
	}{
		{"the usual", noon.Add(-time.Hour), noon, timeMaker, false},
		{"seconds between two servers", noon.Add(40 * time.Second), noon, timeMaker, false},
		{"local time without a zone", noon.Add(2 * time.Hour), noon, timeGot, true},
		{"nothing to hold it against", noon.Add(2 * time.Hour), time.Time{}, timeMaker, false},
		{"no time of its own", time.Time{}, noon, timeGot, false},
		{"none at all", time.Time{}, time.Time{}, "", false},
	} {
		var r Reading
		r.observe(moment{timeMaker, c.own}, moment{timeGot, c.got})
		if r.TimeFrom != c.wantFrom || r.Warned(WarnClock) != c.wantClock {
			t.Errorf("%s: from %q, warnings %v", c.reason, r.TimeFrom, r.Warnings)
		}
	}
}

// TestEveryChangeIsDocumented: a field that changes at a bounded rate says how fast, how far and why.
func TestEveryChangeIsDocumented(t *testing.T) {
	for _, f := range All() {
		bounded := f.Dynamics == Monotonic || f.Dynamics == Bounded || f.Dynamics == Positional
		if c := f.Change; bounded != (c.Why != "") || bounded != (c.Span > 0) || bounded && c.Up == 0 && c.Down == 0 {
			t.Errorf("%s is %s and its change is %+v", f.Name, f.Dynamics, f.Change)
		}
	}
}

// pair is a random pair of observations of one field.
type pair struct {
	field       *Field
	legacy, app Reading
}

func (p pair) diff() Finding { return diffOf(p.field, p.legacy, p.app) }

// randomPairs tries every field with values near and far, equal and unequal times, strong and weak ones.
func randomPairs(t *testing.T, each func(t *testing.T, r *rand.Rand, p pair)) {
	t.Helper()
	outcomes := map[Outcome]int{}
	for _, f := range All() {
		for n := range uint64(200) {
			r := rand.New(rand.NewPCG(n, 7))
			value := randomValue(r, f)
			other := value
			if r.IntN(4) > 0 {
				other = changed(r, f, value)
			}
			p := pair{f, observation(f, value, noon, timeLegacy), observation(f, other, noon.Add(randomSpan(r)), timeMaker)}
			if r.IntN(8) == 0 {
				p.app.TimeFrom = timeGot
			}
			outcomes[p.diff().Outcome]++
			each(t, r, p)
		}
	}
	for _, o := range []Outcome{Match, Drift, Differs, Unverifiable} {
		if outcomes[o] < 25 {
			t.Errorf("only %d pairs are %s: the property is hardly tried", outcomes[o], o)
		}
	}
}

func randomSpan(r *rand.Rand) time.Duration {
	spans := []time.Duration{0, time.Second, 4 * time.Second, 30 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 20 * time.Hour, 200 * time.Hour}
	return spans[r.IntN(len(spans))] * time.Duration(r.IntN(3)-1)
}

func randomValue(r *rand.Rand, f *Field) Value {
	switch f.Quantity {
	case Flag:
		return FlagValue(r.IntN(2) == 0)
	case Closure:
		return TextValue([]string{"OPEN", "CLOSED"}[r.IntN(2)])
	case Set:
		return SetValue([]string{fmt.Sprint(r.IntN(3))})
	case Place:
		return PositionValue(50+r.Float64(), 10+r.Float64())
	case Word, Name:
		return TextValue([]string{"A", "B"}[r.IntN(2)])
	}
	return number(math.Max(f.Change.Span, 1) * (0.2 + 0.6*r.Float64()))
}

// changed is another value, from just outside the tolerance to far away.
func changed(r *rand.Rand, f *Field, v Value) Value {
	if v.Form != FormNumber {
		return randomValue(r, f)
	}
	step := math.Max(f.Change.Span, 1) * math.Pow(10, -4*r.Float64())
	return number(v.Num + step*float64(1-2*r.IntN(2)))
}

// TestShiftingAllTimesChangesNothing: only the time between the observations counts.
func TestShiftingAllTimesChangesNothing(t *testing.T) {
	randomPairs(t, func(t *testing.T, r *rand.Rand, p pair) {
		before := p.diff()
		shift := time.Duration(r.Int64N(int64(4000*time.Hour))) - 2000*time.Hour
		p.legacy.Observed, p.app.Observed = p.legacy.Observed.Add(shift), p.app.Observed.Add(shift)
		if after := p.diff(); after.Outcome != before.Outcome || after.Note != before.Note {
			t.Errorf("%s: shifted by %s, %s (%s) became %s (%s)", p.field.Name, shift, before.Outcome, before.Note, after.Outcome, after.Note)
		}
	})
}

// TestSwappingTheLegsChangesNothing: the comparison takes no side.
func TestSwappingTheLegsChangesNothing(t *testing.T) {
	from := map[string]string{timeLegacy: timeMaker, timeMaker: timeLegacy, timeGot: timeFetched}
	randomPairs(t, func(t *testing.T, _ *rand.Rand, p pair) {
		q := pair{p.field, p.app, p.legacy}
		q.legacy.TimeFrom, q.app.TimeFrom = from[p.app.TimeFrom], from[p.legacy.TimeFrom]
		if before, after := p.diff(), q.diff(); before.Outcome != after.Outcome {
			t.Errorf("%s: %s (%s) became %s (%s)", p.field.Name, before.Outcome, before.Note, after.Outcome, after.Note)
		}
	})
}

// TestLosingATimeExplainsNothing: without one of its times an unequal pair is never better than with both.
func TestLosingATimeExplainsNothing(t *testing.T) {
	randomPairs(t, func(t *testing.T, r *rand.Rand, p pair) {
		before := p.diff()
		lost := []*Reading{&p.legacy, &p.app}[r.IntN(2)]
		lost.Observed, lost.TimeFrom = time.Time{}, ""
		if after := p.diff(); before.Unequal() && after.Outcome != Differs && after.Outcome != Unmeasured {
			t.Errorf("%s: %s (%s) became %s (%s)", p.field.Name, before.Outcome, before.Note, after.Outcome, after.Note)
		}
	})
}

// TestUnder: a finding under another tolerance is the one that the comparison would have made with it.
func TestUnder(t *testing.T) {
	randomPairs(t, func(t *testing.T, r *rand.Rand, p pair) {
		own := *p.field
		own.Tolerance = Tolerance{Abs: math.Max(own.Change.Span, 1) * math.Pow(10, -3*r.Float64())}
		want := Finding{Field: own.Name, Legacy: p.legacy, App: p.app}
		if !own.HasCounterpart() {
			return
		}
		want.weigh(&own, !own.equal(p.legacy.comparable(p.app), p.app.Value))
		got := p.diff().Under(own.Tolerance)
		if got.Outcome != want.Outcome || got.Note != want.Note {
			t.Errorf("%s under %s: %s (%s), want %s (%s)", own.Name, own.Tolerance, got.Outcome, got.Note, want.Outcome, want.Note)
		}
	})
}

// TestImperialLegacyChangesNothing: the same car asked in imperial units on the legacy leg comes to the same outcomes,
// whatever the values and the times.
func TestImperialLegacyChangesNothing(t *testing.T) {
	toImperial := map[Quantity]float64{Length: 1 / 1.609344, Volume: 1 / 3.785411784, Pressure: 1 / 6.894757293168, Speed: 1 / 1.609344}
	for _, f := range All() {
		factor, ok := toImperial[f.Quantity]
		if !ok || f.Group == MakeSpecific {
			continue
		}
		for n := range uint64(100) {
			r := rand.New(rand.NewPCG(n, 11))
			value := randomValue(r, f).Num
			app := observation(f, changed(r, f, number(value)), noon.Add(randomSpan(r)), timeMaker)
			metric := diffOf(f, legacyIn(t, f, value, "metric"), app)
			imperial := diffOf(f, legacyIn(t, f, value*factor, "imperial"), app)
			if metric.Outcome != imperial.Outcome || metric.Reason != imperial.Reason {
				t.Errorf("%s %v against %v: metric %s (%s), imperial %s (%s)", f.Name, value, app.Value, metric.Outcome, metric.Note, imperial.Outcome, imperial.Note)
			}
		}
	}
}

// legacyIn is a legacy reading of a number in a unit system, through the decoder.
func legacyIn(t *testing.T, f *Field, n float64, system string) Reading {
	t.Helper()
	body := fmt.Sprintf("%v", n)
	keys := strings.Split(f.Legacy.Text, ".")
	for i := len(keys) - 1; i >= 0; i-- {
		body = fmt.Sprintf(`{%q:%s}`, keys[i], body)
	}
	text := fmt.Sprintf(`{"responses":[{"path":%q,"code":200,"body":%s,"headers":{"sc-data-age":%q,"sc-unit-system":%q}}]}`,
		f.Legacy.Path, body, noon.Format(time.RFC3339), system)
	return ReadLegacy([]*Field{f}, "any", []string{f.Legacy.Path}, mustBatch(t, []byte(text)))[0]
}
