package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/owners"
)

// say tells what was written, what was not, and why; its error carries the exit code.
func (b *backfill) say(findings []owners.Finding, filled inventory.Filled) error {
	out := b.vault.Writer(b.p.Stdout)
	w := &lineWriter{out: out}
	if w.err = inventory.Diff(out, b.name(), b.o.out, filled.Changes); len(filled.Changes) > 0 {
		w.line("")
	}
	by := map[string]int{}
	undecided := 0
	for _, f := range findings {
		if f.UserID != "" {
			by[f.Why]++
			continue
		}
		if undecided++; undecided == 1 {
			w.line("Undecided:")
		}
		b.sayUndecided(w, f)
	}
	b.sayUnfilled(w, findings, filled)
	b.sum(w, len(findings), undecided, by)
	if err := out.Close(); w.err == nil {
		w.err = err
	}
	if w.err == nil && undecided+len(filled.Unfilled) > 0 {
		return &exitError{migrate.ExitUndecided, fmt.Errorf("%s without a userId (they are listed above; write them by hand, or ask more sources with --from)", counted(undecided+len(filled.Unfilled), "row")+" still")}
	}
	return w.err
}

func (b *backfill) sayUndecided(w *lineWriter, f owners.Finding) {
	w.line("%s:%d: vehicle %s: %s", b.name(), f.Line, f.VehicleID, f.Why)
	for _, user := range sightedUsers(f.Sightings) {
		w.line("    %s  %s", user, strings.Join(apart(f.Sightings, user), "; "))
	}
	for _, s := range b.stated {
		if strings.EqualFold(s.VehicleID, f.VehicleID) {
			w.line("    line %d has the vehicle with user %s", s.Line, s.UserID)
		}
	}
}

// name is the inventory's in messages.
func (b *backfill) name() string {
	if b.o.inventory == "-" {
		return "stdin"
	}
	return b.o.inventory
}

func sightedUsers(list []owners.Sighting) (users []string) {
	for _, s := range list {
		if !slices.ContainsFunc(users, func(u string) bool { return strings.EqualFold(u, s.UserID) }) {
			users = append(users, s.UserID)
		}
	}
	return users
}

// apart is what tells a user of a vehicle from the others, source by source.
func apart(list []owners.Sighting, user string) (texts []string) {
	for _, s := range list {
		if !strings.EqualFold(s.UserID, user) {
			continue
		}
		text := string(s.Source)
		if s.Source == owners.Token {
			text += ": the row's token is this user's"
		}
		if !s.At.IsZero() {
			text += ": " + cmp.Or(map[owners.Source]string{owners.Webhooks: "newest delivery"}[s.Source], "connected") + " " + s.At.UTC().Format(time.RFC3339)
		}
		for _, more := range []struct {
			name, value string
		}{{"mode", s.Mode}, {"externalId", s.ExternalID}} {
			if more.value != "" {
				text += fmt.Sprintf(", %s %q", more.name, more.value)
			}
		}
		if s.Permissions > 0 {
			text += ", " + counted(s.Permissions, "permission")
		}
		texts = append(texts, text)
	}
	return texts
}

// sayUnfilled names rows that are decided and could not be written.
func (b *backfill) sayUnfilled(w *lineWriter, findings []owners.Finding, filled inventory.Filled) {
	for _, f := range findings {
		if slices.Contains(filled.Unfilled, f.Ordinal) {
			w.line("%s:%d: vehicle %s: the YAML of this row cannot be edited in place; write userId: %s by hand", b.name(), f.Line, f.VehicleID, f.UserID)
		}
	}
}

func (b *backfill) sum(w *lineWriter, all, undecided int, by map[string]int) {
	if all == 0 {
		w.line("Every row has a userId; nobody was asked.")
	} else {
		w.line("%d of %s without userId found, %d undecided; nothing else was changed.", all-undecided, counted(all, "row"), undecided)
	}
	for _, why := range slices.Sorted(maps.Keys(by)) {
		w.line("  %d by %s", by[why], why)
	}
	if by[string(owners.Webhooks)] > 0 {
		w.line("  Webhooks alone do not show a second user of whom no delivery was recorded.")
	}
	for _, path := range []string{b.o.out, b.o.csv} {
		if path != "" {
			w.line("Written: %s", path)
		}
	}
}
