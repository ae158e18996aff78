package owners

import (
	"strings"
	"testing"
	"time"
)

const (
	car = "36ab27d0-0000-4455-823a-000000000003"
	ann = "218eda3b-0000-49a8-8f3d-00000000000a"
	bob = "218eda3b-0000-49a8-8f3d-00000000000b"
)

func TestDecide(t *testing.T) {
	type word struct {
		source Source
		user   string
	}
	both := map[Source]string{Connections: "", Management: ""}
	v3 := map[Source]string{Connections: ""}
	cut := map[Source]string{Connections: "page 2 failed"}
	for _, c := range []struct {
		reason string
		asked  map[Source]string // source → doubt
		words  []word
		row    Row
		user   string
		why    string
	}{
		{"one user by one list", v3, []word{{Connections, ann}}, Row{}, ann, "connections"},
		{"ids in another case are the same", both, []word{{Connections, ann}, {Management, strings.ToUpper(ann)}}, Row{}, ann, "connections, management"},
		{"nobody", v3, nil, Row{}, "", "nobody has it connected"},
		{"two users", v3, []word{{Connections, ann}, {Connections, bob}}, Row{}, "", "several users"},
		{"two users, the token tells", v3, []word{{Connections, ann}, {Connections, bob}}, Row{TokenUser: bob}, bob, "user, connections"},
		{"two users, the token is dead", v3, []word{{Connections, ann}, {Connections, bob}}, Row{TokenNote: "it is dead by its own time"}, "", "its token tells nothing: it is dead"},
		{"one user, the token is dead", v3, []word{{Connections, ann}}, Row{TokenNote: "it is dead by its own time"}, ann, "connections"},
		{"the car was sold", v3, []word{{Connections, ann}}, Row{TokenUser: bob}, "", "another user than connections names"},
		{"the car was sold, and the token revoked", v3, []word{{Connections, ann}}, Row{TokenNote: refused, Refused: true}, "", "its token is refused"},
		{"a token whose user has no connection", v3, nil, Row{TokenUser: bob}, "", "no connection to the vehicle by connections"},
		{"a token and a list that is cut before the car", cut, nil, Row{TokenUser: bob}, bob, "user"},
		{"a cut list alone", cut, []word{{Connections, ann}}, Row{}, "", "could not be read whole (page 2 failed)"},
		{"a cut list that names nobody", cut, nil, Row{}, "", "but connections could not be read whole"},
		{"lists that disagree", both, []word{{Connections, ann}, {Management, bob}}, Row{}, "", "the sources disagree"},
		{"a list that lacks the car", both, []word{{Management, ann}}, Row{}, "", "connections has no connection"},
		{"a list that lacks the car, and a token", both, []word{{Management, ann}}, Row{TokenUser: ann}, "", "no connection to the vehicle by connections"},
		{"webhooks alone", map[Source]string{Webhooks: ""}, []word{{Webhooks, ann}}, Row{}, ann, "webhooks"},
		{"webhooks of two", map[Source]string{Webhooks: ""}, []word{{Webhooks, ann}, {Webhooks, bob}}, Row{}, "", "several users"},
		{"webhooks of the former owner", map[Source]string{Connections: "", Webhooks: ""}, []word{{Webhooks, ann}, {Connections, bob}}, Row{}, "", "the sources disagree"},
		{"webhooks of the former owner, a list and the token", map[Source]string{Connections: "", Webhooks: ""}, []word{{Webhooks, ann}, {Connections, bob}}, Row{TokenUser: bob}, bob, "user, connections"},
		{"webhooks against the token", map[Source]string{Webhooks: ""}, []word{{Webhooks, ann}}, Row{TokenUser: bob}, "", "another user than webhooks names"},
		{"the token alone", nil, nil, Row{TokenUser: ann}, ann, "user"},
		{"nothing asked", nil, nil, Row{}, "", "no source names the vehicle"},
		{"an id that cannot be one", v3, []word{{Connections, ann}, {Connections, "\x1b[2Jx"}}, Row{}, "", "cannot be one"},
	} {
		b := NewBook([]string{car})
		for _, w := range c.words {
			b.Add(strings.ToUpper(car), Sighting{Source: w.source, UserID: w.user})
		}
		for _, s := range []Source{Webhooks, Connections, Management} {
			if doubt, asked := c.asked[s]; asked {
				b.Asked(s, doubt)
			}
		}
		c.row.VehicleID, c.row.Line = car, 3
		got := b.Decide([]Row{c.row}, nil)[0]
		if !strings.EqualFold(got.UserID, c.user) || !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: got %q, %q; want %q, %q", c.reason, got.UserID, got.Why, c.user, c.why)
		}
	}
}

func TestNoTwoRowsBecomeOne(t *testing.T) {
	b := NewBook([]string{car})
	b.Add(car, Sighting{Source: Connections, UserID: ann})
	b.Asked(Connections, "")
	rows := []Row{{Ordinal: 0, Line: 3, VehicleID: car}, {Ordinal: 1, Line: 5, VehicleID: strings.ToUpper(car)}}
	for i, f := range b.Decide(rows, nil) {
		if f.UserID != "" || !strings.Contains(f.Why, "the same vehicle and user as on line") {
			t.Errorf("row %d: %+v", i, f)
		}
	}
	f := b.Decide(rows[:1], []Stated{{Line: 9, VehicleID: car, UserID: ann}})[0]
	if f.UserID != "" || !strings.Contains(f.Why, "on line 9") {
		t.Errorf("%+v", f)
	}
}

func TestTheNewestSightingIsKept(t *testing.T) {
	b := NewBook([]string{car})
	for _, day := range []int{3, 9, 5} {
		b.Add(car, Sighting{Source: Webhooks, UserID: ann, At: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)})
	}
	if v := b.vehicles[car].sightings; len(v) != 1 || v[0].At.Day() != 9 {
		t.Errorf("%+v", v)
	}
}
