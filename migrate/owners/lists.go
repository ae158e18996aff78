package owners

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"

	"scmigrate/migrate/smartcar"
)

// modes are the lists that Smartcar keeps apart; the default hides simulated vehicles (smartcar-v3.md §4.1).
var modes = []string{"live", "simulated"}

// readings is how often a list is read that moved while it was read, or had a page that failed.
const readings = 3

// ConnectionsAPI is v3's list. *smartcar.Client is one.
type ConnectionsAPI interface {
	Connections(ctx context.Context, q smartcar.ConnectionsQuery, page func(smartcar.ConnectionsPage) error) (smartcar.Listing, error)
}

// errShorter: asking for each vehicle by itself takes fewer requests than the whole list.
var errShorter = errors.New("asking for the vehicles takes fewer requests")

// errUnfiltered: the server answered for other vehicles than the one asked for, so the whole list is the only way.
var errUnfiltered = errors.New("the server ignores the filter")

// ReadConnections asks v3 who has the vehicles: by the whole list, or vehicle by vehicle where that takes fewer requests
// and the server heeds the filter. The error is trouble of the tool; a list that cannot be read whole is a doubt.
func (b *Book) ReadConnections(ctx context.Context, api ConnectionsAPI) error {
	doubt := ""
	for _, mode := range modes {
		why, err := b.readMode(ctx, api, mode)
		if err != nil {
			return err
		}
		if why != "" && doubt == "" {
			doubt = "the " + mode + " list: " + why
		}
	}
	b.Asked(Connections, doubt)
	return nil
}

func (b *Book) readMode(ctx context.Context, api ConnectionsAPI, mode string) (string, error) {
	var why string
	for n := range readings {
		before := b.snapshot(Connections)
		l, err := api.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode}, func(p smartcar.ConnectionsPage) error {
			if n == 0 && p.Number == 1 && p.Total > b.pages()*100 {
				return errShorter
			}
			b.take(p.Rows)
			return nil
		})
		if errors.Is(err, errShorter) {
			if err = b.askEach(ctx, api, mode); err == nil {
				return "", nil
			}
			if errors.Is(err, errUnfiltered) {
				b.restore(Connections, before)
				continue
			}
		}
		if err != nil || l.Complete {
			return "", err
		}
		why = l.Why
		if n < readings-1 {
			b.restore(Connections, before)
		}
	}
	return why, nil
}

// pages is how many pages of a list cost as much as asking for each vehicle in this mode.
func (b *Book) pages() int { return max(1, len(b.vehicles)) }

func (b *Book) take(rows []smartcar.Connection) {
	for _, row := range rows {
		b.Add(row.VehicleID, Sighting{Source: Connections, UserID: row.UserID, At: row.CreatedAt, ExternalID: row.ExternalID, Mode: row.Mode, Permissions: len(row.Permissions)})
		if v := b.vehicles[key(row.VehicleID)]; v != nil && row.UserID == "" {
			v.doubts[Connections] = "a connection of the vehicle names no user"
		}
	}
}

func (b *Book) askEach(ctx context.Context, api ConnectionsAPI, mode string) error {
	for _, id := range b.ids() {
		v := b.vehicles[id]
		l, err := api.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode, VehicleID: v.id}, func(p smartcar.ConnectionsPage) error {
			if p.Total > len(p.Rows) {
				return errUnfiltered
			}
			b.take(p.Rows)
			return nil
		})
		if err == nil && l.Dropped > 0 {
			err = errUnfiltered
		}
		if err != nil {
			return err
		}
		if !l.Complete {
			v.doubts[Connections] = "the " + mode + " list: " + l.Why
		}
	}
	return nil
}

// ids are the keys of the vehicles, in an order that is always the same.
func (b *Book) ids() []string {
	list := make([]string, 0, len(b.vehicles))
	for id := range b.vehicles {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// snapshot and restore take back what an incomplete reading said: a connection that went meanwhile is not a user's.
func (b *Book) snapshot(s Source) map[string]vehicle {
	kept := map[string]vehicle{}
	for id, v := range b.vehicles {
		kept[id] = vehicle{sightings: v.of(s), doubts: maps.Clone(v.doubts)}
	}
	return kept
}

func (b *Book) restore(s Source, kept map[string]vehicle) {
	b.forget(s)
	for id, v := range b.vehicles {
		v.sightings, v.doubts = append(v.sightings, kept[id].sightings...), maps.Clone(kept[id].doubts)
	}
}

// ManagementAPI is v2's list. *smartcar.Client is one.
type ManagementAPI interface {
	ManagementConnections(ctx context.Context, mode string, page func([]smartcar.Connection) error) (smartcar.Listing, error)
}

// ReadManagement asks v2's list who has the vehicles. It does not say how long it is, so a row that goes while it is read
// may take another one with it unseen: it counts as whole once two readings in a row have the same rows.
func (b *Book) ReadManagement(ctx context.Context, api ManagementAPI) error {
	seed := maphash.MakeSeed()
	doubt, last := "", uint64(0)
	for n := range readings + 1 {
		b.forget(Management)
		sum, why, err := b.readManagement(ctx, api, seed)
		if err != nil {
			return err
		}
		switch {
		case why != "":
			doubt = why
		case n > 0 && doubt == "" && sum == last:
			b.Asked(Management, "")
			return nil
		default:
			doubt = ""
		}
		last = sum
	}
	if doubt == "" {
		doubt = "it was different each time it was read"
	}
	b.Asked(Management, doubt)
	return nil
}

// readManagement reads both modes once; sum is the same for the same rows in any order.
func (b *Book) readManagement(ctx context.Context, api ManagementAPI, seed maphash.Seed) (sum uint64, why string, err error) {
	for _, mode := range modes {
		l, err := api.ManagementConnections(ctx, mode, func(rows []smartcar.Connection) error {
			for _, row := range rows {
				sum += maphash.String(seed, mode+"\x00"+row.VehicleID+"\x00"+row.UserID)
				b.Add(row.VehicleID, Sighting{Source: Management, UserID: row.UserID, At: row.CreatedAt, Mode: row.Mode})
			}
			return nil
		})
		if err != nil {
			return 0, "", err
		}
		if !l.Complete && why == "" {
			why = fmt.Sprintf("the %s list: %s", mode, l.Why)
		}
	}
	return sum, why, nil
}
