package compare

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// roundTrip writes and reads a value as JSON, and as CBOR, which keeps just as much of it.
func roundTrip[T any](t testing.TB, in T) (out T) {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatalf("%+v: %v", in, err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	var binary T
	mode, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode() // the ledger's
	if err != nil {
		t.Fatal(err)
	}
	if packed, err := mode.Marshal(in); err != nil {
		t.Fatalf("%+v: %v", in, err)
	} else if err := cbor.Unmarshal(packed, &binary); err != nil {
		t.Fatalf("%x: %v", packed, err)
	}
	want, errWant := json.Marshal(out)
	if again, err := json.Marshal(binary); err != nil || errWant != nil || !bytes.Equal(again, want) {
		t.Fatalf("CBOR keeps %s of %s: %v, %v", again, want, err, errWant)
	}
	return out
}

// TestReflexive: a leg against itself never differs, and every served value is a match.
func TestReflexive(t *testing.T) {
	fields := carFields(t)
	legacy, app := bothLegs(t, fields, "batch_metric.json", "signals.json")
	for _, leg := range [][]Reading{legacy, app} {
		for i, f := range Diff(fields, leg, leg) {
			doubt := leg[i].Warned(WarnUnitLabel)
			if leg[i].Status == Served && f.Outcome != Match && f.Outcome != NoCounterpart && !doubt || f.Outcome == Lost || f.Outcome == Gained {
				t.Errorf("%s against itself: %s (%s)", f.Field, f.Outcome, say(leg[i]))
			}
		}
	}
}

// TestUnitRoundTrip: the same car in imperial and in metric, from one table of numbers.
func TestUnitRoundTrip(t *testing.T) {
	fields := carFields(t)
	metric, _ := bothLegs(t, fields, "batch_metric.json", "signals.json")
	imperial, _ := bothLegs(t, fields, "batch_imperial.json", "signals.json")
	for i, f := range Diff(fields, imperial, metric) {
		if metric[i].Status == Served && f.HasValues() && f.Outcome != Match && f.Outcome != NoCounterpart {
			t.Errorf("%s: %s against %s: %s", f.Field, say(imperial[i]), say(metric[i]), f.Outcome)
		}
		if f.HasValues() && math.Abs(f.Legacy.Value.Num-f.App.Value.Num) > 1e-6 {
			t.Errorf("%s: %v became %v", f.Field, f.App.Value.Num, f.Legacy.Value.Num)
		}
	}
}

// HasValues tells whether both legs serve.
func (f Finding) HasValues() bool { return f.Legacy.Status == Served && f.App.Status == Served }

// TestEveryUnitThereAndBack: for each label, the canonical value scaled back is the number it came from.
func TestEveryUnitThereAndBack(t *testing.T) {
	for label, u := range units {
		for _, n := range []float64{0, 1, 0.3, 62041.25, -40, 1e-9} {
			got, ok := canonical(n, u.quantity, label)
			if back := got/u.factor + u.offset; !ok || math.Abs(back-n) > 1e-9*math.Max(1, math.Abs(n)) {
				t.Errorf("%v %s: %v, and back %v", n, label, got, back)
			}
		}
	}
}

// shuffled writes a decoded document anew with every array in another order.
func shuffled(v any, r *rand.Rand) any {
	switch t := v.(type) {
	case []any:
		for i := range t {
			t[i] = shuffled(t[i], r)
		}
		r.Shuffle(len(t), func(i, j int) { t[i], t[j] = t[j], t[i] })
	case map[string]any:
		for k := range t {
			t[k] = shuffled(t[k], r)
		}
	}
	return v
}

// TestOrderMeansNothing: arrays, items and signals in any order give the same Findings.
func TestOrderMeansNothing(t *testing.T) {
	fields := carFields(t)
	legacy, app := bothLegs(t, fields, "batch_metric.json", "signals.json")
	want := Diff(fields, legacy, app)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		var bodies [2][]byte
		for i, name := range []string{"batch_metric.json", "signals.json"} {
			doc, err := parseBody(testdata(t, name))
			if err != nil {
				t.Fatal(err)
			}
			bodies[i], _ = json.Marshal(shuffled(doc, r))
		}
		l := ReadLegacy(fields, "LAND_ROVER", Paths(fields, "LAND_ROVER"), mustBatch(t, bodies[0]))
		a := ReadApp(fields, mustSignals(t, bodies[1]))
		if diff := cmp.Diff(want, Diff(fields, l, a)); diff != "" {
			t.Fatalf("seed %d: another order gives other findings:\n%s", seed, diff)
		}
	}
}

// TestTimeShift: the same observations a year earlier or later come to the same.
func TestTimeShift(t *testing.T) {
	fields := carFields(t)
	legacy, app := bothLegs(t, fields, "batch_metric.json", "signals.json")
	want := Diff(fields, legacy, app)
	for _, by := range []time.Duration{-365 * 24 * time.Hour, -time.Millisecond, time.Hour, 365 * 24 * time.Hour} {
		for i, f := range Diff(fields, shifted(legacy, by), shifted(app, by)) {
			if f.Outcome != want[i].Outcome || f.Reason != want[i].Reason || f.Note != want[i].Note {
				t.Errorf("%s by %v: %s %q, was %s %q", f.Field, by, f.Outcome, f.Note, want[i].Outcome, want[i].Note)
			}
		}
	}
}

func shifted(readings []Reading, by time.Duration) []Reading {
	out := make([]Reading, len(readings))
	for i, r := range readings {
		if !r.Observed.IsZero() {
			r.Observed = r.Observed.Add(by)
		}
		out[i] = r
	}
	return out
}

// TestJSONRoundTrip: Readings and Findings come back as they went, positions as nothing.
func TestJSONRoundTrip(t *testing.T) {
	fields := carFields(t)
	legacy, app := bothLegs(t, fields, "batch.json", "signals.json")
	findings := Diff(fields, legacy, app)
	forget := cmp.Transformer("forget", func(v Value) Value {
		if v.Form == FormPosition {
			return Value{}
		}
		v.Num = round(v.Num)
		return v
	})
	onlyOnce := cmp.FilterPath(func(p cmp.Path) bool { _, inside := p.Index(-2).(cmp.Transform); return !inside }, forget)
	if diff := cmp.Diff(findings, roundTrip(t, findings), onlyOnce, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestValuesInJSON(t *testing.T) {
	tests := []struct {
		v            Value
		want, reason string
	}{
		{NumberValue(0.68), `0.68`, "a bare number"},
		{NumberValue(1e21), `1000000000000000000000`, "no exponent"},
		{NumberValue(0.1 + 0.2), `0.3`, "six decimals"},
		{NumberValue(math.Inf(1)), `null`, "JSON has no infinity"},
		{NumberValue(math.NaN()), `null`, "JSON has no such word"},
		{TextValue(`<"&`), `"\u003c\"\u0026"`, "escaped"},
		{FlagValue(false), `false`, "a bare flag"},
		{SetValue(nil), `[]`, "never null"},
		{SetValue([]string{"b", "a", "b"}), `["a","b","b"]`, "sorted, repeats kept"},
		{PositionValue(52.5, 13.4), `null`, "a place is never written"},
		{Value{}, `null`, "nothing"},
	}
	for _, tt := range tests {
		if b, err := json.Marshal(tt.v); err != nil || string(b) != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.reason, b, err, tt.want)
		}
		if b, err := json.Marshal(roundTrip(t, tt.v)); err != nil || string(b) != tt.want {
			t.Errorf("%s: %s came back, %v; want %s", tt.reason, b, err, tt.want)
		}
	}
	if b, err := PositionValue(52.5, 13.4).MarshalCBOR(); err != nil || len(b) != 1 {
		t.Errorf("a position in CBOR is nothing: %x, %v", b, err)
	}
	if got := PositionValue(52.5, 13.4).String(); got != "(position)" {
		t.Errorf("a position says where it is: %s", got)
	}
}

// randomReading is any Reading at all, also those no decoder makes.
func randomReading(r *rand.Rand) Reading {
	numbers := []float64{0, 1, -1, 0.68, 68, 262, 1e308, math.Inf(1), math.Inf(-1), math.NaN(), r.NormFloat64() * 1000}
	n := func() float64 { return numbers[r.IntN(len(numbers))] }
	out := Reading{
		Status: []Status{Served, Served, Served, Empty, Failed, Absent, Unasked, "tomorrow"}[r.IntN(8)],
		Value:  Value{Form: Form(r.IntN(7)), Num: n(), Text: []string{"", "OPEN", "FULLY_CHARGED"}[r.IntN(3)], Flag: r.IntN(2) == 0, Items: []string{"a", "b"}[:r.IntN(3)], Lat: n(), Lon: n()},
	}
	if r.IntN(2) == 0 {
		out.Observed = noon.Add(time.Duration(r.Int64N(int64(time.Hour))))
	}
	if r.IntN(4) == 0 {
		out.Failure = &Failure{Kind: []Kind{KindNotCapable, KindUpstream, ""}[r.IntN(3)]}
	}
	for _, w := range []string{WarnWeaker, WarnScale, WarnUnitLabel} {
		if r.IntN(8) == 0 {
			out.warn(w)
		}
	}
	return out
}

// TestAnyPair: no pair of Readings panics; a match needs two values of one form that are within tolerance both ways.
func TestAnyPair(t *testing.T) {
	fields := All()
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 2))
		f := fields[r.IntN(len(fields))]
		a, b := randomReading(r), randomReading(r)
		there := Diff([]*Field{f}, []Reading{a}, []Reading{b})[0]
		if there.Outcome == "" {
			t.Fatalf("seed %d, %s: no outcome", seed, f.Name)
		}
		compared := there.Outcome == Match || there.Outcome == Differs || there.Outcome == Unverifiable
		if compared && (a.Status != Served || b.Status != Served) {
			t.Fatalf("seed %d, %s: %s of %s and %s", seed, f.Name, there.Outcome, a.Status, b.Status)
		}
		if there.Outcome == Match && (a.Value.Form != b.Value.Form || a.Value.Form == FormNone) {
			t.Fatalf("seed %d, %s: a match of form %d and %d", seed, f.Name, a.Value.Form, b.Value.Form)
		}
		if f.equal(a.Value, b.Value) != f.equal(b.Value, a.Value) {
			t.Fatalf("seed %d, %s: equality has a direction: %v %v", seed, f.Name, a.Value, b.Value)
		}
	}
}

// TestUnitFactorsAreSymmetric: a suspect stays one when the legs change places.
func TestUnitFactorsAreSymmetric(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, f := range All() {
		for range 50 {
			a := r.Float64() * 500
			for _, factor := range append(suspectFactors[f.Quantity], 1.37) {
				b := a * factor
				if (factorNote(f, a, b) == "") != (factorNote(f, b, a) == "") {
					t.Fatalf("%s: %v and %v", f.Name, a, b)
				}
			}
		}
	}
}
