package manifest

import (
	"iter"
	"math/bits"
)

// person is a user while waves are forecast, in 16 bytes.
type person struct {
	key    uint64 // see userKey; 0: nobody
	ready  uint32 // vehicles
	cohort uint32 // and held, where a vehicle holds all of them back
}

const held = 1 << 31

// crowd finds persons by their keys, which are hashes and need no other. It is many small tables that grow by themselves, so
// that growing never takes a second copy of all.
type crowd [256]struct {
	places []person
	taken  int
}

// of is the place of a key: a person, or a free one for the caller to fill in before the next call.
func (c *crowd) of(key uint64) *person {
	t := &c[key%uint64(len(c))]
	if u := find(t.places, key); u != nil && u.key == key {
		return u
	}
	if t.taken >= len(t.places)/8*7 {
		grown := make([]person, max(32, len(t.places)/4*5))
		for _, u := range t.places {
			if u.key != 0 {
				*find(grown, u.key) = u
			}
		}
		t.places = grown
	}
	t.taken++
	return find(t.places, key)
}

// find is the place of the key, or the free one where it belongs; nil where there is none at all.
func find(places []person, key uint64) *person {
	if len(places) == 0 {
		return nil
	}
	high, _ := bits.Mul64(key, uint64(len(places)))
	for i := int(high); ; i = (i + 1) % len(places) {
		if u := &places[i]; u.key == 0 || u.key == key {
			return u
		}
	}
}

// all yields everybody, in no order that means anything.
func (c *crowd) all() iter.Seq[person] { return c.each(func(int) {}) }

// drain yields everybody and lets go of each table that was yielded.
func (c *crowd) drain() iter.Seq[person] {
	return c.each(func(table int) { c[table].places, c[table].taken = nil, 0 })
}

func (c *crowd) each(done func(table int)) iter.Seq[person] {
	return func(yield func(person) bool) {
		for n := range c {
			for _, u := range c[n].places {
				if u.key != 0 && !yield(u) {
					return
				}
			}
			done(n)
		}
	}
}
