package preflight

import (
	"context"
	"fmt"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// sight counts what the app leg said of the drawn vehicles.
type sight struct {
	asked, served, empty, refused, denied, failed int
	example                                       inventory.Entry // of the refused ones
	label                                         string          // of the last trouble
}

// meter is one of the app leg alone: the same visit as in a run, and no more than the one call.
func (f *flight) meter() *migrate.Meter {
	return &migrate.Meter{Caller: f.client, Tokens: f.Tokens, Now: f.Now, Legs: "app", Billed: 1}
}

// appLegs asks for the signals of the drawn vehicles as a run does.
func (f *flight) appLegs(ctx context.Context) error {
	switch {
	case f.client == nil:
		f.unasked("signals on v3", "v3 cannot be asked")
		return nil
	case len(f.drawn) == 0:
		f.add(Check{Name: "signals on v3", Half: App, State: Wrong, What: "no vehicle of the inventory names a user", Meaning: "v3 is asked with the user's id, which the migration needs",
			Next: "scmigrate inventory backfill finds the userIds"})
		return nil
	}
	f.Say(fmt.Sprintf("asking v3 for the signals of %d vehicles", len(f.drawn)))
	var s sight
	meter := f.meter()
	for _, e := range f.drawn {
		if err := f.look(ctx, meter, e, &s); err != nil {
			return err
		}
	}
	return f.judgeSight(ctx, s)
}

func (f *flight) look(ctx context.Context, meter *migrate.Meter, e inventory.Entry, s *sight) error {
	evidence, err := meter.Measure(ctx, inventory.Entry{VehicleID: e.VehicleID, UserID: e.UserID}, nil, false)
	if err != nil {
		return err
	}
	f.seesAt(evidence.App.Server, evidence.App.Got)
	s.count(e, evidence.App)
	return nil
}

// count takes one vehicle into account. An account that asks for a new login, or a car that is gone, is that owner's matter
// and no setting.
func (s *sight) count(e inventory.Entry, leg migrate.Leg) {
	s.asked++
	switch leg.Outcome {
	case migrate.LegAnswered, migrate.LegReauth, migrate.LegGone:
		s.served++
		return
	case migrate.LegEmptyStore:
		s.empty++
		return
	case migrate.LegNotConnected:
		s.refused++
		s.example = e
	case migrate.LegUnauthorized:
		s.denied++
	default:
		s.failed++
	}
	if leg.Failure != nil {
		s.label = leg.Failure.Label()
	}
}

func (s sight) text() string {
	parts := []string{}
	for _, p := range []struct {
		n    int
		word string
	}{{s.served, "serve signals"}, {s.empty, "have an empty store"}, {s.refused, "are refused for their user"}, {s.denied, "refuse the token"}, {s.failed, "fail for now"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	text := fmt.Sprintf("of %d random vehicles %s", s.asked, strings.Join(parts, ", "))
	if s.label != "" {
		text += " (" + s.label + ")"
	}
	return text
}

func (f *flight) judgeSight(ctx context.Context, s sight) error {
	c := Check{Name: "signals on v3", Half: App, State: Well, What: s.text()}
	switch {
	case s.denied == s.asked:
		c.State, c.code, c.Meaning = Wrong, migrate.ExitGate, "v3 lists connections for this application and does not let it read vehicles"
		c.Next = "ask Smartcar whether the plan includes v3 vehicle data"
	case s.refused == s.asked:
		return f.allRefused(ctx, c, s)
	case s.empty*2 > s.served+s.empty:
		c.State, c.Meaning = Wrong, "v3 serves only what it has collected, and for most vehicles that is nothing yet; a run would call them no-data-yet"
		c.Next = "subscribe first: in the dashboard subscribe the vehicles to a webhook, let a day pass, then start again"
	case (s.failed+s.denied)*2 > s.asked:
		c.State, c.Next = Undecided, "try again later; if it stays so, check Smartcar's status page"
	case s.refused*2 > s.asked:
		c.State, c.Meaning = Wrong, "most vehicles are not connected to this application by the user of the inventory"
		c.Next = "run --legs connections says which, without a billed read; inventory backfill finds the right userIds"
	}
	f.add(c)
	return nil
}

// allRefused tells a v3 that lists a connection and refuses it from an inventory of another application.
func (f *flight) allRefused(ctx context.Context, c Check, s sight) error {
	links, whole, err := migrate.AskLinks(ctx, f.client, s.example.VehicleID)
	if err != nil {
		return err
	}
	c.State, c.Meaning = Wrong, "none of them is connected to this application by the user that the inventory names"
	c.Next = "check that inventory and credentials are of the same application, and the userIds: inventory backfill finds the right ones"
	for _, l := range links {
		if strings.EqualFold(l.UserID, s.example.UserID) {
			c.code, c.Meaning = migrate.ExitGate, "v3 lists their connections and refuses to read the vehicles: it is not enabled in full"
			c.Next = "upgrade the application to v3 in the dashboard's settings, or ask Smartcar whether the plan includes v3 vehicle data"
		}
	}
	if len(links) == 0 && !whole {
		c.State = Undecided
	}
	f.add(c)
	return nil
}
