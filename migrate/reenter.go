package migrate

import (
	"slices"

	"scmigrate/migrate/inventory"
)

// Under is the record under a corrected inventory entry of the same vehicle: the evidence that still speaks about it. A
// corrected userId is held against the connections that were listed; links are those the ledger knows. What the app leg
// answered for another user than the entry's says nothing about this one and is dropped: the vehicle counts as cut short, to
// be measured again. An entry that was faulty was never measured.
func (r Record) Under(entry inventory.Entry, links []Link) Record {
	before := r.Entry
	r.Entry = entry
	switch {
	case r.Judgement.Verdict == "":
		return r
	case faultyEntry(before) != "":
		return Record{Entry: entry, Undrawn: r.Undrawn}
	case faultyEntry(entry) != "" || sameID(before.UserID, entry.UserID):
		return r
	}
	old := r.Evidence.Identity
	id := identify(entry, old.connections(links), old.Whole)
	id.TokenUser, id.OtherCarID = old.TokenUser, old.OtherCarID
	if app := r.Evidence.App.Outcome; app != LegNotRun && app != "" && !sameID(old.AskedAs, id.AskedAs) {
		r.Evidence.App, r.Evidence.Findings = Leg{Outcome: LegNotRun, Detail: otherUser}, nil
		r.Evidence.Cut, id.OtherCarID = !id.Absent, ""
	}
	r.Evidence.Identity = id
	return r
}

// otherUser is the detail of an app leg that was called with another userId than the one that is stored now.
const otherUser = "measured with another userId than the one that is stored now"

// connections are everybody who is known to be connected: by the list as the ledger has it, and by what was asked for the
// vehicle alone. A connection whose details nobody kept states no permissions, which proves none to be missing.
func (id Identity) connections(links []Link) []Link {
	all := slices.DeleteFunc(slices.Clone(links), func(l Link) bool { return l.UserID == "" })
	if id.Listed != nil {
		all = merge(all, []Link{*id.Listed})
	}
	for _, user := range id.Users {
		all = merge(all, []Link{{UserID: user}})
	}
	return all
}
