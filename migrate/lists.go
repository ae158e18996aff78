package migrate

import (
	"context"
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// modes are the two lists that Smartcar keeps apart; the default hides simulated vehicles (smartcar-v3.md §4.1).
var modes = []string{"live", "simulated"}

// readLists reads the connections list in both modes, unless the ledger holds a whole reading of today. Only the live
// list decides whether the application may call at all.
func (r *Run) readLists(ctx context.Context) (Stop, error) {
	began := r.Now()
	for _, mode := range modes {
		known, err := r.listOf(ctx, mode)
		if err != nil {
			return StopNone, err
		}
		if known.Fresh(r.Now()) {
			continue
		}
		stop, err := r.readList(ctx, mode)
		if err != nil || stop != StopNone && mode == modes[0] {
			return stop, err
		}
	}
	return StopNone, r.scheduleLists(ctx, began)
}

// listOf is the reading of one mode that the ledger goes by, the zero LinkList where there is none.
func (r *Run) listOf(ctx context.Context, mode string) (LinkList, error) {
	known, err := r.Store.LinkLists(ctx)
	i := slices.IndexFunc(known, func(l LinkList) bool { return l.Mode == mode })
	if err != nil || i < 0 {
		return LinkList{}, err
	}
	return known[i], nil
}

// scheduleLists notes what the lists prove and when they are due again: a day after the older reading began, but a list that takes
// hours to read is not read all day.
func (r *Run) scheduleLists(ctx context.Context, began time.Time) error {
	now := r.Now()
	oldest, whole := now, true
	for _, mode := range modes {
		list, err := r.listOf(ctx, mode)
		if err != nil {
			return err
		}
		whole = whole && (list.Complete || r.noMode[mode])
		if list.Complete && list.ReadAt.Before(oldest) {
			oldest = list.ReadAt
		}
	}
	r.wholeLists = whole
	r.listsDue = oldest.Add(max(listAge, listShare*now.Sub(began)))
	if r.listsDue.Before(now.Add(listPause)) { // the last reading came to nothing
		r.listsDue = now.Add(listPause)
	}
	return nil
}

const (
	listShare = 20        // a list is read for at most so small a part of the time
	listPause = time.Hour // the least time between two readings
)

// renewLists reads the lists again when they are due. Meanwhile no vehicle is measured: one whose connection changed would
// be judged by the old one. Trouble with a list is said and leaves the old reading in force; the error is that of the run.
func (r *Run) renewLists(ctx context.Context) error {
	if r.Now().Before(r.listsDue) {
		return nil
	}
	if err := r.visits.Acquire(ctx, everyVisit); err != nil {
		return err
	}
	defer r.visits.Release(everyVisit)
	began := r.Now()
	for _, mode := range modes {
		if _, err := r.readList(ctx, mode); err != nil {
			return err
		}
	}
	return r.scheduleLists(ctx, began)
}

// everyVisit is the weight of the right to be the only one: each visit of a vehicle holds 1.
const everyVisit = 1 << 30

// listReadings is how often a list that moved while it was read is read again: only a whole one proves an absence.
const listReadings = 3

func (r *Run) readList(ctx context.Context, mode string) (Stop, error) {
	r.say("reading the list of " + mode + " connections")
	var list LinkList
	var failure *compare.Failure
	for range listReadings {
		var err error
		if list, failure, err = r.readOnce(ctx, mode); err != nil {
			return StopNone, err
		}
		if list.Complete || failure != nil {
			break
		}
	}
	if r.noMode == nil {
		r.noMode = map[string]bool{}
	}
	r.noMode[mode] = mode != modes[0] && failure != nil && refusedList(*failure) == StopAppRefused
	if failure == nil || list.Pages > 0 {
		return StopNone, nil
	}
	r.say("the list of " + mode + " connections could not be read: " + failure.Label())
	return refusedList(*failure), nil
}

// readOnce reads the list once. Its rows go into the ledger page by page; what changed since the reading before is said.
func (r *Run) readOnce(ctx context.Context, mode string) (list LinkList, failure *compare.Failure, err error) {
	changes, err := r.Store.TakeList(ctx, mode, func(put func([]Link) error) (LinkList, error) {
		list = LinkList{Mode: mode, ReadAt: r.Now()}
		listing, err := r.Client.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode}, func(p smartcar.ConnectionsPage) error { return put(ReadLinks(p.Rows)) })
		list.Pages, list.Complete, list.Why, failure = listing.Pages, listing.Complete, listing.Why, listing.Failure
		return list, err
	})
	if text := changes.Text(); text != "" {
		r.watch(Event{Word: text, Reopened: changes.Reopened})
	}
	r.reopened = r.reopened || changes.Reopened > 0
	return list, failure, err
}

// RefusesApplication tells an answer to the connections list that is about the whole application, which v3 does not let in,
// from trouble that may pass.
func RefusesApplication(f compare.Failure) bool { return refusedList(f) == StopAppRefused }

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
	if err != nil {
		return nil, false, err
	}
	whole = r.wholeLists && !anonymous(links)
	if listed(links, entry.UserID) && (entry.UserID != "" || whole) {
		return links, whole, nil // that a user is the only one takes a whole list
	}
	asked, whole, err := AskLinks(ctx, r.Client, entry.VehicleID)
	return merge(links, asked), whole && !anonymous(links), err
}

// AskLinks asks for the connections of one vehicle in both modes; whole tells whether the answers are all there are.
func AskLinks(ctx context.Context, client *smartcar.Client, vehicleID string) (links []Link, whole bool, err error) {
	whole = true
	for _, mode := range modes {
		listing, err := client.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode, VehicleID: vehicleID}, func(p smartcar.ConnectionsPage) error {
			links = append(links, ReadLinks(p.Rows)...)
			return nil
		})
		if err != nil {
			return nil, false, err
		}
		whole = whole && listing.Complete
	}
	return links, whole && !anonymous(links), nil
}

// anonymous tells whether a row names no user.
func anonymous(links []Link) bool {
	return slices.ContainsFunc(links, func(l Link) bool { return l.UserID == "" })
}

// listed tells whether the list already answers for the entry: its user is there, or it names none and somebody is.
func listed(links []Link, userID string) bool {
	return slices.ContainsFunc(links, func(l Link) bool { return l.UserID != "" && (userID == "" || sameID(l.UserID, userID)) })
}

// merge adds the links of users that are not known yet.
func merge(links, more []Link) []Link {
	merged := slices.Clip(links)
	for _, l := range more {
		if l.UserID != "" && !listed(links, l.UserID) {
			merged = append(merged, l)
		}
	}
	return joined(merged)
}

// joined has one link for each user of a vehicle, in the order of their first ones.
func joined(links []Link) []Link {
	one := make([]Link, 0, len(links))
	for _, l := range links {
		if i := slices.IndexFunc(one, func(known Link) bool { return known.UserID != "" && sameID(known.UserID, l.UserID) }); i >= 0 {
			one[i] = one[i].Join(l)
		} else {
			one = append(one, l)
		}
	}
	return one
}

// Join makes one link of two connections of the same user and vehicle. What any of them grants is granted, and where one is
// silent about its permissions nothing proves that one is missing. Of the rest the first connection's words count: the
// list is newest first (smartcar-v3.md §4.1).
func (l Link) Join(other Link) Link {
	if l.Permissions == nil || other.Permissions == nil {
		l.Permissions = nil
		return l
	}
	all := append(slices.Clone(l.Permissions), other.Permissions...) // none of both stays a list, not silence
	slices.Sort(all)
	l.Permissions = slices.Compact(all)
	return l
}
