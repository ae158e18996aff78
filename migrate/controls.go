package migrate

import (
	"context"

	"scmigrate/compare"
)

// control asks for a few cars with a user id that has no connection to them: Smartcar must refuse. A 200 with at least
// one signal is confirmed on a second pair before it is called a breach (DESIGN §3.2). A resumed run does not repeat
// controls that were refused.
func (r *Run) control(ctx context.Context) (Stop, error) {
	earlier, err := r.Store.Controls(ctx)
	if err != nil || earlier.Refused >= r.Controls {
		return StopNone, err
	}
	links, err := r.Store.SampleLinks(ctx, 50)
	if err != nil {
		return StopNone, err
	}
	var c Controls
	r.say("checking that foreign user ids are refused")
	for _, pair := range foreignPairs(links) {
		if c.Tried >= r.Controls && (c.Served != 1 || c.Tried >= r.Controls+confirmations) {
			break
		}
		if err := r.controlPair(ctx, pair, &c); err != nil {
			return StopNone, err
		}
		if c.Served >= 2 {
			break
		}
	}
	if err := r.Store.SaveControls(ctx, c); err != nil {
		return StopNone, err
	}
	if c.Served >= 2 {
		return StopBreach, nil
	}
	return StopNone, nil
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
		c.Served++
	default:
		c.Undecided++
	}
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
