package migrate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"scmigrate/migrate/internal/crash"
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

// doubt looks for stretches, and decides about those whose probes were visited. It runs while no vehicle is visited.
func (r *Run) doubt(ctx context.Context) error {
	if r.Meter.outages == nil || r.Meter.Legs == "connections" {
		return nil
	}
	queued := map[int32]bool{}
	var open []stretch
	for _, s := range r.doubts {
		decided, err := r.decide(ctx, s, queued)
		if err != nil {
			return err
		}
		if !decided {
			open = append(open, s)
		}
	}
	for _, s := range r.Meter.outages.doubtful(4 * r.Concurrency) { // both visits of each worker, twice over
		doubted, err := r.begin(ctx, &s, queued)
		if err != nil {
			return err
		}
		if doubted {
			open = append(open, s)
		}
	}
	r.doubts = open
	return nil
}

// begin doubts a stretch, unless an earlier process has, and has its probes visited.
func (r *Run) begin(ctx context.Context, s *stretch, queued map[int32]bool) (doubted bool, err error) {
	var confirmed int
	if s.cars, confirmed, err = r.convicted(ctx, *s); err != nil || confirmed >= len(spread(s.cars)) {
		return false, err
	}
	s.probes = spread(s.cars)
	if same := slices.DeleteFunc(slices.Clone(s.cars), func(n int32) bool { return !queued[n] }); len(same) >= len(s.probes) { // of the other leg's
		s.probes = same
	}
	r.say(fmt.Sprintf("vehicles that were refused together before others were served: %d; visiting %d of them once more", len(s.cars), len(s.probes)))
	if err := r.change(ctx, s.cars, func(e *Evidence) { s.leg(e).Doubted = !s.leg(e).Confirmed }); err != nil {
		return false, err
	}
	return true, r.queue(ctx, s.probes, queued)
}

// decide tells whether the probes have. As long as some of them wait for another visit, they have not.
func (r *Run) decide(ctx context.Context, s stretch, queued map[int32]bool) (decided bool, err error) {
	served, confirmed := 0, 0
	for _, n := range s.probes {
		rec, err := r.Store.Record(ctx, int(n))
		switch {
		case err != nil:
			return false, err
		case s.served(rec.Evidence):
			served++
		case s.leg(&rec.Evidence).Confirmed:
			confirmed++
		}
	}
	rest := slices.DeleteFunc(slices.Clone(s.cars), func(n int32) bool { return slices.Contains(s.probes, n) })
	switch {
	case served > 0:
		r.say(fmt.Sprintf("an API refused vehicles that it serves now: visiting the other %d of that time once more", len(rest)))
		return true, r.queue(ctx, rest, queued)
	case confirmed == len(s.probes):
		return true, r.change(ctx, rest, func(e *Evidence) { s.leg(e).Doubted = false })
	case r.later.empty():
		r.say(fmt.Sprintf("vehicles that were refused together and could not be visited once more: %d; they count as unmeasured", len(s.cars)))
		return true, nil
	}
	return false, nil
}

// convicted are the cars of a stretch that it still convicts, each once, and how many of them were refused at another time,
// too. A run at a lower level of --legs does not measure again what a higher one has.
func (r *Run) convicted(ctx context.Context, s stretch) (cars []int32, confirmed int, err error) {
	seen := map[int32]bool{}
	for _, n := range s.cars {
		if seen[n] {
			continue
		}
		seen[n] = true
		rec, err := r.Store.Record(ctx, int(n))
		if err != nil {
			return nil, 0, err
		}
		if s.refused(rec.Evidence) && (r.Meter.Legs == "both" || rec.Evidence.Legacy.Outcome == LegNotRun) {
			cars = append(cars, n)
			if s.leg(&rec.Evidence).Confirmed {
				confirmed++
			}
		}
	}
	return cars, confirmed, nil
}

// change rewrites records and judges them again.
func (r *Run) change(ctx context.Context, cars []int32, how func(*Evidence)) error {
	var group errgroup.Group
	group.SetLimit(maxSaves)
	for _, n := range cars {
		group.Go(func() (trouble error) {
			defer crash.Catch(&trouble)
			rec, err := r.Store.Record(ctx, int(n))
			if err != nil {
				return err
			}
			before := rec.Judgement.Verdict
			how(&rec.Evidence)
			rec.Judgement = Judge(rec.Entry, rec.Evidence, Facts{}, r.Rules)
			if err := r.Store.Correct(ctx, rec); err != nil {
				return err
			}
			r.watch(Event{Verdict: rec.Judgement.Verdict, Again: true, Before: before})
			return nil
		})
	}
	return group.Wait()
}

// queue has vehicles visited as soon as their makes let them be asked, each once.
func (r *Run) queue(ctx context.Context, cars []int32, queued map[int32]bool) error {
	for _, n := range cars {
		if queued[n] {
			continue
		}
		queued[n] = true
		rec, err := r.Store.Record(ctx, int(n))
		if err != nil {
			return err
		}
		at := r.Now()
		if apart := spacing(rec.Evidence.Make); apart > 0 && rec.Evidence.Legacy.called() {
			at = slices.MaxFunc([]time.Time{at, rec.At.Add(apart)}, time.Time.Compare)
		}
		r.later.add(due{at: at.UnixMilli(), ordinal: n, visits: 1})
	}
	return nil
}

// standing holds a new record of a vehicle against the one before. A doubted one stands where nobody was asked now. A leg that
// refuses the car once more is confirmed, and the record keeps its place in the order of the visits: as the last ones of the
// run, a cluster's would look like an API's end.
func (r *Run) standing(ctx context.Context, t Turn, rec *Record) (stands bool, err error) {
	uncalled := rec.Evidence.App.Outcome == LegNotRun
	if !t.Known || !uncalled && !legacySide.refused(rec.Evidence) && !appSide.refused(rec.Evidence) {
		return false, nil
	}
	before, err := r.Store.Record(ctx, t.Ordinal)
	if err != nil || uncalled {
		return before.Evidence.doubted(), err
	}
	again, anew := false, false
	for _, s := range []side{legacySide, appSide} {
		if old, now := s.leg(&before.Evidence), s.leg(&rec.Evidence); s.refused(rec.Evidence) {
			now.Confirmed = old.Doubted || old.Confirmed && s.refused(before.Evidence)
			again, anew = again || now.Confirmed, anew || !now.Confirmed
		}
	}
	if again && !anew {
		rec.At = before.At
	}
	return false, nil
}

// doubted tells whether a leg's refusal is.
func (e Evidence) doubted() bool { return e.Legacy.Doubted || e.App.Doubted }

// sound is the evidence without what is doubted.
func (e Evidence) sound() Evidence {
	for _, leg := range []*Leg{&e.Legacy, &e.App} {
		if leg.Doubted {
			leg.Outcome, leg.Failure, leg.Detail = LegUpstream, nil, "refused while the API refused others, too"
			e.Findings = nil
		}
	}
	return e
}
