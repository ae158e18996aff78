package manifest

import (
	"context"
	"slices"

	"scmigrate/compare"
	"scmigrate/migrate/smartcar"
)

// modes are the lists that Smartcar keeps apart; the default hides simulated vehicles (smartcar-v3.md §4.1).
var modes = []string{"live", "simulated"}

// readings is how often lists that moved while they were read are read: only whole ones prove an absence.
const readings = 3

// ConnectionsAPI is v3's list. *smartcar.Client is one.
type ConnectionsAPI interface {
	Connections(ctx context.Context, q smartcar.ConnectionsQuery, page func(smartcar.ConnectionsPage) error) (smartcar.Listing, error)
}

// Listed is how reading the lists went.
type Listed struct {
	Pages   int
	Whole   bool
	Why     string           // they are not whole
	Failure *compare.Failure // the answer that ended the reading, if one did
}

// Connections proves anew who is connected to the vehicles, and with which permissions: from both lists, all pages. No
// vehicle is read. A connection that stands there is proved by any reading, that one is gone only by whole lists of its
// vehicle alone, which is asked for again: a row may slip past a reader of pages while others connect or leave. again reads
// the manifest once more, for the ids of what is missing.
func (v *Verification) Connections(ctx context.Context, api ConnectionsAPI, again func(Visit) error) (l Listed, err error) {
	for range readings {
		v.unsee()
		if l, err = v.readLists(ctx, api, l.Pages); err != nil {
			return l, err
		}
		if l.Whole || l.Failure != nil {
			break
		}
	}
	if l.Failure == nil {
		if err := v.askAgain(ctx, api, again, &l); err != nil {
			return l, err
		}
	}
	for i := range v.claims {
		if v.judged(v.claims[i].wave) {
			v.linked(int32(i))
		}
	}
	return l, nil
}

// none is no claim.
const none = -1

// mostAsked is how many vehicles are asked for one by one. Those behind them are left undecided.
const mostAsked = 200

// askAgain asks for each vehicle that the lists did not show, in both lists.
func (v *Verification) askAgain(ctx context.Context, api ConnectionsAPI, again func(Visit) error, l *Listed) error {
	missing := 0
	for i := range v.claims {
		if !v.claims[i].seen && v.judged(v.claims[i].wave) {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	asked, i := 0, int32(-1)
	return again(Visit{Vehicle: func(_ int, m Vehicle) error {
		if i++; int(i) >= len(v.claims) || v.claims[i].seen || !v.judged(v.claims[i].wave) || asked == mostAsked {
			return nil
		}
		asked++
		return v.ask(ctx, api, i, m, l)
	}})
}

func (v *Verification) ask(ctx context.Context, api ConnectionsAPI, i int32, m Vehicle, l *Listed) error {
	v.asked = i
	defer func() { v.asked = none }()
	whole := true
	for _, mode := range modes {
		listing, err := api.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode, VehicleID: m.VehicleID}, v.takePage)
		l.Pages += listing.Pages
		if err != nil {
			return err
		}
		if v.claims[i].seen {
			return nil
		}
		whole = whole && listing.Complete
	}
	v.claims[i].gone = whole
	return nil
}

func (v *Verification) takePage(p smartcar.ConnectionsPage) error {
	for _, row := range p.Rows {
		v.link(row)
	}
	return nil
}

func (v *Verification) readLists(ctx context.Context, api ConnectionsAPI, before int) (Listed, error) {
	l := Listed{Pages: before, Whole: true}
	for _, mode := range modes {
		listing, err := api.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode}, v.takePage)
		l.Pages += listing.Pages
		if err != nil {
			return l, err
		}
		if !listing.Complete {
			l.Whole, l.Why = false, "the "+mode+" list: "+listing.Why
		}
		if listing.Failure != nil {
			l.Failure = listing.Failure
			return l, nil
		}
	}
	return l, nil
}

// unsee forgets what an earlier reading said.
func (v *Verification) unsee() {
	v.asked, v.cars, v.silent = none, map[int32]others{}, map[int32]bool{}
	for i := range v.claims {
		c := &v.claims[i]
		c.seen, c.gone, c.missing = false, false, 1<<len(v.needs.lists[c.needs])-1
	}
}

// link takes a row of the list. Of several connections of one pair, what any grants is granted.
func (v *Verification) link(row smartcar.Connection) {
	i, known := v.index[v.pair(row.VehicleID, row.UserID)]
	if !known || i < 0 {
		v.linkOther(row)
		return
	}
	c := &v.claims[i]
	c.seen = true
	if row.Permissions == nil {
		v.silent[i] = true
	}
	for bit, need := range v.needs.lists[c.needs] {
		if slices.Contains(row.Permissions, need) {
			c.missing &^= 1 << bit
		}
	}
}

// linkOther notes a row of another user where a vehicle is asked for by its id: the client lets no other vehicle through.
func (v *Verification) linkOther(row smartcar.Connection) {
	switch {
	case v.asked == none:
	case row.UserID == "":
		v.cars[v.asked] |= nobodyNamed
	default:
		v.cars[v.asked] |= namedOther
	}
}

// linked judges what the lists showed of a claim.
func (v *Verification) linked(i int32) {
	c := &v.claims[i]
	switch {
	case !c.seen && (!c.gone || v.cars[i]&nobodyNamed != 0):
		v.doubt(i, Unseen, "")
	case !c.seen && v.cars[i]&namedOther != 0:
		v.doubt(i, UserChanged, "")
	case !c.seen:
		v.doubt(i, NotConnected, "")
	case c.missing == 0:
	case v.silent[i]:
		v.doubt(i, Silent, "")
	default:
		v.doubt(i, PermissionGone, v.missing(c))
	}
}

// missing names the permissions that a connection lacks.
func (v *Verification) missing(c *claim) string {
	text := "it lacks"
	for bit, need := range v.needs.lists[c.needs] {
		if c.missing>>bit&1 == 1 {
			text += " " + need
		}
	}
	return text
}
