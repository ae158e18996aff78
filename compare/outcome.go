package compare

// Outcome is what the comparison of one field came to (CONTRACT §6, a closed list).
type Outcome string

// The outcomes of a field.
const (
	Match         Outcome = "match"          // equal within tolerance
	Drift         Outcome = "drift"          // explained by time, with the proof in words
	Waived        Outcome = "waived"         // a rule says it may differ
	Gained        Outcome = "gained"         // app only
	Lost          Outcome = "lost"           // legacy only, and the app leg's reason lasts
	Differs       Outcome = "differs"        // too far apart to be explained
	Unverifiable  Outcome = "unverifiable"   // differs, and time neither explains nor refutes it
	Unmeasured    Outcome = "unmeasured"     // a leg failed for a passing reason, or was not asked
	Nowhere       Outcome = "absent"         // neither leg has it
	NoCounterpart Outcome = "no-counterpart" // v2 only by design
)

// Outcomes are all of them, in the order reports show them.
func Outcomes() []Outcome {
	return []Outcome{Match, Drift, Waived, Gained, Lost, Differs, Unverifiable, Unmeasured, Nowhere, NoCounterpart}
}

// Reason says more about an outcome, for the judge.
type Reason string

// The reasons.
const (
	ReasonUnit    Reason = "unit"    // Differs: the numbers agree under another unit or scale
	ReasonValue   Reason = "value"   // Differs: another value
	ReasonAppSide Reason = "app"     // Unmeasured: the app leg failed for a passing reason
	ReasonLegacy  Reason = "legacy"  // Unmeasured: the legacy leg did
	ReasonBoth    Reason = "both"    // Unmeasured: both did
	ReasonUnasked Reason = "unasked" // Unmeasured: never asked for
	ReasonTimes   Reason = "times"   // Unmeasured: it may change at any moment, and no times are stated
	ReasonStale   Reason = "stale"   // Differs: not equal, and older than the rules allow
)

// availability is a Reading's status as the comparison sees it.
type availability int

const (
	has availability = iota
	hasNot
	passing
	unasked
	availabilities // how many there are
)

func (r Reading) availability() availability {
	switch r.Status {
	case Served:
		if r.Value.Form == FormNone { // a position that went through JSON: there is nothing left to compare
			return unasked
		}
		return has
	case Failed:
		if r.Failure == nil || r.Failure.Kind.Passing() {
			return passing
		}
		return hasNot
	case Unasked:
		return unasked
	}
	return hasNot
}

// legacyAvailability is availability on the leg that says what is required. An item that fails for the account, the token
// or our own request says nothing about whether the car has the field: it is unmeasured, or a field that works on other
// days would silently not be required.
func (r Reading) legacyAvailability() availability {
	if r.Status == Failed && r.Failure != nil {
		switch r.Failure.Kind {
		case KindInvalid, KindForbidden, KindReauth, KindGone, KindNotFound: // an endpoint that is gone says nothing of the car
			return passing
		}
	}
	return r.availability()
}

// inState tells whether only the car's state keeps the field without a value (NOT_CHARGING). The store's error may be
// older than the legacy answer that has one, so it is no loss: CONTRACT §6 names not capable, not permitted and absent.
func (r Reading) inState() bool {
	return r.Status == Failed && r.Failure != nil && r.Failure.Kind == KindNotApplicable
}

// ruling is what a pair of availabilities means before any value is looked at. An empty outcome: compare the values.
type ruling struct {
	outcome Outcome
	reason  Reason
}

// rulings is total: rows are the legacy leg, columns the app leg. Where the legacy leg has nothing for a lasting reason
// there is nothing to lose, whatever the app leg does.
var rulings = [availabilities][availabilities]ruling{
	has:     {has: {}, hasNot: {Lost, ""}, passing: {Unmeasured, ReasonAppSide}, unasked: {Unmeasured, ReasonUnasked}},
	hasNot:  {has: {Gained, ""}, hasNot: {Nowhere, ""}, passing: {Nowhere, ""}, unasked: {Nowhere, ""}},
	passing: {has: {Unmeasured, ReasonLegacy}, hasNot: {Unmeasured, ReasonLegacy}, passing: {Unmeasured, ReasonBoth}, unasked: {Unmeasured, ReasonLegacy}},
	unasked: {has: {Unmeasured, ReasonUnasked}, hasNot: {Unmeasured, ReasonUnasked}, passing: {Unmeasured, ReasonUnasked}, unasked: {Unmeasured, ReasonUnasked}},
}

// ruled is what the availabilities alone decide; without an outcome the values decide. An app leg that has no value only
// because of the car's state is no loss.
func ruled(legacy, app Reading) ruling {
	rule := rulings[legacy.legacyAvailability()][app.availability()]
	if rule.outcome == Lost && app.inState() {
		return ruling{Unmeasured, ReasonAppSide}
	}
	return rule
}
