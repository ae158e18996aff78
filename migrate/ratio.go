package migrate

import (
	"math"
	"slices"
	"time"

	"scmigrate/compare"
)

// The ratio test (DESIGN §3.3).
const (
	ratioCars = 5 // the least number of cars
	// ratioNear is how close the middle ratio must be to a unit factor, ratioWide how close three quarters of all, in parts of
	// the factor's logarithm: 2 % and 10 % for miles, more for factors that no real change comes near (23 % and 2.5 times for
	// percent). Values that merely moved stray more.
	ratioNear, ratioWide = 1.0 / 24, 1.0 / 5
	// ratioFresh is within how long no make moves by a unit factor as a whole, for fields that one car may move so far.
	ratioFresh = time.Hour
	// ratioGauge is how far apart a leg may have observed a range and the gauge that it is in proportion to.
	ratioGauge = 15 * time.Minute
	// ratioSteps is how many tolerances a number must be for its ratio to say anything.
	ratioSteps = 10
)

// ratioOf is the ratio legacy : app of one car, for fields that driving moves divided by the same ratio of their gauge, so
// that what was driven, charged or refuelled in between does not show. ok is false where it would prove nothing.
func ratioOf(field *compare.Field, p compare.Pair, f compare.Finding, all []compare.Finding) (ratio float64, ok bool) {
	if ratio, ok = p.Legacy.Num/p.App.Num, weighty(field, max(p.Legacy.Num, p.App.Num)); !ok || !(ratio > 0) || math.IsInf(ratio, 0) {
		return 0, false
	}
	gauges := field.Gauges()
	switch {
	case field.Quantity == compare.Fraction && min(p.Legacy.Num, p.App.Num) >= field.Tolerance.Abs:
		return 1, true // a full plug-in hybrid that was at 1 % in the evening: a fraction scaled down once more is below a point
	case gauges == nil:
		return ratio, true
	}
	for _, name := range gauges {
		if moved, ok := gaugeRatio(name, f, all); ok {
			return ratio / moved, true
		}
	}
	return ratio, p.Timed && p.Apart <= ratioFresh
}

// gaugeRatio is the ratio legacy : app of a gauge of the same car, observed with f on either leg.
func gaugeRatio(name string, f compare.Finding, all []compare.Finding) (float64, bool) {
	gauge, _ := compare.Lookup(name)
	for i := range all {
		if all[i].Field != name {
			continue
		}
		p, ok := all[i].Pair()
		ok = ok && weighty(gauge, p.Legacy.Num) && weighty(gauge, p.App.Num) && atOnce(f.Legacy, all[i].Legacy) && atOnce(f.App, all[i].App)
		return p.Legacy.Num / p.App.Num, ok
	}
	return 0, false
}

// atOnce tells whether nothing speaks against one leg having observed two fields together.
func atOnce(a, b compare.Reading) bool {
	return a.Observed.IsZero() || b.Observed.IsZero() || a.Observed.Sub(b.Observed).Abs() <= ratioGauge
}

func weighty(field *compare.Field, n float64) bool { return n >= ratioSteps*field.Tolerance.Abs }

// shown is what the ratios of a group came to: the unit factor, and how many are near it.
type shown struct {
	factor, middle float64
	near, cars     int
}

// unitFactor finds the unit factor that the ratios show, in either direction. Ratios that merely moved show none: their
// middle would have to be at a factor by chance, with nearly all of them around it.
func unitFactor(ratios, factors []float64) (s shown, ok bool) {
	if s.cars = len(ratios); s.cars < ratioCars {
		return s, false
	}
	sorted := slices.Sorted(slices.Values(ratios))
	s.middle = (sorted[(s.cars-1)/2] + sorted[s.cars/2]) / 2
	for _, factor := range factors {
		for _, s.factor = range []float64{factor, 1 / factor} {
			s.near = 0
			for _, r := range ratios {
				if within(r, s.factor, ratioWide) {
					s.near++
				}
			}
			if within(s.middle, s.factor, ratioNear) && 4*s.near >= 3*s.cars {
				return s, true
			}
		}
	}
	return s, false
}

// within tells whether a ratio is close to a factor, as a part of the factor's logarithm.
func within(ratio, factor, part float64) bool {
	return math.Abs(math.Log(ratio/factor)) <= part*math.Abs(math.Log(factor))
}
