package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Recheck is what asking again about a difference brought. Every round is kept as it was read, so that it can be decided
// again under another tolerance.
type Recheck struct {
	Rounds []Round       `json:"rounds,omitempty"`
	Why    string        `json:"why,omitempty"` // why nobody asked, where nobody did
	Result RecheckResult `json:"-"`             // decided anew by Rechecked each time, "" before
}

// RecheckResult is what the rounds say of the first difference.
type RecheckResult string

// The results. NotAsked: no round in which both legs served the value; the difference stands.
const (
	NotAsked   RecheckResult = "not-asked"
	Persistent RecheckResult = "persistent" // still different
	Explained  RecheckResult = "explained"  // the app value lies between two different legacy values around it
	Flapped    RecheckResult = "flapped"    // the legs agree now
)

// Round is one question asked three times in a row: legacy, app, legacy.
type Round struct {
	At     time.Time     `json:"at"`    // when it began
	Later  time.Duration `json:"later"` // after the first pair
	Before Reading       `json:"before"`
	App    Reading       `json:"app"`
	After  Reading       `json:"after"`
	Apart  *Apart        `json:"apart,omitempty"`
}

// Apart are the metres between the positions of a round; the positions themselves are not kept.
type Apart struct {
	Before float64 `json:"before"` // first legacy position to the app's
	After  float64 `json:"after"`  // second legacy position to the app's
	Legacy float64 `json:"legacy"` // between the legacy positions
}

// NewRound takes the readings of a round.
func NewRound(at time.Time, later time.Duration, before, app, after Reading) Round {
	r := Round{At: at, Later: later, Before: before, App: app, After: after}
	if before.Value.Form == FormPosition && app.Value.Form == FormPosition && after.Value.Form == FormPosition {
		r.Apart = &Apart{Before: Distance(before.Value, app.Value), After: Distance(after.Value, app.Value), Legacy: Distance(before.Value, after.Value)}
	}
	return r
}

// Add keeps a round. One that nobody answered gives way to the next.
func (r Recheck) Add(round Round) *Recheck {
	kept := slices.DeleteFunc(slices.Clone(r.Rounds), func(old Round) bool { return !old.served() })
	return &Recheck{Rounds: append(kept, round)}
}

// Answered counts the rounds in which both legs served the value.
func (r *Recheck) Answered() (n int) {
	if r == nil {
		return 0
	}
	for _, round := range r.Rounds {
		if round.served() {
			n++
		}
	}
	return n
}

// served tells whether there are three values to compare, none of a doubtful unit.
func (r Round) served() bool {
	for _, leg := range []Reading{r.Before, r.App, r.After} {
		if leg.Status != Served || leg.Warned(WarnScale) || leg.Warned(WarnUnitLabel) {
			return false
		}
	}
	return true
}

// Rechecked is the finding with the word of its recheck, for a difference of values that change with time: explained is
// drift, flapped is unverifiable, and anything else stands, marked with its age or with why nobody asked again. The first
// observation stays as it was. A recheck never makes a finding worse.
func (f Finding) Rechecked() Finding {
	known, ok := Lookup(f.Field)
	if !ok || f.Outcome != Differs || f.Reason != ReasonValue || known.Dynamics == Static {
		return f
	}
	field := *known
	if f.Within != nil {
		field.Tolerance = *f.Within
	}
	var recheck Recheck
	if f.Recheck != nil {
		recheck = *f.Recheck
	}
	if recheck.Result != "" {
		return f
	}
	round := recheck.decide(&field)
	f.Recheck = &recheck
	switch recheck.Result {
	case Explained:
		f.Outcome, f.Reason = Drift, ""
		f.Note = fmt.Sprintf("explained: the value was changing while it was asked three times (%s, %s after the first pair); at first %s",
			round.words(&field), Span(round.Later), f.Note)
	case Flapped:
		f.Outcome, f.Reason = Unverifiable, ""
		f.Note = fmt.Sprintf("flapped: the legs agreed %s later (%s); at first legacy %s, app %s: %s",
			Span(round.Later), round.words(&field), field.words(f.Legacy.Value), field.words(f.App.Value), f.Note)
	case Persistent:
		f.Note += fmt.Sprintf("; still different %s later; %s", Span(round.Later), round.age())
	default:
		f.Note += recheck.unasked()
	}
	return f
}

// Flapped tells whether a recheck found the difference vanished; to be asked of a Rechecked finding.
func (f Finding) Flapped() bool { return f.Recheck != nil && f.Recheck.Result == Flapped }

// decide sets the result and returns the round that made it: the first that takes the difference away, else the last in
// which it persists.
func (r *Recheck) decide(f *Field) (made Round) {
	r.Result = NotAsked
	for _, round := range r.Rounds {
		switch result := round.result(f); result {
		case Explained, Flapped:
			r.Result = result
			return round
		case Persistent:
			r.Result, made = result, round
		}
	}
	return made
}

func (r Round) result(f *Field) RecheckResult {
	before, app, after := r.Before.comparable(r.App), r.App.Value, r.After.comparable(r.App)
	switch {
	case !r.served(), f.Quantity == Place && r.Apart == nil:
		return NotAsked
	case f.Quantity == Place:
		return r.Apart.result(f.Tolerance.Abs)
	case !f.equal(before, after) && f.between(before, app, after):
		return f.enveloped(before, after, r.After.Observed.Sub(r.Before.Observed))
	case f.equal(before, app) && f.equal(app, after):
		return Flapped
	}
	return Persistent
}

// enveloped tells what an app value between two different legacy ones means: explained, where they could change so far in
// the time between them and little else would be possible; gone again, where the value may change at any moment.
func (f *Field) enveloped(before, after Value, apart time.Duration) RecheckResult {
	if before.Form != FormNumber || f.Dynamics == Volatile {
		return Flapped
	}
	allowed := f.Change.bound(after.Num-before.Num, max(apart, time.Minute)) + f.Tolerance.of(before.Num, after.Num)
	if math.Abs(after.Num-before.Num) <= allowed && allowed < tight*f.Change.Span {
		return Explained
	}
	return Persistent
}

// result: a position lies between two others if it is further from neither than they are from each other.
func (a Apart) result(tolerance float64) RecheckResult {
	switch furthest := math.Max(a.Before, a.After); {
	case a.Legacy > tolerance && furthest <= a.Legacy+tolerance:
		return Explained
	case furthest <= tolerance:
		return Flapped
	}
	return Persistent
}

// between tells whether a value lies between two others: a number within the tolerance, anything else by being one of
// them.
func (f *Field) between(before, app, after Value) bool {
	if f.equal(before, app) || f.equal(app, after) {
		return true
	}
	numbers := before.Form == FormNumber && app.Form == FormNumber && after.Form == FormNumber
	return numbers && math.Min(before.Num, after.Num) <= app.Num && app.Num <= math.Max(before.Num, after.Num)
}

// words are the three values of a round for people; positions are told by their distances.
func (r Round) words(f *Field) string {
	if r.Apart != nil {
		return fmt.Sprintf("the legacy positions %.0f m apart, the app's %.0f m and %.0f m from them", r.Apart.Legacy, r.Apart.Before, r.Apart.After)
	}
	return fmt.Sprintf("legacy %s, app %s, legacy %s", f.words(r.Before.Value), f.words(r.App.Value), f.words(r.After.Value))
}

func (f *Field) words(v Value) string {
	if v.Form == FormNumber && f.Quantity.Unit != "" {
		return v.String() + " " + f.Quantity.Unit
	}
	return cmp.Or(v.String(), "(position)")
}

// age says how old the app value was when it was asked for again.
func (r Round) age() string {
	if r.App.Observed.IsZero() {
		return "how old the app value is, is not stated"
	}
	return "the app value is " + Span(max(0, r.At.Sub(r.App.Observed))) + " old"
}

// unasked says that nobody asked again, and why.
func (r *Recheck) unasked() string {
	why := r.Why
	if n := len(r.Rounds); n > 0 {
		why = r.Rounds[n-1].trouble()
	}
	if why == "" {
		return "; not asked again"
	}
	return "; not asked again: " + why
}

// trouble says which leg of a round gave no value that could be compared.
func (r Round) trouble() string {
	for _, leg := range []struct {
		name Leg
		Reading
	}{{Legacy, r.Before}, {App, r.App}, {Legacy, r.After}} {
		switch {
		case leg.Failure != nil:
			return fmt.Sprintf("the %s leg failed (%s)", leg.name, leg.Failure.Label())
		case leg.Status != Served:
			return fmt.Sprintf("the %s leg gave no value", leg.name)
		}
	}
	return "the unit is in doubt"
}
