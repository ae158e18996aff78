package rotate

import (
	"path/filepath"

	"scmigrate/migrate/internal/durable"
)

// Lost is a grant whose owner must connect again.
type Lost struct {
	Grant    string
	Vehicles []Vehicle
	Why      string
}

// Reconnect lists the grants whose owners must connect again, in the order of refreshing.
func (r *Rotation) Reconnect() (list []Lost) {
	for _, i := range r.journal.order {
		if i.state == eventRefused {
			list = append(list, Lost{i.grant, i.vehicles, i.why})
		}
	}
	return list
}

// Refreshed is how many grants the store has new pairs of, those of an interrupted run that is being finished included.
func (r *Rotation) Refreshed() (n int) {
	for _, i := range r.journal.order {
		if i.state == eventStored {
			n++
		}
	}
	return n
}

// Complete puts the pairs that another store has into the new inventory, as far as their tokens or expiries stand there.
func (r *Rotation) Complete(t *Text) error {
	for _, i := range r.journal.order {
		if i.state != eventStored {
			continue
		}
		for _, v := range i.vehicles {
			if ordinal, ok := t.places[v]; ok {
				t.pairs[ordinal] = i.pair
			}
		}
	}
	return t.Write()
}

// Finish replaces the journal by what is worth keeping of it: which tokens are spent, without any token.
func (r *Rotation) Finish() error {
	r.step("finish: before")
	if err := r.journal.close(); err != nil {
		return err
	}
	r.journal.file = nil
	if err := replace(r.o.Journal, r.step, r.journal.retire); err != nil {
		return err
	}
	r.step("finish: replaced")
	return durable.Folder(filepath.Dir(r.o.Journal))
}
