package manifest

import (
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"time"

	"scmigrate/migrate/ledger"
)

// Terms say what a manifest is held against.
type Terms struct {
	Now    time.Time
	MaxAge time.Duration // of the evidence
	Wave   int           // the last wave that is judged; 0: all
}

// Verification is a manifest, read and intact, while it is held against what is true now. It keeps hashes of ids instead of
// the ids themselves: its size is a few dozen bytes for each vehicle.
type Verification struct {
	Head Head
	End  End

	terms  Terms
	seed   maphash.Seed
	index  map[uint64]int32 // by pair: the claim; leftOutMark where it is left out
	users  map[uint64]int8  // of the claims: their wave
	claims []claim
	needs  interned
	fields interned
	why    map[int32]string  // more about a doubt, of the first claims that have one
	others map[uint64]string // by vehicle that is gone: its user in the inventory

	asked  int32            // the claim whose vehicle is asked for by its id
	cars   map[int32]others // of the claims that were asked for: who else is connected
	silent map[int32]bool   // claims of which a connection does not state its permissions

	uncertified []Stranger
	strangers   int
}

// claim is what the manifest says of one vehicle, and what there is against it.
type claim struct {
	user     uint64
	missing  uint64 // bits of the permissions that no connection was seen to grant
	evidence uint64
	at       int64 // Unix time
	fields   int32
	needs    int32 // permissions
	doubts   Doubt
	wave     int8
	known    bool // found in what it is held against just now
	seen     bool // connected
	gone     bool // asked for by its own id, and not connected
}

// Stranger is a vehicle of the inventory whose user is to be switched, and which the manifest does not know.
type Stranger struct {
	Line              int // of the inventory
	VehicleID, UserID string
}

// others are the users beside the manifest's who are connected to a car.
type others uint8

const (
	namedOther others = 1 << iota
	nobodyNamed
)

// leftOutMark stands in the index for vehicles that are left out.
const leftOutMark = -1

// mostReserved bounds the room that is made for the vehicles that a head counts, before they came.
const mostReserved = 2_000_000

// clockSlack is how far clocks may differ.
const clockSlack = 5 * time.Minute

// Open reads a manifest and judges what it says by itself. The error is a *Refusal where the file is not intact.
func Open(r io.Reader, form Form, t Terms) (*Verification, error) {
	v := &Verification{terms: t, seed: maphash.MakeSeed(), index: map[uint64]int32{}, users: map[uint64]int8{}, needs: newInterned(), fields: newInterned(), why: map[int32]string{}}
	end, err := Read(r, form, Visit{Head: v.takeHead, Vehicle: v.takeVehicle, LeftOut: v.takeLeftOut})
	if err != nil {
		return nil, err
	}
	v.End = end
	if len(v.users) != v.Head.Counts.Users {
		return nil, refuse(0, "it holds vehicles of %d users, its head counts %d: it was changed", len(v.users), v.Head.Counts.Users)
	}
	return v, nil
}

func (v *Verification) takeHead(h Head) error {
	v.Head = h
	if h.Counts.Vehicles < 0 || h.Counts.LeftOut < 0 || h.Counts.Vehicles+h.Counts.LeftOut > maxEntries {
		return refuse(0, "its head counts more vehicles than any manifest has")
	}
	v.claims = make([]claim, 0, min(h.Counts.Vehicles, mostReserved))
	return nil
}

func (v *Verification) takeVehicle(line int, m Vehicle) error {
	pair, user := v.pair(m.VehicleID, m.UserID), v.id(m.UserID)
	if _, twice := v.index[pair]; twice {
		return refuse(line, "vehicle %s of user %s stands in it twice", m.VehicleID, m.UserID)
	}
	if wave, known := v.users[user]; known && int(wave) != m.Wave {
		return refuse(line, "the vehicles of user %s are in waves %d and %d: a wave holds whole users", m.UserID, wave, m.Wave)
	}
	v.index[pair], v.users[user] = int32(len(v.claims)), int8(m.Wave)
	c := claim{user: user, evidence: v.id(m.Evidence), wave: int8(m.Wave), at: m.EvidenceAt.Unix(), fields: v.fieldsOf(m.Fields), needs: v.needs.of(m.Permissions)}
	if _, err := hex.DecodeString(m.Evidence); err != nil || len(m.Evidence) != 32 || len(m.Permissions) > 64 {
		return refuse(line, "vehicle %s is not as scmigrate writes it: it was changed", m.VehicleID)
	}
	c.doubts = v.aged(m)
	v.claims = append(v.claims, c)
	return nil
}

func (v *Verification) takeLeftOut(line int, m LeftOut) error {
	pair := v.pair(m.VehicleID, m.UserID)
	if i, known := v.index[pair]; known && i >= 0 {
		return refuse(line, "vehicle %s of user %s is both to be switched and left out", m.VehicleID, m.UserID)
	}
	v.index[pair] = leftOutMark
	return nil
}

// aged is what time alone has against an entry.
func (v *Verification) aged(m Vehicle) (d Doubt) {
	switch age := v.terms.Now.Sub(m.EvidenceAt); {
	case age > v.terms.MaxAge:
		d |= TooOld
	case age < -clockSlack:
		d |= FromLater
	}
	for _, id := range m.Waivers {
		i := slices.IndexFunc(v.Head.Waivers, func(w Waiver) bool { return w.ID == id })
		if i < 0 || over(v.Head.Waivers[i].Expires, v.terms.Now) {
			d |= WaiverOver
		}
	}
	return d
}

// over tells whether a day has passed (UTC); what is no day has.
func over(day string, now time.Time) bool {
	at, err := time.Parse(time.DateOnly, day)
	return err != nil || !now.Before(at.AddDate(0, 0, 1))
}

func (v *Verification) id(id string) uint64 { return maphash.String(v.seed, strings.ToLower(id)) }

func (v *Verification) pair(vehicleID, userID string) uint64 {
	return maphash.String(v.seed, strings.ToLower(vehicleID)+"\x00"+strings.ToLower(userID))
}

func (v *Verification) fieldsOf(names []string) int32 {
	if len(names) == 0 {
		return noFields
	}
	return v.fields.of(slices.Sorted(slices.Values(names)))
}

// noFields stands for a vehicle of which the inventory demands none by name, as nearly all are.
const noFields = -1

// judged tells whether a claim is of the waves that are verified.
func (v *Verification) judged(wave int8) bool { return v.terms.Wave == 0 || int(wave) <= v.terms.Wave }

// Written refuses a manifest that was not made of the run whose header that is, or changed by somebody who has not the
// run's directory.
func (v *Verification) Written(h ledger.Header) error {
	if h.RunID != v.Head.Run.ID {
		return &Refusal{0, fmt.Sprintf("it was made of run %q, and the directory holds run %q", v.Head.Run.ID, h.RunID), "give --run the directory that it was made of, or " + writeAnew}
	}
	key, err := keyOf(h)
	if err != nil {
		return err
	}
	if !v.End.Sealed(key) {
		return refuse(0, "its seal is not that of the run: it was changed after it was written")
	}
	return nil
}

// doubt adds what speaks against a claim.
func (v *Verification) doubt(i int32, d Doubt, why string) {
	v.claims[i].doubts |= d
	if why != "" && len(v.why) < mostWhys {
		if known := v.why[i]; known != "" {
			why = known + "; " + why
		}
		v.why[i] = why
	}
}

// mostWhys is of how many claims more is kept than what the doubt is.
const mostWhys = 10_000

// interned keeps lists of words once.
type interned struct {
	lists [][]string
	known map[string]int32
}

func newInterned() interned { return interned{known: map[string]int32{}} }

func (n *interned) of(words []string) int32 {
	key := strings.Join(words, " ")
	i, known := n.known[key]
	if !known {
		i = int32(len(n.lists))
		n.known[key] = i
		n.lists = append(n.lists, slices.Clone(words))
	}
	return i
}
