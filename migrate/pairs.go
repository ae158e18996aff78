package migrate

// The causes of a leg's outcome alone. LegAnswered has none.
var legacyCauses = map[LegOutcome]Code{
	LegNotRun: NotRun, LegRateLimited: RateLimited, LegQuota: QuotaExhausted, LegUpstream: UpstreamError,
	LegUnreachable: VehicleUnreachable, LegTimeout: TimedOut, LegMalformed: MalformedResponse, LegReauth: Reauthentication,
	LegGone: VehicleGone, LegTokenMissing: LegacyTokenMissing, LegTokenRefused: LegacyTokenRefused, LegGrantDead: LegacyGrantDead,
	LegTokenWrong: LegacyTokenWrong, LegNotFound: LegacyTokenWrong, LegOpaqueRefused: LegacyTokenRefused, LegOpaqueDenied: LegacyTokenWrong,
	LegNoBaseline: LegacyUnmeasured,
}

// A refusal of the user (LegNotConnected) is the identity's to explain. LegGone on the app leg alone asks for the same
// act as re-authentication: the owner must connect the car again.
var appCauses = map[LegOutcome]Code{
	LegNotRun: NotRun, LegRateLimited: RateLimited, LegQuota: QuotaExhausted, LegUpstream: UpstreamError,
	LegUnreachable: VehicleUnreachable, LegTimeout: TimedOut, LegMalformed: MalformedResponse, LegReauth: AppReauth,
	LegGone: AppReauth, LegUnauthorized: UpstreamError, LegEmptyStore: NoDataYet,
}

// passingOutcomes may be gone when asked again.
var passingOutcomes = map[LegOutcome]bool{
	LegRateLimited: true, LegQuota: true, LegUpstream: true, LegUnreachable: true, LegTimeout: true, LegMalformed: true,
	LegUnauthorized: true,
}

// deadOutcomes prove that the car does not work on the legacy side.
var deadOutcomes = map[LegOutcome]bool{LegReauth: true, LegGone: true, LegGrantDead: true}

// legacyCause is the legacy leg's cause under the facts of the run.
func legacyCause(legacy LegOutcome, facts Facts) Code {
	refused := legacy == LegNotFound || legacy == LegGrantDead || legacy == LegTokenRefused || legacy == LegOpaqueRefused || legacy == LegOpaqueDenied
	if facts.LegacyRetired && refused {
		return LegacyRetired
	}
	return legacyCauses[legacy]
}

func appCause(app LegOutcome, facts Facts) Code {
	if facts.AppNotEnabled && (app == LegNotConnected || app == LegUnauthorized || app == LegNotRun) {
		return AppNotEnabled
	}
	return appCauses[app]
}

// legCauses are the causes of a pair of outcomes, root causes only:
//   - a legacy leg that is provably dead explains everything: what the store still serves does not matter;
//   - two passing failures are one cause, both-failed: failing alike is not matching;
//   - the app leg's demand for a new login blocks only where the legacy leg works, else it decides nothing yet;
//   - a leg that did not run because of the other leg is not a cause of its own.
func legCauses(legacy, app LegOutcome, facts Facts) []Code {
	l, a := legacyCause(legacy, facts), appCause(app, facts)
	dead := deadOutcomes[legacy] && l != LegacyRetired
	switch {
	case legacy == LegNoBaseline: // the app leg is not asked
		return []Code{l}
	case dead:
		return []Code{l}
	case l == NotRun && a == NotRun:
		return []Code{NotRun}
	case passingOutcomes[legacy] && passingOutcomes[app] && a != AppNotEnabled:
		return []Code{BothFailed}
	case a == AppReauth && legacy != LegAnswered:
		return []Code{l}
	case a == NotRun && legacy != LegAnswered:
		return []Code{l}
	case l == NotRun && app != LegAnswered:
		l = "" // called after all: the cause of the last answer counts
	}
	var codes []Code
	for _, code := range []Code{l, a} {
		if code != "" {
			codes = append(codes, code)
		}
	}
	return codes
}
