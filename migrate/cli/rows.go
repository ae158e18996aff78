package cli

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"scmigrate/migrate/inventory"
)

// otherDemands tells whether anything differs that a judgement or a report depends on.
func otherDemands(a, b inventory.Entry) bool {
	return a.VIN != b.VIN || a.Label != b.Label || a.Cohort != b.Cohort || !slices.Equal(a.Fields, b.Fields) || a.Invalid != b.Invalid || a.Duplicate != b.Duplicate
}

// mostRows is how many added and removed rows are named.
const mostRows = 10

// otherRows says which rows an inventory has more and which it lacks; it keeps a number per vehicle while it looks.
func (h *hearing) otherRows(ctx context.Context, dir, name string) error {
	seed := maphash.MakeSeed()
	key := func(e inventory.Entry) uint64 { return maphash.String(seed, strings.ToLower(e.VehicleID)) }
	left := map[uint64]int{}
	if err := h.file.Each(ctx, func(e inventory.Entry) error { left[key(e)]++; return nil }); err != nil {
		return err
	}
	var added, removed named
	for r, err := range h.Ledger.Records(ctx) {
		if err != nil {
			return err
		}
		if k := key(r.Entry); left[k] > 0 {
			left[k]--
		} else {
			removed.add(r.Entry.VehicleID)
		}
	}
	err := h.file.Each(ctx, func(e inventory.Entry) error {
		if k := key(e); left[k] > 0 {
			left[k]--
			added.add(e.VehicleID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if added.n+removed.n == 0 {
		return usagef("%s has the rows of the run in another order: leave them in the order of the inventory that %s was begun with", name, dir)
	}
	return usagef("%s has other rows than the run in %s, and rejudge measures nothing.\nadded: %s\nremoved: %s\nTo measure them: scmigrate run -i %s -o NEW_DIR", name, dir, added, removed, name)
}

// named counts things and keeps the first few.
type named struct {
	n    int
	list []string
}

func (n *named) add(id string) {
	if n.n++; n.n <= mostRows {
		n.list = append(n.list, id)
	}
}

// String is "none", or the number and the first ids.
func (n named) String() string {
	if n.n == 0 {
		return "none"
	}
	text := fmt.Sprintf("%d (%s", n.n, strings.Join(n.list, ", "))
	if n.n > len(n.list) {
		text += ", …"
	}
	return text + ")"
}
