package migrate

import (
	"context"
	"errors"

	"scmigrate/compare"
	"scmigrate/migrate/smartcar"
)

// The same-API mode: the legacy leg calls v3 as well, with the vehicle's opaque token in place of the application's. Older
// texts of Smartcar let that work, the newest refuses it (smartcar-v3.md §11). v2.0 may be gone then, so nothing here calls
// it: what only GET /v2.0/user could prove stays unproved.

// LegacyV2 and LegacyV3 are the APIs that the legacy leg can be asked on.
const (
	LegacyV2 = "v2"
	LegacyV3 = "v3"
)

// The outcomes of a legacy leg whose opaque token v3 did not take. Two vehicles of them, and none that worked, are a setting
// (factsOf).
const (
	LegOpaqueRefused LegOutcome = "opaque-refused" // 401
	LegOpaqueDenied  LegOutcome = "opaque-denied"  // 403 or 404
)

func (m *Meter) sameAPI() bool { return m.LegacyAPI == LegacyV3 }

// legacy is the legacy leg on the API that was chosen.
func (v *visit) legacy() func(context.Context) error {
	if v.meter.sameAPI() {
		return v.sameLeg
	}
	return v.legacyLeg
}

// ask makes the one call of the legacy leg.
func (v *visit) ask(ctx context.Context) (smartcar.Answer, error) {
	if v.meter.sameAPI() {
		return v.meter.Caller.LegacySignalsFrom(ctx, v.entry.VehicleID, v.evidence.Identity.AskedAs, v.current)
	}
	return v.meter.Caller.BatchFrom(ctx, v.entry.VehicleID, v.current, v.asked)
}

// sameLeg reads all signals with the opaque token. A 401 asks once for another token, as in legacyLeg.
func (v *visit) sameLeg(ctx context.Context) error {
	answer, err := v.send(ctx)
	if errors.Is(err, errNoToken) {
		return nil // why is on record
	}
	if err != nil {
		return err
	}
	leg := &v.evidence.Legacy
	leg.note(answer)
	if answer.Failure != nil {
		v.refuseOpaque(*answer.Failure)
		return nil
	}
	signals, err := compare.ParseSignals(answer.Body)
	if err != nil {
		leg.malformed(err)
		return nil
	}
	leg.Outcome, v.opaque = LegAnswered, &signals
	leg.Billed++
	return nil
}

// refuseOpaque records a v3 that would not answer the opaque token. A refusal here proves nothing about the grant, however
// young the token is: v3 may refuse all of its kind.
func (v *visit) refuseOpaque(f compare.Failure) {
	leg := &v.evidence.Legacy
	leg.Outcome, leg.Failure = opaqueOutcome(f), &f
	switch {
	case v.token.Gone != "":
		leg.Outcome, leg.Failure, leg.Detail = LegGrantDead, nil, "the token command says: gone"
	case leg.Outcome == LegOpaqueRefused || leg.Outcome == LegOpaqueDenied:
		leg.Detail = "v3 refuses the opaque token: " + f.Label()
	}
}

// opaqueOnly: what a refusal means where v3 was asked with an opaque token.
var opaqueOnly = map[compare.Kind]LegOutcome{
	compare.KindUnauthorized: LegOpaqueRefused, compare.KindForbidden: LegOpaqueDenied, compare.KindNotPermitted: LegOpaqueDenied,
	compare.KindNotFound: LegOpaqueDenied,
}

func opaqueOutcome(f compare.Failure) LegOutcome { return outcomeOf(f, opaqueOnly) }

// legacyReadings are what the legacy leg said about the fields, on whichever API it was asked.
func (v *visit) legacyReadings(fields []*compare.Field) []compare.Reading {
	leg := v.evidence.Legacy
	switch {
	case v.meter.noLegacy():
		return v.baselineReadings(fields)
	case !v.meter.sameAPI():
		return compare.ReadLegacy(fields, v.evidence.Make, v.asked, v.batch)
	case v.opaque != nil:
		return compare.ReadApp(fields, *v.opaque)
	case leg.Outcome == LegNotRun:
		return compare.ReadLegacy(fields, "", nil, compare.Batch{}) // never asked
	case leg.Failure != nil:
		return compare.AllFailed(fields, *leg.Failure)
	}
	return compare.AllFailed(fields, compare.Failure{Kind: compare.KindUnauthorized, Note: "no token that may be sent"})
}

// describeAlike makes the two answers comparable where neither describes the car: then there is nothing to compare, and
// nothing missing on one side. What the connections list says of the car is the application's word alone.
func (v *visit) describeAlike() {
	if v.opaque != nil && v.signals != nil && v.opaque.Vehicle == nil && v.signals.Vehicle == nil {
		v.opaque.Describe("", "", "", 0)
		v.signals.Describe("", "", "", 0)
	}
}

// others are the findings about signals that no field of the catalogue reads.
func (v *visit) others() []compare.Finding {
	if !v.meter.Others || v.opaque == nil || v.signals == nil {
		return nil
	}
	return compare.DiffUnmapped(*v.opaque, *v.signals)
}

// settling are the readings that tell whether the account itself refuses: on v3 any live signal shows it, asked for or not.
func (v *visit) settling(asked []compare.Reading) []compare.Reading {
	if v.opaque != nil {
		return compare.ReadApp(compare.All(), *v.opaque)
	}
	return asked
}
