package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// causeRow is a cause as the page shows it.
type causeRow struct {
	Cause
	Where string   // field, make, error code
	Cars  []string // some of its vehicles, as the list names them
}

// byUnblocked are the causes by the vehicles that each alone keeps from being ready; then by vehicles, and then as given.
func byUnblocked(causes []Cause) []Cause {
	out := slices.Clone(causes)
	slices.SortStableFunc(out, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Unblocks, a.Unblocks), cmp.Compare(b.Vehicles, a.Vehicles))
	})
	return out
}

// causeRows takes causes in their order and, for each, some vehicles that have it.
func causeRows(causes []Cause, cars [][]string) []causeRow {
	rows := make([]causeRow, 0, len(causes))
	for i, c := range causes {
		rows = append(rows, causeRow{Cause: c, Where: c.subject(), Cars: cars[i]})
	}
	return rows
}

// actorsText says who could free how many vehicles, "" where nobody could.
func actorsText(causes []Cause) string {
	waits := map[string]int{}
	var names []string
	for _, c := range causes {
		who := cmp.Or(c.Who, "nobody in particular")
		if c.Unblocks > 0 && waits[who] == 0 {
			names = append(names, who)
		}
		waits[who] += c.Unblocks
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(waits[b], waits[a]) })
	var parts []string
	for _, who := range names {
		parts = append(parts, fmt.Sprintf("%s %s", strings.TrimPrefix(who, "nobody: "), count(waits[who])))
	}
	return strings.Join(parts, ", ")
}

// causeIndex finds the cause of the report that a vehicle's cause is counted in.
type causeIndex map[causeKey]int

// anyDetail stands for a detail that no cause has: in the shareable form a label may have been taken out of it.
const anyDetail = "\x00"

func indexCauses(causes []Cause) causeIndex {
	index := causeIndex{}
	for i, c := range causes {
		for _, detail := range []string{c.ErrorCode, anyDetail} { // of several alike the first
			key := causeKey{c.Code, c.Field, c.Make, detail}
			if _, known := index[key]; !known {
				index[key] = i
			}
		}
	}
	return index
}

// of is false for a cause that the page has no place for.
func (x causeIndex) of(vehicleMake string, ref CauseRef) (int, bool) {
	key := causeKey{code: ref.Code, field: ref.Field, detail: ref.Detail}
	if ref.Field != "" {
		key.make = vehicleMake
	}
	if ref.Waived { // the waiver's id stands last
		key.detail = key.detail[:max(strings.LastIndex(key.detail, ", "), 0)]
	}
	if i, ok := x[key]; ok {
		return i, true
	}
	key.detail = anyDetail
	i, ok := x[key]
	return i, ok
}
