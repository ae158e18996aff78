package migrate

import (
	"context"
	"math"
	"slices"
	"sync"
)

// An API that is ill may refuse everybody for a while with a 401, 403 or 404, as if every grant were dead and no car were
// connected. Whoever was refused then would be convicted of it. So when all vehicles are done, a stretch of refusals that chance
// does not explain is doubted if others were served after it: what the leg said then counts as unmeasured, durably, and ten
// cars of the stretch are visited once more. Where all of them are refused again, it was a real cluster (a lost import, one bad
// customer), and what was said stands. Else the others are visited, too. A stretch that nobody was served after is an API's
// end: see End.

// outages are the refusals, in the order of the answers: 8 bytes each. It is safe for concurrent use; a nil one remembers
// nothing.
type outages struct {
	mu          sync.Mutex
	legacy, app refusals
}

// refusals are those of one leg.
type refusals struct {
	answers int32  // that served or refused
	looked  int32  // so many of them were looked at for stretches
	grant   string // of the last one, where it was refused: its other cars say the same once more
	list    []refusal
}

// refusal is the nth answer of its leg.
type refusal struct{ nth, ordinal int32 }

// noteLegacy and noteApp take the outcome of one leg.
func (o *outages) noteLegacy(ordinal int, grant string, outcome LegOutcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.legacy.note(ordinal, grant, slices.Contains(LegacyRefuses, outcome), slices.Contains(LegacyServes, outcome))
}

func (o *outages) noteApp(ordinal int, outcome LegOutcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.app.note(ordinal, "", slices.Contains(AppRefuses, outcome), slices.Contains(AppServes, outcome))
}

func (l *refusals) note(ordinal int, grant string, refused, served bool) {
	switch {
	case refused:
		if grant == "" || grant != l.grant {
			l.answers++
		}
		l.grant = grant
		l.list = append(l.list, refusal{l.answers - 1, int32(ordinal)})
	case served:
		l.answers, l.grant = l.answers+1, ""
	}
}

// noting has a leg's outcome remembered as soon as it has one.
func (v *visit) noting(leg *Leg, ask func(context.Context) error) func(context.Context) error {
	all := v.meter.outages
	if all == nil {
		return ask
	}
	return func(ctx context.Context) error {
		err := ask(ctx)
		switch {
		case err != nil:
		case leg == &v.evidence.App:
			all.noteApp(v.entry.Ordinal, leg.Outcome)
		case v.token.Gone == "": // that word is the token command's
			all.noteLegacy(v.entry.Ordinal, v.entry.Grant, leg.Outcome)
		}
		return err
	}
}

// remember notes what earlier processes of the run were answered.
func (r *Run) remember(ctx context.Context) error {
	all := r.Meter.outages
	return r.Store.EachAnswered(ctx, func(a Answered) {
		all.noteLegacy(a.Ordinal, a.Grant, a.Legacy)
		all.noteApp(a.Ordinal, a.App)
	})
}

// Answered is what became of the two legs of a vehicle; an outcome is "" where no API said it.
type Answered struct {
	Ordinal     int
	Grant       string
	Legacy, App LegOutcome
}

// side is one leg of all vehicles.
type side struct {
	leg             func(*Evidence) *Leg
	refuses, serves []LegOutcome
}

var (
	legacySide = side{func(e *Evidence) *Leg { return &e.Legacy }, LegacyRefuses, LegacyServes}
	appSide    = side{func(e *Evidence) *Leg { return &e.App }, AppRefuses, AppServes}
)

func (s side) refused(e Evidence) bool { return slices.Contains(s.refuses, s.leg(&e).Outcome) }

func (s side) served(e Evidence) bool {
	return slices.Contains(s.serves, s.leg(&e).Outcome) && !s.refused(e)
}

// stretch is a run of refusals that chance does not explain, with those close to its ends, by their ordinals.
type stretch struct {
	side
	cars, probes []int32
}

// probeCount is how many cars of a stretch are visited before the rest of it, evenly spread over it.
const probeCount = 10

func spread(cars []int32) (probes []int32) {
	for i, n := range cars {
		if i == 0 || i*probeCount/len(cars) != (i-1)*probeCount/len(cars) {
			probes = append(probes, n)
		}
	}
	return probes
}

// doubtful are the new stretches of both legs. Calls in flight answer in any order, so a stretch has blurred ends: refusals
// within so many answers of it belong to it.
func (o *outages) doubtful(blur int) (list []stretch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, cars := range o.legacy.stretches(int32(blur)) {
		list = append(list, stretch{side: legacySide, cars: cars})
	}
	for _, cars := range o.app.stretches(int32(blur)) {
		list = append(list, stretch{side: appSide, cars: cars})
	}
	return list
}

// stretches are those that nobody has looked at. The last run of refusals is left for later: nobody was served after it yet.
func (l *refusals) stretches(blur int32) (list [][]int32) {
	runs, refused := l.runs(), 0
	for _, r := range runs {
		refused += r.answers()
	}
	looked, taken := l.looked, 0
	l.looked = l.answers
	for _, r := range runs {
		if r.last == l.answers-1 {
			l.looked = r.first
			break
		}
		if r.last < looked || expectedRuns(int(l.answers), refused, r.answers()) >= rare {
			continue
		}
		var cars []int32
		for ; taken < len(l.list) && l.list[taken].nth <= r.last+blur; taken++ {
			if l.list[taken].nth >= r.first-blur {
				cars = append(cars, l.list[taken].ordinal)
			}
		}
		if len(cars) > 0 {
			list = append(list, cars)
		}
	}
	return list
}

// run is an unbroken run of refusals: the numbers of the first and the last answer.
type run struct{ first, last int32 }

func (r run) answers() int { return int(r.last-r.first) + 1 }

func (l *refusals) runs() (list []run) {
	for _, one := range l.list {
		if n := len(list); n > 0 && one.nth <= list[n-1].last+1 {
			list[n-1].last = one.nth
		} else {
			list = append(list, run{one.nth, one.nth})
		}
	}
	return list
}

// expectedRuns is how many runs of at least so many refusals there would be if refused of n answers were spread at random.
func expectedRuns(n, refused, length int) float64 {
	log := math.Log(float64(n - length + 1))
	for i := range length {
		log += math.Log(float64(refused-i) / float64(n-i))
	}
	return math.Exp(log)
}
