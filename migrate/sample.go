package migrate

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"scmigrate/migrate/inventory"
)

// Sample is how much of the inventory a run draws: a number of vehicles or a share of them. The zero Sample draws all.
type Sample struct {
	vehicles int
	share    float64
}

// ParseSample reads "300" or "5%". "" is the zero Sample.
func ParseSample(text string) (Sample, error) {
	number, percent := strings.CutSuffix(text, "%")
	if text == "" {
		return Sample{}, nil
	}
	if n, err := strconv.Atoi(number); !percent && err == nil && n > 0 {
		return Sample{vehicles: n}, nil
	}
	if share, err := strconv.ParseFloat(number, 64); percent && err == nil && share > 0 && share <= 100 {
		return Sample{share: share / 100}, nil
	}
	return Sample{}, fmt.Errorf("%q is no sample: give a number of vehicles, like 300, or a share up to 100%%, like 5%%", text)
}

// Least is how many vehicles must be drawn of an inventory of so many: at least one, at most all. 0 of the zero Sample.
func (s Sample) Least(of int) int {
	switch {
	case s == Sample{}:
		return 0
	case s.vehicles > 0:
		return min(s.vehicles, of)
	}
	return min(max(1, int(math.Ceil(s.share*float64(of)-1e-9))), of)
}

// DrawKey is an entry's place in the order in which vehicles are drawn: the same for all vehicles of a user, so that they
// are all in or all out, and a hash, so that any prefix of the order is a random sample of the users. A vehicle without a
// userId stands for itself. Keys of one width sort as text.
func DrawKey(seed uint64, e inventory.Entry) string {
	who := "user/" + e.UserID
	if e.UserID == "" {
		who = "vehicle/" + cmp.Or(e.VehicleID, strconv.Itoa(e.Ordinal))
	}
	sum := sha256.Sum256([]byte(strconv.FormatUint(seed, 16) + "/draw/" + strings.ToLower(who)))
	return hex.EncodeToString(sum[:drawBytes])
}

// drawBytes is the length of a DrawKey before it is text.
const drawBytes = 8

// Draw tells before a run which entries it would draw: the keys of all of them first, 8 bytes each, then Drawn.
type Draw struct {
	seed uint64
	keys []uint64
	last uint64 // the last key that is in
}

// NewDraw starts a draw with a seed.
func NewDraw(seed uint64) *Draw { return &Draw{seed: seed, last: math.MaxUint64} }

func (d *Draw) key(e inventory.Entry) uint64 {
	raw, _ := hex.DecodeString(DrawKey(d.seed, e)) // hex by construction
	return binary.BigEndian.Uint64(raw)
}

// Add takes an entry into account.
func (d *Draw) Add(e inventory.Entry) { d.keys = append(d.keys, d.key(e)) }

// Close ends the adding: the users that are drawn hold at least as many vehicles as the sample asks for.
func (d *Draw) Close(s Sample) {
	if n := s.Least(len(d.keys)); n > 0 {
		slices.Sort(d.keys)
		d.last = d.keys[n-1]
	}
	d.keys = nil
}

// Last is the last DrawKey that is in.
func (d *Draw) Last() string {
	var raw [drawBytes]byte
	binary.BigEndian.PutUint64(raw[:], d.last)
	return hex.EncodeToString(raw[:])
}

// Drawn tells whether an entry is in.
func (d *Draw) Drawn(e inventory.Entry) bool { return d.key(e) <= d.last }

// Confidence is that of every bound on the fleet that a report states.
const Confidence = 0.95
