package secret

import (
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
// it is redacted before it is stored. One that is added again stays. Find also knows those that had to make room, by their
// hashes, in the form they have (see older). Its methods may be called from many goroutines; those that add are no-ops on a
// nil Vault, those that look find nothing.
type Vault struct {
	mu      sync.RWMutex
	keep    int
	newest  []string // ring of unpinned plain values, oldest at next once it is full
	next    int      //
	known   map[string]standing
	forms   map[string]form // every spelling of every known value
	starts  map[uint64][]span
	filter  []uint8  // counts of starts per slot, 255 sticks
	held    []uint64 // a bit per slot that has any: 128 KiB, which stay in a processor's cache
	longest int
	older   older // what was on the ring
}

// standing is why a value stays: pinned for ever, used since its place on the ring was last looked at for once more.
type standing struct{ pinned, used bool }

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
		keep: keep, known: map[string]standing{}, forms: map[string]form{}, starts: map[uint64][]span{},
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
	before, known := v.known[plain]
	v.known[plain] = standing{pinned: pin || before.pinned, used: known}
	if !known {
		v.learn(plain)
	}
	if !pin && !known {
		v.remember(plain)
	}
}

// remember puts plain on the ring in the place of the oldest that nobody used again; that one is forgotten unless it was
// pinned meanwhile.
func (v *Vault) remember(plain string) {
	if len(v.newest) < v.keep {
		v.newest = append(v.newest, plain)
		return
	}
	for v.known[v.newest[v.next]].used {
		v.known[v.newest[v.next]] = standing{pinned: v.known[v.newest[v.next]].pinned}
		v.next = (v.next + 1) % v.keep
	}
	oldest := v.newest[v.next]
	v.newest[v.next] = plain
	v.next = (v.next + 1) % v.keep
	if !v.known[oldest].pinned {
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
