package preflight

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// draw takes a random sample of the vehicles that name a user. A fixed seed draws the same ones again, so that a second look
// at a setup asks about the same vehicles.
func (f *flight) draw(ctx context.Context) error {
	type lot struct {
		key   string
		entry inventory.Entry
	}
	var lots []lot
	byKey := func(a, b lot) int { return cmp.Compare(a.key, b.key) }
	err := f.Vehicles.Each(ctx, func(e inventory.Entry) error {
		if !drawable(e) {
			return nil
		}
		if lots = append(lots, lot{migrate.DrawKey(f.Seed, e), e}); len(lots) > 2*f.Sample+1 {
			slices.SortStableFunc(lots, byKey)
			lots = lots[:f.Sample]
		}
		return nil
	})
	slices.SortStableFunc(lots, byKey)
	for _, l := range lots[:min(len(lots), f.Sample)] {
		f.drawn = append(f.drawn, l.entry)
	}
	return err
}

func drawable(e inventory.Entry) bool { return e.UserID != "" && e.Invalid == "" && !e.Duplicate }

// errFound ends a search of the inventory.
var errFound = errors.New("found")

// chosen is the vehicle whose batch is tried: the one that was named, else the first simulated one, which costs no owner
// anything. An entry that may have a token goes before one that has none.
func (f *flight) chosen(ctx context.Context) (chosen inventory.Entry, ok bool, err error) {
	err = f.Vehicles.Each(ctx, func(e inventory.Entry) error {
		if e.Invalid != "" || !f.eligible(e) {
			return nil
		}
		if !ok {
			chosen, ok = e, true
		}
		if e.HasToken {
			chosen = e
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return chosen, ok, err
}

func (f *flight) eligible(e inventory.Entry) bool {
	if f.VehicleID != "" {
		return strings.EqualFold(e.VehicleID, f.VehicleID)
	}
	return f.mode[strings.ToLower(e.VehicleID)] == "simulated"
}
