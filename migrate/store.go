package migrate

import (
	"context"
	"iter"
	"math"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// Store is what the run needs of the ledger. Save returns when the record is durable.
type Store interface {
	// Pending yields the entries that are not finished, in calling order: those never called first. legs is the level of the
	// run: a lower level never measures again what a higher one has measured.
	Pending(ctx context.Context, legs string) iter.Seq2[Turn, error]
	Uncalled(ctx context.Context) iter.Seq2[Turn, error] // those of them that were never called
	Turn(ctx context.Context, ordinal int) (Turn, error) // of one vehicle
	// OthersRead is when another entry of the same car was last answered on the legacy leg, or throttled; zero where none was.
	OthersRead(ctx context.Context, e inventory.Entry) (time.Time, error)
	Links(ctx context.Context, vehicleID string) ([]Link, error)
	OrphansOf(ctx context.Context, userID string) ([]Link, error) // the user's connections to vehicles that no entry has
	// TakeList takes a new reading of the connections list in one mode; read hands over its pages and says what it is. It
	// tells what changed since the reading before; vehicles that were judged by that are pending again.
	TakeList(ctx context.Context, mode string, read func(put func([]Link) error) (LinkList, error)) (ListChanges, error)
	LinkLists(ctx context.Context) ([]LinkList, error) // as saved, without their links
	Save(ctx context.Context, r Record) error
	Records(ctx context.Context) iter.Seq2[Record, error] // every vehicle, in inventory order
	// Disputed yields, in inventory order, at least the vehicles for which Differing names a field: under rules without
	// tolerances of their own those with an Evidence.Disputed, otherwise all.
	Disputed(ctx context.Context, ownTolerances bool) iter.Seq2[Record, error]
	Tally(ctx context.Context) (Tally, error)
	// Rejudge calls judge from several goroutines at once.
	Rejudge(ctx context.Context, judge func(Record) Judgement) (changed int, err error)
	SetFacts(ctx context.Context, f Facts) error
	SampleLinks(ctx context.Context, n int) ([]Link, error) // to make negative controls of
	Controls(ctx context.Context) (Controls, error)
	SaveControls(ctx context.Context, c Controls) error

	// EachAnswered gives the vehicles that this run has called itself, in the order in which they were measured.
	EachAnswered(ctx context.Context, take func(Answered)) error
	Correct(ctx context.Context, r Record) error // writes a record over its last one, without a visit

	Requests(ctx context.Context) (byHost map[string]int, err error)
	InTurn(ctx context.Context, ordinals []int) ([]int, error) // sorted in calling order
	Record(ctx context.Context, ordinal int) (Record, error)
	SaveRecheck(ctx context.Context, r Record, spent Spent) error // spent since the record was read
	Rechecks(ctx context.Context) (Rechecks, error)
	SetNotAsked(ctx context.Context, why string) error
}

// LinkList is one reading of the connections list in one mode, without its rows.
type LinkList struct {
	Mode     string
	ReadAt   time.Time
	Pages    int
	Complete bool
	Why      string // why it is not complete
}

// Fresh tells whether a run may go by the reading: it is whole and less than a day old.
func (l LinkList) Fresh(now time.Time) bool { return l.Complete && now.Sub(l.ReadAt) < listAge }

// Tally counts the vehicles by what became of them: everything Facts are decided on, and what progress shows.
type Tally struct {
	Total, Finished int
	Verdicts        map[Verdict]int
	Legacy          map[LegOutcome]int
	App             map[LegOutcome]int
	RefusedGrants   int    // distinct grants whose fresh token was refused with a 401
	LegacyEnd       End    // what v2 refused after the last car for which it worked
	AppEnd          End    // the same of v3
	Own             *Tally // the legs alone of those that this run called itself; nil where it took none over
}

// End is what an API refused after the last call that it served, in the order in which the vehicles were measured.
type End struct {
	Last    time.Time // when that one was measured; zero: none was served
	Refused int       // after it, each grant counted once
	Before  int       // refused until then
	Called  int       // served or refused until then
}

// rare is what chance brings about less often than once in five thousand runs: more refusals in a row are no chance.
const rare = 1.0 / 5000

// reached tells whether so many refusals in a row, after what was seen before, are too rare by chance: then the API serves
// nobody any more.
func (e End) reached() bool {
	rate := float64(e.Before+1) / float64(e.Called+2)
	return !e.Last.IsZero() && e.Refused >= 2 && math.Pow(rate, float64(e.Refused)) < rare
}

// Controls are the negative controls: requests with a foreign user id, which must be refused (DESIGN §3.2).
type Controls struct {
	Tried     int `json:"tried"`
	Refused   int `json:"refused"`
	Served    int `json:"served"`
	Undecided int `json:"undecided"`

	Vehicles   []string `json:"vehicles,omitempty"`   // those served to a foreign user
	RefusedFor []string `json:"refusedFor,omitempty"` // those that were refused, so that no later control is made of them again
}

// Spent is what asking again cost.
type Spent struct {
	Requests int `json:"requests,omitempty"`
	Legacy   int `json:"legacy,omitempty"` // billed reads, as App
	App      int `json:"app,omitempty"`
}

// Rechecks are what asking again about differences came to, counted apart from the visits (CONTRACT §8.2).
type Rechecks struct {
	Vehicles int    // asked again, once or more
	Requests int    // sent for it
	Why      string // why differences were left that nobody asked about again, "" where none were
}

// ReadLinks makes links of the client's rows. A row that names no user stays, with an empty UserID: it proves that
// somebody is connected, and so that the vehicle's other rows are not all.
func ReadLinks(rows []smartcar.Connection) []Link {
	links := make([]Link, 0, len(rows))
	for _, c := range rows {
		links = append(links, Link{UserID: compare.Brief(c.UserID), VehicleID: c.VehicleID, Permissions: c.Permissions, Make: compare.Brief(c.Make), Model: compare.Brief(c.Model), Year: c.Year, Mode: c.Mode})
	}
	return links
}

// Measured is how many vehicles have a verdict.
func (t Tally) Measured() int {
	n := 0
	for _, count := range t.Verdicts {
		n += count
	}
	return n
}

// Counts are the verdicts, with vehicles that were never called counted as inconclusive.
func (t Tally) Counts() Counts {
	c := Counts{Ready: t.Verdicts[Ready], Blocked: t.Verdicts[Blocked], Broken: t.Verdicts[Broken]}
	c.Inconclusive = t.Total - c.Ready - c.Blocked - c.Broken
	return c
}
