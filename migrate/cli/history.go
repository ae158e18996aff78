package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"scmigrate/migrate/ledger"
	"scmigrate/migrate/report"
)

// chain is a row of runs, each of which was held against the next.
type chain struct {
	run     *ledger.Ledger  // the one that reports
	known   map[string]bool // runs
	seen    map[string]bool // directories
	history report.History  // the nearest first, until it is whole
}

// history counts the earlier run, the one which that was held against, and so on; nil where there is none. A directory that
// is gone, cannot be read or leads back ends it, and the report says so.
func (e earlier) history(ctx context.Context, l *ledger.Ledger) (*report.History, error) {
	if e.ledger == nil {
		return nil, nil
	}
	own, err := l.Header(ctx)
	if err != nil {
		return nil, err
	}
	c := chain{run: l, known: map[string]bool{own.RunID: true}, seen: map[string]bool{whole(l.Dir()): true, whole(e.ledger.Dir()): true}, history: report.History{Runs: []report.PastRun{}}}
	before, err := c.add(ctx, e.ledger)
	for err == nil && before != "" {
		before, err = c.follow(ctx, before)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		c.history.Ended = endOfChain(err)
	}
	slices.Reverse(c.history.Runs)
	slices.SortStableFunc(c.history.Runs, func(a, b report.PastRun) int { return a.FinishedAt.Compare(b.FinishedAt) })
	return &c.history, nil
}

// The ends of a chain beside the ledger's own.
var (
	errCircle = errors.New("a directory comes back that was looked at")
	errLong   = errors.New("more earlier runs than a report looks back on")
	errNoRun  = errors.New("no run was begun there")
)

// follow adds the run in a directory.
func (c *chain) follow(ctx context.Context, dir string) (before string, err error) {
	switch {
	case c.seen[dir]:
		return "", errCircle
	case len(c.history.Runs) == report.MostHistory:
		return "", errLong
	}
	c.seen[dir] = true
	l, unlock, err := ledger.OpenEarlier(dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close(), unlock()) }()
	return c.add(ctx, l)
}

// add counts a run, and says which directory it was held against itself. A run that was only judged again is no other one,
// and is passed over.
func (c *chain) add(ctx context.Context, l *ledger.Ledger) (before string, err error) {
	h, err := l.Header(ctx)
	switch {
	case err != nil:
		return "", err
	case h.RunID == "":
		return "", errNoRun
	case c.known[h.RunID]:
		return h.Previous, nil
	}
	c.known[h.RunID] = true
	past, err := report.PastRunOf(ctx, l, c.run)
	if err == nil {
		c.history.Runs = append(c.history.Runs, past)
	}
	return h.Previous, err
}

// endOfChain says in a sentence without a directory why a chain goes no further back.
func endOfChain(err error) string {
	switch {
	case errors.Is(err, errLong):
		return fmt.Sprintf("older runs than these %d are not looked at", report.MostHistory)
	case errors.Is(err, errCircle):
		return "the runs lead back in a circle, which ends here"
	case errors.Is(err, errNoRun):
		return "what the oldest of these was held against holds no run"
	case errors.Is(err, ledger.ErrNone):
		return "the run before these is not where it was"
	case errors.Is(err, ledger.ErrBusy):
		return "the run before these is being written just now"
	}
	return "the run before these cannot be read: its ledger is of another version of scmigrate, damaged or not ours to read"
}
