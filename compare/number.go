package compare

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Plausible pressures of a car's tires in kPa, and the reading from which on a sensor has none: 699.9 is Jaguar's word
// for that (v2-to-v3-mapping.md §1.1).
const (
	pressureLow, pressureHigh = 100.0, 649.0
	pressureNone              = 650.0
)

// takeNumber reads a number with its unit. An unknown unit is a failure: PitPilot's rule, "refuse unknown units
// instead of guessing" (v2-to-v3-mapping.md §2).
func (r *Reading) takeNumber(f *Field, raw any, label string) {
	n, ok := toNumber(raw)
	if !ok && f.Name == "year" {
		n, ok = toNumber(json.Number(strings.TrimSpace(toText(raw))))
	}
	if !ok {
		r.fail("not a number")
		return
	}
	switch {
	case f.Quantity == Fraction && label == "":
		r.takeUnlabelledFraction(n)
	case f.Quantity == Pressure:
		r.takePressure(n, label)
	case label == "" || f.Quantity.Unit == "":
		r.Value = NumberValue(n)
		if f.Quantity.Unit != "" {
			r.warn(WarnUnitMissing)
		}
	default:
		r.convert(n, f.Quantity, label)
	}
}

func (r *Reading) convert(n float64, q Quantity, label string) {
	value, ok := canonical(n, q, label)
	if !ok {
		r.fail("a unit that is not known for " + q.Name)
		return
	}
	r.Value = NumberValue(value)
}

// takeUnlabelledFraction: above 1 it can only be percent; up to 1 it may be a fraction or a percent, and is not guessed
// (v2-to-v3-mapping.md §1 row 13). Nought is nought either way.
func (r *Reading) takeUnlabelledFraction(n float64) {
	r.warn(WarnUnitMissing)
	r.Value = NumberValue(n / 100)
	if n > 0 && n <= 1 {
		r.Raw = strconv.FormatFloat(n, 'f', -1, 64)
		r.warn(WarnScale)
	}
}

// takePressure applies the label, then tests plausibility: a label that gives the impossible while the bare number is
// plausible in kPa is a wrong label (v2-to-v3-mapping.md §1.1). The number is then read as kPa and the Reading says so.
func (r *Reading) takePressure(n float64, label string) {
	value := n
	if label == "" {
		r.warn(WarnUnitMissing)
	} else {
		var known bool
		if value, known = canonical(n, Pressure, label); !known {
			r.fail("a unit that is not known for pressure")
			return
		}
	}
	if plausiblePressure(value) {
		r.Value = NumberValue(value)
		return
	}
	if value >= pressureNone && (n >= pressureNone || !plausiblePressure(n)) {
		r.Status = Empty
		return
	}
	r.Raw = strconv.FormatFloat(n, 'f', -1, 64)
	if plausiblePressure(n) {
		r.warn(WarnUnitLabel)
		value = n
	}
	r.Value = NumberValue(value)
}

func plausiblePressure(kPa float64) bool { return kPa >= pressureLow && kPa <= pressureHigh }
