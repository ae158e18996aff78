package preflight

import (
	"context"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/smartcar"
)

// sees takes note of Smartcar's clock. Of several sights the smallest difference counts: an answer that took long to come
// says nothing against this machine.
func (f *flight) sees(answer smartcar.Answer) { f.seesAt(answer.ServerDate, answer.FetchedAt) }

func (f *flight) seesAt(server, got time.Time) {
	if server.IsZero() || got.IsZero() {
		return
	}
	sight := migrate.Evidence{App: migrate.Leg{Server: server, Got: got}}
	skew, _ := sight.ClockSkew()
	if known, ok := f.clock.ClockSkew(); !ok || skew.Abs() < known.Abs() {
		f.clock = sight
	}
}

// skew compares this machine's clock with Smartcar's, by the measure of the run's note.
func (f *flight) skew(context.Context) error {
	c := Check{Name: "clock", Half: Machine, State: Well}
	skew, known := f.clock.ClockSkew()
	span := compare.Span(skew.Abs().Round(time.Minute))
	switch {
	case !known:
		c.Advisory, c.State, c.What = true, Undecided, "no answer stated Smartcar's time"
	case !f.clock.Skewed():
		c.What = "it agrees with Smartcar's within a minute"
	default:
		c.State, c.What = Wrong, "it is "+span+" behind Smartcar's"
		if skew < 0 {
			c.What = "it is " + span + " ahead of Smartcar's"
		}
		c.Meaning = "tokens would be taken for dead or alive at the wrong time, and the age of every observation is off"
		c.Next = "set the clock (NTP), then start again"
	}
	f.add(c)
	return nil
}
