package manifest

import (
	"io"
	"slices"
)

// Trouble is why one entry does not hold.
type Trouble struct {
	Line    int // of the manifest, of the inventory where Code is "not-in-manifest"
	Vehicle Vehicle
	Code    string
	Why     string
	Action  string
	Refused bool // else undecided
}

// Account is what a verification came to.
type Account struct {
	Vehicles, Users int // of the waves that are verified
	Refused         int // of them, and vehicles of their users that the manifest does not know
	Undecided       int
	Oldest          int64 // Unix time of the oldest evidence; 0 where there is none
}

// Account counts. It may be asked after each step.
func (v *Verification) Account() (a Account) {
	users := map[uint64]bool{}
	for i := range v.claims {
		c := &v.claims[i]
		if !v.judged(c.wave) {
			continue
		}
		a.Vehicles++
		users[c.user] = true
		if a.Oldest == 0 || c.at < a.Oldest {
			a.Oldest = c.at
		}
		switch {
		case c.doubts&^undecided != 0:
			a.Refused++
		case c.doubts != 0:
			a.Undecided++
		}
	}
	a.Users = len(users)
	a.Refused += v.strangers
	return a
}

// Troubles reads the manifest again, from its begin, and tells what is wrong with each entry, at most so many; 0: all.
func (v *Verification) Troubles(r io.Reader, form Form, most int, tell func(Trouble) error) error {
	told, i := 0, int32(-1)
	give := func(t Trouble) error {
		if told++; most > 0 && told > most {
			return nil
		}
		return tell(t)
	}
	_, err := Read(r, form, Visit{Vehicle: func(line int, m Vehicle) error {
		if i++; int(i) >= len(v.claims) || !v.judged(v.claims[i].wave) {
			return nil
		}
		for _, meaning := range v.claims[i].doubts.meanings() {
			if err := give(v.trouble(i, line, m, meaning)); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	for _, s := range v.uncertified {
		m := Vehicle{VehicleID: s.VehicleID, UserID: s.UserID}
		if err := give(Trouble{s.Line, m, "not-in-manifest", "the inventory has this vehicle of a user who is to be switched, and the manifest does not know it", "measure it (scmigrate run), and write the manifest anew", true}); err != nil {
			return err
		}
	}
	return nil
}

func (v *Verification) trouble(i int32, line int, m Vehicle, of meaning) Trouble {
	t := Trouble{line, m, of.code, of.why, of.action, of.Doubt&undecided == 0}
	if of.Doubt == NotInInventory {
		if user, other := v.others[v.id(m.VehicleID)]; other {
			j := slices.IndexFunc(meanings, func(m meaning) bool { return m.Doubt == OtherUser })
			t.Code, t.Why, t.Action = meanings[j].code, meanings[j].why+" ("+orNobody(user)+")", meanings[j].action
		}
		return t
	}
	if why := v.why[i]; why != "" && of.Doubt&(NotReady|PermissionGone) != 0 {
		t.Why += ": " + why
	}
	return t
}

func orNobody(userID string) string {
	if userID == "" {
		return "nobody"
	}
	return userID
}
