package cli

import (
	"cmp"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"scmigrate/migrate"
	"scmigrate/migrate/internal/crash"
	"scmigrate/migrate/smartcar"
)

// lineEvery is how often a line is said where there is no terminal.
const lineEvery = 10 * time.Second

// lineEveryHeld is how often while requests wait, and briefly how long a wait may be that is not worth a word.
const (
	lineEveryHeld = 5 * time.Minute
	briefly       = 2 * time.Second
)

// watcher shows how a run goes: a bar on a terminal, plain lines elsewhere. One goroutine owns the bar; workers send.
type watcher struct {
	events chan migrate.Event
	quit   chan struct{} // closed by close
	ended  chan struct{} // closed when the display is over; later events are dropped
	once   sync.Once
	crash  error // of the display; read when it is over
	out    io.Writer
	now    func() time.Time
	bar    *progressbar.ProgressBar
	limit  *smartcar.Limiter
	hold   func() smartcar.Hold             // what requests wait for
	load   func(vehicles int) smartcar.Load // what vehicles cost

	remaining, done int
	verdicts        map[migrate.Verdict]int
	started         time.Time
	said            time.Time
	saidOf          string // what the last line was about
	word            string
	held            time.Time           // when requests were last seen waiting
	heldFor         smartcar.HoldReason // what for, as it was said last
}

// newWatcher counts from the vehicles that are still to do: what an earlier run finished says nothing about this one's rate.
func newWatcher(p Process, o options, t migrate.Tally, limit *smartcar.Limiter, hold func() smartcar.Hold) *watcher {
	w := &watcher{events: make(chan migrate.Event), quit: make(chan struct{}), ended: make(chan struct{}), out: p.Stderr, now: time.Now, limit: limit, hold: hold,
		load:      func(vehicles int) smartcar.Load { return loadOf(o.legs, o.legacyAPI, vehicles) },
		remaining: t.Total - t.Finished, verdicts: map[migrate.Verdict]int{}, started: time.Now()}
	if o.noProgress {
		w.out = io.Discard
	} else if p.Live && w.remaining > 0 {
		w.bar = progressbar.NewOptions(w.remaining, progressbar.OptionSetWriter(p.Stderr), progressbar.OptionShowCount(), progressbar.OptionSetWidth(12),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false), progressbar.OptionThrottle(100*time.Millisecond))
	}
	if t.Finished > 0 {
		fmt.Fprintf(w.out, "going on: %d of %d vehicles were finished before\n", t.Finished, t.Total)
	}
	go func() {
		defer close(w.ended)
		w.crash = crash.Do(func() error { w.loop(); return nil })
	}()
	return w
}

func (w *watcher) event(e migrate.Event) {
	select {
	case w.events <- e:
	case <-w.ended:
	}
}

// close ends the display after everything that was taken. An error is a bug of the display.
func (w *watcher) close() error {
	w.once.Do(func() { close(w.quit) })
	<-w.ended
	return w.crash
}

func (w *watcher) loop() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case e := <-w.events:
			w.take(e)
		case <-w.quit:
			w.end()
			return
		case <-tick.C:
			w.show()
		}
	}
}

func (w *watcher) take(e migrate.Event) {
	if e.Word != "" {
		w.word = e.Word
		if w.remaining += e.Reopened; w.bar != nil && e.Reopened > 0 {
			w.bar.ChangeMax(w.remaining)
		}
		w.describe()
		if w.bar == nil {
			fmt.Fprintln(w.out, e.Word)
		}
		return
	}
	w.word = ""
	w.verdicts[e.Verdict]++
	if e.Again {
		w.verdicts[cmp.Or(e.Before, migrate.Inconclusive)]--
		w.describe()
		return
	}
	w.done++
	if w.bar != nil {
		w.describe()
		_ = w.bar.Add(1) // fails only past its end
	}
}

// show says how it goes, where nothing else does, when a line is due.
func (w *watcher) show() {
	hold := w.hold()
	if hold.For <= briefly && hold.Reason != smartcar.HoldSilent {
		hold = smartcar.Hold{}
	}
	due := w.due(hold.Reason)
	if hold.Reason != smartcar.HoldNone {
		w.word = holdText(hold, w.bar != nil)
	}
	w.describe()
	if w.bar != nil || !due || w.still() && w.now().Sub(w.said) < lineEveryHeld {
		return
	}
	if hold.Reason != smartcar.HoldNone {
		w.heldFor = hold.Reason
	}
	w.line()
}

// due tells whether a line is due. A run that waits says so when that begins, or when the reason changes, and then only
// every few minutes: at one request a minute it may wait for a week.
func (w *watcher) due(reason smartcar.HoldReason) bool {
	now := w.now()
	if reason != smartcar.HoldNone {
		w.held = now
	}
	if now.Sub(w.held) >= lineEveryHeld {
		w.heldFor = smartcar.HoldNone
	}
	every := lineEvery
	if w.heldFor != smartcar.HoldNone && (reason == smartcar.HoldNone || reason == w.heldFor) {
		every = lineEveryHeld
	}
	return now.Sub(w.said) >= every
}

// still tells whether nothing has happened since the last line: the run rests until something is due again.
func (w *watcher) still() bool { return w.word != "" && w.saidOf == w.state() }

func (w *watcher) state() string { return fmt.Sprint(w.done, w.tally(), w.word) }

func (w *watcher) line() {
	w.said, w.saidOf = w.now(), w.state()
	fmt.Fprintf(w.out, "%d of %d vehicles%s%s%s\n", w.done, w.remaining, w.pace(), w.tally(), colon(w.word))
}

// pace is the rate and the time left, "" before anything is done.
func (w *watcher) pace() string {
	elapsed := w.now().Sub(w.started)
	if w.done == 0 || elapsed < time.Second {
		return ""
	}
	return fmt.Sprintf(", %.1f a minute, about %s left", float64(w.done)/elapsed.Minutes(), w.left(elapsed))
}

// left is the time left: by the average so far, or by what the rate limit allows, whichever is longer. The average alone
// would promise the pace of the first burst for ever.
func (w *watcher) left(elapsed time.Duration) time.Duration {
	remaining := w.remaining - w.done
	average := time.Duration(float64(elapsed) / float64(max(1, w.done)) * float64(remaining))
	return max(average, w.limit.Duration(w.load(remaining))).Round(time.Second)
}

func (w *watcher) tally() string {
	return fmt.Sprintf(" (ready %d, blocked %d, broken %d, inconclusive %d)", w.verdicts[migrate.Ready], w.verdicts[migrate.Blocked], w.verdicts[migrate.Broken], w.verdicts[migrate.Inconclusive])
}

func (w *watcher) describe() {
	if w.bar == nil {
		return
	}
	text := fmt.Sprintf("=%d !%d -%d ?%d", w.verdicts[migrate.Ready], w.verdicts[migrate.Blocked], w.verdicts[migrate.Broken], w.verdicts[migrate.Inconclusive])
	if w.done > 0 {
		text += ", " + w.left(w.now().Sub(w.started)).String() + " left"
	}
	w.bar.Describe(cut(text+colon(w.word), barText))
}

func (w *watcher) end() {
	if w.bar != nil {
		_ = w.bar.Exit()
		fmt.Fprintln(w.out)
		return
	}
	w.word = ""
	w.line()
}

// barText is what fits beside the bar and its counts in 80 columns; a longer line would wrap and flood the terminal.
const barText = 46

func cut(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

func colon(word string) string {
	if word == "" {
		return ""
	}
	return ": " + word
}
