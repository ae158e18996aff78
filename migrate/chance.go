package migrate

import (
	"cmp"
	"math"
	"slices"
)

// The chance test (DESIGN §3.3): at least chancePairs pairs, and a one-sided p below chanceP.
const (
	chancePairs = 30
	chanceP     = 0.001
	// better is the least that the legs of one car must agree better than those of two cars drawn at random: this part of
	// what is left to agree on.
	better = 0.1
	// inStep is how many standard errors the legs must rise and fall together to be no strangers, wherever they stand:
	// a fleet on the road has everywhere less than an hour ago.
	inStep = 2
)

// couple is one car's values of a field: numbers as they are, words by their codes.
type couple struct{ legacy, app float64 }

// concord is how well the legs of a group of cars agree: how many of n do, the share that would if the same values were
// dealt out at random, and the share that could at the best dealing.
type concord struct {
	n, agree     int
	chance, best float64
}

// agreement counts exactly, in n log n. alike must be true for equal values, and for whatever lies between two alike ones.
func agreement(pairs []couple, alike func(a, b float64) bool) concord {
	c := concord{n: len(pairs)}
	legacy, app := make([]float64, c.n), make([]float64, c.n)
	for i, p := range pairs {
		legacy[i], app[i] = p.legacy, p.app
		if alike(p.legacy, p.app) {
			c.agree++
		}
	}
	slices.Sort(legacy)
	slices.Sort(app)
	n := float64(c.n)
	c.chance, c.best = float64(alikes(legacy, app, alike))/(n*n), float64(dealt(legacy, app, alike))/n
	return c
}

// alikes counts the alike pairs among all that can be made of two sorted lists.
func alikes(a, b []float64, alike func(a, b float64) bool) (count int) {
	low, high := 0, 0
	for _, v := range a {
		for low < len(b) && b[low] < v && !alike(v, b[low]) {
			low++
		}
		for high = max(high, low); high < len(b) && (b[high] <= v || alike(v, b[high])); high++ {
		}
		count += high - low
	}
	return count
}

// dealt is the most alike pairs that two sorted lists can be dealt out to at once.
func dealt(a, b []float64, alike func(a, b float64) bool) (count int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case alike(a[i], b[j]):
			count++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return count
}

// strangers tells whether the pairs refute that the legs agree even a little better than chance. It is never true because
// there is too little to tell: a group in which all cars are the same agrees well by chance, and refutes nothing. ordered
// says that the values are numbers. Numbers can move in step (a depot at the start of the day), so they are not strangers
// where they rise and fall together, and what no dealing could make agree is not held against them.
func strangers(pairs []couple, alike func(a, b float64) bool, ordered bool) (concord, bool) {
	if len(pairs) < chancePairs {
		return concord{}, false
	}
	c := agreement(pairs, alike)
	left := 1 - c.chance
	if ordered {
		left = c.best - c.chance
	}
	if math.Exp(lowerTail(c.agree, c.n, c.chance+better*left)) >= chanceP {
		return c, false
	}
	return c, !ordered || rankCorrelation(pairs)*math.Sqrt(float64(c.n-1)) < inStep
}

// lowerTail is the logarithm of the exact probability that a binomial count of n trials, each true with probability p, is
// k or less.
func lowerTail(k, n int, p float64) float64 {
	switch {
	case k >= n || p <= 0:
		return 0
	case k < 0 || p >= 1:
		return math.Inf(-1)
	}
	// Term by term from the largest index down, relative to the first: P(i-1)/P(i) = i(1-p) / ((n-i+1)p).
	sum, term := 1.0, 1.0
	shift := logChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p)
	for i := k; i > 0; i-- {
		term *= float64(i) * (1 - p) / (float64(n-i+1) * p)
		sum += term
		if sum > 1e100 { // what was summed so far becomes the unit
			shift, term, sum = shift+math.Log(sum), term/sum, 1
		}
	}
	return min(0, shift+math.Log(sum))
}

// logChoose is the logarithm of the binomial coefficient.
func logChoose(n, k int) float64 {
	gamma := func(v int) float64 { g, _ := math.Lgamma(float64(v + 1)); return g }
	return gamma(n) - gamma(k) - gamma(n-k)
}

// rankCorrelation is Spearman's: 1 where the legs have the cars in one order, 0 where the orders have nothing to do with
// one another or a leg has only one value.
func rankCorrelation(pairs []couple) float64 {
	legacy := ranks(pairs, func(c couple) float64 { return c.legacy })
	app := ranks(pairs, func(c couple) float64 { return c.app })
	mean := float64(len(pairs)-1) / 2
	var both, one, other float64
	for i := range pairs {
		a, b := legacy[i]-mean, app[i]-mean
		both, one, other = both+a*b, one+a*a, other+b*b
	}
	if one == 0 || other == 0 {
		return 0
	}
	return both / math.Sqrt(one*other)
}

// ranks are the places of the pairs in the order of a value, from 0; equal values share the middle of their places.
func ranks(pairs []couple, of func(couple) float64) []float64 {
	order := make([]int, len(pairs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(of(pairs[i]), of(pairs[j])) })
	out := make([]float64, len(pairs))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && of(pairs[order[to]]) == of(pairs[order[from]]) {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return out
}
