package report

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
)

// pseudonymShape is what Pseudonym makes, in any case.
var pseudonymShape = regexp.MustCompile(`^(?i)(veh|usr|vin|req|id)-[0-9a-f]{12}$`)

// Behind tells of a record whether name stands for it: a vehicle, user or request id or a VIN as it is, or the pseudonym
// that the shareable reports under key have for one. Case does not matter.
func Behind(key []byte, name string) func(migrate.Record) bool {
	if !pseudonymShape.MatchString(name) {
		return func(r migrate.Record) bool {
			return anyID(r, func(_, id string) bool { return strings.EqualFold(id, name) })
		}
	}
	kind, digits, _ := strings.Cut(strings.ToLower(name), "-")
	return func(r migrate.Record) bool {
		return anyID(r, func(of, id string) bool {
			return (kind == of || kind == pseudonymOfShape) && Pseudonym(key, "", id) == "-"+digits || strings.EqualFold(id, name)
		})
	}
}

// anyID tells whether one of the record's ids, each with its kind of pseudonym, is wanted.
func anyID(r migrate.Record, wanted func(kind, id string) bool) bool {
	if wanted(PseudonymVehicle, r.Entry.VehicleID) || wanted(PseudonymUser, r.Entry.UserID) || wanted(PseudonymVIN, r.Entry.VIN) {
		return true
	}
	id := r.Evidence.Identity
	if wanted(PseudonymUser, id.Suggested) || wanted(PseudonymVehicle, id.MovedTo) {
		return true
	}
	for _, leg := range [][]string{r.Evidence.Legacy.RequestIDs, r.Evidence.App.RequestIDs} {
		for _, request := range leg {
			if wanted(PseudonymRequest, request) {
				return true
			}
		}
	}
	for _, f := range r.Evidence.Findings {
		if f.Field == vinField && (wanted(PseudonymVIN, f.Legacy.Value.Text) || wanted(PseudonymVIN, f.App.Value.Text)) {
			return true
		}
	}
	return false
}

// Find gives the inventory entries of a run that name stands for (see Behind), in inventory order, and the key of the run's
// pseudonyms.
func Find(ctx context.Context, l *ledger.Ledger, name string) (found []migrate.Record, key []byte, err error) {
	h, err := l.Header(ctx)
	if err != nil {
		return nil, nil, err
	}
	if key, err = hex.DecodeString(h.ShareKey); err != nil {
		return nil, nil, fmt.Errorf("the ledger's key of the pseudonyms cannot be read: %w", err)
	}
	behind := Behind(key, name)
	bare := func(migrate.Record) bool { return false } // of the findings the one about the VIN is enough
	matches := ledger.Map(ctx, l, bare, func(rec migrate.Record) (int, error) {
		if behind(rec) {
			return rec.Entry.Ordinal, nil
		}
		return -1, nil
	})
	for ordinal, err := range matches {
		if err != nil {
			return nil, nil, err
		}
		if ordinal < 0 {
			continue
		}
		rec, err := l.Record(ctx, ordinal)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, rec)
	}
	return found, key, nil
}

// Vehicles are records as the reports of their run show them, with all fields, every text made fit for a terminal.
func Vehicles(ctx context.Context, l *ledger.Ledger, records []migrate.Record) (list []Vehicle, err error) {
	facts, err := l.Facts(ctx)
	if err != nil {
		return nil, err
	}
	demands, err := l.Rules(ctx)
	if err != nil {
		return nil, err
	}
	shown := shownRecords{ctx, l, facts, demands}
	for _, rec := range records {
		list = append(list, rewrite(vehicleOf(shown.show(rec), true), plain))
	}
	return list, nil
}
