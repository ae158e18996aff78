package manifest

import (
	"maps"
	"math/rand/v2"
	"testing"
)

// TestCrowdLosesNobody: whatever the keys, also those that crowd into one table, each is found again and yielded once.
func TestCrowdLosesNobody(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, key := range map[string]func() uint64{
		"as they are": r.Uint64, "one table": func() uint64 { return r.Uint64()<<8 | 7 }, "one end of it": func() uint64 { return ^uint64(0) - r.Uint64N(5000)<<8 },
	} {
		var c crowd
		want := map[uint64]uint32{}
		for range 20_000 {
			k := key()
			u := c.of(k)
			u.key = k
			u.ready++
			want[k]++
		}
		got := map[uint64]uint32{}
		for u := range c.all() {
			got[u.key] += u.ready
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %d persons, want %d", name, len(got), len(want))
		}
		for u := range c.drain() {
			delete(got, u.key)
		}
		for range c.all() {
			t.Fatalf("%s: somebody is there after the drain", name)
		}
		if len(got) > 0 {
			t.Errorf("%s: %d were not drained", name, len(got))
		}
	}
}
