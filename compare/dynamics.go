package compare

import (
	"fmt"
	"math"
	"time"
)

// Change is how fast a field may change between two observations and how far it usually ranges over a fleet, in the
// field's canonical unit (metres for positions). The rates are the fastest that real cars reach, not what they usually
// do: beyond them a difference is refuted, within them it is at best possible.
type Change struct {
	Up, Down float64 // the most per hour; +Inf: any amount at any moment
	Step     float64 // what may change at once, whatever the time: gauges that are recomputed
	Day      float64 // the most per day beyond the first twelve hours: nobody drives flat out for a week; 0: Up and Down hold on
	Usual    float64 // the most per day that cars usually do; more is possible, and proves nothing; 0: not stated
	Span     float64 // the usual span; an allowed change of a fifth of it or more proves nothing
	Why      string  // the reason for the rates, in words a stakeholder understands
}

// tight is the part of the usual span that an allowed change must stay below to prove anything (DESIGN §3.3): two cars
// drawn at random would agree as well less than once in five times.
const tight = 0.2

// The changes of the catalogue's fields. Fields that are not here are static, or may change at any moment.
var (
	odometerChange = Change{Up: 250, Day: 2_500, Usual: 800, Span: 200_000,
		Why: "an odometer never falls, and no car drives faster than 250 km/h for long, or 2,500 km a day for days"}
	chargeChange = Change{Up: 4.5, Down: 3, Step: 0.03, Span: 1,
		Why: "the fastest charging fills three quarters of a battery in ten minutes, flat-out driving empties one in no less than twenty; the gauge is recomputed by up to 3 points"}
	batteryRangeChange = Change{Up: 2_250, Down: 1_500, Step: 90, Span: 500,
		Why: "it follows the charge, and an estimate is recomputed at once, by up to 90 km, for climate control and driving mode"}
	fuelChange = Change{Up: math.Inf(1), Down: 1, Step: 0.05, Span: 1,
		Why: "refuelling is a jump, a tank lasts for an hour at full throttle, and the gauge swings on slopes"}
	litresChange = Change{Up: math.Inf(1), Down: 90, Step: 4, Span: 70,
		Why: "refuelling is a jump, an engine burns no more than 90 litres an hour, and the gauge swings on slopes"}
	fuelRangeChange = Change{Up: math.Inf(1), Down: 250, Step: 120, Span: 700,
		Why: "refuelling is a jump, driving uses it up at no more than 250 km/h, and an estimate is recomputed at once"}
	oilChange = Change{Up: math.Inf(1), Down: 0.03, Span: 1,
		Why: "oil service resets it, and 130 km/h use up an interval of 5,000 km at 3 points an hour at the most"}
	tireChange = Change{Up: 1_800, Down: math.Inf(1), Span: 150,
		Why: "a compressor adds 30 kPa a minute, air is let out or lost at once, and warm tires gain 20 kPa"}
	positionChange = Change{Up: 250_000, Down: 250_000, Span: 500_000,
		Why: "no car drives faster than 250 km/h for long"}
)

// bound is the most that the field can have changed in a time, in the direction of delta (later minus earlier). Infinite
// where there is no bound.
func (c Change) bound(delta float64, apart time.Duration) float64 {
	rate := c.Up
	if delta < 0 {
		rate = c.Down
	}
	if rate == 0 {
		return c.Step
	}
	if c.Day > 0 && apart > halfDay {
		return rate*halfDay.Hours() + c.Day*(apart-halfDay).Hours()/24 + c.Step
	}
	return rate*apart.Hours() + c.Step
}

const halfDay = 12 * time.Hour

// unusual tells a change that is possible and yet more than cars do in that time; a fifth of a day is granted at once.
func (c Change) unusual(delta float64, apart time.Duration) bool {
	return c.Usual > 0 && math.Abs(delta) > c.Usual*(0.2+apart.Hours()/24)
}

// Weak tells a time that is only the latest possible moment of the observation: when Smartcar fetched or stored it.
func (r Reading) Weak() bool {
	return r.TimeFrom != timeLegacy && r.TimeFrom != timeMaker && r.TimeFrom != ""
}

// weighTimes decides unequal values by their times (DESIGN §3.3). A static field and two values of one moment differ, and
// so does what no two times are stated for. What could have changed at any moment is unverifiable; what has a bound is
// refuted beyond it, explained within a tight one, and unverifiable within a wide one.
func (f *Finding) weighTimes(field *Field) {
	apart, known := observedApart(f.Legacy, f.App)
	switch {
	case field.Dynamics == Static:
		f.differs("this value does not change with time")
	case !known && field.Dynamics == Volatile:
		f.Outcome, f.Reason, f.Note = Unmeasured, ReasonTimes, "it may change at any moment, and it is not stated when both legs observed it"
	case !known:
		f.differs("no two observation times are stated that could explain it")
	case f.oneMoment(apart):
		f.differs("both legs observed it at the same moment")
	case field.Dynamics == Volatile:
		f.unverifiable("what happened between the two observations is not known")
	case f.Legacy.Weak() || f.App.Weak():
		f.weighWeak(field, apart)
	default:
		f.weighBound(field, apart)
	}
}

// oneMoment tells whether both legs show one observation. A time that is only the latest possible one tells it where both
// legs read the same one: that of one record of one store.
func (f *Finding) oneMoment(apart time.Duration) bool {
	exact := !f.Legacy.Weak() && !f.App.Weak()
	return apart.Abs() <= sameMoment && (exact || f.Legacy.TimeFrom == f.App.TimeFrom)
}

// differs and unverifiable give the finding its outcome with the reason in words.
func (f *Finding) differs(why string) {
	f.Outcome, f.Reason, f.Note = Differs, ReasonValue, why
}

func (f *Finding) unverifiable(why string) {
	f.Outcome, f.Reason, f.Note = Unverifiable, "", joined(ageNote(f.Legacy, f.App), why)
}

// joined puts two parts of a sentence together; the first may be empty.
func joined(first, second string) string {
	if first == "" {
		return second
	}
	return first + "; " + second
}

// weighWeak decides where a time is only the latest possible one: the observation may be older by any amount, so nothing
// is explained, and refuted is only what runs backwards: the value that is older for certain and yet higher.
func (f *Finding) weighWeak(field *Field, apart time.Duration) {
	older, newer := f.App, f.Legacy
	if apart < 0 || apart == 0 && f.Legacy.Weak() {
		older, newer = f.Legacy, f.App
	}
	if field.Dynamics == Monotonic && !newer.Weak() && older.Value.Num > newer.Value.Num {
		f.differs(joined(ageNote(f.Legacy, f.App), "the older value is the higher one: "+field.Change.Why))
		return
	}
	f.unverifiable("when one of the values was observed is not stated, only when it was fetched")
}

// weighBound holds the change against what is physically possible.
func (f *Finding) weighBound(field *Field, apart time.Duration) {
	delta := f.change(apart)
	bound := field.Change.bound(delta, apart.Abs())
	said := fmt.Sprintf("%s; %s in %s", ageNote(f.Legacy, f.App), field.amount(delta), Span(apart.Abs()))
	switch allowed := bound + field.Tolerance.of(f.Legacy.Value.Num, f.App.Value.Num); {
	case (math.Abs(delta) > allowed || field.Change.unusual(delta, apart.Abs())) && f.unitInMotion(field, apart, delta):
	case math.Abs(delta) > allowed:
		f.differs(said + " is not possible: " + field.Change.Why)
	case field.Change.unusual(delta, apart.Abs()):
		f.unverifiable(field.amount(delta) + " in that time is possible, but more than cars usually do")
	case allowed < tight*field.Change.Span:
		f.Outcome, f.Reason, f.Note = Drift, "", said+" is possible"
	default:
		f.unverifiable(field.amount(delta) + " is possible, but nearly every value would be")
	}
}

// unitInMotion tells whether a change that is not possible, or not usual, is a possible and small one under another unit: the
// label is wrong and the car has moved since. as is the change as labelled.
func (f *Finding) unitInMotion(field *Field, apart time.Duration, as float64) bool {
	if field.NoSuspect || f.Distance != nil {
		return false
	}
	for _, factor := range suspectFactors[field.Quantity] {
		for _, scale := range []float64{factor, 1 / factor} {
			scaled := *f
			scaled.App.Value.Num *= scale
			delta := scaled.change(apart)
			allowed := field.Change.bound(delta, apart.Abs()) + field.Tolerance.of(f.Legacy.Value.Num, scaled.App.Value.Num)
			// As close as chance would not bring it: of the value, not only of the span, or of the change as labelled.
			close := allowed < closeToValue*f.Legacy.Value.Num || math.Abs(delta) < closeToValue*math.Abs(as)
			if math.Abs(delta) <= allowed && close {
				f.Outcome, f.Reason, f.Note = Differs, ReasonUnit, fmt.Sprintf("%s; the change is only possible when the app value is scaled by %.6g: a wrong unit", ageNote(f.Legacy, f.App), scale)
				return true
			}
		}
	}
	return false
}

// closeToValue is the part of a value that an allowed change must stay below for another unit to be convicted, or the part
// of the change as labelled that the change under the other unit must.
const closeToValue = 0.1

// change is the later value minus the earlier one; for positions the distance, always up.
func (f *Finding) change(apart time.Duration) float64 {
	if f.Distance != nil {
		return *f.Distance
	}
	if apart < 0 {
		return f.App.Value.Num - f.Legacy.Value.Num
	}
	return f.Legacy.Value.Num - f.App.Value.Num
}

// amount is a change in words: "+61 km", "-12 points".
func (f *Field) amount(delta float64) string {
	if delta < 0 {
		return "-" + f.Amount(-delta)
	}
	return "+" + f.Amount(delta)
}

// Amount is a size of the field's quantity for people: fractions in points of a hundred, distances of positions in km.
func (f *Field) Amount(n float64) string {
	unit, digits := f.Quantity.Unit, 0
	switch {
	case math.IsInf(n, 0):
		return "any"
	case n == 0:
		return "none"
	case f.Quantity == Fraction:
		n, unit = n*100, "points"
	case f.Quantity == Place:
		n, unit = n/1000, "km"
	}
	if n < 10 {
		digits = 1
	}
	return fmt.Sprintf("%.*f %s", digits, n, unit)
}

// sameMoment is how close two observation times are when they are one observation (DESIGN §3.3).
const sameMoment = 2 * time.Second

// observedApart is how much later the legacy leg observed the value; known is false where a time is missing.
func observedApart(legacy, app Reading) (apart time.Duration, known bool) {
	if legacy.Observed.IsZero() || app.Observed.IsZero() {
		return 0, false
	}
	return legacy.Observed.Sub(app.Observed), true
}

// ageNote says which leg is older and by how much, "" where they are of one moment or it is not known.
func ageNote(legacy, app Reading) string {
	apart, known := observedApart(legacy, app)
	switch {
	case !known || apart.Abs() <= sameMoment:
		return ""
	case apart > 0:
		return "the app value is " + Span(apart) + " older"
	}
	return "the app value is " + Span(apart.Abs()) + " newer"
}

// Span is a duration for people: the two largest units.
func Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}
