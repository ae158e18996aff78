package secret

import (
	"container/list"
	"encoding/binary"
	"slices"
	"sync"
)

const (
	// DefaultKeep is how many unpinned secrets a Vault remembers when it is not told otherwise.
	DefaultKeep = 10_000
	// MinLength is the shortest secret, in bytes, that a Vault looks for: shorter ones would match everywhere.
	MinLength = 8

	filterBits = 20 // slots of the filter in front of the maps: 1 MiB, so that most bytes of a clean text cost one look
)

// Vault remembers the secrets this process has seen, so that output can be redacted and artefacts be scanned for them.
// There is no global one: who makes it passes it on. Its memory is bounded: pinned secrets stay, of the others only the
// newest are kept in every form, for redaction: whatever carries a secret has just added it, so that an answer that repeats
// it is redacted before it is stored. A secret stays while fewer than keep others were added, or added again, since. Find also knows those that had to make room, by their
// hashes, in the form they have (see older). Its methods may be called from many goroutines; those that add are no-ops on a
// nil Vault, those that look find nothing.
type Vault struct {
	mu      sync.RWMutex
	keep    int
	newest  *list.List               // unpinned plain values, the last added in front
	known   map[string]*list.Element // plain value → its place among the newest; nil: pinned
	forms   map[string]form          // every spelling of every known value
	starts  map[uint64][]span
	filter  []uint8  // counts of starts per slot, 255 sticks
	held    []uint64 // a bit per slot that has any: 128 KiB, which stay in a processor's cache
	longest int
	older   older // what was among the newest
}

// form is one spelling; several secrets may share it.
type form struct {
	users int
	print string // fingerprint of the secret that brought it
}

// span says that some forms with a certain 8-byte start have this length.
type span struct{ length, count int }

// NewVault makes an empty vault that keeps the newest keep secrets besides the pinned ones; 0 or less means DefaultKeep.
func NewVault(keep int) *Vault {
	if keep <= 0 {
		keep = DefaultKeep
	}
	return &Vault{
		keep: keep, newest: list.New(), known: map[string]*list.Element{}, forms: map[string]form{}, starts: map[uint64][]span{},
		filter: make([]uint8, 1<<filterBits), held: make([]uint64, 1<<(filterBits-6)),
	}
}

// Add remembers s in every form until enough newer ones came, and for Find much longer. Secrets shorter than MinLength are ignored.
func (v *Vault) Add(s Secret) { v.add(s, false) }

// Pin remembers s for the life of the vault: for the few that every call carries, such as client secrets.
func (v *Vault) Pin(s Secret) { v.add(s, true) }

func (v *Vault) add(s Secret, pin bool) {
	plain := s.Reveal()
	if v == nil || len(plain) < MinLength {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	place, known := v.known[plain]
	if !known {
		v.learn(plain)
	}
	switch pinned := known && place == nil; {
	case pinned:
	case pin:
		if v.known[plain] = nil; known {
			v.newest.Remove(place)
		}
	case known:
		v.newest.MoveToFront(place)
	default:
		v.known[plain] = v.newest.PushFront(plain)
		v.makeRoom()
	}
}

// makeRoom forgets what was not added for the longest time, but for its hash.
func (v *Vault) makeRoom() {
	if v.newest.Len() <= v.keep {
		return
	}
	if oldest, ok := v.newest.Remove(v.newest.Back()).(string); ok {
		delete(v.known, oldest)
		v.forget(oldest)
		v.older.add(oldest)
	}
}

func (v *Vault) learn(plain string) {
	print := fingerprint(plain)
	for _, text := range forms(plain) {
		f, known := v.forms[text]
		if !known {
			f.print = print
			v.count(text, 1)
		}
		f.users++
		v.forms[text] = f
		v.longest = max(v.longest, len(text))
	}
}

func (v *Vault) forget(plain string) {
	for _, text := range forms(plain) {
		f := v.forms[text]
		if f.users--; f.users > 0 {
			v.forms[text] = f
			continue
		}
		delete(v.forms, text)
		v.count(text, -1)
	}
}

// count adds by to the number of forms that start and end like text, and keeps the filter in step.
func (v *Vault) count(text string, by int) {
	start := binary.LittleEndian.Uint64([]byte(text[:8]))
	spans := v.starts[start]
	i := slices.IndexFunc(spans, func(s span) bool { return s.length == len(text) })
	if i < 0 {
		spans, i = append(spans, span{length: len(text)}), len(spans)
	}
	spans[i].count += by
	spans = slices.DeleteFunc(spans, func(s span) bool { return s.count == 0 })
	slices.SortFunc(spans, func(a, b span) int { return b.length - a.length })
	if v.starts[start] = spans; len(spans) == 0 {
		delete(v.starts, start)
	}
	if slot := slotOf(start); v.filter[slot] != 255 {
		v.filter[slot] = uint8(int(v.filter[slot]) + by)
		v.held[slot/64] &^= 1 << (slot % 64)
		if v.filter[slot] > 0 {
			v.held[slot/64] |= 1 << (slot % 64)
		}
	}
}

func slotOf(start uint64) uint64 { return start * 0x9E3779B97F4A7C15 >> (64 - filterBits) }

// mayStart is false where no form starts with these 8 bytes.
func (v *Vault) mayStart(start uint64) bool {
	slot := slotOf(start)
	return v.held[slot/64]>>(slot%64)&1 != 0
}

// match gives the length of the longest form that p starts with, and whose it is; 0 if none. The caller holds the lock.
// Its cost does not grow with the number of secrets: one look for nearly all bytes, else one per distinct length.
func (v *Vault) match(p []byte) (int, string) {
	if len(p) < MinLength {
		return 0, ""
	}
	start := binary.LittleEndian.Uint64(p)
	if !v.mayStart(start) {
		return 0, ""
	}
	for _, s := range v.starts[start] {
		if len(p) < s.length {
			continue
		}
		if f, ok := v.forms[string(p[:s.length])]; ok {
			return s.length, f.print
		}
	}
	return 0, ""
}
