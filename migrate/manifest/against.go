package manifest

import (
	"context"
	"fmt"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
)

// Inventory holds the manifest against the inventory as it is now: each gives its entries, as often as it is called.
func (v *Verification) Inventory(each func(func(inventory.Entry) error) error) error {
	v.forget()
	err := each(func(e inventory.Entry) error {
		i, known := v.index[v.pair(e.VehicleID, e.UserID)]
		wave, switched := v.users[v.id(e.UserID)]
		switch {
		case known && i >= 0:
			v.claims[i].known = true
			if v.judged(v.claims[i].wave) && v.fieldsOf(e.Fields) != v.claims[i].fields {
				v.doubt(i, OtherFields, "")
			}
		case !known && e.UserID != "" && switched && v.judged(wave):
			v.stranger(e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.missed(each)
}

func (v *Verification) stranger(e inventory.Entry) {
	if v.strangers++; len(v.uncertified) < mostWhys {
		v.uncertified = append(v.uncertified, Stranger{e.Line, strings.Clone(e.VehicleID), strings.Clone(e.UserID)})
	}
}

func (v *Verification) forget() {
	for i := range v.claims {
		v.claims[i].known = false
	}
}

// missed doubts what was not found, and looks once more for whose the vehicles are now.
func (v *Verification) missed(each func(func(inventory.Entry) error) error) error {
	gone := false
	for i := range v.claims {
		if c := &v.claims[i]; !c.known && v.judged(c.wave) {
			v.doubt(int32(i), NotInInventory, "")
			gone = true
		}
	}
	if !gone {
		return nil
	}
	now := map[uint64]string{} // users of vehicles that have another one
	err := each(func(e inventory.Entry) error {
		if len(now) < mostWhys {
			if i, known := v.index[v.pair(e.VehicleID, e.UserID)]; !known || i < 0 {
				now[v.id(e.VehicleID)] = strings.Clone(e.UserID)
			}
		}
		return nil
	})
	v.others = now
	return err
}

// Run holds the manifest against the run it was made of, whose vehicles judge judges as of today. Only the manifest's own
// run says more than its seal: whether it holds the vehicles for ready still.
func (v *Verification) Run(ctx context.Context, l *ledger.Ledger, judge func(migrate.Record) migrate.Judgement) error {
	v.forget()
	type look struct {
		rec  migrate.Record
		hash string
	}
	held := map[uint64]string{} // users, and their vehicle that is not ready
	for one, err := range ledger.MapStored(ctx, l, func(rec migrate.Record, stored []byte) (look, error) {
		rec.Judgement = judge(rec)
		rec.Evidence.Findings = nil
		return look{rec, hashOf(stored)}, nil
	}) {
		if err != nil {
			return err
		}
		e, verdict := one.rec.Entry, one.rec.Judgement.Verdict
		user := v.id(e.UserID)
		if _, switched := v.users[user]; switched && (verdict == migrate.Blocked || verdict == migrate.Inconclusive) {
			held[user] = e.VehicleID
		}
		if i, known := v.index[v.pair(e.VehicleID, e.UserID)]; known && i >= 0 {
			v.compare(i, one.rec, one.hash)
		}
	}
	for i := range v.claims {
		c := &v.claims[i]
		if !v.judged(c.wave) {
			continue
		}
		if !c.known {
			v.doubt(int32(i), NotInRun, "")
		}
		if id := held[c.user]; id != "" && c.doubts&NotReady == 0 {
			v.doubt(int32(i), NotReady, "vehicle "+id+" of the same user is blocked or was not measured")
		}
	}
	return nil
}

// compare holds a claim against the run's record.
func (v *Verification) compare(i int32, rec migrate.Record, hash string) {
	c := &v.claims[i]
	c.known = true
	switch {
	case !v.judged(c.wave):
	case rec.Judgement.Verdict != migrate.Ready:
		v.doubt(i, NotReady, fmt.Sprintf("it is %s: %s", rec.Judgement.Verdict, leftOut(rec, "").Cause))
	case v.id(hash) != c.evidence || rec.At.Unix() != c.at:
		v.doubt(i, MeasuredAgain, "")
	}
}
