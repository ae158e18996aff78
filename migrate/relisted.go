package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ListChanges are the changes between whole readings of the connections list.
type ListChanges struct {
	Gone     Counted `json:"gone"`             // connected before, and no more
	New      Counted `json:"new"`              // connected since
	Lost     Counted `json:"lost"`             // granted less than before
	Gained   Counted `json:"gained"`           // granted more
	Reopened int     `json:"reopened"`         // vehicles that are measured again for it
	Failed   int     `json:"failed,omitempty"` // readings that were not whole while an earlier one was
	Why      string  `json:"why,omitempty"`    // the last of those
}

// Counted is a number of vehicles and the ids of the first few.
type Counted struct {
	N        int      `json:"n"`
	Examples []string `json:"examples,omitempty"`
}

// maxCounted is how many vehicles are named.
const maxCounted = 20

// Add counts one more.
func (c *Counted) Add(vehicleID string) {
	if c.N++; len(c.Examples) < maxCounted {
		c.Examples = append(c.Examples, vehicleID)
	}
}

// Plus adds later ones.
func (c Counted) Plus(o Counted) Counted {
	all := append(slices.Clone(c.Examples), o.Examples...)
	return Counted{c.N + o.N, all[:min(len(all), maxCounted)]}
}

// Plus adds later changes.
func (c ListChanges) Plus(o ListChanges) ListChanges {
	return ListChanges{Gone: c.Gone.Plus(o.Gone), New: c.New.Plus(o.New), Lost: c.Lost.Plus(o.Lost), Gained: c.Gained.Plus(o.Gained),
		Reopened: c.Reopened + o.Reopened, Failed: c.Failed + o.Failed, Why: cmp.Or(o.Why, c.Why)}
}

// Text says the changes, "" where there are none.
func (c ListChanges) Text() string {
	var parts []string
	for _, p := range []struct {
		n    int
		text string
	}{{c.Gone.N, "gone"}, {c.New.N, "new"}, {c.Lost.N, "granted less"}, {c.Gained.N, "granted more"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	text := "connections changed since the list was read before: " + strings.Join(parts, ", ")
	if c.Reopened > 0 {
		text += fmt.Sprintf("; vehicles measured before that are measured again: %d", c.Reopened)
	}
	return text
}

// Examples are a few of the vehicles, those first that may have lost something.
func (c ListChanges) Examples(n int) []string {
	all := slices.Concat(c.Gone.Examples, c.Lost.Examples, c.New.Examples, c.Gained.Examples)
	return all[:min(n, len(all))]
}

// N is how many connections changed.
func (c ListChanges) N() int { return c.Gone.N + c.New.N + c.Lost.N + c.Gained.N }
