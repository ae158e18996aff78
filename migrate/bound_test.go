package migrate

import (
	"math"
	"testing"
)

// TestBinomialBounds: against published values. Two-sided bounds at 95% are one-sided ones at 97.5%.
func TestBinomialBounds(t *testing.T) {
	one := &SampleFrame{LargestUser: 1}
	for _, c := range []struct {
		x, n       int
		confidence float64
		low, high  float64
	}{
		{0, 300, 0.95, 0, 0.009936},
		{0, 10, 0.95, 0, 0.258866}, // 1 − 0.05^(1/10)
		{0, 59, 0.95, 0, 0.049508}, // the 59 of non-parametric tolerance
		{5, 100, 0.975, 0.016432, 0.112835},
		{10, 100, 0.975, 0.049005, 0.176223},
		{1, 10, 0.975, 0.002529, 0.445016},
		{50, 100, 0.975, 0.398321, 0.601679},
		{10, 10, 0.95, 0.741134, 1},
		{0, 1_000_000, 0.95, 0, 2.995728e-6},
		{0, 0, 0.95, 0, 1},
	} {
		if got := one.upperBound(c.x, c.n, c.confidence); math.Abs(got-c.high) > 1e-6 {
			t.Errorf("upper bound of %d of %d at %v: %v, want %v", c.x, c.n, c.confidence, got, c.high)
		}
		if got := one.lowerBound(c.x, c.n, c.confidence); math.Abs(got-c.low) > 1e-6 {
			t.Errorf("lower bound of %d of %d at %v: %v, want %v", c.x, c.n, c.confidence, got, c.low)
		}
	}
}

// TestBoundsAgainstTheSum: the continued fraction is the sum of the binomial's terms.
func TestBoundsAgainstTheSum(t *testing.T) {
	for _, n := range []int{1, 2, 7, 40, 300} {
		for x := 0; x < n; x += 1 + n/10 {
			for _, p := range []float64{0.001, 0.1, 0.5, 0.93} {
				want, term := 0.0, float64(n)*math.Log(1-p) // in logarithms: the first terms are too small for a float
				for k := 0; k <= x; k++ {
					want += math.Exp(term)
					term += math.Log(float64(n-k) / float64(k+1) * p / (1 - p))
				}
				if got := atMost(x, n, p); math.Abs(got-want) > 1e-9 {
					t.Errorf("%d or fewer of %d at %v: %v, want %v", x, n, p, got, want)
				}
			}
		}
	}
}

// TestBoundsOfAnyFleet: a bound lies on its side, more vehicles narrow it, and large fleets take no time.
func TestBoundsOfAnyFleet(t *testing.T) {
	frame := &SampleFrame{LargestUser: 1}
	for _, n := range []int{10, 1000, 100_000, 10_000_000} {
		for _, part := range []int{0, 1, 3, 10, 100} {
			x := n * part / 100
			share := float64(x) / float64(n)
			low, high := frame.lowerBound(x, n, 0.95), frame.upperBound(x, n, 0.95)
			if low > share || high < share || high-low > 2.4/math.Sqrt(float64(n)) {
				t.Errorf("%d of %d: %v to %v", x, n, low, high)
			}
		}
	}
}

// TestClusters: vehicles of one user count as one draw, rounded to the side that is safe.
func TestClusters(t *testing.T) {
	for _, c := range []struct {
		reason       string
		largest      int
		x, n         int
		likeX, likeN int
	}{
		{"one vehicle a user", 1, 3, 100, 3, 100},
		{"nothing is known of users", 0, 3, 100, 3, 100},
		{"up to five a user", 5, 10, 100, 2, 20},
		{"rounded against the sample", 5, 11, 104, 3, 20},
		{"all of one user: nothing is proved", 100, 0, 99, 0, 0},
		{"more than there are draws", 3, 8, 8, 2, 2},
	} {
		f := &SampleFrame{LargestUser: c.largest}
		if got, want := f.upperBound(c.x, c.n, 0.95), binomialUpper(c.likeX, c.likeN, 0.95); got != want {
			t.Errorf("%s: upper %v, want %v", c.reason, got, want)
		}
		if low, share := f.lowerBound(c.x, c.n, 0.95), float64(c.x)/float64(c.n); low > share {
			t.Errorf("%s: lower %v, over the share %v", c.reason, low, share)
		}
	}
}
