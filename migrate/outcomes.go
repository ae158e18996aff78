package migrate

import (
	"slices"

	"scmigrate/compare"
)

// legOutcomes maps a failure of a whole call to the leg's outcome, alike on both legs.
var legOutcomes = map[compare.Kind]LegOutcome{
	compare.KindAppLimit: LegRateLimited, compare.KindVehicleLimit: LegRateLimited,
	compare.KindQuota: LegQuota, compare.KindPlan: LegQuota,
	compare.KindUpstream: LegUpstream, compare.KindNetwork: LegUpstream,
	compare.KindVehicleState: LegUnreachable, compare.KindNotApplicable: LegUnreachable,
	compare.KindTimeout:   LegTimeout,
	compare.KindMalformed: LegMalformed, compare.KindInvalid: LegMalformed,
	compare.KindReauth: LegReauth, compare.KindGone: LegGone,
	compare.KindNotCapable: LegAnswered, // a lasting "cannot" for everything it was asked
}

// legacyOnly and appOnly: what a refusal of the token or the vehicle means differs between the worlds.
var legacyOnly = map[compare.Kind]LegOutcome{
	compare.KindUnauthorized: LegTokenRefused, compare.KindForbidden: LegTokenWrong, compare.KindNotPermitted: LegTokenWrong,
	compare.KindNotFound: LegNotFound,
}

var appOnly = map[compare.Kind]LegOutcome{
	compare.KindUnauthorized: LegUnauthorized, compare.KindForbidden: LegNotConnected, compare.KindNotPermitted: LegNotConnected,
	compare.KindNotFound: LegNotConnected,
}

func legacyOutcome(f compare.Failure) LegOutcome { return outcomeOf(f, legacyOnly) }

// appOutcome: a 404 about the path of the request is no word about the user and his car.
func appOutcome(f compare.Failure) LegOutcome {
	if f.Kind == compare.KindNotFound && !f.OfVehicle() {
		return LegMalformed
	}
	return outcomeOf(f, appOnly)
}

func outcomeOf(f compare.Failure, own map[compare.Kind]LegOutcome) LegOutcome {
	if o, ok := own[f.Kind]; ok {
		return o
	}
	if o, ok := legOutcomes[f.Kind]; ok {
		return o
	}
	return LegMalformed
}

// settle looks below a 200: where no live field was served and the items or signals all but one kind of failure agree
// on one that concerns the whole account or car, that is the leg's outcome. Attributes and the VIN are static and still
// answer when the account is gone, so they do not count as served.
func (l *Leg) settle(readings []compare.Reading, outcome func(compare.Failure) LegOutcome) {
	if servesLive(readings) {
		return
	}
	var worst *compare.Failure
	for _, r := range readings {
		if r.Failure != nil && wholeKind[r.Failure.Kind] > 0 && (worst == nil || wholeKind[r.Failure.Kind] > wholeKind[worst.Kind]) {
			worst = r.Failure
		}
	}
	if worst == nil {
		return
	}
	l.Outcome, l.Failure = outcome(*worst), worst
}

// servesLive tells whether any reading came from the car.
func servesLive(readings []compare.Reading) bool {
	return slices.ContainsFunc(readings, func(r compare.Reading) bool { return r.Status == compare.Served && !staticSource(r) })
}

// wholeKind ranks the failures that concern more than one item: the account before the plan, the plan before throttling.
var wholeKind = map[compare.Kind]int{
	compare.KindReauth: 9, compare.KindGone: 9, compare.KindUnauthorized: 8, compare.KindForbidden: 8, compare.KindQuota: 7,
	compare.KindPlan: 7, compare.KindVehicleLimit: 6, compare.KindAppLimit: 6, compare.KindVehicleState: 5,
	compare.KindUpstream: 4, compare.KindTimeout: 3, compare.KindNetwork: 3, compare.KindMalformed: 2,
}

// staticSource tells readings that do not come from the car.
func staticSource(r compare.Reading) bool {
	f, ok := compare.Lookup(r.Field)
	return ok && f.Dynamics == compare.Static
}

// ofAll tells troubles that are not one vehicle's.
func ofAll(k compare.Kind) bool {
	return slices.Contains([]compare.Kind{compare.KindAppLimit, compare.KindPlan, compare.KindUnauthorized, compare.KindNetwork, compare.KindTimeout}, k)
}
