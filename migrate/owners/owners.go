// Package owners finds out to which user a row of the inventory belongs, from what Smartcar and recorded webhooks say
// about its vehicle. It decides only where everything that was asked agrees; it never guesses (CONTRACT §4).
package owners

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"scmigrate/migrate/inventory"
)

// Source is where a word about an owner comes from.
type Source string

// The sources, by the names that the command line has for them.
const (
	Connections Source = "connections" // v3's list of connections, both modes
	Token       Source = "user"        // v2's GET /user with the row's own token
	Management  Source = "management"  // v2's list of connections, both modes
	Webhooks    Source = "webhooks"    // recorded payloads
)

// Sighting is one source's word that a user has, or had, a vehicle.
type Sighting struct {
	Source      Source
	UserID      string
	At          time.Time // when it was connected, or the newest delivery; zero: not stated
	ExternalID  string    // the application's own name for the user, as given to Connect; ""
	Mode        string    // live, simulated; "": not stated
	Permissions int       // granted; 0: not stated
}

// Book is what was found out so far about the vehicles it was made for.
type Book struct {
	vehicles map[string]*vehicle // by the id in small letters
	asked    []Source
	doubts   map[Source]string // why the source is not proved to be whole; "" if it is
}

type vehicle struct {
	id        string
	sightings []Sighting
	doubts    map[Source]string // as Book's, where the vehicle was asked for by itself
}

// NewBook makes the book of these vehicles; what is said of others is not kept.
func NewBook(vehicleIDs []string) *Book {
	b := &Book{vehicles: map[string]*vehicle{}, doubts: map[Source]string{}}
	for _, id := range vehicleIDs {
		b.vehicles[key(id)] = &vehicle{id: id, doubts: map[Source]string{}}
	}
	return b
}

// Holds tells whether the book is about the vehicle.
func (b *Book) Holds(vehicleID string) bool { return b.vehicles[key(vehicleID)] != nil }

// key compares ids without case: databases differ in how they write UUIDs.
func key(id string) string { return strings.ToLower(id) }

// Add notes a sighting, once for each source and user, the newest: connection ids change, so they tell nobody apart. A
// sighting of no user is not one.
func (b *Book) Add(vehicleID string, s Sighting) {
	v := b.vehicles[key(vehicleID)]
	if v == nil || s.UserID == "" {
		return
	}
	if !inventory.IsID(s.UserID) {
		v.doubts[s.Source] = "it names a user id that cannot be one"
		return
	}
	for i, old := range v.sightings {
		if old.Source == s.Source && key(old.UserID) == key(s.UserID) {
			if s.At.After(old.At) {
				v.sightings[i] = s
			}
			return
		}
	}
	if len(v.sightings) < maxSightings {
		v.sightings = append(v.sightings, s)
	}
}

// maxSightings bounds what is kept of one vehicle: more than one user is undecided already, and a file of recorded webhooks
// may name any number.
const maxSightings = 100

// Asked notes that a source was asked; doubt is why its silence and its naming one user alone prove nothing, "" if they do.
func (b *Book) Asked(s Source, doubt string) {
	if !slices.Contains(b.asked, s) {
		b.asked = append(b.asked, s)
	}
	b.doubts[s] = doubt
}

// Doubt is why a source is not proved to be whole; "" if it is.
func (b *Book) Doubt(s Source) string { return b.doubts[s] }

// forget drops what a source said, because it is asked anew.
func (b *Book) forget(s Source) {
	for _, v := range b.vehicles {
		v.sightings = slices.DeleteFunc(v.sightings, func(one Sighting) bool { return one.Source == s })
	}
}

// of gives the vehicle's sightings by one source.
func (v *vehicle) of(s Source) (list []Sighting) {
	for _, one := range v.sightings {
		if one.Source == s {
			list = append(list, one)
		}
	}
	return list
}

func names(list []Sighting, user string) bool {
	return slices.ContainsFunc(list, func(s Sighting) bool { return key(s.UserID) == key(user) })
}

// users are the distinct users in a list.
func users(list []Sighting) (ids []string) {
	for _, s := range list {
		if !slices.ContainsFunc(ids, func(id string) bool { return key(id) == key(s.UserID) }) {
			ids = append(ids, s.UserID)
		}
	}
	return ids
}

// sorted is the sightings in an order that does not depend on who answered first.
func (v *vehicle) sorted() []Sighting {
	list := slices.Clone(v.sightings)
	slices.SortFunc(list, func(a, b Sighting) int {
		return cmp.Or(cmp.Compare(key(a.UserID), key(b.UserID)), cmp.Compare(a.Source, b.Source))
	})
	return list
}
