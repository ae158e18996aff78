package migrate

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// ForecastOptions are what a forecast needs to know of the run to come.
type ForecastOptions struct {
	Legs       string
	LegacyAPI  string // LegacyV2, LegacyV3 or LegacyNone
	Shard      Shard
	Bucket     smartcar.LimiterOptions   // what this shard may take, where it is one
	Controls   int                       // that are still to be made
	Reads      func(inventory.Entry) int // billed reads of a vehicle, at the most; nil: none
	Start      time.Time
	Retirement time.Time // the day v2.0 ends, zero where the rules state none
	Command    bool      // the inventory has a token command: tokens are fresh at the moment of use
	TimeBox    time.Duration
	Buckets    *smartcar.Limiter // as an earlier run left them; nil: full
	ListedAt   time.Time         // when the connections lists were read that the run begins with; zero: it reads them
	Earlier    *Earlier          // nil: a new run
}

// Earlier is what a run that is to be gone on with has done.
type Earlier struct{ Requests, Billed int }

// Forecast says what a run would cost, from the inventory alone. It keeps one number per vehicle with an expiry.
type Forecast struct {
	o                                     ForecastOptions
	buckets                               *smartcar.Limiter // what may be taken, from Start
	vehicles, faulty, tokenless, userless int
	leftOut, elsewhere, done, carried     int     // by the sample; in other shards; finished before; as another run measured them
	reads, mostReads                      int     // billed: in all, and of one vehicle
	expiries                              []int64 // unix seconds of tokens that cannot be had again
}

// NewForecast starts a forecast; Add gives it the entries.
func NewForecast(o ForecastOptions) *Forecast {
	o.Bucket.Now = func() time.Time { return o.Start }
	f := &Forecast{o: o, buckets: o.Buckets}
	if f.buckets == nil {
		f.buckets = smartcar.NewLimiter(o.Bucket)
	}
	return f
}

// Add takes one entry into account.
func (f *Forecast) Add(e inventory.Entry) {
	switch {
	case faultyEntry(e) != "":
		f.faulty++
		return
	case !e.HasToken && !f.o.Command && f.o.Legs == "both" && f.o.LegacyAPI != LegacyNone:
		f.tokenless++
		return
	}
	f.vehicles++
	if f.o.Reads != nil {
		n := f.o.Reads(e)
		f.reads, f.mostReads = f.reads+n, max(f.mostReads, n)
	}
	if e.UserID == "" {
		f.userless++
	}
	if !f.o.Command && !e.ExpiresAt.IsZero() && f.o.LegacyAPI != LegacyNone {
		f.expiries = append(f.expiries, e.ExpiresAt.Unix())
	}
}

// Done takes an entry into account that an earlier run on the same directory has finished.
func (f *Forecast) Done() { f.done++ }

// Carry takes an entry into account that is taken over from an earlier run, as --only says.
func (f *Forecast) Carry() { f.carried++ }

// LeaveOut takes an entry into account that the sample did not draw: it is listed like all others, and not called.
func (f *Forecast) LeaveOut() { f.leftOut++ }

// Elsewhere takes an entry into account that is another shard's: every shard reads the whole connections list.
func (f *Forecast) Elsewhere() { f.elsewhere++ }

// pages are those of the connections list, and one of the simulated vehicles'.
func (f *Forecast) pages() int {
	return max(1, (f.vehicles+f.faulty+f.tokenless+f.leftOut+f.elsewhere+f.done+f.carried+99)/100) + 1
}

// lead are the v3 calls before the first vehicle: the lists and the controls, unless an earlier run has made them.
func (f *Forecast) lead() int {
	if f.o.ListedAt.IsZero() {
		return f.pages() + f.o.Controls
	}
	return f.o.Controls
}

// shardLine says what part of the fleet the figures are of, and what it costs to cut it.
func (f *Forecast) shardLine() string {
	s, own := f.o.Shard, f.vehicles+f.faulty+f.tokenless+f.leftOut
	text := fmt.Sprintf("shard               %d of %d: %d of %d vehicles, whole users; the figures are this shard's, at its part of the limit", s.K, s.N, own, own+f.elsewhere)
	_, _, tokens := f.Requests()
	if again := (s.N - 1) * (f.pages() + f.o.Controls + tokens); s.N > 1 {
		text += fmt.Sprintf("; each shard reads the connections list, makes the controls and renews the token itself, about %d requests more in all shards than in one run", again)
	}
	return text
}

// Requests are the calls to each host. The connections list is assumed to be as long as the inventory, and live; it is read
// again once a day.
func (f *Forecast) Requests() (legacy, app, iam int) { return f.requests(f.o.Legs, f.vehicles) }

// renewal is how long a reading of the lists holds: see scheduleLists.
func (f *Forecast) renewal() time.Duration {
	if f.buckets.Burst() == 0 {
		return listAge
	}
	reading := time.Duration(float64(f.pages()) / f.buckets.PerMinute() * float64(time.Minute))
	return max(listAge, listShare*reading)
}

func (f *Forecast) requests(legs string, vehicles int) (legacy, app, iam int) {
	app = f.lead()
	switch {
	case legs == "app" || legs == "both" && f.o.LegacyAPI == LegacyNone:
		app += vehicles
	case legs == "both":
		legacy, app = vehicles, app+vehicles
	}
	age := time.Duration(0)
	if !f.o.ListedAt.IsZero() {
		age = f.o.Start.Sub(f.o.ListedAt)
	}
	for renewals := 0; ; renewals++ {
		took := f.duration(legacy, app, 1+int(f.duration(legacy, app, 1)/time.Hour))
		if legs == "connections" || renewals >= int((took+age)/f.renewal()) {
			break
		}
		app += f.pages()
	}
	return legacy, app, 1 + int(f.duration(legacy, app, 1)/time.Hour)
}

// duration is how long so many requests of each leg take at the least: a bucket is full at the start and refills steadily.
func (f *Forecast) duration(legacy, app, iam int) time.Duration {
	return f.buckets.Duration(LoadOf(f.o.LegacyAPI, legacy, app, iam))
}

// LoadOf is what calls of the legs ask of the hosts: with --legacy-api v3 both legs go to v3, with none there is one leg.
func LoadOf(legacyAPI string, legacy, app, iam int) smartcar.Load {
	switch legacyAPI {
	case LegacyV3:
		return smartcar.Load{App: legacy + app, IAM: iam}
	case LegacyNone:
		return smartcar.Load{App: app, IAM: iam}
	}
	return smartcar.Load{Legacy: legacy, App: app, IAM: iam}
}

// dead counts the tokens that expire before their turn, the earliest expiry being called first.
func (f *Forecast) dead() int {
	slices.Sort(f.expiries)
	lead := f.lead()
	n := 0
	for i, expiry := range f.expiries {
		called := i - n + 1
		turn := f.o.Start.Add(f.duration(called, lead+called, 1+int(f.duration(called, lead+called, 1)/time.Hour)))
		if turn.Unix() >= expiry {
			n++
		}
	}
	return n
}

// Lines are the forecast in sentences.
func (f *Forecast) Lines() []string {
	legacy, app, iam := f.Requests()
	total := legacy + app + iam
	took := f.duration(legacy, app, iam)
	lines := []string{
		fmt.Sprintf("vehicles            %d to call, %d without a token, %d faulty rows, %d without a userId", f.vehicles, f.tokenless, f.faulty, f.userless),
		fmt.Sprintf("requests            %d: legacy %d, app %d, token endpoint %d (rechecks and vehicles missing from the connections list come on top)", total, legacy, app, iam),
		fmt.Sprintf("billed reads        at most %d a vehicle, %d in all", f.mostReads, f.reads),
		fmt.Sprintf("shortest duration   %s at the limit", roundUp(took)),
		fmt.Sprintf("ends not before     %s", f.o.Start.Add(took).UTC().Format("2006-01-02 15:04 UTC")),
	}
	if f.o.LegacyAPI == LegacyV3 && legacy > 0 {
		lines = append(lines, "legacy leg          v3 with each vehicle's opaque token: its requests go to the v3 host, v2.0 is not called")
	}
	if f.o.LegacyAPI == LegacyNone {
		lines = append(lines, "legacy leg          none: v3 is held against the earlier run of --baseline; v2.0 is not called, no legacy token is resolved")
	}
	if day := f.o.Retirement; !day.IsZero() {
		lines = append(lines, retirementLine(day, f.o.Start.Add(took)))
	}
	if n := f.vehicles + f.faulty + f.tokenless; f.leftOut > 0 {
		lines = append([]string{fmt.Sprintf("sample              %d of %d vehicles, whole users; the others are not called", n, n+f.leftOut)}, lines...)
	}
	if e := f.o.Earlier; e != nil {
		lines = append([]string{fmt.Sprintf("going on            %d vehicles are finished; %d requests and %d billed reads were spent; %swhat follows is what remains", f.done, e.Requests, e.Billed, f.bucketText())}, lines...)
	}
	if f.carried > 0 {
		lines = append([]string{fmt.Sprintf("taken over          %d vehicles as the earlier run measured them; those that were chosen are called, and rows that it does not have", f.carried)}, lines...)
	}
	if f.o.Shard.N > 0 {
		lines = append([]string{f.shardLine()}, lines...)
	}
	if n := f.dead(); n > 0 {
		lines = append(lines, fmt.Sprintf("dead before turn    %d tokens expire before their turn and would not be sent: give legacyTokens.command instead of literal tokens", n))
	}
	lines = append(lines, f.budgetLines(took)...)
	lines = append(lines, f.cheaper(took)...)
	return append(lines, "never called        anything but reads: the transport refuses every command before it leaves the process")
}

// bucketText says what the calls of before have left in the bucket, "" where there is none or one for each host.
func (f *Forecast) bucketText() string {
	burst := f.buckets.Burst()
	if burst == 0 || f.buckets.PerHost() {
		return ""
	}
	level := sort.Search(burst, func(n int) bool { return f.duration(0, n+1, 0) > 0 })
	return fmt.Sprintf("the bucket holds %d of %d requests; ", level, burst)
}

// retirementLine holds the end of the run against the day from which v2.0 cannot be compared with any more.
func retirementLine(day, end time.Time) string {
	text := fmt.Sprintf("retirement          v2.0 ends on %s", day.Format(time.DateOnly))
	if end.Before(day) {
		return fmt.Sprintf("%s: a run that starts now can end %d days before it", text, int(day.Sub(end).Hours()/24))
	}
	return text + ": a run that starts now cannot end before it; ask for a higher limit, give a larger --limit-share, or draw a sample"
}

func roundUp(d time.Duration) time.Duration {
	return time.Duration(math.Ceil(float64(d)/float64(time.Minute))) * time.Minute
}
