package manifest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"scmigrate/migrate/smartcar"
)

// lists are two connections lists: what all pages show, and what a vehicle's own list shows.
type lists struct {
	all, own []smartcar.Connection
	shaky    bool // the pages move while they are read
	broken   bool // a vehicle's own list cannot be read to its end
	asked    []string
}

func (l *lists) Connections(_ context.Context, q smartcar.ConnectionsQuery, page func(smartcar.ConnectionsPage) error) (smartcar.Listing, error) {
	rows, whole := l.all, !l.shaky
	if q.VehicleID != "" {
		l.asked = append(l.asked, q.VehicleID+" "+q.Mode)
		whole = !l.broken
		rows = slices.DeleteFunc(slices.Clone(l.own), func(c smartcar.Connection) bool { return c.VehicleID != q.VehicleID })
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(c smartcar.Connection) bool { return c.Mode != q.Mode })
	return smartcar.Listing{Pages: 1, Complete: whole, Why: map[bool]string{false: "the list moved"}[whole]}, page(smartcar.ConnectionsPage{Rows: rows})
}

// connected are the rows of a list's vehicles.
func (l list) connected() (rows []smartcar.Connection) {
	for i, v := range l.vehicles {
		rows = append(rows, smartcar.Connection{VehicleID: v.VehicleID, UserID: v.UserID, Mode: modes[i%2], Permissions: []string{"read_odometer", "read_vin"}})
	}
	return rows
}

// TestMissingVehiclesAreAskedForAgain: nobody is refused for a row that slipped past the reader of the pages.
func TestMissingVehiclesAreAskedForAgain(t *testing.T) {
	const missing = "vehicle-3"
	all := aList().connected()
	without := slices.DeleteFunc(slices.Clone(all), func(c smartcar.Connection) bool { return c.VehicleID == missing })
	someone := append(slices.Clone(without), smartcar.Connection{VehicleID: missing, UserID: "somebody", Mode: "live"})
	nobody := append(slices.Clone(without), smartcar.Connection{VehicleID: missing, Mode: "live"})
	fewer := slices.Clone(all)
	fewer[3].Permissions = []string{"read_vin"}
	for name, c := range map[string]struct {
		lists lists
		asked int
		want  Doubt
	}{
		"all there":                             {lists{all: all}, 0, 0},
		"all there in lists that move":          {lists{all: all, shaky: true}, 0, 0},
		"slipped past the pages":                {lists{all: without, own: all}, 2, 0},
		"slipped past pages that moved":         {lists{all: without, own: all, shaky: true}, 2, 0},
		"gone":                                  {lists{all: without, own: without}, 2, NotConnected},
		"gone, and the pages moved":             {lists{all: without, own: without, shaky: true}, 2, NotConnected},
		"gone by pages, its own list fails":     {lists{all: without, own: without, broken: true}, 2, Unseen},
		"there by its own list, which fails":    {lists{all: without, own: all, broken: true}, 2, 0},
		"somebody else's":                       {lists{all: someone, own: someone}, 2, UserChanged},
		"somebody else's, and the user's again": {lists{all: someone, own: append(someone, all...)}, 2, 0},
		"of a user who is not named":            {lists{all: nobody, own: nobody}, 2, Unseen},
		"with fewer permissions":                {lists{all: without, own: fewer}, 2, PermissionGone},
	} {
		for _, form := range []Form{YAML, JSONL, CSV} {
			text := aList().sealed(t, form)
			v, refused, err := opened(text, form)
			if refused != nil || err != nil {
				t.Fatal(refused, err)
			}
			api := c.lists
			if _, err := v.Connections(t.Context(), &api, func(visit Visit) error { _, err := Read(bytes.NewReader(text), form, visit); return err }); err != nil {
				t.Fatal(err)
			}
			if got := v.claims[3].doubts; got != c.want || len(api.asked) > c.asked || len(api.asked) == 0 && c.asked > 0 {
				t.Errorf("%s as %s: doubts %b, want %b; asked for %v", name, form, got, c.want, api.asked)
			}
			for i := range v.claims {
				if i != 3 && v.claims[i].doubts != 0 {
					t.Errorf("%s: vehicle %d is doubted: %b", name, i, v.claims[i].doubts)
				}
			}
		}
	}
}

// TestFewAreAskedForOneByOne: a fleet that left is not asked for one by one for a week; those behind the first stay undecided.
func TestFewAreAskedForOneByOne(t *testing.T) {
	l := aList()
	l.vehicles = nil
	for i := range mostAsked + 50 {
		l.vehicles = append(l.vehicles, Vehicle{VehicleID: fmt.Sprintf("v-%d", i), UserID: fmt.Sprintf("u-%d", i), Wave: 1 + i/200, Proof: "full", EvidenceAt: measured, Evidence: hashOf(nil)})
	}
	text := l.sealed(t, JSONL)
	for wave, want := range map[int]Account{
		0: {Vehicles: 250, Users: 250, Refused: 200, Undecided: 50, Oldest: measured.Unix()},
		1: {Vehicles: 200, Users: 200, Refused: 200, Oldest: measured.Unix()}, // of other waves nobody is asked for
	} {
		v, err := Open(bytes.NewReader(text), JSONL, Terms{Now: today, MaxAge: 24 * time.Hour, Wave: wave})
		if err != nil {
			t.Fatal(err)
		}
		api := &lists{}
		if _, err := v.Connections(t.Context(), api, func(visit Visit) error { _, err := Read(bytes.NewReader(text), JSONL, visit); return err }); err != nil {
			t.Fatal(err)
		}
		if got := v.Account(); got != want || len(api.asked) != 2*mostAsked {
			t.Errorf("wave %d: %+v, want %+v; asked %d times", wave, got, want, len(api.asked))
		}
	}
}
