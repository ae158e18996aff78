package migrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/rules"
)

// The notes about waivers.
const (
	WaiverExpired Code = "waiver-expired"
	WaiverVoid    Code = "waiver-void"
	WaiverUnused  Code = "waiver-unused"
)

// WaiverFact is what a run says about a waiver: that it has expired, is void because it matches too many vehicles, or
// matches none. The first two waive nothing.
type WaiverFact struct {
	ID   string `json:"id"`
	Code Code   `json:"code"`
	Why  string `json:"why"`
}

// voids tells whether a waiver waives nothing in this run.
func (facts Facts) voids(id string) bool {
	_, void := facts.voided(id)
	return void
}

// voided says why a waiver waives nothing in this run.
func (facts Facts) voided(id string) (why string, void bool) {
	for _, w := range facts.Waivers {
		if w.ID == id && w.Code != WaiverUnused {
			return w.Why, true
		}
	}
	return "", false
}

// waives is the id of the narrowest waiver that is in force and matches, "" where there is none; some causes cannot be
// waived (CONTRACT §5).
func (c *court) waives(code Code, field string) (id string) {
	if waiverRefusal(code) != "" {
		return ""
	}
	for _, w := range c.rules.Matching(c.vehicle, string(code), field) {
		if !c.facts.voids(w.ID) {
			id = cmp.Or(id, w.ID)
			c.matched = append(c.matched, w.ID)
		}
	}
	return id
}

// withoutPermission blames the permission that a field needs, whose loss may be waived for this field alone.
func (c *court) withoutPermission(f compare.Finding, missing string) {
	waiver := c.waives(PermissionLost, f.Field)
	c.accuse(CauseRef{Code: PermissionLost, Detail: missing, Waived: waiver != "", Waiver: waiver})
	if waiver != "" && f.Outcome == compare.Lost {
		c.waived = append(c.waived, f.Field)
	}
}

// waiverRefusal is why a cause cannot be waived, "" where it can (CONTRACT §5).
func waiverRefusal(code Code) string {
	switch cause, known := LookupCause(code); {
	case !known:
		return "there is no such cause"
	case cause.Unwaived:
		return "it is about whose car is read"
	case cause.Verdict == Inconclusive:
		return "what could not be measured is never ready"
	case cause.Verdict == Broken:
		return "a broken vehicle blocks nothing: it is left out of the gates' shares"
	case cause.Verdict != Blocked:
		return "it is a note and blocks nothing"
	}
	return ""
}

// WaiverCauses is the table of causes as the reader of the rules needs it.
func WaiverCauses() []rules.Cause {
	list := make([]rules.Cause, 0, len(causes))
	for _, c := range causes {
		list = append(list, rules.Cause{Code: string(c.Code), Refusal: waiverRefusal(c.Code)})
	}
	return list
}

// weighWaivers finds the waivers that are over at the end of the run, that match more vehicles than they may, and that match
// none. It walks the records once and keeps a number per waiver.
func weighWaivers(ctx context.Context, s Store, facts Facts, r rules.Rules, end time.Time) ([]WaiverFact, error) {
	facts.Waivers = expired(r.Waivers, end)
	if len(facts.Waivers) == len(r.Waivers) {
		return facts.Waivers, nil
	}
	matches := map[string]int{}
	for rec, err := range s.Records(ctx) {
		if err != nil {
			return nil, err
		}
		for _, id := range matchedWaivers(rec, facts, r) {
			matches[id]++
		}
	}
	for _, w := range r.Waivers {
		switch n := matches[w.ID]; {
		case facts.voids(w.ID):
		case w.MaxVehicles != nil && n > *w.MaxVehicles:
			facts.Waivers = append(facts.Waivers, WaiverFact{w.ID, WaiverVoid, fmt.Sprintf("matches %d vehicles, over its maxVehicles %d", n, *w.MaxVehicles)})
		case n == 0:
			facts.Waivers = append(facts.Waivers, WaiverFact{w.ID, WaiverUnused, "matches no vehicle"})
		}
	}
	return facts.Waivers, nil
}

// expired are the waivers whose last day, in UTC, was over at a moment.
func expired(waivers []rules.Waiver, at time.Time) (facts []WaiverFact) {
	for _, w := range waivers {
		if !at.Before(w.Expires.AddDate(0, 0, 1)) {
			facts = append(facts, WaiverFact{w.ID, WaiverExpired, "expired after " + w.Expires.Format(time.DateOnly)})
		}
	}
	return facts
}

// matchedWaivers are the distinct waivers that match a cause of a vehicle, whichever of them wins.
func matchedWaivers(rec Record, facts Facts, r rules.Rules) []string {
	if rec.Judgement.Verdict == "" || faultyEntry(rec.Entry) != "" {
		return nil
	}
	c := hear(rec.Entry, rec.Evidence, facts, r)
	slices.Sort(c.matched)
	return slices.Compact(c.matched)
}
