package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/internal/inorder"
)

// Glimpse is a vehicle as two runs are compared by it: its record without the evidence.
type Glimpse struct {
	Ordinal           int
	VehicleID, UserID string
	Make              string
	Judgement         migrate.Judgement // empty where it was never called
	Undrawn           bool              // the run's sample left it out
}

// Couple is a vehicle in an earlier run and in a later one; nil where a run does not have it.
type Couple struct{ Was, Is *Glimpse }

// Beside yields every vehicle of two runs, in the order of the vehicleIds, whatever the order of the inventories. It keeps
// one vehicle's rows of each run in memory. Where a vehicle has rows of several users, those of the same user go together
// and then the others as they come: a corrected userId makes no other vehicle.
func Beside(ctx context.Context, was, is *Ledger) iter.Seq2[Couple, error] {
	return func(yield func(Couple, error) bool) {
		ours, stopOurs := iter.Pull2(is.sameVehicles(ctx))
		defer stopOurs()
		theirs, stopTheirs := iter.Pull2(was.sameVehicles(ctx))
		defer stopTheirs()
		before, err, more := theirs()
		now, err2, more2 := ours()
		for err == nil && err2 == nil && (more || more2) {
			var couples []Couple
			takeWas, takeIs := more && (!more2 || before[0].key() <= now[0].key()), more2 && (!more || now[0].key() <= before[0].key())
			switch {
			case takeWas && takeIs:
				couples = coupled(before, now)
			case takeWas:
				couples = coupled(before, nil)
			default:
				couples = coupled(nil, now)
			}
			for _, c := range couples {
				if !yield(c, nil) {
					return
				}
			}
			if takeWas {
				before, err, more = theirs()
			}
			if takeIs {
				now, err2, more2 = ours()
			}
		}
		if err == nil {
			err = err2
		}
		if err != nil {
			yield(Couple{}, err)
		}
	}
}

// key orders as the ledger does: ASCII letters without case.
func (g Glimpse) key() string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, g.VehicleID)
}

// coupled puts the rows of one vehicle together.
func coupled(was, is []Glimpse) (couples []Couple) {
	was, is = slices.Clone(was), slices.Clone(is)
	pair := func(alike func(a, b Glimpse) bool) {
		for i := 0; i < len(is); i++ {
			if k := slices.IndexFunc(was, func(w Glimpse) bool { return alike(w, is[i]) }); k >= 0 {
				w, n := was[k], is[i]
				couples = append(couples, Couple{&w, &n})
				was, is = slices.Delete(was, k, k+1), slices.Delete(is, i, i+1)
				i--
			}
		}
	}
	pair(func(a, b Glimpse) bool { return strings.EqualFold(a.UserID, b.UserID) })
	pair(func(Glimpse, Glimpse) bool { return true })
	for _, w := range was {
		couples = append(couples, Couple{Was: &w})
	}
	for _, n := range is {
		couples = append(couples, Couple{Is: &n})
	}
	return couples
}

// mostAlike bounds the rows that are taken for one vehicle's at a time: faulty rows may all have no id.
const mostAlike = 100

// sameVehicles yields the rows of each vehicleId together, in the order of the ids.
func (l *Ledger) sameVehicles(ctx context.Context) iter.Seq2[[]Glimpse, error] {
	return func(yield func([]Glimpse, error) bool) {
		var group []Glimpse
		for g, err := range inorder.Map(ctx, l.glimpses(ctx), glimpseRow.glimpse) {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(group) > 0 && (group[0].key() != g.key() || len(group) == mostAlike) {
				if !yield(group, nil) {
					return
				}
				group = nil
			}
			group = append(group, g)
		}
		if len(group) > 0 {
			yield(group, nil)
		}
	}
}

// glimpseRow is a row as it lies there.
type glimpseRow struct {
	Glimpse
	judgement string
}

func (r glimpseRow) glimpse() (Glimpse, error) {
	if r.judgement == "" {
		return r.Glimpse, nil
	}
	if err := json.Unmarshal([]byte(r.judgement), &r.Judgement); err != nil {
		return r.Glimpse, fmt.Errorf("the ledger holds a row that cannot be read: %w", err)
	}
	return r.Glimpse, nil
}

// glimpses yields rows in the order of the vehicleIds, a page at a time.
func (l *Ledger) glimpses(ctx context.Context) iter.Seq2[glimpseRow, error] {
	return func(yield func(glimpseRow, error) bool) {
		for last := (Glimpse{Ordinal: -1}); ; {
			rows, err := l.glimpsePage(ctx, last)
			for _, r := range rows {
				if last = r.Glimpse; !yield(r, nil) {
					return
				}
			}
			if err != nil {
				yield(glimpseRow{}, err)
			}
			if err != nil || len(rows) < page {
				return
			}
		}
	}
}

func (l *Ledger) glimpsePage(ctx context.Context, after Glimpse) (list []glimpseRow, err error) {
	rows, err := l.query(ctx, `SELECT ordinal, vehicle_id, user_id, coalesce(make, ''), coalesce(judgement, ''), drawn FROM vehicles
		WHERE (vehicle_id, ordinal) > (?, ?) ORDER BY vehicle_id, ordinal LIMIT ?`, after.VehicleID, after.Ordinal, page)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r glimpseRow
		var drawn bool
		if err := rows.Scan(&r.Ordinal, &r.VehicleID, &r.UserID, &r.Make, &r.judgement, &drawn); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		r.Undrawn = !drawn
		list = append(list, r)
	}
	return list, rows.Err()
}
