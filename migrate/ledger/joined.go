package ledger

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"scmigrate/migrate"
)

// finish writes what is not a vehicle's into the joined ledger and has it settled.
func finish(ctx context.Context, parts []Part, work string, settle func(*Ledger) error) (err error) {
	l, err := Create(work)
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, l.Close())
		}
	}()
	if err := l.wholeFleet(ctx, parts); err != nil {
		return err
	}
	g := gathering{controls: migrate.Controls{}, lists: map[string]newest{}}
	for _, p := range parts {
		if err := g.take(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.Dir, err)
		}
	}
	if err := g.write(ctx, l); err != nil {
		return err
	}
	if err := settle(l); err != nil {
		return err
	}
	closed = true
	return l.Close()
}

// wholeFleet refuses shards that together do not hold every entry of the inventory.
func (l *Ledger) wholeFleet(ctx context.Context, parts []Part) error {
	var n, first, last int
	if err := l.read.QueryRowContext(ctx, "SELECT count(*), coalesce(min(ordinal), 0), coalesce(max(ordinal), -1) FROM vehicles").Scan(&n, &first, &last); err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	if want := parts[0].Header.Length; n != want || first != 0 || last != want-1 {
		return fmt.Errorf("the shards hold %d vehicles, and the inventory %d: one of the ledgers is not whole", n, want)
	}
	return nil
}

// gathering adds up what the parts' ledgers hold beside their vehicles.
type gathering struct {
	controls migrate.Controls
	rechecks migrate.Rechecks
	whys     []string // why differences were not asked about again, each once
	lists    map[string]newest
	accepted Changes
	changes  migrate.ListChanges // as the shard saw them whose live list is kept: all of them read the same list
	rules    string
}

// newest is the reading of one mode's list to keep, and where it is.
type newest struct {
	list migrate.LinkList
	part Part
}

func (g *gathering) take(ctx context.Context, p Part) (err error) {
	l, unlock, err := openHeld(p.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close(), unlock()) }()
	controls, err := l.Controls(ctx)
	if err != nil {
		return err
	}
	g.controls = bothControls(g.controls, controls)
	rechecks, err := l.Rechecks(ctx)
	if err != nil {
		return err
	}
	g.rechecks.Vehicles, g.rechecks.Requests = g.rechecks.Vehicles+rechecks.Vehicles, g.rechecks.Requests+rechecks.Requests
	if rechecks.Why != "" && !slices.Contains(g.whys, rechecks.Why) {
		g.whys = append(g.whys, rechecks.Why)
	}
	accepted, err := l.Accepted(ctx)
	if err != nil {
		return err
	}
	g.accepted = g.accepted.plus(accepted)
	lists, err := l.LinkLists(ctx)
	if err != nil {
		return err
	}
	for _, list := range lists {
		if known, ok := g.lists[list.Mode]; !ok || better(list, known.list) {
			g.lists[list.Mode] = newest{list, p}
			if g.changes, err = l.ListChanges(ctx); err != nil {
				return err
			}
		}
	}
	if g.rules == "" {
		g.rules, err = l.Get(ctx, "rules")
	}
	return err
}

// better tells a whole reading from one that is not, and the later of two that are alike.
func better(a, b migrate.LinkList) bool {
	if a.Complete != b.Complete {
		return a.Complete
	}
	return a.ReadAt.After(b.ReadAt)
}

// bothControls adds up controls. The same car served in two shards is no second pair that confirms the first: it counts
// once.
func bothControls(a, b migrate.Controls) migrate.Controls {
	sum := migrate.Controls{Tried: a.Tried + b.Tried, Refused: a.Refused + b.Refused, Served: a.Served + b.Served, Undecided: a.Undecided + b.Undecided,
		Vehicles: slices.Clone(a.Vehicles), RefusedFor: slices.Clone(a.RefusedFor)}
	for _, id := range b.Vehicles {
		if among(sum.Vehicles, id) {
			sum.Served, sum.Tried = sum.Served-1, sum.Tried-1
		} else {
			sum.Vehicles = append(sum.Vehicles, id)
		}
	}
	for _, id := range b.RefusedFor {
		if !among(sum.RefusedFor, id) {
			sum.RefusedFor = append(sum.RefusedFor, id)
		}
	}
	return sum
}

func among(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(known string) bool { return strings.EqualFold(known, id) })
}

func (g *gathering) write(ctx context.Context, l *Ledger) error {
	if err := errors.Join(l.SaveControls(ctx, g.controls), l.SetNotAsked(ctx, strings.Join(g.whys, "; ")), l.Set(ctx, "rules", cmp.Or(g.rules, "{}")),
		l.Set(ctx, recheckVehicles, strconv.Itoa(g.rechecks.Vehicles)), l.Set(ctx, recheckRequests, strconv.Itoa(g.rechecks.Requests))); err != nil {
		return err
	}
	if err := errors.Join(l.store(ctx, listChanges, g.changes), l.store(ctx, changesLine, g.accepted)); err != nil {
		return err
	}
	modes := make([]newest, 0, len(g.lists))
	for _, n := range g.lists {
		modes = append(modes, n)
	}
	slices.SortFunc(modes, func(a, b newest) int { // a pair that changed its mode is of the later reading
		return cmp.Or(a.list.ReadAt.Compare(b.list.ReadAt), cmp.Compare(a.list.Mode, b.list.Mode))
	})
	for i, n := range modes {
		if err := n.copyLinks(ctx, l, i+1); err != nil {
			return fmt.Errorf("%s: %w", n.part.Dir, err)
		}
	}
	return nil
}

// copyLinks numbers the reading anew: each shard counts by itself.
func (n newest) copyLinks(ctx context.Context, l *Ledger, reading int) (err error) {
	from, unlock, err := openHeld(n.part.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close(), unlock()) }()
	return l.writer.finish(ctx, func(tx *sql.Tx) error {
		for _, c := range []copying{
			{into: "lists", query: "SELECT mode, ? AS reading, read_at, pages, complete, why FROM lists WHERE mode = ?", args: []any{reading, n.list.Mode}},
			{into: "links", query: "SELECT ? AS reading, vehicle_id, user_id, mode, link FROM links WHERE reading = (SELECT reading FROM lists WHERE mode = ?) ORDER BY vehicle_id, user_id", args: []any{reading, n.list.Mode}},
		} {
			if err := c.run(ctx, from.read, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// HeaderOf is the header of the run that the parts are together, but for whether it is complete. Nothing in it depends on
// the moment or on the order in which the parts were given: the run's id is made of theirs, and so is the key of the
// pseudonyms, so that they are the same in every merge of the same shards. version is that of the tool that merges.
func HeaderOf(parts []Part, version string) Header {
	h := parts[0].Header
	var ids, keys []string
	for _, p := range parts {
		ids, keys = append(ids, p.Header.RunID), append(keys, p.Header.ShareKey)
		h.StartedAt, h.FinishedAt = min(h.StartedAt, p.Header.StartedAt), max(h.FinishedAt, p.Header.FinishedAt)
	}
	slices.Sort(ids)
	slices.Sort(keys)
	id := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	key := hmac.New(sha256.New, []byte(strings.Join(keys, "\n")))
	key.Write([]byte("scmigrate/merge/1"))
	h.RunID, h.ShareKey = hex.EncodeToString(id[:8]), hex.EncodeToString(key.Sum(nil))
	h.Shard, h.Length, h.ToolVersion, h.Stopped = "", 0, version, string(StopOf(parts))
	return h
}

// StopOf is the gravest reason for which a part ended early. One that was killed counts as interrupted.
func StopOf(parts []Part) migrate.Stop {
	gravest := migrate.StopNone
	for _, p := range parts {
		stop := migrate.Stop(p.Header.Stopped)
		if p.Header.FinishedAt == "" {
			stop = migrate.StopInterrupted
		}
		if rank(stop) > rank(gravest) {
			gravest = stop
		}
	}
	return gravest
}

// rank takes a stop that is not listed for as grave as an interrupt.
func rank(s migrate.Stop) int {
	if i := slices.Index(gravity, s); i >= 0 {
		return i
	}
	return rank(migrate.StopInterrupted)
}

// gravity orders the stops.
var gravity = []migrate.Stop{migrate.StopNone, migrate.StopBudget, migrate.StopTimeBox, migrate.StopPaused, migrate.StopSystemic, migrate.StopInterrupted, migrate.StopNoList, migrate.StopNoToken,
	migrate.StopAppRefused, migrate.StopCredentials, migrate.StopBreach}

// LastRecord is when the last vehicle was measured, zero where none was.
func (l *Ledger) LastRecord(ctx context.Context) (time.Time, error) {
	var at sql.NullString
	if err := l.read.QueryRowContext(ctx, "SELECT max(at) FROM vehicles").Scan(&at); err != nil || !at.Valid {
		return time.Time{}, err
	}
	return time.Parse(stamp, at.String)
}
