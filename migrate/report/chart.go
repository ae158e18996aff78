package report

import (
	"fmt"
	"strings"
)

// The charts are drawn in these units; the page scales them.
const (
	bannerWide = 1000 // the verdict bar on the first screen
	chartWide  = 440  // a chart of rows
	chartPitch = 40   // one row: its name and figure, its bar
	leastWide  = 24   // a segment into which its mark fits
)

// segment is one part of a bar.
type segment struct {
	Class, Name, Mark string
	Count             int
	X, Width          float64
}

// Label tells whether the mark fits into the segment.
func (s segment) Label() bool { return s.Mark != "" && s.Width >= leastWide }

// Middle is where the mark stands.
func (s segment) Middle() float64 { return tenths(s.X + s.Width/2) }

// chart is a figure of horizontal bars; Table is the same for whoever does not see it.
type chart struct {
	ID, Title, Note string
	Rows            []chartRow
	Columns         []string // the first names the rows
	Table           [][]string
}

// chartRow is one bar with its name and figure.
type chartRow struct {
	Name, Figure string
	Y            int
	Bars         []segment
}

// Tall is the height of the drawing.
func (c chart) Tall() int { return len(c.Rows) * chartPitch }

// Text is the drawing in one sentence.
func (c chart) Text() string {
	parts := make([]string, 0, len(c.Rows))
	for _, r := range c.Rows {
		parts = append(parts, r.Name+": "+r.Figure)
	}
	return strings.Join(parts, "; ") + "."
}

// add places a row under the others.
func (c *chart) add(name, figure string, bars []segment) {
	c.Rows = append(c.Rows, chartRow{clip(name, 40), figure, len(c.Rows) * chartPitch, bars})
}

// TextY is the line of the row's name.
func (r chartRow) TextY() int { return r.Y + 14 }

// BarY is the top of its bar.
func (r chartRow) BarY() int { return r.Y + 20 }

// MarkY is the line of the marks in the bar.
func (r chartRow) MarkY() int { return r.Y + 30 }

// verdictParts splits vehicles by verdict, and the ready ones by proof.
func verdictParts(v Verdicts, p Proof) []segment {
	rest := max(v.Ready-p.Full, 0)
	return []segment{
		{Class: "ready", Name: "ready, proved in full", Mark: "=", Count: v.Ready - rest},
		{Class: "ready-part", Name: "ready, proved in part", Mark: "=", Count: rest},
		{Class: "blocked", Name: "blocked", Mark: "!", Count: v.Blocked},
		{Class: "broken", Name: "broken", Mark: "-", Count: v.Broken},
		{Class: "inconclusive", Name: "inconclusive", Mark: "?", Count: v.Inconclusive},
	}
}

// layOut gives each part that is not empty its share of the width; whatever is not zero can be seen.
func layOut(parts []segment, wide float64) []segment {
	least, gap := wide*0.006, wide*0.003
	total := 0
	var out []segment
	for _, p := range parts {
		if p.Count > 0 {
			out = append(out, p)
			total += p.Count
		}
	}
	free := wide - float64(len(out))*least - float64(len(out)-1)*gap
	x := 0.0
	for i := range out {
		out[i].X = tenths(x)
		out[i].Width = tenths(least + free*float64(out[i].Count)/float64(total))
		x += out[i].Width + gap
	}
	return out
}

// length is a bar of one part, against the longest of its chart.
func length(part segment, most int) []segment {
	if part.Count == 0 || most == 0 {
		return nil
	}
	part.Width = tenths(max(3, chartWide*float64(part.Count)/float64(most)))
	return []segment{part}
}

func tenths(f float64) float64 { return float64(int(f*10+0.5)) / 10 }

func partsText(parts []segment) string {
	var words []string
	for _, p := range parts {
		if p.Count > 0 {
			words = append(words, fmt.Sprintf("%s %s", count(p.Count), p.Name))
		}
	}
	if len(words) == 0 {
		return "There are no vehicles."
	}
	return strings.Join(words, "; ") + "."
}
