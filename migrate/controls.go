package migrate

import (
	"context"

	"scmigrate/compare"
)

// control asks for a few cars with a user id that has no connection to them: Smartcar must refuse. A 200 with at least
// one signal is confirmed on a second pair before it is called a breach (DESIGN §3.2). A resumed run does not repeat
// controls that were all refused, and stays stopped after a breach.
func (r *Run) control(ctx context.Context) (Stop, error) {
	c, err := r.Store.Controls(ctx)
	if err != nil || c.Breached() {
		return breach(c), err
	}
	if c.Refused >= r.Controls {
		return StopNone, nil
	}
	links, err := r.Store.SampleLinks(ctx, 50)
	if err != nil {
		return StopNone, err
	}
	c = Controls{}
	r.say("checking that foreign user ids are refused")
	for _, pair := range foreignPairs(links) {
		enough := c.Tried >= r.Controls && (c.Served != 1 || c.Tried >= r.Controls+confirmations)
		if enough || c.Breached() {
			break
		}
		if err := r.controlPair(ctx, pair, &c); err != nil {
			return StopNone, err
		}
	}
	return breach(c), r.Store.SaveControls(ctx, c)
}

// Breached tells whether foreign user ids were served, confirmed on a second pair.
func (c Controls) Breached() bool { return c.Served >= 2 }

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
		owners[l.VehicleID] = append(owners[l.VehicleID], l)
	}
	var pairs []Link
	for i, l := range links {
		for step := 1; step < len(links); step++ {
			other := links[(i+step)%len(links)]
			if !listed(owners[l.VehicleID], other.UserID) && other.Mode == l.Mode {
				pairs = append(pairs, Link{VehicleID: l.VehicleID, UserID: other.UserID, Mode: l.Mode})
				break
			}
		}
	}
	return pairs
}

// controlPair makes one control, unless the whole list knows the pair after all.
func (r *Run) controlPair(ctx context.Context, pair Link, c *Controls) error {
	links, err := r.Store.Links(ctx, pair.VehicleID)
	if err != nil || listed(links, pair.UserID) {
		return err
	}
	answer, err := r.Client.Signals(ctx, pair.VehicleID, pair.UserID)
	if err != nil {
		return err
	}
	c.Tried++
	switch f := answer.Failure; {
	case f != nil && (f.Kind == compare.KindForbidden || f.Kind == compare.KindNotPermitted || f.Kind == compare.KindNotFound):
		c.Refused++
	case f == nil && servesAnything(answer.Body):
		return r.served(ctx, pair, c)
	default:
		c.Undecided++
	}
	return nil
}

// served reads the car's connections again before it believes that the user is a foreign one: the list may have been
// incomplete, or he may have connected since.
func (r *Run) served(ctx context.Context, pair Link, c *Controls) error {
	links, whole, err := r.askLinks(ctx, pair.VehicleID)
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
