package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// ErrCredentials means that the application's id and secret are refused; no token was spent with them.
var ErrCredentials = errors.New("the application's credentials are refused (SMARTCAR_LEGACY_CLIENT_ID is the Application ID, a UUID, and SMARTCAR_LEGACY_CLIENT_SECRET its secret)")

// ErrUnanswered means that a refresh got no answer although it was repeated: whether its token is spent is not known, and
// the same command has to be started again soon.
var ErrUnanswered = errors.New("the authorisation host gives no answer that can be read; start the same command again at once, a used token works again only for a minute")

// Refresher is the client of the authorisation host.
type Refresher interface {
	AdmitRefresh(ctx context.Context) error
	Refresh(ctx context.Context, token secret.Secret) (smartcar.Refreshed, error)
}

// Options are what a rotation takes from outside.
type Options struct {
	Journal string // its path
	Origin  Origin
	API     Refresher
	Lookup  func(context.Context, inventory.Holding) (secret.Secret, error)
	Spent   map[string]string // hashes of tokens that earlier runs spent, and the files that have what followed (see Trail)
	Now     func() time.Time
	Pause   func(context.Context, time.Duration)
	Say     func(format string, args ...any)
	Step    func(name string) // told of every step, for tests that kill the process there; nil: nobody
}

// Rotation is one run of refreshes. It is used by one goroutine.
type Rotation struct {
	o       Options
	journal *journal
	step    func(string)

	Superseded []*Grant          // their token in the inventory was used by an earlier run, which stored its successor
	Unreadable map[*Grant]string // their refresh token could not be looked up, and why
}

// Begun tells whether a journal is there that an interrupted run left unfinished.
func Begun(path string) (bool, error) {
	j, err := readJournal(path)
	return err == nil && j.open(), err
}

// Begin opens the journal, which must belong to the same application, host and store if it is unfinished. The locks are
// held by the caller.
func Begin(o Options) (*Rotation, error) {
	j, err := readJournal(o.Journal)
	if err != nil {
		return nil, err
	}
	r := &Rotation{o: o, journal: j, step: o.Step, Unreadable: map[*Grant]string{}}
	if r.step == nil {
		r.step = func(string) {}
	}
	j.step, j.now = r.step, o.Now
	was := j.origin
	if j.open() && (was.Application != o.Origin.Application || was.Auth != o.Origin.Auth || was.Store != o.Origin.Store) {
		return nil, fmt.Errorf("%s is of an interrupted refresh of application %s at %s with --store %s (finish it with these before anything else: -i %s)", o.Journal, was.Application, was.Auth, was.Store, was.Inventory)
	}
	r.step("begin: journal read")
	return r, j.hold(o.Origin)
}

// Tokens are those that the journal holds, of runs before: whoever prints must not print them.
func (r *Rotation) Tokens() (tokens []secret.Secret) {
	for _, i := range r.journal.order {
		tokens = append(tokens, i.old, i.pair.Access, i.pair.Refresh)
	}
	return slices.DeleteFunc(tokens, secret.Secret.IsZero)
}

// Close lets the journal go, unfinished as it may be. Where nothing was spent, no token stays in it.
func (r *Rotation) Close() error {
	if r.journal.file == nil || r.journal.open() || r.journal.any(eventRefused) {
		return r.journal.close()
	}
	return r.Finish()
}

// Recover repeats the refreshes that were begun and have no answer, first of all: a used token works again for a minute.
func (r *Rotation) Recover(ctx context.Context) error {
	for _, i := range r.journal.order {
		if i.state != eventIntent {
			continue
		}
		r.o.Say("an earlier run was interrupted %s ago while it refreshed the grant of vehicle %s: repeating it", r.o.Now().Sub(i.began).Round(time.Second), i.first())
		if err := r.fetch(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (i *item) first() string {
	if len(i.vehicles) == 0 {
		return "unknown"
	}
	return i.vehicles[0].VehicleID
}

// Match takes over what the journal has for the new inventory where that is the store. It refuses an inventory whose tokens
// were used by an earlier run, and one that lacks the rows of a pair that is not stored yet.
func (r *Rotation) Match(t *Text) error {
	for _, i := range r.journal.order {
		rows := t.rows[i.token]
		switch {
		case i.state == eventRetired && len(rows) > 0:
			return r.older(t.path)
		case (i.state == eventPair || i.state == eventStored) && len(rows)+len(t.rows[i.successor]) == 0: // writing would drop the pair
			return fmt.Errorf("the journal %s holds a new pair that %s has no row for (go on with the inventory it began with: -i %s)", r.o.Journal, r.o.Origin.Inventory, r.journal.origin.Inventory)
		case i.state == eventStored:
			t.set(rows, i.pair)
		}
	}
	for token := range t.rows {
		if where, spent := r.o.Spent[token]; spent {
			return r.older(where)
		}
	}
	return nil
}

func (r *Rotation) older(than string) error {
	return fmt.Errorf("%s is older than what was made of it: a refresh token in it was used by an earlier run, and the next one was written to %s; give the newer file with -i", r.o.Origin.Inventory, than)
}

// Settle gives the store the pairs that came before an interruption and were not stored: the new inventory, or the
// customer's own store where there is a command.
func (r *Rotation) Settle(ctx context.Context, t *Text, c *Command) error {
	s := storeOf(t, c)
	for _, i := range r.journal.order {
		if i.state == eventPair {
			if err := r.deliver(context.WithoutCancel(ctx), s, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func storeOf(t *Text, c *Command) store {
	if c != nil {
		return c
	}
	return t
}

// Rotate refreshes the dead grants of a plan, one after the other: the next is asked for only when the store has the pair of
// the one before. An interrupt ends it between two grants.
func (r *Rotation) Rotate(ctx context.Context, plan *Plan, t *Text, c *Command) error {
	s := storeOf(t, c)
	for _, g := range plan.Grants {
		if !g.Dead(r.o.Now()) {
			continue
		}
		if err := r.rotate(ctx, g, s); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (r *Rotation) rotate(ctx context.Context, g *Grant, s store) error {
	if r.known(g) {
		return nil
	}
	if err := r.o.API.AdmitRefresh(ctx); err != nil {
		return err
	}
	token, err := r.o.Lookup(ctx, g.Source)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.Unreadable[g] = err.Error()
		return nil
	}
	if _, spent := r.o.Spent[token.Hash()]; spent {
		r.Superseded = append(r.Superseded, g)
		return nil
	}
	if i := r.journal.items[token.Hash()]; i != nil && i.state != eventUnspent {
		return r.again(context.WithoutCancel(ctx), i, g, s)
	}
	for _, i := range r.journal.order {
		if i.successor == token.Hash() && i.state == eventStored {
			return nil // refreshed by this run before it was interrupted
		}
	}
	intent := record{Event: eventIntent, Token: token.Hash(), Old: inventory.DiscloseToken(token), Grant: g.Name, Vehicles: g.Vehicles}
	if err := r.journal.add(intent); err != nil {
		return err
	}
	i := r.journal.items[intent.Token]
	i.resumed = false
	if err := r.fetch(ctx, i); err != nil || i.state != eventPair {
		return err
	}
	return r.deliver(context.WithoutCancel(ctx), s, i)
}

// again takes a grant whose source gave a token that was sent before: its rows share what came of it.
func (r *Rotation) again(ctx context.Context, i *item, g *Grant, s store) error {
	if i.state == eventRetired {
		r.Superseded = append(r.Superseded, g)
		return nil
	}
	more := i.without(g)
	if len(more) == 0 {
		return nil
	}
	if err := r.journal.add(record{Event: eventShared, Token: i.token, Vehicles: more}); err != nil || i.state != eventPair {
		return err
	}
	return r.deliver(ctx, s, i)
}

// without are the rows of a grant that the token is not known to be of.
func (i *item) without(g *Grant) []Vehicle {
	return slices.DeleteFunc(slices.Clone(g.Vehicles), func(v Vehicle) bool { return slices.Contains(i.vehicles, v) })
}

// known tells, for a token that stands in the inventory itself, whether nothing is to be done, before the limit is waited for.
func (r *Rotation) known(g *Grant) bool {
	if g.Source.Refresh.Kind() != inventory.KindLiteral {
		return false
	}
	token, err := r.o.Lookup(context.Background(), g.Source)
	if err != nil {
		return false
	}
	i := r.journal.items[token.Hash()]
	return i != nil && (i.state == eventStored || i.state == eventRefused) && len(i.without(g)) == 0
}

// deliver gives the store a pair, and notes that it has it.
func (r *Rotation) deliver(ctx context.Context, s store, i *item) error {
	r.step("store: before")
	if err := s.put(ctx, i); err != nil {
		return fmt.Errorf("%w; the pair is safe in %s, start the same command again once this is mended", err, r.o.Journal)
	}
	r.step("store: done")
	return r.journal.add(record{Event: eventStored, Token: i.token})
}
