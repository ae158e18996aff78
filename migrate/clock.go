package migrate

import (
	"time"

	"scmigrate/migrate/inventory"
)

// lifeMargin is how far from its stated end a token must be for a refusal to prove that the grant is dead.
const lifeMargin = 2 * time.Minute

// insideLife tells whether a token that was refused just now was inside its stated life. here is this machine's clock,
// there the Date of the refusal, zero where it stated none. A clock that is slow would prove a grant dead whose token has
// simply run out: the later of the two counts. (A fast one sends nothing: see inventory.Token's Dead.)
func insideLife(t inventory.Token, here, there time.Time) bool {
	now := here
	if there.After(now) {
		now = there
	}
	return !t.ExpiresAt.IsZero() && now.Add(lifeMargin).Before(t.ExpiresAt)
}

// skewNoted is the difference between two clocks from which it is worth a note: the Date header has whole seconds, and an
// answer takes some to come.
const skewNoted = time.Minute

// ClockSkew is how far Smartcar's clock was ahead of this machine's when it answered (below 0: behind), and whether any
// answer stated a time. Where both legs did, the smaller difference counts: our clock is wrong only if both say so.
func (e Evidence) ClockSkew() (skew time.Duration, known bool) {
	for _, leg := range []Leg{e.Legacy, e.App} {
		if leg.Server.IsZero() || leg.Got.IsZero() {
			continue
		}
		if d := leg.Server.Sub(leg.Got); !known || d.Abs() < skew.Abs() {
			skew, known = d, true
		}
	}
	return skew, known
}

// Skewed tells whether the two clocks differ by enough to be noted.
func (e Evidence) Skewed() bool {
	skew, known := e.ClockSkew()
	return known && skew.Abs() > skewNoted
}
