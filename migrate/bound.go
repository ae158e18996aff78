package migrate

import "math"

// SampleFrame says how a sample was drawn: so many vehicles of so many, belonging to so many users.
type SampleFrame struct {
	Vehicles    int // drawn
	Of          int // vehicles of the inventory
	Users       int // of the vehicles drawn; a vehicle without a userId is its own user
	LargestUser int // the most vehicles of the inventory that one user has: one that was not drawn might have been
}

// Partial tells a sample from a look at everything, of which nobody was left out.
func (f *SampleFrame) Partial() bool { return f != nil && f.Vehicles < f.Of }

// upperBound and lowerBound are the one-sided Clopper–Pearson bounds of a share of which x of n drawn vehicles are, at a
// confidence of 0 to 1: exact for independent draws, and on the safe side for a sample of a finite fleet.
//
// The vehicles of one user share grant, make and luck: a sample with users of several vehicles is one of clusters. What is
// safe whatever the vehicles of a user have in common is to count it as n ÷ m draws, where m is the most that one user has.
func (f *SampleFrame) upperBound(x, n int, confidence float64) float64 {
	if m := f.LargestUser; m > 1 {
		n /= m
		x = min(n, (x+m-1)/m)
	}
	return binomialUpper(x, n, confidence)
}

// UpperBound is the most of the fleet, 0 to 1, that has what x of the drawn vehicles have, at a confidence of 0 to 1.
func UpperBound(x int, f SampleFrame, confidence float64) float64 {
	return f.upperBound(x, f.Vehicles, confidence)
}

func (f *SampleFrame) lowerBound(x, n int, confidence float64) float64 {
	return 1 - f.upperBound(n-x, n, confidence) // the others' upper bound
}

// binomialUpper is the share p at which x or fewer of n are seen with a probability of just 1 − confidence.
func binomialUpper(x, n int, confidence float64) float64 {
	if n <= 0 || x >= n {
		return 1
	}
	low, high := float64(x)/float64(n), 1.0
	for range 60 { // each step halves it: far below any share that can be told apart
		p := (low + high) / 2
		if atMost(x, n, p) > 1-confidence {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// atMost is the probability of x or fewer of n, each with probability p: the regularised incomplete beta function
// I(1−p; n−x, x+1).
func atMost(x, n int, p float64) float64 {
	return incompleteBeta(1-p, float64(n-x), float64(x+1))
}

// incompleteBeta is I(x; a, b) for 0 ≤ x ≤ 1. The continued fraction converges fast on one side of the mean only; the
// other side is its complement.
func incompleteBeta(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - incompleteBeta(1-x, b, a)
	}
	whole, _ := math.Lgamma(a + b)
	left, _ := math.Lgamma(a)
	right, _ := math.Lgamma(b)
	return math.Exp(whole-left-right+a*math.Log(x)+b*math.Log1p(-x)) * betaFraction(x, a, b) / a
}

// betaFraction is the continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by Lentz's method.
func betaFraction(x, a, b float64) float64 {
	const enough, most = 1e-15, 100_000
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	result := d
	for m := 1.0; m < most; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/away(1+even*d), away(1+even/c)
		result *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/away(1+odd*d), away(1+odd/c)
		if result *= d * c; math.Abs(d*c-1) < enough {
			break
		}
	}
	return result
}

// away keeps a divisor away from 0.
func away(n float64) float64 {
	const tiny = 1e-300
	if math.Abs(n) < tiny {
		return tiny
	}
	return n
}
