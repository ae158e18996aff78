package compare

import (
	"strings"
	"time"
	"unicode"
)

// Pair is what one car tells about a field in the tests over a whole fleet (DESIGN §3.3).
type Pair struct {
	Legacy, App Value
	Apart       time.Duration // between the two observations, never negative
	Timed       bool          // Apart is known: both legs state when the car observed it, not only when it was fetched
}

// Pair is the finding's pair. ok is false where a leg does not serve the field, and for fields that single cars prove
// better than any fleet: what never changes, positions (which are not kept), lists.
func (f Finding) Pair() (p Pair, ok bool) {
	field, known := Lookup(f.Field)
	if !known || field.Dynamics == Static || f.Legacy.Status != Served || f.App.Status != Served || f.Outcome == NoCounterpart {
		return Pair{}, false
	}
	p = Pair{Legacy: f.Legacy.comparable(f.App), App: f.App.Value}
	switch p.Legacy.Form {
	case FormNumber, FormText, FormFlag:
	default:
		return Pair{}, false
	}
	apart, stated := observedApart(f.Legacy, f.App)
	p.Apart, p.Timed = apart.Abs(), stated && !f.Legacy.Weak() && !f.App.Weak()
	return p, p.Legacy.Form == p.App.Form
}

// fleetFactors are unit factors that prove nothing on a single car, and much on many: see UnitFactors.
var fleetFactors = map[Quantity][]float64{
	Volume: {3.785411784}, // gallons: one stop at a pump reaches it, a hundred cars do not all stop
}

// UnitFactors are the factors of wrong units that the field's numbers may show over a fleet, each also the other way
// round; nil where no unit is known to be taken for another one. Ranges and volumes have some, though single cars are not
// convicted by them.
func (f *Field) UnitFactors() []float64 {
	if factors, ok := fleetFactors[f.Quantity]; ok {
		return factors
	}
	return suspectFactors[f.Quantity]
}

// gauges are fields that real driving moves by whole unit factors, with what moves in proportion to them in the same car.
// Divided by its gauge, a range is the same before and after a journey; a range in miles is not.
var gauges = map[string][]string{
	"battery.range":        {"battery.percentRemaining"},
	"fuel.range":           {"fuel.percentRemaining", "fuel.amountRemaining"},
	"fuel.amountRemaining": {"fuel.percentRemaining"},
}

// Gauges are the fields that this one is in proportion to, the best first; nil where nothing real moves it by a unit factor.
func (f *Field) Gauges() []string { return gauges[f.Name] }

// memory is how long cars resemble themselves: within For, nearly all of a fleet are within Near (in the field's canonical
// unit; 0: its tolerance) of what they were, while two cars drawn at random seldom are.
type memory struct {
	prefix string // of the field's name
	For    time.Duration
	Near   float64
	Why    string
}

// memories are short on purpose: a whole make is blocked where its legs agree no better than chance, and a van that is
// locked and unlocked every ten minutes is itself no better than chance after half an hour. Fields that are not here
// (make-specific gauges, trouble codes) have none.
var memories = []memory{
	{"odometer.", 30 * 24 * time.Hour, 3_000, "few cars drive more than 100 km a day"},
	{"battery.percentRemaining", time.Hour, 0.03, "most cars stand; a taxi that charges every five hours is after two of them anywhere"},
	{"battery.range", time.Hour, 15, "as the charge; it is recomputed for the weather"},
	{"fuel.percentRemaining", 2 * time.Hour, 0.03, "most cars stand; a taxi fills up every ten hours, and is after four of them anywhere"},
	{"fuel.amountRemaining", 2 * time.Hour, 2, "as the fuel gauge"},
	{"fuel.range", 2 * time.Hour, 20, "as the fuel gauge"},
	{"engine.oil.", 30 * 24 * time.Hour, 0.05, "an interval is a year or 15,000 km"},
	{"tires.", 7 * 24 * time.Hour, 25, "a warm tire has 20 kPa more than a cold one, and loses little air"},
	{"charge.limit", 7 * 24 * time.Hour, 0, "a setting that owners leave alone"},
	{"charge.", time.Hour, 0, "charging takes hours at home, half an hour at a fast charger"},
	{"security.chargingPort", time.Hour, 0, "as the plug"},
	{"security.", 15 * time.Minute, 0, "doors are open for minutes, a delivery van is locked for ten"},
}

func (f *Field) memory() (memory, bool) {
	for _, m := range memories {
		if strings.HasPrefix(f.Name, m.prefix) {
			return m, true
		}
	}
	return memory{}, false
}

// Memory is how far two observations may be apart for the field to be still much like itself in nearly all cars; 0 where
// that is not known.
func (f *Field) Memory() time.Duration {
	m, _ := f.memory()
	return m.For
}

// Alike tells whether two numbers could well be one car's within its Memory.
func (f *Field) Alike(a, b float64) bool {
	m, _ := f.memory()
	t := f.Tolerance
	t.Abs = max(t.Abs, m.Near)
	return t.holds(a, b)
}

// Word is a code of a value that is no number: equal for equal values and for no others (but by a chance of one in four
// billion), so that a fleet's words cost no memory.
func (v Value) Word() float64 {
	switch {
	case v.Form == FormFlag && v.Flag:
		return 1
	case v.Form == FormFlag:
		return 0
	}
	const offset, prime = 2166136261, 16777619 // FNV-1a
	code := uint32(offset)
	for _, r := range strings.TrimSpace(v.Text) { // as foldWord and EqualFold do, without a copy of the word
		if r == '_' || r == '-' {
			r = ' '
		}
		code = (code ^ uint32(unicode.ToUpper(r))) * prime
	}
	return float64(code)
}
