package report

import (
	"maps"
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// clocks holds what the vehicles' answers say about this machine's clock. Its size is that of the different minutes seen.
type clocks struct {
	known, skewed int
	byMinute      map[int]int // vehicles by minutes that Smartcar's clock is ahead
	examples      []string
}

func (c *clocks) add(rec migrate.Record) {
	skew, known := rec.Evidence.ClockSkew()
	if !known {
		return
	}
	c.known++
	if !rec.Evidence.Skewed() {
		return
	}
	c.skewed++
	if c.byMinute == nil {
		c.byMinute = map[int]int{}
	}
	c.byMinute[int(skew.Round(time.Minute)/time.Minute)]++
	if len(c.examples) < maxExamples {
		c.examples = append(c.examples, rec.Entry.VehicleID)
	}
}

// note is said once, where the clocks differ for most vehicles: for a few, it was one slow or odd answer.
func (c *clocks) note() (Note, bool) {
	if c.skewed*2 <= c.known {
		return Note{}, false
	}
	n := note(migrate.ClockSkew, c.skewed, c.examples)
	off, word := c.median(), "behind"
	if off < 0 {
		off, word = -off, "ahead of"
	}
	n.Text = "this machine's clock is " + compare.Span(off) + " " + word + " Smartcar's; " + n.Text
	return n, true
}

// median is the skew of the vehicle in the middle, to the minute.
func (c *clocks) median() time.Duration {
	seen := 0
	for _, minute := range slices.Sorted(maps.Keys(c.byMinute)) {
		if seen += c.byMinute[minute]; seen*2 >= c.skewed {
			return time.Duration(minute) * time.Minute
		}
	}
	return 0
}
