package migrate

import (
	"context"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// modes are the two lists that Smartcar keeps apart; the default hides simulated vehicles (smartcar-v3.md §4.1).
var modes = []string{"live", "simulated"}

// readLists reads the connections list in both modes, unless the ledger holds a whole reading of today.
func (r *Run) readLists(ctx context.Context) (Stop, error) {
	known, err := r.Store.LinkLists(ctx)
	if err != nil {
		return StopNone, err
	}
	r.wholeLists = true
	for _, mode := range modes {
		if r.fresh(known, mode) {
			continue
		}
		if stop, err := r.readList(ctx, mode); err != nil || stop != StopNone {
			return stop, err
		}
	}
	return StopNone, nil
}

func (r *Run) fresh(known []LinkList, mode string) bool {
	for _, l := range known {
		if l.Mode == mode && l.Complete && r.Now().Sub(l.ReadAt) < listAge {
			return true
		}
	}
	return false
}

func (r *Run) readList(ctx context.Context, mode string) (Stop, error) {
	r.say("reading the list of " + mode + " connections")
	list := LinkList{Mode: mode, ReadAt: r.Now()}
	listing, err := r.Client.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode}, func(p smartcar.ConnectionsPage) error {
		list.Links = append(list.Links, ReadLinks(p.Rows)...)
		return nil
	})
	if err != nil {
		return StopNone, err
	}
	list.Pages, list.Complete, list.Why = listing.Pages, listing.Complete, listing.Why
	r.wholeLists = r.wholeLists && listing.Complete
	if f := listing.Failure; f != nil && listing.Pages == 0 {
		r.say("the list of " + mode + " connections could not be read: " + f.Label())
		return refusedList(*f), nil
	}
	return StopNone, r.Store.SaveLinks(ctx, list)
}

// refusedList tells a refusal of the whole application from a list that cannot be read just now.
func refusedList(f compare.Failure) Stop {
	switch f.Kind {
	case compare.KindUnauthorized, compare.KindForbidden, compare.KindNotPermitted, compare.KindNotFound, compare.KindPlan:
		return StopAppRefused
	}
	return StopNoList
}

// linksOf are the connections of one vehicle, and whether that is all there are. Where the list does not show the
// inventory's user, the vehicle is asked for by itself before anybody says that it is not connected.
func (r *Run) linksOf(ctx context.Context, entry inventory.Entry) (links []Link, whole bool, err error) {
	links, err = r.Store.Links(ctx, entry.VehicleID)
	known := listed(links, entry.UserID) && (entry.UserID != "" || r.wholeLists) // that a user is the only one takes a whole list
	if err != nil || known {
		return links, false, err
	}
	for _, mode := range modes {
		listing, err := r.Client.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode, VehicleID: entry.VehicleID}, func(p smartcar.ConnectionsPage) error {
			links = merge(links, ReadLinks(p.Rows))
			return nil
		})
		if err != nil {
			return nil, false, err
		}
		if !listing.Complete {
			return links, false, nil
		}
	}
	return links, true, nil
}

// listed tells whether the list already answers for the entry: its user is there, or it names none and somebody is.
func listed(links []Link, userID string) bool {
	for _, l := range links {
		if userID == "" || sameID(l.UserID, userID) {
			return true
		}
	}
	return false
}

// merge adds the links of users that are not known yet.
func merge(links, more []Link) []Link {
	for _, l := range more {
		if !listed(links, l.UserID) {
			links = append(links, l)
		}
	}
	return links
}
