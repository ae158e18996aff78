package report

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scmigrate/compare"
)

// TestDecodedValues: the short way of a canonical value ends where the way through its JSON does.
func TestDecodedValues(t *testing.T) {
	texts := []string{"", "NOT_CHARGING", "<&>\u2028\x7f", "caf\u00e9", "\xff\xfe", "half \xe2\x82"}
	values := []compare.Value{{}, compare.PositionValue(48.1, 11.5), compare.FlagValue(true), compare.FlagValue(false), compare.SetValue(nil), compare.SetValue(texts), compare.SetValue(texts[:4]),
		compare.SetValue([]string{"\xe2", "\x82\xac"})}
	for _, text := range texts {
		values = append(values, compare.TextValue(text))
	}
	for _, n := range []float64{0, math.Copysign(0, -1), 18.8, -3, 1e-9, 1.0000004, 123456789.1234567, 1e21, math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1)} {
		values = append(values, compare.NumberValue(n))
	}
	for _, v := range values {
		if diff := cmp.Diff(throughJSON(v), decoded(v)); diff != "" {
			t.Errorf("%+v:\n%s", v, diff)
		}
	}
}
