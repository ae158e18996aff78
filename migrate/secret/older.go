package secret

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
)

const (
	generationSize = 1 << 20 // secrets of one generation: 12 MiB of hashes
	startBits      = 24      // slots of its filter: 2 MiB, of which a million secrets take one in seventeen
)

// older knows secrets again that a vault has forgotten, as they are and not in other codings: of each it keeps a 64-bit
// hash, of all together which lengths they have. The newest million are kept, at most two, in at most 30 MiB. The hashes are
// seeded anew in each process and tell nobody anything.
type older struct {
	seed        maphash.Seed
	young, aged generation
	lengths     []int // distinct, ascending
}

// generation is a set of hashes, and a filter of the 8 bytes that the secrets start with.
type generation struct {
	count  int
	hashes []uint64 // open addressing; 0: free
	starts []uint64 // a bit per slot
}

func (o *older) add(plain string) {
	if o.young.count == generationSize {
		o.aged, o.young = o.young, generation{}
	}
	if o.young.hashes == nil {
		o.young = generation{hashes: make([]uint64, 1<<10), starts: make([]uint64, 1<<(startBits-6))}
	}
	if o.lengths == nil {
		o.seed = maphash.MakeSeed()
	}
	if at, known := slices.BinarySearch(o.lengths, len(plain)); !known {
		o.lengths = slices.Insert(o.lengths, at, len(plain))
	}
	o.young.add(binary.LittleEndian.Uint64([]byte(plain[:MinLength])), o.hash([]byte(plain)))
}

func (o *older) hash(plain []byte) uint64 { return max(1, maphash.Bytes(o.seed, plain)) }

// first gives the first position below limit where an older secret starts, and its length; -1 if none.
func (o *older) first(p []byte, limit int) (at, length int) {
	for _, g := range []*generation{&o.young, &o.aged} {
		if g.count > 0 && len(p) >= MinLength {
			if at, length = o.firstOf(g, p, limit); at >= 0 {
				return at, length
			}
		}
	}
	return -1, 0
}

// firstOf costs one look for nearly every byte, else a hash for each length that secrets have.
func (o *older) firstOf(g *generation, p []byte, limit int) (at, length int) {
	start := binary.LittleEndian.Uint64(p) << 8
	for i, last := range p[MinLength-1:][:max(0, min(limit, len(p)-MinLength+1))] {
		start = start>>8 | uint64(last)<<56
		if slot := startSlot(start); g.starts[slot/64]>>(slot%64)&1 == 0 {
			continue
		}
		for _, n := range o.lengths {
			if n > len(p)-i {
				break
			}
			if g.holds(o.hash(p[i : i+n])) {
				return i, n
			}
		}
	}
	return -1, 0
}

func startSlot(start uint64) uint64 { return start * 0x9E3779B97F4A7C15 >> (64 - startBits) }

func (g *generation) add(start, hash uint64) {
	slot := startSlot(start)
	g.starts[slot/64] |= 1 << (slot % 64)
	if place := g.place(hash); g.hashes[place] == 0 {
		g.hashes[place] = hash
		g.count++
	}
	if g.count > len(g.hashes)/5*4 {
		g.grow()
	}
}

func (g *generation) holds(hash uint64) bool { return g.hashes[g.place(hash)] == hash }

// place is where hash is, or would be.
func (g *generation) place(hash uint64) uint64 {
	at, _ := bits.Mul64(hash, uint64(len(g.hashes)))
	for g.hashes[at] != 0 && g.hashes[at] != hash {
		if at++; at == uint64(len(g.hashes)) {
			at = 0
		}
	}
	return at
}

// grow takes a quarter more, not twice as much: memory is scarcer here than time.
func (g *generation) grow() {
	before := g.hashes
	g.hashes = make([]uint64, len(before)/4*5)
	for _, hash := range before {
		if hash != 0 {
			g.hashes[g.place(hash)] = hash
		}
	}
}
