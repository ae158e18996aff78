package migrate

import (
	"context"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
)

// After the cut-over, or after v2.0, there is no legacy leg to ask. The legacy side is then what an earlier run's legacy leg
// served: v3 must still serve all of it, and the values must be possible after that time. Nothing here calls v2.0 or resolves
// a legacy token.

// LegacyNone is the mode without a legacy leg.
const LegacyNone = "none"

// LegNoBaseline: the earlier run has no legacy evidence of the vehicle, so there is nothing that v3 must still serve.
const LegNoBaseline LegOutcome = "no-baseline"

// Baseline is what an earlier run's legacy leg said of a vehicle.
type Baseline struct {
	At         time.Time // when that was; zero: it did not measure the vehicle
	Why        string    // why it did not
	Readings   map[string]compare.Reading
	RequestIDs []string
}

// BaselineOf is a record's legacy side. A run that had a baseline itself hands it on with its time.
func BaselineOf(rec Record) Baseline {
	e := rec.Evidence
	if e.Legacy.Outcome != LegAnswered {
		return Baseline{Why: "the baseline has no legacy answer of it: " + joinedWords(string(e.Legacy.Outcome), e.Legacy.detail())}
	}
	b := Baseline{At: e.At, Readings: make(map[string]compare.Reading, len(e.Findings)), RequestIDs: e.Legacy.RequestIDs}
	if !e.Baseline.IsZero() {
		b.At = e.Baseline
	}
	for _, f := range e.Findings {
		b.Readings[f.Field] = f.Legacy
	}
	return b
}

func joinedWords(outcome, detail string) string {
	if outcome == "" {
		outcome = string(LegNotRun)
	}
	if detail == "" {
		return outcome
	}
	return outcome + ", " + detail
}

func (m *Meter) noLegacy() bool { return m.LegacyAPI == LegacyNone }

// takeBaseline puts the earlier run's answer in the place of the legacy leg; known is false where it has none, and the app leg
// is then not asked, for there is nothing that it must serve.
func (v *visit) takeBaseline(ctx context.Context) (known bool, err error) {
	if v.earlier, err = v.meter.Baseline(ctx, v.entry); err != nil {
		return false, err
	}
	leg := &v.evidence.Legacy
	if v.earlier.At.IsZero() {
		leg.Outcome, leg.Detail = LegNoBaseline, v.earlier.Why
		return false, nil
	}
	leg.Outcome, leg.RequestIDs, v.evidence.Baseline = LegAnswered, v.earlier.RequestIDs, v.earlier.At
	return true, nil
}

// baselineReadings are the earlier run's, in the order of the fields.
func (v *visit) baselineReadings(fields []*compare.Field) []compare.Reading {
	readings := make([]compare.Reading, 0, len(fields))
	for _, f := range fields {
		r, ok := v.earlier.Readings[f.Name]
		if !ok {
			r = compare.Reading{Field: f.Name, Status: compare.Unasked}
		}
		readings = append(readings, r)
	}
	return readings
}

// vinOfBaseline is the VIN that the earlier run's legacy leg told, "" where it told none.
func (m *Meter) vinOfBaseline(ctx context.Context, e inventory.Entry) (string, error) {
	b, err := m.Baseline(ctx, e)
	if r := b.Readings["vin"]; err == nil && r.Status == compare.Served {
		return r.Value.Text, nil
	}
	return "", err
}
