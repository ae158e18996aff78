package migrate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// An API that is ill may refuse everybody for a while with a 401, 403 or 404, as if every grant were dead and no car were
// connected. Whoever was refused then would be convicted of it. So a stretch of refusals that chance does not explain is
// doubted once others were served after it: when all are done, a few of its cars are visited once more, and where one of
// them is served now, all the others, too. Real clusters (a lost import, one bad customer) cost those few visits. A stretch
// that nobody was served after is an API's end: see End.

// outages are the refusals of first visits, in the order of the answers: 8 bytes each. It is safe for concurrent use; a nil
// one remembers nothing.
type outages struct {
	mu          sync.Mutex
	legacy, app refusals
}

// refusals are those of one leg.
type refusals struct {
	answers int32  // that served or refused
	settled int32  // so many of them were looked at in an earlier process
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
	if all == nil || v.repeated {
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
	settled, err := r.Store.Doubted(ctx)
	if err != nil {
		return err
	}
	all := r.Meter.outages
	return r.Store.EachAnswered(ctx, func(a Answered) {
		all.noteLegacy(a.Ordinal, a.Grant, a.Legacy)
		all.noteApp(a.Ordinal, a.App)
		if !a.At.After(settled) {
			all.legacy.settled, all.app.settled = all.legacy.answers, all.app.answers
		}
	})
}

// Answered is what became of the two legs of a vehicle; an outcome is "" where no API said it.
type Answered struct {
	Ordinal     int
	Grant       string
	Legacy, App LegOutcome
	At          time.Time
}

// stretch is a run of refusals that chance does not explain, with those close to its ends.
type stretch struct {
	cars    []int32 // ordinals
	leg     func(*Evidence) *Leg
	refuses []LegOutcome
	serves  []LegOutcome
}

// probes is how many cars of a stretch are visited before the rest of it, evenly spread over it.
const probes = 10

// part are the probes of a stretch, or the rest.
func (s stretch) part(probe bool) (cars []int32) {
	for i, n := range s.cars {
		if probe == (i == 0 || i*probes/len(s.cars) != (i-1)*probes/len(s.cars)) {
			cars = append(cars, n)
		}
	}
	return cars
}

// doubtful are the stretches of both legs; they are told once. Calls in flight answer in any order, so a stretch has blurred
// ends: refusals within so many answers of it belong to it.
func (o *outages) doubtful(blur int) (list []stretch) {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, cars := range o.legacy.stretches(int32(blur)) {
		list = append(list, stretch{cars: cars, leg: func(e *Evidence) *Leg { return &e.Legacy }, refuses: LegacyRefuses, serves: LegacyServes})
	}
	for _, cars := range o.app.stretches(int32(blur)) {
		list = append(list, stretch{cars: cars, leg: func(e *Evidence) *Leg { return &e.App }, refuses: AppRefuses, serves: AppServes})
	}
	o.legacy, o.app = refusals{}, refusals{}
	return list
}

func (l *refusals) stretches(blur int32) (list [][]int32) {
	runs, refused := l.runs(), 0
	for _, r := range runs {
		refused += r.answers()
	}
	taken := 0
	for _, r := range runs {
		if r.last == l.answers-1 || r.last < l.settled || expectedRuns(int(l.answers), refused, r.answers()) >= rare {
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

// doubt has cars visited again whose refusals may be those of an ill API: when all others are done, the probes of each
// stretch, and then the rest of those of which one is served.
func (r *Run) doubt(ctx context.Context) error {
	if r.Meter.outages == nil {
		return nil
	}
	now, visited := r.Now(), 0
	for _, s := range r.probed {
		n, err := r.visitRest(ctx, s)
		if err != nil {
			return err
		}
		visited += n
	}
	r.probed = nil
	for _, s := range r.Meter.outages.doubtful(4 * r.Concurrency) { // both visits of each worker, twice over
		n, err := r.visitProbes(ctx, s)
		if err != nil {
			return err
		}
		visited += n
	}
	if visited > 0 {
		return nil
	}
	return r.Store.SetDoubted(ctx, now)
}

func (r *Run) visitProbes(ctx context.Context, s stretch) (n int, err error) {
	if s.cars, err = r.stillRefused(ctx, s); err != nil || len(s.cars) == 0 {
		return 0, err
	}
	some := s.part(true)
	r.say(fmt.Sprintf("vehicles that were refused together before others were served: %d; visiting %d of them once more", len(s.cars), len(some)))
	r.probed = append(r.probed, s)
	return len(some), r.revisit(ctx, some)
}

func (r *Run) visitRest(ctx context.Context, s stretch) (n int, err error) {
	for _, n := range s.part(true) {
		rec, err := r.Store.Record(ctx, int(n))
		if err != nil {
			return 0, err
		}
		if outcome := s.leg(&rec.Evidence).Outcome; slices.Contains(s.serves, outcome) && !slices.Contains(s.refuses, outcome) {
			rest := s.part(false)
			r.say(fmt.Sprintf("an API refused vehicles that it serves now: visiting the other %d of that time once more", len(rest)))
			return len(rest), r.revisit(ctx, rest)
		}
	}
	return 0, nil
}

// stillRefused are the cars of a stretch that no later visit has found served, each once.
func (r *Run) stillRefused(ctx context.Context, s stretch) (cars []int32, err error) {
	seen := map[int32]bool{}
	for _, n := range s.cars {
		if seen[n] { // by two processes
			continue
		}
		seen[n] = true
		rec, err := r.Store.Record(ctx, int(n))
		if err != nil {
			return nil, err
		}
		if slices.Contains(s.refuses, s.leg(&rec.Evidence).Outcome) {
			cars = append(cars, n)
		}
	}
	return cars, nil
}

// revisit puts vehicles in line although they are finished, as soon as their make lets them be asked, if the run may wait so
// long.
func (r *Run) revisit(ctx context.Context, cars []int32) error {
	for _, n := range cars {
		rec, err := r.Store.Record(ctx, int(n))
		if err != nil {
			return err
		}
		now := r.Now()
		at := now
		if rec.Evidence.Legacy.called() {
			at = rec.At.Add(spacing(rec.Evidence.Make))
		}
		if at.Sub(now) <= MaxPause {
			r.later.add(due{at: at.UnixMilli(), ordinal: n, visits: 1, doubted: true})
		}
	}
	return nil
}

// place is where a record stands in the order of the visits. One that was refused again keeps its place among those that were
// refused with it: as the last ones of the run they would look like an API's end.
func (r *Run) place(ctx context.Context, t Turn, rec Record) (time.Time, error) {
	if e := rec.Evidence; !t.Doubted || !slices.Contains(LegacyRefuses, e.Legacy.Outcome) && !slices.Contains(AppRefuses, e.App.Outcome) {
		return rec.At, nil
	}
	before, err := r.Store.Record(ctx, t.Ordinal)
	return before.At, err
}
