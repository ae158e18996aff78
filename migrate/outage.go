package migrate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// An API that is ill may refuse everybody for a while with a 401, 403 or 404, as if every grant were dead and no car were
// connected. Whoever was refused then would be convicted of it. So a stretch of refusals that chance does not explain is
// doubted once others were served after it: when all are done, ten of its cars are visited once more, and where one of them is
// served now, nothing was measured of the others, and they are visited, too. Real clusters (a lost import, one bad customer)
// cost those ten visits, once. A stretch that nobody was served after is an API's end: see End.

// outages are the refusals, in the order of the answers: 8 bytes each. It is safe for concurrent use; a nil one remembers
// nothing.
type outages struct {
	mu          sync.Mutex
	legacy, app refusals
	doubted     []*stretch
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
	if all == nil || v.doubted {
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

// stretch is a run of refusals that chance does not explain, with those close to its ends.
type stretch struct {
	cars    []int32 // ordinals
	leg     func(*Evidence) *Leg
	refuses []LegOutcome
	serves  []LegOutcome
	healed  bool // one of them was served since; under outages.mu
}

func (s *stretch) refused(e Evidence) bool { return slices.Contains(s.refuses, s.leg(&e).Outcome) }

func (s *stretch) served(e Evidence) bool {
	return slices.Contains(s.serves, s.leg(&e).Outcome) && !s.refused(e)
}

// probeCount is how many cars of a stretch are visited before the rest of it.
const probeCount = 10

// probes are evenly spread over the stretch.
func (s *stretch) probes() (cars []int32) {
	for i, n := range s.cars {
		if i == 0 || i*probeCount/len(s.cars) != (i-1)*probeCount/len(s.cars) {
			cars = append(cars, n)
		}
	}
	return cars
}

// doubtful are the new stretches of both legs. Calls in flight answer in any order, so a stretch has blurred ends: refusals
// within so many answers of it belong to it.
func (o *outages) doubtful(blur int) (list []*stretch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, cars := range o.legacy.stretches(int32(blur)) {
		list = append(list, &stretch{cars: cars, leg: func(e *Evidence) *Leg { return &e.Legacy }, refuses: LegacyRefuses, serves: LegacyServes})
	}
	for _, cars := range o.app.stretches(int32(blur)) {
		list = append(list, &stretch{cars: cars, leg: func(e *Evidence) *Leg { return &e.App }, refuses: AppRefuses, serves: AppServes})
	}
	o.doubted = append(o.doubted, list...)
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

// doubt has the probes of new stretches visited once more, when all others are done.
func (r *Run) doubt(ctx context.Context) error {
	if r.Meter.outages == nil || r.Meter.Legs == "connections" {
		return nil
	}
	for _, s := range r.Meter.outages.doubtful(4 * r.Concurrency) { // both visits of each worker, twice over
		if err := r.visitProbes(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) visitProbes(ctx context.Context, s *stretch) error {
	records, err := r.convicted(ctx, s)
	if err != nil {
		return err
	}
	confirmed, queued := 0, 0
	for _, rec := range records {
		if rec.Evidence.Confirmed {
			confirmed++
		}
	}
	probes := s.probes()
	if confirmed >= len(probes) { // an earlier process has visited as many
		return nil
	}
	for _, n := range probes {
		if rec := records[n]; !rec.Evidence.Confirmed && r.queue(rec, true) {
			queued++
		}
	}
	if queued > 0 {
		r.say(fmt.Sprintf("vehicles that were refused together before others were served: %d; visiting %d of them once more", len(s.cars), queued))
	}
	return nil
}

// convicted leaves in a stretch the cars that it still convicts, each once. A run at a lower level of --legs does not measure
// again what a higher one has.
func (r *Run) convicted(ctx context.Context, s *stretch) (records map[int32]Record, err error) {
	records = map[int32]Record{}
	kept := s.cars[:0]
	for _, n := range s.cars {
		if _, twice := records[n]; twice {
			continue
		}
		rec, err := r.Store.Record(ctx, int(n))
		if err != nil {
			return nil, err
		}
		if s.refused(rec.Evidence) && (r.Meter.Legs == "both" || rec.Evidence.Legacy.Outcome == LegNotRun) {
			kept, records[n] = append(kept, n), Record{Entry: rec.Entry, At: rec.At, Evidence: Evidence{Make: rec.Evidence.Make, Confirmed: rec.Evidence.Confirmed, Legacy: Leg{Outcome: rec.Evidence.Legacy.Outcome}}}
		}
	}
	s.cars = kept
	return records, nil
}

// queue has a vehicle visited as soon as its make lets it be asked; false where that is longer than the run may wait.
func (r *Run) queue(rec Record, doubted bool) bool {
	at := r.Now()
	if apart := spacing(rec.Evidence.Make); apart > 0 && rec.Evidence.Legacy.called() {
		at = slices.MaxFunc([]time.Time{at, rec.At.Add(apart)}, time.Time.Compare)
	}
	if at.Sub(r.Now()) > MaxPause {
		return false
	}
	r.later.add(due{at: at.UnixMilli(), ordinal: int32(rec.Entry.Ordinal), visits: 1, doubted: doubted})
	return true
}

// saveProbe takes in what became of a probe. Where it is served now, the API was ill, and the others are to be measured.
// Where it is refused again, its first record stands for good; where it was not answered, for now. What the visit cost counts.
func (r *Run) saveProbe(ctx context.Context, t Turn, rec Record) error {
	before, err := r.Store.Record(ctx, t.Ordinal)
	if err != nil {
		return err
	}
	healed, served, refused := r.Meter.outages.learn(t.Ordinal, rec.Evidence)
	for _, s := range healed {
		if err := r.heal(ctx, s, t.Ordinal); err != nil {
			return err
		}
	}
	rec.Evidence.Confirmed = refused
	if served || before.Judgement.Verdict == "" { // "": a renewed list has made it new
		if err := r.Store.Save(ctx, rec); err != nil {
			return err
		}
		r.postpone(t, rec)
		r.watch(Event{Verdict: rec.Judgement.Verdict, Again: true, Before: before.Judgement.Verdict})
		return nil
	}
	before.Evidence.Confirmed = before.Evidence.Confirmed || refused
	if !refused {
		r.postpone(t, rec)
	}
	return r.Store.Correct(ctx, before, Spent{Legacy: rec.Evidence.Legacy.Billed, App: rec.Evidence.App.Billed})
}

// learn takes in what became of a probe: which of its stretches are outages by that, whether its first record is void because
// it is served now or stands in an outage, and whether it was refused once more.
func (o *outages) learn(ordinal int, e Evidence) (healed []*stretch, void, refused bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.doubted {
		if !slices.Contains(s.cars, int32(ordinal)) {
			continue
		}
		served, again := s.served(e), s.refused(e)
		if served && !s.healed {
			s.healed = true
			healed = append(healed, s)
		}
		void, refused = void || served || again && s.healed, refused || again
	}
	return healed, void, refused
}

// heal makes nothing of what an ill API said, durably, and has those cars visited: but for one, which is measured already, and
// for those that were refused at another time, too.
func (r *Run) heal(ctx context.Context, s *stretch, but int) error {
	r.say(fmt.Sprintf("an API refused vehicles that it serves now: visiting the others of that time once more, up to %d", len(s.cars)-1))
	probes := s.probes()
	var group errgroup.Group
	group.SetLimit(maxSaves)
	for _, n := range s.cars {
		group.Go(func() error {
			rec, err := r.Store.Record(ctx, int(n))
			if err != nil || int(n) == but || rec.Evidence.Confirmed || !s.refused(rec.Evidence) {
				return err
			}
			leg, before := s.leg(&rec.Evidence), rec.Judgement.Verdict
			leg.Outcome, leg.Failure, leg.Detail = LegUpstream, nil, "the API refused everybody then"
			rec.Judgement = Judge(rec.Entry, rec.Evidence, Facts{}, r.Rules)
			if err := r.Store.Correct(ctx, rec, Spent{}); err != nil {
				return err
			}
			r.watch(Event{Verdict: rec.Judgement.Verdict, Again: true, Before: before})
			if !slices.Contains(probes, n) {
				r.queue(rec, false)
			}
			return nil
		})
	}
	return group.Wait()
}
