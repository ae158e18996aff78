package migrate

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestChanceIsNotDoubted: fleets of which a share is refused at random are asked once, whatever the share.
func TestChanceIsNotDoubted(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 7))
	for share := 1; share < 100; share += 2 {
		var l refusals
		for n := range 5000 {
			if random.IntN(100) < share {
				l.note(n, "", true, false)
			} else {
				l.note(n, "", false, true)
			}
		}
		if list := l.stretches(256); len(list) > 0 {
			t.Errorf("%d %% refused at random: %d stretches, the first of %d cars", share, len(list), len(list[0]))
		}
	}
}

// TestOneGrantIsOneRefusal: all cars of a dead grant are refused together, which is no outage.
func TestOneGrantIsOneRefusal(t *testing.T) {
	var l refusals
	for n := range 300 {
		dead := n >= 100 && n < 150
		l.note(n, "one grant", dead, !dead)
	}
	if list := l.stretches(256); len(list) > 0 {
		t.Errorf("%v", list)
	}
}

// TestStretchesHaveBlurredEnds: cars that were in flight when it began or ended belong to it, and to one only.
func TestStretchesHaveBlurredEnds(t *testing.T) {
	var l refusals
	for n := range 1000 {
		near := n >= 296 && n < 300 && n%2 == 0 || n >= 340 && n < 350 && n%3 == 0
		if n >= 300 && n < 340 || near || n >= 345 && n < 400 || n == 900 {
			l.note(n, "", true, false)
		} else {
			l.note(n, "", false, true)
		}
	}
	list := l.stretches(16)
	if len(list) != 2 || list[0][0] != 296 || slices.Max(list[1]) != 399 {
		t.Fatalf("%v", list)
	}
	all := slices.Concat(list...)
	if slices.Sort(all); len(slices.Compact(slices.Clone(all))) != len(all) || len(all) != 98 {
		t.Errorf("%d cars: %v", len(all), all)
	}
	for _, n := range []int{1, 9, 10, 11, 25, 1000} {
		if probes := spread(make([]int32, n)); len(probes) != min(n, probeCount) {
			t.Errorf("of %d cars %d are probes", n, len(probes))
		}
	}
}
