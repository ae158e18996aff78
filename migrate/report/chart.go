package report

import (
	"fmt"
	"strings"
)

// The charts are drawn in these units; the page scales them.
const (
	barWide    = 1000 // the verdict bar
	barGap     = 3    // between its segments
	causeWide  = 440  // the causes chart
	causePitch = 40   // one cause: its name, its bar
)

// segment is one part of the verdict bar.
type segment struct {
	Class, Name, Mark string
	Count             int
	X, Width          float64
}

// Label tells whether the mark fits into the segment.
func (s segment) Label() bool { return s.Width >= 24 }

// Middle is where the mark stands.
func (s segment) Middle() float64 { return s.X + s.Width/2 }

// verdictBar splits the bar by verdict, and the ready part by proof. Whatever is not zero gets a visible width.
func verdictBar(s Summary) []segment {
	v := s.Verdicts
	rest := max(v.Ready-s.Proof.Full, 0)
	parts := []segment{
		{Class: "ready", Name: "ready, proved in full", Mark: "=", Count: v.Ready - rest},
		{Class: "ready-part", Name: "ready, proved in part", Mark: "=", Count: rest},
		{Class: "blocked", Name: "blocked", Mark: "!", Count: v.Blocked},
		{Class: "broken", Name: "broken", Mark: "-", Count: v.Broken},
		{Class: "inconclusive", Name: "inconclusive", Mark: "?", Count: v.Inconclusive},
	}
	return layOut(parts)
}

// layOut gives each part that is not empty its share of the width, at least a few units.
func layOut(parts []segment) []segment {
	const least = 6
	total, used := 0, 0
	var out []segment
	for _, p := range parts {
		if p.Count > 0 {
			out = append(out, p)
			total += p.Count
		}
	}
	used = len(out)*least + (len(out)-1)*barGap
	x := 0.0
	for i := range out {
		out[i].X = x
		out[i].Width = tenths(least + float64(barWide-used)*float64(out[i].Count)/float64(total))
		x = tenths(x + out[i].Width + barGap)
	}
	return out
}

func tenths(f float64) float64 { return float64(int(f*10+0.5)) / 10 }

func barText(s Summary) string {
	var parts []string
	for _, p := range verdictBar(s) {
		parts = append(parts, fmt.Sprintf("%s %s", count(p.Count), p.Name))
	}
	if len(parts) == 0 {
		return "There are no vehicles."
	}
	return strings.Join(parts, "; ") + "."
}

// causeRow is a cause with its place in the chart.
type causeRow struct {
	Cause
	Where string  // field, make, error code
	Y     int     // top of its row
	Width float64 // of its bar
	Name  string  // cut for the chart
}

// TextY and BarY are the lines of one row.
func (c causeRow) TextY() int { return c.Y + 14 }

// BarY is the top of the bar.
func (c causeRow) BarY() int { return c.Y + 21 }

// causeRows takes ranked causes.
func causeRows(causes []Cause) []causeRow {
	rows := make([]causeRow, 0, len(causes))
	for i, c := range causes {
		width := 0.0
		if most := causes[0].Vehicles; most > 0 {
			width = tenths(max(3, causeWide*float64(c.Vehicles)/float64(most)))
		}
		rows = append(rows, causeRow{Cause: c, Where: c.subject(), Y: i * causePitch, Width: width, Name: clip(joined(" · ", c.Code, c.subject()), 52)})
	}
	return rows
}

func chartText(rows []causeRow) string {
	var parts []string
	for _, c := range rows {
		parts = append(parts, fmt.Sprintf("%s: %s", c.Name, vehicles(c.Vehicles)))
	}
	return strings.Join(parts, "; ") + "."
}
