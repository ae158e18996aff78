package migrate

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// garage is a fleet without a network: every call takes a second. It fails the test when two calls for one car are in flight
// on one leg.
type garage struct {
	Caller // what no test calls
	t      *testing.T
	batch  func(id string, n int) *smartcar.Answer      // of the car's nth batch, from 0; nil: a healthy answer
	any    func(leg, id string, n int) *smartcar.Answer // of either leg, in the same way

	mu      sync.Mutex
	flying  map[string]int
	batches map[string]int // by vehicle id in lower case
	times   map[string]int // by leg and vehicle id
}

func (c *garage) call(ctx context.Context, leg, id string) (n int, err error) {
	id = strings.ToLower(id)
	c.mu.Lock()
	if c.flying[leg+id]++; c.flying[leg+id] > 1 {
		c.t.Errorf("two calls for %s in flight on the %s leg", id, leg)
	}
	n = c.times[leg+id]
	if c.times[leg+id]++; leg == "legacy" {
		c.batches[id]++
	}
	c.mu.Unlock()
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying[leg+id]--
	return n, ctx.Err()
}

// answer is what the test has for a call, nil for a healthy answer.
func (c *garage) answer(leg, id string, n int) *smartcar.Answer {
	if c.any != nil {
		return c.any(leg, id, n)
	}
	if c.batch != nil && leg == "legacy" {
		return c.batch(id, n)
	}
	return nil
}

// visits is how often a car was called on the legacy leg.
func (c *garage) visits() (n int) {
	for _, times := range c.batches {
		n += times
	}
	return n
}

func (c *garage) BatchFrom(ctx context.Context, id string, _ smartcar.TokenFunc, paths []string) (smartcar.Answer, error) {
	n, err := c.call(ctx, "legacy", id)
	if a := c.answer("legacy", id, n); a != nil {
		return *a, err
	}
	return batchAnswer(paths, nil), err
}

func (c *garage) Signals(ctx context.Context, id, _ string) (smartcar.Answer, error) {
	n, err := c.call(ctx, "app", id)
	if a := c.answer("app", id, n); a != nil {
		return *a, err
	}
	return signalsAnswer(id, 4, nil), err
}

func (c *garage) LegacyUserFrom(context.Context, smartcar.TokenFunc) (smartcar.Answer, error) {
	if a := c.answer("legacy", "user", 0); a != nil {
		return *a, nil
	}
	return answered(map[string]any{"id": userID}), nil
}

func (c *garage) LegacyGetFrom(_ context.Context, id, _ string, _ smartcar.TokenFunc) (smartcar.Answer, error) {
	return *c.answer("legacy", id, 0), nil // only a refused batch is read singly
}

func (c *garage) AppToken(context.Context) error { return nil }

// shelf is a ledger in memory: what a run saves, and how long that takes.
type shelf struct {
	Store   // what no test asks
	entries []inventory.Entry
	make    string
	billed  map[int]int // by earlier visits
	slow    time.Duration
	fails   int // saves after which the disk is full; 0: never

	mu      sync.Mutex
	records map[int]Record
	saves   int
	saved   func(Record) // told of each
	listed  []time.Time  // when a list was read
}

func (s *shelf) turn(e inventory.Entry) Turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, known := s.records[e.Ordinal]
	return Turn{Entry: e, Billed: s.billed[e.Ordinal], Known: known, Finished: known && rec.Finished()}
}

func (s *shelf) Pending(context.Context, string) iter.Seq2[Turn, error] {
	return func(yield func(Turn, error) bool) {
		for _, e := range s.entries {
			if t := s.turn(e); !t.Finished && !yield(t, nil) {
				return
			}
		}
	}
}

func (s *shelf) Uncalled(context.Context) iter.Seq2[Turn, error] {
	return func(yield func(Turn, error) bool) {
		for _, e := range s.entries {
			if t := s.turn(e); !t.Known && !yield(t, nil) {
				return
			}
		}
	}
}

func (s *shelf) Turn(_ context.Context, ordinal int) (Turn, error) {
	return s.turn(s.entries[ordinal]), nil
}

func (s *shelf) OthersRead(_ context.Context, e inventory.Entry) (last time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.records {
		if strings.EqualFold(r.Entry.VehicleID, e.VehicleID) && r.Entry.Ordinal != e.Ordinal && r.Evidence.Legacy.Outcome != LegNotRun && r.At.After(last) {
			last = r.At
		}
	}
	return last, nil
}

func (s *shelf) Record(_ context.Context, ordinal int) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[ordinal], nil
}

func (s *shelf) EachAnswered(_ context.Context, take func(Answered)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range slices.SortedFunc(maps.Values(s.records), func(a, b Record) int { return a.At.Compare(b.At) }) {
		take(Answered{r.Entry.Ordinal, r.Entry.Grant, r.Evidence.Legacy.Outcome, r.Evidence.App.Outcome})
	}
	return nil
}

func (s *shelf) SaveRecheck(ctx context.Context, r Record, _ Spent) error { return s.Save(ctx, r) }

func (s *shelf) Correct(ctx context.Context, r Record) error { return s.Save(ctx, r) }

func (s *shelf) Links(_ context.Context, id string) ([]Link, error) {
	links := []Link{*aLink(), *aLink()}
	for i, user := range []string{userID, strangeID} {
		links[i].VehicleID, links[i].UserID, links[i].Make = id, user, s.make
	}
	return links, nil
}

func (s *shelf) TakeList(context.Context, string, func(put func([]Link) error) (LinkList, error)) (ListChanges, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = append(s.listed, time.Now())
	return ListChanges{}, nil
}

func (s *shelf) LinkLists(context.Context) ([]LinkList, error) { return nil, nil }

func (s *shelf) Save(_ context.Context, r Record) error {
	if s.slow > 0 { // Go 1.26's race detector crashes on a bubble's timer that has run out when it is waited for
		<-time.After(s.slow)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saves++; s.fails > 0 && s.saves > s.fails {
		return errDisk
	}
	s.records[r.Entry.Ordinal] = r
	if s.saved != nil {
		s.saved(r)
	}
	return nil
}

// runOf makes a run over n entries, each a car of its own, and what it calls and saves. It begins with the first vehicle.
func runOf(t *testing.T, n, workers int) (*Run, *garage, *shelf) {
	t.Helper()
	m, _, tokens := aMeter(t)
	caller := &garage{t: t, flying: map[string]int{}, batches: map[string]int{}, times: map[string]int{}}
	store := &shelf{make: "TESLA", records: map[int]Record{}}
	for i := range n {
		store.entries = append(store.entries, inventory.Entry{Ordinal: i, VehicleID: fmt.Sprintf("car-%04d", i), UserID: userID, HasToken: true})
	}
	r := &Run{Meter: Meter{Caller: caller, Tokens: tokens, Fields: m.Fields, Now: time.Now, Legs: "both", Billed: 60}, Store: store, Concurrency: workers, Now: time.Now,
		wholeLists: true, visits: semaphore.NewWeighted(everyVisit), listsDue: time.Now().Add(listAge)}
	return r, caller, store
}
