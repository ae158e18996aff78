package migrate

import (
	"testing"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// TestARefusalUnderASkewedClock: local noon; a token is never sent after its stated end by our clock, and a refusal proves
// a dead grant only if Smartcar's clock, where it states one, agrees that the token was inside its life.
func TestARefusalUnderASkewedClock(t *testing.T) {
	const dead, refusedOnly, unsent = "broken legacy-grant-dead", "inconclusive legacy-token-refused", "inconclusive legacy-token-missing"
	for _, c := range []struct {
		reason  string
		expires time.Duration // from noon
		server  time.Duration // its clock's lead
		silent  bool          // the server states no time
		user    time.Duration // the lead at the second question
		want    string
	}{
		{"the clocks agree, an hour left", time.Hour, 0, false, 0, dead},
		{"the server states no time, an hour left", time.Hour, 0, true, 0, dead},
		{"our clock is slow: the token had run out", 30 * time.Minute, time.Hour, false, time.Hour, refusedOnly},
		{"our clock is slow, and the token still had time", 2 * time.Hour, time.Hour, false, time.Hour, dead},
		{"our clock is slow: within the margin of its end", 61 * time.Minute, time.Hour, false, time.Hour, refusedOnly},
		{"our clock is slow, which only the second answer tells", 30 * time.Minute, 0, true, time.Hour, refusedOnly},
		{"our clock is fast: no proof is lost", time.Hour, -time.Hour, false, -time.Hour, dead},
		{"a Date of long ago revives no token", time.Minute, -1000 * time.Hour, false, -1000 * time.Hour, refusedOnly},
		{"run out by our clock: not sent, whatever the server's says", -time.Second, -time.Hour, false, -time.Hour, unsent},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, tokens := aMeter(t)
			token := inventory.Token{Secret: aToken("living-token-001").Secret, ExpiresAt: noon.Add(c.expires), Dead: c.expires < 0}
			tokens.tokens = []inventory.Token{token}
			at := func(lead time.Duration) smartcar.Answer {
				a := refused(401, "AUTHENTICATION", "")
				if a.ServerDate = noon.Add(lead); c.silent && lead == 0 {
					a.ServerDate = time.Time{}
				}
				return a
			}
			caller.batch = func(string, []string) smartcar.Answer { return at(c.server) }
			caller.user = func() smartcar.Answer { return at(c.user) }
			if _, got := measure(t, m); got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
			if c.want == unsent {
				wantCalls(t, caller)
			}
		})
	}
}

// TestClockSkew: by the Date of the first answers; our clock is wrong only if both legs say so.
func TestClockSkew(t *testing.T) {
	leg := func(lead time.Duration) Leg { return Leg{Server: noon.Add(lead), Got: noon} }
	for _, c := range []struct {
		reason      string
		legacy, app Leg
		want        time.Duration
		skewed      bool
	}{
		{"equal", leg(0), leg(time.Second), 0, false},
		{"a minute is no note", leg(time.Minute), leg(time.Minute), time.Minute, false},
		{"both ahead", leg(5 * time.Minute), leg(4 * time.Minute), 4 * time.Minute, true},
		{"both behind", leg(-5 * time.Minute), leg(-6 * time.Minute), -5 * time.Minute, true},
		{"one of them agrees with us", leg(time.Hour), leg(2 * time.Second), 2 * time.Second, false},
		{"one leg only", Leg{}, leg(time.Hour), time.Hour, true},
		{"no leg", Leg{}, Leg{}, 0, false},
		{"an older ledger without our time", Leg{Server: noon}, Leg{}, 0, false},
	} {
		e := Evidence{Legacy: c.legacy, App: c.app}
		if skew, _ := e.ClockSkew(); skew != c.want || e.Skewed() != c.skewed {
			t.Errorf("%s: %v, skewed %v", c.reason, skew, e.Skewed())
		}
	}
}

// TestTheVisitKeepsBothClocks: of one and the same answer.
func TestTheVisitKeepsBothClocks(t *testing.T) {
	m, caller, _ := aMeter(t)
	caller.signals = func() smartcar.Answer {
		a := signalsAnswer(carID, 4, nil)
		a.ServerDate, a.FetchedAt = noon.Add(time.Hour), noon.Add(3*time.Minute) // it waited for the rate limit
		return a
	}
	e, _ := measure(t, m)
	if skew, known := e.ClockSkew(); !known || skew != 57*time.Minute {
		t.Errorf("%v, %v", skew, known)
	}
}
