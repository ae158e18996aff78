package migrate

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"scmigrate/migrate/internal/crash"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// Stop is why a run ended before every vehicle was measured. It is no error: the ledger is whole and the run goes on
// when it is started again.
type Stop string

// The reasons.
const (
	StopNone        Stop = ""
	StopInterrupted Stop = "interrupted"
	StopTimeBox     Stop = "the time box is used up"
	StopBudget      Stop = "the budget of requests is used up"
	StopCredentials Stop = "every client secret was refused"
	StopAppRefused  Stop = "v3 refuses the application"
	StopNoList      Stop = "the connections list could not be read"
	StopNoToken     Stop = "no application token could be had"
	StopPaused      Stop = "only waits longer than 15 minutes remain"
	StopSystemic    Stop = "a host of Smartcar's did not answer for 15 minutes"
	StopBreach      Stop = "a foreign user id was served"
)

// Hint says what to do next, for whoever has to act.
func (s Stop) Hint() string {
	switch s {
	case StopInterrupted, StopTimeBox, StopBudget, StopPaused:
		return "start the same command again on the same directory to go on"
	case StopCredentials:
		return "check SMARTCAR_CLIENT_ID and SMARTCAR_CLIENT_SECRET against the dashboard; no vehicle was called with refused ones"
	case StopAppRefused:
		return "upgrade the application to v3 in the dashboard's settings, then start the same command again"
	case StopSystemic:
		return "check the network and Smartcar's status page; then start the same command again on the same directory to go on"
	case StopNoList, StopNoToken:
		return "check the network and the SMARTCAR_*_ORIGIN variables, if any is set; then start the same command again"
	case StopBreach:
		return "tell Smartcar support at once; the request ids are in the ledger"
	}
	return ""
}

// Event tells whoever watches the run that one vehicle is durable, or what the run is doing.
type Event struct {
	Verdict Verdict // "" for a mere word
	Again   bool    // the vehicle was told before: its verdict may be another now
	Before  Verdict // with Again: the verdict that was told, where that was another than inconclusive
	Word    string

	Reopened int // with a word: so many vehicles will be told once more, by a list that has changed
}

// Run measures a fleet.
type Run struct {
	Client      *smartcar.Client
	Meter       Meter
	Store       Store
	Rules       rules.Rules
	Concurrency int           // vehicles whose calls are under way at the same time
	TimeBox     time.Duration // 0: none
	Controls    int           // negative controls before the first vehicle
	Now         func() time.Time
	Watch       func(Event) // called from many goroutines; nil: nobody
	EndWaits    func()      // ends every wait for the rate limit, when the run has to end; nil: they end with the grace

	Rounds       int                                        // how often differences are asked about again; 0: never
	RecheckAfter time.Duration                              // the wait before each round
	Sleep        func(ctx context.Context, d time.Duration) // waits for that, at the longest until ctx ends; nil: in real time

	wholeLists bool                // the connections lists were read to their end; written only while no vehicle is visited
	noMode     map[string]bool     // the modes whose list Smartcar does not give to this application
	listsDue   time.Time           // when the lists are to be read again
	visits     *semaphore.Weighted // each visit of a vehicle holds 1, from its turn to its durable record
	reopened   bool                // a renewed list has made vehicles pending again; written only while no vehicle is visited
	later      postponed           // the vehicles that are visited again
	doubts     []stretch           // whose probes are visited; written only while no vehicle is visited
	cars       turnstile           // lets one at a time to a car
	rested     time.Time           // until when the run has waited for them
	spared     atomic.Int64        // vehicles on record that were not called again
	onlyWaits  bool                // the run ended before vehicles that may be asked again only after a long wait
}

// grace is how long calls in flight may take to end after an interrupt or at the end of the time box.
const grace = 15 * time.Second

// MaxPause is the longest wait that Smartcar may ask of a run: one that has only longer waits before it ends at once, to be
// resumed (CONTRACT §6).
const MaxPause = 15 * time.Minute

// listAge is how old a reading of the connections list may be before a resumed run reads it again.
const listAge = 24 * time.Hour

// Do runs until every pending vehicle was called once, or until it must stop. When ctx ends it feeds no more vehicles
// and gives the calls in flight a moment to end; what they brought is kept. An error is the tool's own trouble.
func (r *Run) Do(ctx context.Context) (Stop, error) {
	r.visits = semaphore.NewWeighted(everyVisit)
	r.Meter.room, r.Meter.outages = newRoom(r.Concurrency), &outages{}
	feed, work, cancel := r.contexts(ctx)
	defer cancel()
	stop, err := r.prepare(feed)
	if err == nil && stop == StopNone {
		err = r.remember(feed)
	}
	if err == nil && stop == StopNone {
		stop, err = r.feed(feed, work)
	}
	if err == nil && (stop == StopNone || r.onlyWaits) {
		err = r.recheck(ctx, feed, work)
	}
	if err != nil {
		return r.why(ctx, feed, err)
	}
	if err := r.settle(context.WithoutCancel(ctx), stop); err != nil {
		return stop, err
	}
	return stop, nil
}

// contexts: feed ends with ctx or the time box, work a moment later.
func (r *Run) contexts(ctx context.Context) (feed, work context.Context, cancel func()) {
	feed, cancelFeed := context.WithCancel(ctx)
	if r.TimeBox > 0 {
		cancelFeed()
		feed, cancelFeed = context.WithTimeoutCause(ctx, r.TimeBox, errTimeBox)
	}
	work, cancelWork := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(feed, func() {
		r.say(fmt.Sprintf("ending: calls in flight have %s; interrupt again to exit at once", grace))
		if r.EndWaits != nil {
			r.EndWaits()
		}
		timer := time.AfterFunc(grace, cancelWork)
		context.AfterFunc(work, func() { timer.Stop() })
	})
	return feed, work, func() { unhook(); cancelFeed(); cancelWork() }
}

var errTimeBox = errors.New("time box")

// why tells a stop from trouble: errors that are only the end of a context, a budget or the credentials are stops.
func (r *Run) why(ctx, feed context.Context, err error) (Stop, error) {
	stop := stopOf(ctx, feed, err)
	if stop == StopNone {
		return StopNone, err
	}
	return stop, r.settle(context.WithoutCancel(ctx), stop)
}

func stopOf(ctx, feed context.Context, err error) Stop {
	switch {
	case errors.As(err, new(*unsaved)), errors.As(err, new(*crash.Error)):
		return StopNone
	case errors.Is(err, smartcar.ErrCredentials):
		return StopCredentials
	case errors.Is(err, smartcar.ErrBudget):
		return StopBudget
	case errors.As(err, new(*smartcar.TokenError)):
		return StopNoToken
	case errors.Is(err, smartcar.ErrPaused):
		return StopPaused
	case errors.Is(err, smartcar.ErrSystemic):
		return StopSystemic
	case ctx.Err() != nil:
		return StopInterrupted
	case errors.Is(context.Cause(feed), errTimeBox):
		return StopTimeBox
	case errors.Is(err, smartcar.ErrStopped):
		return StopPaused
	}
	return StopNone
}

// prepare makes sure that the application may call at all, before the first vehicle: its token, the connections list,
// the negative controls.
func (r *Run) prepare(ctx context.Context) (Stop, error) {
	r.say("asking for the application token")
	if err := r.Client.AppToken(ctx); err != nil {
		r.say(err.Error())
		return StopNone, err
	}
	stop, err := r.readLists(ctx)
	if err != nil || stop != StopNone {
		return stop, err
	}
	return r.control(ctx)
}

// settle decides what holds for the whole run and judges again where that changes the reading of single vehicles.
func (r *Run) settle(ctx context.Context, stop Stop) error {
	if err := r.doubtUnasked(ctx); err != nil {
		return err
	}
	_, err := Settle(ctx, r.Store, r.Rules, stop, r.Now())
	return err
}

func (r *Run) say(word string) { r.watch(Event{Word: word}) }

func (r *Run) watch(e Event) {
	if r.Watch != nil {
		r.Watch(e)
	}
}
