package migrate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLowerTail: exact values, by rational arithmetic.
func TestLowerTail(t *testing.T) {
	for _, c := range []struct {
		k, n int
		p    float64
		want float64 // the logarithm
	}{
		{3, 10, 0.5, math.Log(0.171875)},
		{0, 66, 0.1, -6.953794033416536},
		{0, 65, 0.1, -6.84843351775871},
		{5, 96, 0.145, -5.632200787695503},
		{1000, 2000, 0.55, -12.412293926817583},
		{0, 2000, 0.5, -1386.2943611198907}, // far below the smallest float64
		{150, 2000, 0.5, -856.826815135401},
		{1990, 2000, 0.999, -9.990504615162957},
		{1999, 2000, 0.5, 0}, {10, 10, 0.3, 0}, {700, 1000, 0.2, 0},
		{0, 30, 0, 0}, {29, 30, 1, math.Inf(-1)}, {30, 30, 1, 0}, {-1, 30, 0.5, math.Inf(-1)},
	} {
		if got := lowerTail(c.k, c.n, c.p); got != c.want && math.Abs(got-c.want) > 1e-9*max(1, math.Abs(c.want)) {
			t.Errorf("ln P(X <= %d | %d, %g) = %.12g, want %.12g", c.k, c.n, c.p, got, c.want)
		}
	}
}

// TestAgreementIsExact holds the fast counts against all pairs, one by one, and the dealing against every dealing.
func TestAgreementIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	near := func(a, b float64) bool { return math.Abs(a-b) <= max(1, 0.2*max(a, b)) } // an absolute and a relative part, as tolerances have
	for range 500 {
		pairs := make([]couple, 1+r.IntN(6))
		for i := range pairs {
			pairs[i] = couple{float64(r.IntN(12)), float64(r.IntN(12))}
		}
		n, agree, all := len(pairs), 0, 0
		for _, p := range pairs {
			if near(p.legacy, p.app) {
				agree++
			}
			for _, q := range pairs {
				if near(p.legacy, q.app) {
					all++
				}
			}
		}
		want := concord{n: n, agree: agree, chance: float64(all) / float64(n*n), best: float64(bestDealing(pairs, near)) / float64(n)}
		if got := agreement(pairs, near); got != want {
			t.Fatalf("%v: %+v, want %+v", pairs, got, want)
		}
	}
}

// bestDealing tries every order of the app values.
func bestDealing(pairs []couple, alike func(a, b float64) bool) int {
	best := 0
	var deal func(i, count int, used []bool)
	deal = func(i, count int, used []bool) {
		if i == len(pairs) {
			best = max(best, count)
			return
		}
		for j := range pairs {
			if used[j] {
				continue
			}
			used[j] = true
			more := 0
			if alike(pairs[i].legacy, pairs[j].app) {
				more = 1
			}
			deal(i+1, count+more, used)
			used[j] = false
		}
	}
	deal(0, 0, make([]bool, len(pairs)))
	return best
}

func TestRankCorrelation(t *testing.T) {
	for _, c := range []struct {
		reason string
		pairs  []couple
		want   float64
	}{
		{"one order", []couple{{1, 10}, {2, 11}, {9, 400}}, 1},
		{"the other way round", []couple{{1, 3}, {2, 2}, {9, 1}}, -1},
		{"a leg that is always the same", []couple{{1, 3}, {2, 3}, {9, 3}}, 0},
		{"ties share their place", []couple{{1, 1}, {1, 1}, {2, 2}, {2, 2}}, 1},
		{"ties against an order", []couple{{1, 1}, {1, 2}, {2, 3}, {2, 4}}, 2 / math.Sqrt(5)},
	} {
		if got := rankCorrelation(c.pairs); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %g, want %g", c.reason, got, c.want)
		}
	}
}

// equal and points are what two values of one car may be: words, and a charge by its Near.
func equal(a, b float64) bool  { return a == b }
func points(a, b float64) bool { return math.Abs(a-b) <= 0.03+1e-9 }

// dealtCars makes n couples, each drawn by draw.
func dealtCars(r *rand.Rand, n int, draw func(r *rand.Rand) couple) []couple {
	pairs := make([]couple, n)
	for i := range pairs {
		pairs[i] = draw(r)
	}
	return pairs
}

func flag(r *rand.Rand, p float64) float64 {
	if r.Float64() < p {
		return 1
	}
	return 0
}

// TestHealthyGroupsAreNoStrangers is about false alarms: a whole make would be blocked. Each group is tried 300 times.
func TestHealthyGroupsAreNoStrangers(t *testing.T) {
	between := func(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }
	for _, c := range []struct {
		reason  string
		n       int
		ordered bool
		draw    func(r *rand.Rand) couple
	}{
		{"every car is shut on both legs", 1000, false, func(*rand.Rand) couple { return couple{1, 1} }},
		{"a door in a hundred is open, never the same one", 1000, false, func(r *rand.Rand) couple { return couple{flag(r, 0.01), flag(r, 0.01)} }},
		{"one car in ten is unlocked, an hour later another one", 1000, false, func(r *rand.Rand) couple { return couple{flag(r, 0.1), flag(r, 0.1)} }},
		{"three cars in ten were unlocked or locked in between, of a fleet that is half and half", 1000, false, func(r *rand.Rand) couple {
			a := flag(r, 0.5)
			return couple{math.Abs(a - flag(r, 0.3)), a}
		}},
		{"a depot: every van was full before it left, and has driven since", 1000, true, func(r *rand.Rand) couple { return couple{between(r, 0.5, 0.9), 1} }},
		{"the same, some were not quite full", 1000, true, func(r *rand.Rand) couple { return couple{between(r, 0.3, 0.9), between(r, 0.94, 1)} }},
		{"plug-in hybrids that all charge: nobody is where he was, many are full", 400, true, func(r *rand.Rand) couple {
			a := between(r, 0.2, 0.9)
			return couple{min(1, a+0.5), a}
		}},
		{"everybody is on the road and has lost up to a fifth", 400, true, func(r *rand.Rand) couple {
			a := between(r, 0.3, 1)
			return couple{a - between(r, 0.05, 0.2), a}
		}},
		{"taxis up to an hour apart: a saw of five hours, anywhere on it", 400, true, func(r *rand.Rand) couple {
			phase := 5 * r.Float64()
			saw := func(at float64) float64 { return 0.95 - 0.15*math.Mod(at, 5) }
			return couple{saw(phase + r.Float64()), saw(phase)}
		}},
		{"nine in ten stand where they stood", 60, true, func(r *rand.Rand) couple {
			a := between(r, 0.2, 1)
			return couple{a - 0.2*r.Float64()*flag(r, 0.1), a}
		}},
		{"a range told in another way: a fifth more throughout", 400, true, func(r *rand.Rand) couple {
			a := between(r, 0.2, 0.8)
			return couple{1.2 * a, a}
		}},
	} {
		alike := equal
		if c.ordered {
			alike = points
		}
		for seed := range uint64(300) {
			pairs := dealtCars(rand.New(rand.NewPCG(seed, 7)), c.n, c.draw)
			if got, alarm := strangers(pairs, alike, c.ordered); alarm {
				t.Errorf("%s: an alarm at seed %d: %+v", c.reason, seed, got)
				break
			}
		}
	}
}

// TestStrangersAreFound: of 100 tries at least so many must raise the alarm.
func TestStrangersAreFound(t *testing.T) {
	anywhere := func(r *rand.Rand) couple { return couple{0.2 + 0.8*r.Float64(), 0.2 + 0.8*r.Float64()} }
	upsideDown := func(p float64) func(r *rand.Rand) couple {
		return func(r *rand.Rand) couple { a := flag(r, p); return couple{a, 1 - a} }
	}
	for _, c := range []struct {
		reason    string
		n         int
		ordered   bool
		draw      func(r *rand.Rand) couple
		low, high int
	}{
		{"the charge of any other car", 300, true, anywhere, 90, 100},
		{"too few to tell", 50, true, anywhere, 0, 10},
		{"never on fewer than 30 pairs", 29, false, upsideDown(0.5), 0, 0},
		{"a flag upside down, half and half", 30, false, upsideDown(0.5), 100, 100},
		{"a flag upside down, nine in ten", 40, false, upsideDown(0.9), 90, 100},
		{"always upside down: 0.9^66 is less than one in a thousand", 66, false, upsideDown(1), 100, 100},
		{"and 0.9^65 is not", 65, false, upsideDown(1), 0, 0},
		{"a coin for a flag", 1000, false, func(r *rand.Rand) couple { return couple{flag(r, 0.5), flag(r, 0.5)} }, 40, 100},
		{"half of the cars are right", 200, true, func(r *rand.Rand) couple {
			c := anywhere(r)
			if flag(r, 0.5) == 1 {
				c.app = c.legacy
			}
			return c
		}, 0, 0},
	} {
		alike, alarms := equal, 0
		if c.ordered {
			alike = points
		}
		for seed := range uint64(100) {
			if _, alarm := strangers(dealtCars(rand.New(rand.NewPCG(seed, 11)), c.n, c.draw), alike, c.ordered); alarm {
				alarms++
			}
		}
		if alarms < c.low || alarms > c.high {
			t.Errorf("%s: %d alarms of 100, want %d to %d", c.reason, alarms, c.low, c.high)
		}
	}
}

// TestStrangersDoNotDependOnTheOrder of the cars.
func TestStrangersDoNotDependOnTheOrder(t *testing.T) {
	pairs := dealtCars(rand.New(rand.NewPCG(3, 3)), 300, func(r *rand.Rand) couple { return couple{r.Float64(), r.Float64()} })
	one, _ := strangers(pairs, points, true)
	slices.Reverse(pairs)
	if other, _ := strangers(pairs, points, true); one != other {
		t.Errorf("%+v, reversed %+v", one, other)
	}
}
