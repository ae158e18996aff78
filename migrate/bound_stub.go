package migrate

import "math"

// SampleFrame is what a sample was drawn from: what a bound on the whole fleet is computed with.
type SampleFrame struct {
	Vehicles    int // drawn
	Of          int // in the inventory
	Users       int // drawn; a vehicle without a user counts as one
	LargestUser int // vehicles of the user who has the most, in the whole inventory
}

// UpperBound is the share of the fleet that may have what x of the drawn vehicles have, at most, with a confidence of 0 to
// 1: Clopper and Pearson's one-sided bound. Users are drawn, not vehicles, so a user counts as one vehicle, as if every
// user had as many as the largest.
func UpperBound(x int, frame SampleFrame, confidence float64) float64 {
	largest := max(1, frame.LargestUser)
	n, x := frame.Vehicles/largest, (x+largest-1)/largest
	if x >= n {
		return 1
	}
	low, high := 0.0, 1.0
	for range 60 {
		p := (low + high) / 2
		if atMost(x, n, p) > 1-confidence {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// atMost is the probability of at most x in n.
func atMost(x, n int, p float64) float64 {
	sum := 0.0
	for k := 0; k <= x; k++ {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		sum += math.Exp(a - b - c + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	}
	return sum
}
