package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
)

// Blocked tells of the vehicles of a run whether they were blocked in an earlier one: a bit for each.
type Blocked []uint64

// Was tells it of a vehicle.
func (b Blocked) Was(e inventory.Entry) bool {
	return e.Ordinal >= 0 && e.Ordinal/64 < len(b) && b[e.Ordinal/64]>>(e.Ordinal%64)&1 == 1
}

func (b *Blocked) set(ordinal int) {
	for ordinal/64 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[ordinal/64] |= 1 << (ordinal % 64)
}

// Compare walks over two runs side by side. Its size depends on how many different things are wrong, beside a bit for each
// vehicle.
func Compare(ctx context.Context, was, is *ledger.Ledger) (Changes, Blocked, error) {
	c, before, now, err := compared(ctx, was, is)
	if err != nil {
		return Changes{}, nil, err
	}
	return c.changes(before, now), c.blocked, nil
}

func compared(ctx context.Context, was, is *ledger.Ledger) (c comparing, before, now ledger.Header, err error) {
	c = comparing{causes: map[causeKey]*ChangedCause{}, moves: map[Move]int{}, blocked: Blocked{}}
	for seen, err := range looks(ctx, was, is) {
		if err != nil {
			return c, before, now, err
		}
		c.add(seen)
	}
	if before, err = headerOf(ctx, was); err != nil {
		return c, before, now, err
	}
	now, err = headerOf(ctx, is)
	return c, before, now, err
}

// compare holds the run against an earlier one, where there is one, before its vehicles are added.
func (s *summing) compare(ctx context.Context, earlier, l *ledger.Ledger) error {
	if earlier == nil {
		return nil
	}
	changes, blocked, err := Compare(ctx, earlier, l)
	s.changes, s.fleet.WasBlocked = &changes, blocked.Was
	return err
}

// headerOf ends an incomplete run with its last record, and names its rules without their gates, which judge no vehicle.
func headerOf(ctx context.Context, l *ledger.Ledger) (ledger.Header, error) {
	h, err := l.Header(ctx)
	r, err2 := l.Rules(ctx)
	r.Gates = nil
	h.RulesDigest = r.Digest()
	if err := errors.Join(err, err2); err != nil || h.FinishedAt != "" {
		return h, err
	}
	last, err := l.LastRecord(ctx)
	h.FinishedAt = last.UTC().Format(time.RFC3339)
	return h, err
}

// comparing adds up vehicles one by one.
type comparing struct {
	vehicles ChangedVehicles
	moves    map[Move]int
	causes   map[causeKey]*ChangedCause
	before   migrate.Counts
	now      migrate.Counts
	blocked  Blocked
}

func (c *comparing) add(v look) {
	c.moves[Move{From: v.was.verdict(), To: v.is.verdict()}]++
	if v.was != nil {
		c.before.Add(v.was.Verdict)
	}
	if v.is != nil {
		c.now.Add(v.is.Verdict)
	}
	if v.was.verdict() == string(migrate.Blocked) && v.is != nil {
		c.blocked.set(v.ordinal)
	}
	fate := c.vehicles.of(v.change())
	fate.Count++
	if len(fate.Examples) < maxExamples && fate != &c.vehicles.Unchanged {
		fate.Examples = append(fate.Examples, v.vehicleID)
	}
	for key := range v.was.keys() {
		c.had(v, key)
	}
	for key := range v.is.keys() {
		c.has(v, key)
	}
}

// of is the place of a fate.
func (v *ChangedVehicles) of(change string) *Changed {
	return map[string]*Changed{"new": &v.New, "fixed": &v.Fixed, "changed": &v.Changed, "unchanged": &v.Unchanged, "added": &v.Added, "gone": &v.Gone}[change]
}

func (c *comparing) had(v look, key causeKey) {
	cause := c.cause(key, v.vehicleID)
	cause.Was++
	switch {
	case v.is.has(key):
	case v.is == nil:
		cause.Gone++
	case v.is.Verdict == migrate.Inconclusive:
		cause.Unmeasured++
	default:
		cause.Fixed++
	}
}

func (c *comparing) has(v look, key causeKey) {
	cause := c.cause(key, v.vehicleID)
	if cause.Is++; cause.Is == 1 {
		cause.Example = v.vehicleID
	}
	if v.was.has(key) {
		return
	}
	if cause.New++; cause.New == 1 {
		cause.Example = v.vehicleID
	}
}

func (c *comparing) cause(key causeKey, vehicleID string) *ChangedCause {
	cause := c.causes[key]
	if cause == nil {
		meaning, _ := migrate.LookupCause(migrate.Code(key.code))
		cause = &ChangedCause{Code: key.code, Field: key.field, Make: key.make, ErrorCode: key.detail, Title: meaning.Title, Verdict: string(meaning.Verdict), Fingerprint: key.fingerprint(), Example: vehicleID}
		c.causes[key] = cause
	}
	return cause
}

// change is a cause's fate.
func (c ChangedCause) change() string {
	switch {
	case c.Was == 0:
		return CauseNew
	case c.Is > 0:
		return CauseUnchanged
	case c.Fixed > 0 && c.Unmeasured == 0:
		return CauseFixed
	}
	return CauseGone
}

func (c *comparing) changes(was, is ledger.Header) Changes {
	out := Changes{Vehicles: c.vehicles, Unlike: unlike(was, is), Moves: []Move{}, Causes: []ChangedCause{}, Previous: runOf(was, c.before)}
	for move, n := range c.moves {
		out.Moves = append(out.Moves, Move{move.From, move.To, n})
	}
	slices.SortFunc(out.Moves, func(a, b Move) int { return cmp.Or(byVerdict(a.From, b.From), byVerdict(a.To, b.To)) })
	for _, cause := range c.causes {
		cause.Change = cause.change()
		out.Causes = append(out.Causes, *cause)
	}
	order := []string{CauseNew, CauseUnchanged, CauseFixed, CauseGone}
	slices.SortFunc(out.Causes, func(a, b ChangedCause) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Change), slices.Index(order, b.Change)), cmp.Compare(max(b.Is, b.Was), max(a.Is, a.Was)),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Make, b.Make), cmp.Compare(a.ErrorCode, b.ErrorCode))
	})
	return out
}

// runOf is a run in short.
func runOf(h ledger.Header, n migrate.Counts) Previous {
	p := Previous{ID: h.RunID, StartedAt: parseStamp(h.StartedAt), FinishedAt: parseStamp(h.FinishedAt), Complete: h.Complete, Total: n.Total(),
		Verdicts: Verdicts{n.Ready, n.Blocked, n.Broken, n.Inconclusive}}
	if low, high, ok := n.Readiness(); ok {
		p.Readiness = &Interval{low, high}
	}
	return p
}

// byVerdict orders verdicts as reports do, "" first.
func byVerdict(a, b string) int {
	place := func(v string) int { return slices.Index(migrate.Verdicts(), migrate.Verdict(v)) }
	return cmp.Compare(place(a), place(b))
}

// unlike says what two runs were asked differently.
func unlike(was, is ledger.Header) []string {
	out := []string{}
	for _, c := range [][3]string{{"fields", was.Fields, is.Fields}, {"legs", was.Legs, is.Legs}, {"legacy API", was.LegacyAPI, is.LegacyAPI}, {"sample", was.Sample, is.Sample}, {"shard", was.Shard, is.Shard},
		{"rules", was.RulesDigest, is.RulesDigest}} {
		switch {
		case c[1] == c[2]:
		case c[0] == "rules":
			out = append(out, "other rules")
		default:
			out = append(out, fmt.Sprintf("%s %s then, %s now", c[0], cmp.Or(c[1], "none"), cmp.Or(c[2], "none")))
		}
	}
	return out
}
