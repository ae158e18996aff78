package owners

import (
	"fmt"
	"slices"
	"strings"
)

// Row is one row of the inventory without a userId.
type Row struct {
	Ordinal   int
	Line      int
	VehicleID string
	TokenUser string // whose the row's own token is, by GET /v2.0/user; ""
	TokenNote string // why that is not known, where it was asked
	Refused   bool   // Smartcar refuses the token
	Unasked   bool   // the token was to be asked, and the search ended before
}

// Finding is what came of a row.
type Finding struct {
	Row
	UserID    string     // "": undecided
	Why       string     // what decided it, or what stands in the way
	Sightings []Sighting // everything that was said of the vehicle
}

// Stated is a row that has its userId already.
type Stated struct {
	Line              int
	VehicleID, UserID string
}

// Decide says of every row whose it is, as far as that is proved. No two rows come out with the same vehicle and user.
func (b *Book) Decide(rows []Row, stated []Stated) []Finding {
	list := make([]Finding, len(rows))
	for i, row := range rows {
		list[i] = b.decide(row)
	}
	b.distinct(list, stated)
	return list
}

// Doubtful tells whether the other sources leave open whose the row is. Where they do not, its token may still be another
// user's, who has the vehicle no longer.
func (b *Book) Doubtful(row Row) bool {
	row.TokenUser, row.Refused, row.Unasked = "", false, false
	return b.decide(row).UserID == ""
}

func (b *Book) decide(row Row) Finding {
	f := Finding{Row: row}
	v := b.vehicles[key(row.VehicleID)]
	if v == nil {
		f.Why = "the vehicle was not asked about"
		return f
	}
	f.Sightings = v.sorted()
	switch {
	case row.TokenUser != "":
		f.Sightings = append(f.Sightings, Sighting{Source: Token, UserID: row.TokenUser})
		f.UserID, f.Why = b.byToken(v, row.TokenUser)
		return f
	case row.Unasked:
		f.Why = "its token was not asked yet"
		return f
	case row.Refused: // a car that was sold: the list names its new owner, who is not the row's
		f.Why = "its token is refused, so that it may be of a user who has gone since"
		return f
	}
	f.UserID, f.Why = b.bySightings(v)
	if f.UserID == "" && row.TokenNote != "" {
		f.Why += "; its token tells nothing: " + row.TokenNote
	}
	return f
}

// lists are the sources that know all connections of today, where they are whole.
var lists = []Source{Connections, Management}

// byToken: the token says exactly whose the row is, unless a source says that this user does not have the vehicle. A row
// with another car's token is such a case.
func (b *Book) byToken(v *vehicle, user string) (string, string) {
	agreeing := []string{string(Token)}
	for _, s := range append(slices.Clone(lists), Webhooks) {
		if !slices.Contains(b.asked, s) {
			continue
		}
		said := v.of(s)
		whole := s != Webhooks && b.doubt(v, s) == ""
		switch {
		case names(said, user):
			agreeing = append(agreeing, string(s))
		case s == Webhooks && len(agreeing) > 1: // they are of the past; a list of today confirms the token
		case len(said) > 0:
			return "", fmt.Sprintf("its token belongs to another user than %s names", s)
		case whole:
			return "", fmt.Sprintf("its token's user has no connection to the vehicle by %s", s)
		}
	}
	return user, strings.Join(agreeing, ", ")
}

// bySightings: without a token's word everything must name the one user, and what proves that there is no other must be
// whole.
func (b *Book) bySightings(v *vehicle) (string, string) {
	all := users(v.sightings)
	if len(all) == 0 {
		return "", b.silence(v)
	}
	if len(all) > 1 {
		for _, s := range b.asked {
			if len(users(v.of(s))) > 1 {
				return "", "several users have the vehicle"
			}
		}
		return "", "the sources disagree"
	}
	var agreeing []string
	for _, s := range b.asked {
		said, doubt := v.of(s), b.doubt(v, s)
		switch {
		case slices.Contains(lists, s) && doubt != "":
			return "", fmt.Sprintf("%s could not be read whole (%s): another user may have the vehicle, too", s, doubt)
		case slices.Contains(lists, s) && len(said) == 0:
			return "", fmt.Sprintf("the sources disagree: %s has no connection of the vehicle", s)
		case len(said) > 0:
			agreeing = append(agreeing, string(s))
		}
	}
	return all[0], strings.Join(agreeing, ", ")
}

// silence is why nobody names the vehicle.
func (b *Book) silence(v *vehicle) string {
	for _, s := range b.asked {
		if doubt := b.doubt(v, s); doubt != "" {
			return fmt.Sprintf("no source names the vehicle, but %s could not be read whole (%s)", s, doubt)
		}
	}
	if !slices.ContainsFunc(b.asked, func(s Source) bool { return slices.Contains(lists, s) }) {
		return "no source names the vehicle"
	}
	return "no source names the vehicle: nobody has it connected"
}

// doubt is why the source is not whole for the vehicle.
func (b *Book) doubt(v *vehicle, s Source) string {
	if doubt, own := v.doubts[s]; own {
		return doubt
	}
	return b.doubts[s]
}

// distinct takes a decision back where it would make two rows the same: one of them is a row too many, or somebody else's.
func (b *Book) distinct(list []Finding, stated []Stated) {
	pair := func(vehicle, user string) string { return key(vehicle) + "\x00" + key(user) }
	lines := map[string][]int{}
	for _, s := range stated {
		lines[pair(s.VehicleID, s.UserID)] = append(lines[pair(s.VehicleID, s.UserID)], s.Line)
	}
	for _, f := range list {
		if f.UserID != "" {
			lines[pair(f.VehicleID, f.UserID)] = append(lines[pair(f.VehicleID, f.UserID)], f.Line)
		}
	}
	for i := range list {
		f := &list[i]
		if f.UserID == "" {
			continue
		}
		for _, line := range lines[pair(f.VehicleID, f.UserID)] {
			if line != f.Line {
				f.UserID, f.Why = "", fmt.Sprintf("it would be the same vehicle and user as on line %d", line)
				break
			}
		}
	}
}
