package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
)

// own gives the entries of the inventory that are this run's: all, or those of its shard.
func (f *fleet) own(ctx context.Context) func(put func(inventory.Entry) error) error {
	return func(put func(inventory.Entry) error) error {
		return f.file.Each(ctx, func(e inventory.Entry) error {
			if !f.o.shard.Has(e) {
				return nil
			}
			return put(e)
		})
	}
}

// changed goes on with a directory although its inventory is another now. Rows in another order, or with ids in another
// case, are nothing to ask about; everything else is listed, and needs --accept-changes.
func (f *fleet) changed(ctx context.Context, h *ledger.Header) error {
	err := f.ledger.ReplaceEntries(ctx, h.Seed, f.own(ctx), func(c ledger.Changes) (ledger.Header, error) {
		if text := changesText(c); c.Any() {
			if !f.o.acceptChanges {
				return *h, usagef("%s was begun with another inventory:\n%s\nTo go on with this one: the same command with --accept-changes. To leave that run as it is: a new -o DIR", f.o.out, text)
			}
			fmt.Fprintf(f.p.Stderr, "changes of the inventory that are accepted (--accept-changes):\n%s\n", text)
		}
		h.InventoryDigest, h.Changed = f.file.Digest(), f.p.Now().UTC().Format(time.RFC3339)
		h.Stopped, h.FinishedAt, h.Complete = "", "", false
		if h.Shard != "" {
			h.Length = f.file.Len()
		}
		if c.Fields.N > 0 {
			h.RulesDigest = "" // judged anew, also where this process ends before
		}
		return *h, nil
	})
	return refusal(err)
}

func changesText(c ledger.Changes) string {
	var lines []string
	for _, part := range []struct {
		what string
		c    migrate.Counted
	}{{"added", c.Added}, {"removed", c.Removed}, {"another userId, to be measured anew", c.Users}, {"other fields, to be judged anew", c.Fields}, {"another grant", c.Grants}} {
		if part.c.N > 0 {
			lines = append(lines, fmt.Sprintf("  %s: %s", part.what, named{part.c.N, part.c.Examples[:min(len(part.c.Examples), mostRows)]}))
		}
	}
	return strings.Join(lines, "\n")
}
