package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/rules"
)

// summing adds up records one by one; its size depends on how many different things went wrong, not on the fleet.
type summing struct {
	header   ledger.Header
	rules    rules.Rules
	fleet    *migrate.Fleet // what the gates count
	proof    Proof
	waived   int
	last     time.Time
	groups   *breakdown
	causes   map[causeKey]*Cause
	notes    map[migrate.Code]*gathered
	clocks   clocks
	baseline Baseline
	rechecks Rechecks
	withheld int // vehicles with a v2 field that has no v3 form
	systemic *systemic
	changes  *Changes // since an earlier run; nil: there is none
}

type causeKey struct{ code, field, make, detail string }

// gathered is a note over several vehicles.
type gathered struct {
	count    int
	examples []string
}

func newSumming(h ledger.Header, r rules.Rules) *summing {
	return &summing{header: h, rules: r, fleet: migrate.NewFleet(r.Gates), groups: newBreakdown(), causes: map[causeKey]*Cause{}, notes: map[migrate.Code]*gathered{}, systemic: newSystemic()}
}

func (s *summing) add(rec migrate.Record) {
	if rec.Undrawn && rec.Judgement.Verdict == migrate.Inconclusive {
		return // left out on purpose: neither trouble nor counted
	}
	s.fleet.Add(rec)
	s.count(rec.Judgement)
	s.systemic.add(rec)
	s.groups.add(rec)
	if rec.At.After(s.last) {
		s.last = rec.At
	}
	s.clocks.add(rec)
	s.baseline.add(rec)
	for _, f := range rec.Evidence.Findings {
		if f.Outcome == compare.NoCounterpart {
			s.withheld++
		}
		s.rechecks.add(f)
	}
	s.blame(rec)
	seen := map[migrate.Code]bool{}
	for _, ref := range rec.Judgement.Notes {
		if !seen[ref.Code] {
			s.gather(ref.Code, rec.Entry.VehicleID)
		}
		seen[ref.Code] = true
	}
}

func (s *summing) count(j migrate.Judgement) {
	if j.Waived() {
		s.waived++
	}
	s.proof.count(j.Proof)
}

// blame counts the vehicle for each of its causes, and for the only one that keeps it from being ready.
func (s *summing) blame(rec migrate.Record) {
	var open *Cause
	standing := 0
	for _, ref := range rec.Judgement.Causes {
		c := s.cause(rec, ref)
		if !ref.Waived {
			open, standing = c, standing+1
		}
	}
	if v := rec.Judgement.Verdict; standing == 1 && (v == migrate.Blocked || v == migrate.Inconclusive) {
		open.Unblocks++
	}
}

// keyOf is what causes are grouped by. What is wrong with a field is the make's matter; what is wrong with a vehicle is not.
func keyOf(ref migrate.CauseRef, vehicleMake string) causeKey {
	key := causeKey{code: string(ref.Code), field: ref.Field, detail: ref.Common()}
	if ref.Field != "" {
		key.make = vehicleMake
	}
	return key
}

func (s *summing) cause(rec migrate.Record, ref migrate.CauseRef) *Cause {
	key := keyOf(ref, rec.Evidence.Make)
	c := s.causes[key]
	if c == nil {
		meaning, _ := migrate.LookupCause(ref.Code)
		c = &Cause{Code: key.code, Field: key.field, Make: key.make, ErrorCode: key.detail, Title: meaning.Title, Verdict: string(meaning.Verdict),
			Meaning: meaning.Meaning, Action: meaning.Action, Who: meaning.Who, Fingerprint: key.fingerprint(), Example: rec.Entry.VehicleID}
		if ref.Code == migrate.NotRun {
			s.whyNotRun(c)
		}
		if ref.Code == migrate.LegacyRetired && s.header.LegacyAPI == migrate.LegacyV3 {
			c.Title, c.Meaning, c.Action = "opaque tokens do not work on v3", noOpaque, "opaque tokens do not work on v3: run with --legacy-api v2 and a new -o DIR while v2.0 still answers"
		}
		s.causes[key] = c
	}
	c.Vehicles++
	if ref.Waived {
		c.Waived++
	}
	return c
}

// noOpaque is what a v3 that refuses every opaque token means.
const noOpaque = "v3 refuses every opaque token, as Smartcar's newest texts say it does (or every token given is too old): there is no legacy side to compare with"

// whyNotRun says what to do about vehicles that were not called, which depends on why the run ended.
func (s *summing) whyNotRun(c *Cause) {
	switch stop := migrate.Stop(s.header.Stopped); {
	case stop != migrate.StopNone:
		c.Meaning, c.Action, c.Who = "the run stopped: "+s.header.Stopped, stop.Hint(), "engineering"
	case s.header.Legs != "both" && s.header.Legs != "":
		c.Meaning, c.Action, c.Who = "this run left a leg out (--legs "+s.header.Legs+")", "run again on the same directory with --legs both", "engineering"
	}
}

// fingerprint names the cause over runs: the same code, field, make and error code.
func (k causeKey) fingerprint() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{k.code, k.field, k.make, k.detail}, "\x00")))
	return hex.EncodeToString(sum[:6])
}

// maxExamples bounds the vehicles that a note names.
const maxExamples = 3

func (s *summing) gather(code migrate.Code, vehicleID string) {
	g := s.notes[code]
	if g == nil {
		g = &gathered{}
		s.notes[code] = g
	}
	g.add(vehicleID)
}

func (g *gathered) add(vehicleID string) {
	g.count++
	if len(g.examples) < maxExamples {
		g.examples = append(g.examples, vehicleID)
	}
}

func (s *summing) summary() Summary {
	h, counts := s.header, s.fleet.All()
	out := Summary{
		Schema: SchemaName, Tool: Tool{Name: "scmigrate", Version: h.ToolVersion}, Total: counts.Total(), Proof: s.proof, Waived: s.waived, Outcomes: s.groups.outcomes(),
		Verdicts: Verdicts{counts.Ready, counts.Blocked, counts.Broken, counts.Inconclusive},
		Run: Run{ID: h.RunID, StartedAt: parseStamp(h.StartedAt), FinishedAt: parseStamp(h.FinishedAt), Complete: h.Complete, Stopped: h.Stopped, InventoryDigest: h.InventoryDigest,
			RulesDigest: h.RulesDigest, LegacyAPI: h.LegacyAPI, Legs: h.Legs, Fields: h.Fields, Rechecks: s.rechecks, NotExamined: append(unexaminedLegs(h.Legs), notExamined(h.Fields, s.rules)...)},
		Makes: s.groups.largestMakes(), Cohorts: s.groups.largestCohorts(), Ages: s.groups.ages,
		Causes: s.sortedCauses(), Notes: s.sortedNotes(), Gates: []Gate{}, Changes: s.changes,
	}
	if out.Run.FinishedAt.IsZero() {
		out.Run.FinishedAt = s.last
	}
	if low, high, ok := counts.Readiness(); ok {
		out.Readiness = &Interval{low, high}
	}
	out.Run.Baseline = s.baselineOf()
	out.Run.Shard, out.Run.Only = shardOf(h), h.Only
	if day := s.rules.Retirement; !day.IsZero() {
		out.Run.Retirement = day.UTC().Format(time.DateOnly)
	}
	out.Run.Sample = sampleOf(h, s.fleet.Sample, counts)
	for _, g := range s.fleet.Gates() {
		out.Gates = append(out.Gates, Gate(g))
	}
	return out
}

func parseStamp(text string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text)
	return t.UTC()
}

// sortedCauses: the most vehicles first, then the gravest, then by name.
func (s *summing) sortedCauses() []Cause {
	list := make([]Cause, 0, len(s.causes))
	for _, c := range s.causes {
		list = append(list, *c)
	}
	order := map[string]int{}
	for i, c := range migrate.Causes() {
		order[string(c.Code)] = i
	}
	slices.SortFunc(list, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Vehicles, a.Vehicles), cmp.Compare(order[a.Code], order[b.Code]),
			cmp.Compare(a.Field, b.Field), cmp.Compare(a.Make, b.Make), cmp.Compare(a.ErrorCode, b.ErrorCode))
	})
	return list
}

func (s *summing) sortedNotes() []Note {
	notes := []Note{}
	for _, c := range migrate.Causes() {
		if g := s.notes[c.Code]; g != nil {
			notes = append(notes, note(c.Code, g.count, g.examples))
		}
	}
	if n, ok := s.clocks.note(); ok {
		notes = append(notes, n)
	}
	notes = append(append(notes, s.systemic.notes()...), s.unusedCohorts()...)
	if s.withheld > 0 {
		notes = append(notes, Note{Code: "no-counterpart", Count: s.withheld, Examples: []string{},
			Text: "vehicles whose v2 answer holds a field without a v3 form (battery.nominalCapacity.url): code that uses it must change"})
	}
	return notes
}

// notExamined says what no verdict speaks about (CONTRACT §6).
func notExamined(fields string, r rules.Rules) []string {
	selected, _ := compare.Select(fields)
	for _, name := range r.Require {
		if f, ok := compare.Lookup(name); ok {
			selected = append(selected, f)
		}
	}
	names := []string{}
	for _, g := range []compare.Group{compare.Location, compare.Diagnostics, compare.Service, compare.MakeSpecific} {
		if !slices.ContainsFunc(selected, func(f *compare.Field) bool { return f.Group == g }) {
			names = append(names, string(g))
		}
	}
	return append(names, "commands", "webhooks", "connect")
}
