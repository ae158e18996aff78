package migrate

import (
	"context"
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate/smartcar"
)

// ControlStore is where negative controls take their pairs from and keep their results. Every Store is one.
type ControlStore interface {
	SampleLinks(ctx context.Context, n int) ([]Link, error)
	Links(ctx context.Context, vehicleID string) ([]Link, error)
	Controls(ctx context.Context) (Controls, error)
	SaveControls(ctx context.Context, c Controls) error
}

// Prober makes negative controls.
type Prober struct {
	Client *smartcar.Client
	Store  ControlStore
	Wanted int          // so many refusals are enough
	Say    func(string) // told before the first request
}

func (r *Run) control(ctx context.Context) (Stop, error) {
	return Prober{Client: r.Client, Store: r.Store, Wanted: r.Controls, Say: r.say}.Probe(ctx)
}

// Probe asks for a few cars with a user id that has no connection to them: Smartcar must refuse. A 200 with at least
// one signal is confirmed on a second pair before it is called a breach (DESIGN §3.2). Each result is durable before the
// next control. A resumed run keeps what was decided, makes only the controls that are missing, on other cars, and stays
// stopped after a breach.
func (p Prober) Probe(ctx context.Context) (Stop, error) {
	c, err := p.Store.Controls(ctx)
	if err != nil || c.Breached() || c.Refused >= p.Wanted {
		return breach(c), err
	}
	links, err := p.Store.SampleLinks(ctx, 50)
	if err != nil {
		return StopNone, err
	}
	c = c.decided()
	limit := p.Wanted
	p.Say("checking that foreign user ids are refused")
	for _, pair := range foreignPairs(links) {
		if c.Served == 1 { // not confirmed yet
			limit = p.Wanted + confirmations
		}
		if c.Tried >= limit || c.Breached() {
			break
		}
		if c.made(pair) {
			continue
		}
		if err := p.probePair(ctx, pair, &c); err != nil {
			return StopNone, err
		}
		if err := p.Store.SaveControls(ctx, c); err != nil {
			return StopNone, err
		}
	}
	return breach(c), nil
}

// Breached tells whether foreign user ids were served, confirmed on a second pair.
func (c Controls) Breached() bool { return c.Served >= 2 }

// decided are the controls without the undecided ones, which are to be made again.
func (c Controls) decided() Controls {
	c.Tried, c.Undecided = c.Refused+c.Served, 0
	return c
}

// made tells whether a control of this car was decided before: a second pair is another car.
func (c Controls) made(pair Link) bool {
	same := func(id string) bool { return sameID(id, pair.VehicleID) }
	return slices.ContainsFunc(c.RefusedFor, same) || slices.ContainsFunc(c.Vehicles, same)
}

func breach(c Controls) Stop {
	if c.Breached() {
		return StopBreach
	}
	return StopNone
}

// confirmations is how many more pairs are tried where one was served and none has confirmed it.
const confirmations = 3

// foreignPairs are a vehicle and a user of another vehicle who has no connection to it, one per vehicle.
func foreignPairs(links []Link) []Link {
	owners := map[string][]Link{}
	for _, l := range links {
		car := strings.ToLower(l.VehicleID)
		owners[car] = append(owners[car], l)
	}
	var pairs []Link
	paired := map[string]bool{}
	for i, l := range links {
		car := strings.ToLower(l.VehicleID)
		for step := 1; step < len(links) && !paired[car]; step++ {
			other := links[(i+step)%len(links)]
			if !listed(owners[car], other.UserID) && other.Mode == l.Mode {
				pairs = append(pairs, Link{VehicleID: l.VehicleID, UserID: other.UserID, Mode: l.Mode})
				paired[car] = true
			}
		}
	}
	return pairs
}

// probePair makes one control, unless the whole list knows the pair after all, or does not name every user of the car.
func (p Prober) probePair(ctx context.Context, pair Link, c *Controls) error {
	links, err := p.Store.Links(ctx, pair.VehicleID)
	if err != nil || listed(links, pair.UserID) || anonymous(links) {
		return err
	}
	answer, err := p.Client.Signals(ctx, pair.VehicleID, pair.UserID)
	if err != nil {
		return err
	}
	c.Tried++
	switch f := answer.Failure; {
	case f != nil && refusesUser(*f):
		c.Refused++
		c.RefusedFor = append(c.RefusedFor, pair.VehicleID)
	case f == nil && servesAnything(answer.Body):
		return p.served(ctx, pair, c)
	default:
		c.Undecided++
	}
	return nil
}

// refusesUser tells a 403 or 404 about this user and this car from one about the path of the request.
func refusesUser(f compare.Failure) bool { return appOutcome(f) == LegNotConnected }

// served reads the car's connections again before it believes that the user is a foreign one: the list may have been
// incomplete, or he may have connected since.
func (p Prober) served(ctx context.Context, pair Link, c *Controls) error {
	links, whole, err := AskLinks(ctx, p.Client, pair.VehicleID)
	if err != nil {
		return err
	}
	if !whole || listed(links, pair.UserID) {
		c.Undecided++
		return nil
	}
	c.Served++
	c.Vehicles = append(c.Vehicles, pair.VehicleID)
	return nil
}

// servesAnything tells whether an answer holds at least one signal with a value.
func servesAnything(body []byte) bool {
	signals, err := compare.ParseSignals(body)
	if err != nil {
		return false
	}
	for _, s := range signals.ByCode {
		if s.Failure == nil && s.Body != nil {
			return true
		}
	}
	return false
}
