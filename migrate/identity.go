package migrate

import (
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
)

// identify holds the inventory's user against the connections of the vehicle. whole tells that the list is proved to be
// complete for this vehicle (all pages read, or the vehicle asked for by itself): only then does silence prove absence.
func identify(entry inventory.Entry, links []Link, whole bool) Identity {
	id := Identity{AskedAs: entry.UserID, Whole: whole}
	links = joined(links)
	for _, l := range links {
		if l.UserID == "" {
			continue
		}
		id.Users = append(id.Users, l.UserID)
		if entry.UserID != "" && sameID(l.UserID, entry.UserID) {
			id.Listed = &l
		}
	}
	slices.Sort(id.Users)
	if entry.UserID == "" && len(links) == 1 && len(id.Users) == 1 && whole {
		id.Suggested, id.AskedAs, id.Listed = links[0].UserID, links[0].UserID, &links[0]
	}
	id.Absent = whole && id.Listed == nil && (entry.UserID != "" || len(links) == 0)
	return id
}

// ownerInDoubt tells whether the list leaves open whose token the vehicle's legacy token is: it does not show the
// inventory's user, shows others beside him, or is not whole.
func (id Identity) ownerInDoubt() bool { return id.Listed == nil || len(id.Users) > 1 || !id.Whole }

// sameID compares ids without case: they are UUIDs, and databases differ in how they write them.
func sameID(a, b string) bool { return strings.EqualFold(a, b) }

// twoCars says what shows that the inventory and the legs do not all mean one car, by the id and by every VIN that is known;
// nothing where nothing shows it.
func twoCars(entry inventory.Entry, e Evidence) (whys []string) {
	if e.Identity.OtherCarID != "" {
		whys = append(whys, "the app leg answered for another vehicle id")
	}
	for _, f := range e.Findings {
		if f.Field != "vin" {
			continue
		}
		if f.Outcome == compare.Differs {
			whys = append(whys, "the VINs of the legs differ")
		}
		other := func(r compare.Reading) bool {
			return r.Status == compare.Served && entry.VIN != "" && !strings.EqualFold(r.Value.Text, entry.VIN)
		}
		if len(whys) == 0 && (other(f.Legacy) || other(f.App)) {
			whys = append(whys, "the inventory states another VIN")
		}
	}
	return whys
}

// ownToken tells whether the legacy token itself was proved to be the inventory's user's.
func (r Record) ownToken() bool {
	user := r.Evidence.Identity.TokenUser
	return user != "" && sameID(user, r.Entry.UserID)
}

// IdentityBy is the strongest proof of whose car it is: "vin" (equal on both legs), "user" (the legacy token's own), "list"
// (the connections list), or "" where there is none.
func (r Record) IdentityBy() string {
	for _, f := range r.Evidence.Findings {
		if f.Field == "vin" && f.Outcome == compare.Match {
			return "vin"
		}
	}
	switch {
	case r.ownToken():
		return "user"
	case r.Evidence.Identity.Listed != nil:
		return "list"
	}
	return ""
}

// unproved finds what was asked about the identity and had no answer for now. Until it is known, the two legs may be two
// cars or two owners', and what matches between them proves nothing.
func (c *court) unproved(groups *grouping) {
	if id := c.e.Identity; c.entry.UserID != "" && id.TokenUser == "" && id.ownerInDoubt() {
		c.blame(LegacyUnmeasured, "whose legacy token it is could not be asked")
	}
	for _, f := range c.e.Findings {
		if f.Field != "vin" || f.Outcome == compare.Unmeasured && c.required(f) {
			continue // not about identity, or among the causes already
		}
		known := c.entry.VIN != ""
		switch {
		case later(f.Legacy) && (known || f.App.Status == compare.Served || later(f.App)):
			groups.add(CauseRef{Code: LegacyUnmeasured, Field: f.Field, Detail: f.Legacy.Failure.Label()}, f.Legacy.Source)
		case later(f.App) && (known || f.Legacy.Status == compare.Served):
			groups.add(CauseRef{Code: SignalUnavailable, Field: f.Field, Detail: f.App.Failure.Label()}, f.App.Source)
		}
	}
}

// later tells a reading that failed for a passing reason.
func later(r compare.Reading) bool {
	return r.Status == compare.Failed && r.Failure != nil && r.Failure.Kind.Passing()
}

// describe takes make, model and year from the connections list, so that they are known even for vehicles that are
// never called.
func (e *Evidence) describe(links []Link) {
	for _, l := range links {
		e.Make, e.Model, e.Year, e.Mode = l.Make, l.Model, l.Year, l.Mode
		if sameID(l.UserID, e.Identity.AskedAs) {
			return
		}
	}
}

// describeBy fills what the list did not say from the app leg's own answer.
func (e *Evidence) describeBy(s compare.Signals) {
	if e.Make == "" {
		e.Make, e.Model, e.Mode = s.Text("make"), s.Text("model"), s.Text("mode")
	}
	if e.Year == 0 {
		e.Year = s.Number("year")
	}
}
