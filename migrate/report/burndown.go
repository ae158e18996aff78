package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The burn-down is drawn in these units, as wide as the other charts.
const (
	columnsTop    = 24  // room for the figures
	columnsTall   = 130 // the tallest column
	columnsUnder  = 22  // room for the days
	widestPitch   = 110
	columnShare   = 0.7 // of the pitch
	leastTall     = 14  // a block into which its mark fits
	leastMarkWide = 14
)

// columnChart is a row of columns, each of them a run.
type columnChart struct {
	ID, Title, Note, Text string
	Steps                 []column
	Columns               []string // of the table
	Table                 [][]string
}

// column is one run: the vehicles that were not ready.
type column struct {
	Name, Figure     string
	X, Middle, Width float64
	Top              float64 // of the highest block
	Own              bool    // the report's own run
	Blocks           []block
}

// block is a part of a column.
type block struct {
	Class, Name, Mark string
	Count             int
	Y, Height         float64
	Label             bool // the mark fits
}

// FigureY is the line of the column's figure.
func (c column) FigureY() float64 { return c.Top - 6 }

// MarkY is the line of the block's mark.
func (b block) MarkY() float64 { return tenths(b.Y + b.Height/2 + 4) }

// Base is the line on which the columns stand, NameY that of the days, Tall the height of the drawing.
func (columnChart) Base() int { return columnsTop + columnsTall }

// NameY: see Base.
func (columnChart) NameY() int { return columnsTop + columnsTall + columnsUnder - 5 }

// Tall: see Base.
func (columnChart) Tall() int { return columnsTop + columnsTall + columnsUnder }

// Many tells that the days stand close together.
func (c columnChart) Many() bool { return len(c.Steps) > 9 }

// burnDown draws how many vehicles were not ready at the end of each run; it has no steps where there is no earlier run
// beside which the report's own can stand.
func burnDown(s Summary) columnChart {
	c := columnChart{ID: "chart-burn-down", Title: "Burn-down", Columns: []string{"Run of", "Vehicles", "Ready", "Blocked", "Broken", "Inconclusive"}}
	runs := s.burnt()
	if len(runs) == 0 {
		return c
	}
	c.Note, c.Text = joined(" ", "Vehicles that were not ready at the end of each run.", s.History.remarks()), s.historyText()
	most := 1
	for _, p := range runs {
		most = max(most, p.Verdicts.notReady())
	}
	pitch := min(widestPitch, float64(chartWide)/float64(len(runs)))
	for i, p := range runs {
		step := columnOf(p, pitch*float64(i), pitch, most)
		step.Own = p.ID == s.Run.ID
		c.Steps = append(c.Steps, step)
	}
	for _, p := range s.inOrder(s.History.Runs) {
		v := p.Verdicts
		c.Table = append(c.Table, []string{s.pastName(p), count(p.Total), count(v.Ready), count(v.Blocked), count(v.Broken), count(v.Inconclusive)})
	}
	return c
}

func columnOf(p PastRun, x, pitch float64, most int) column {
	width := pitch * columnShare
	c := column{Name: p.FinishedAt.UTC().Format("01-02") + p.sign(), Figure: brief(p.Verdicts.notReady()), X: tenths(x + (pitch-width)/2), Middle: tenths(x + pitch/2), Width: tenths(width)}
	y := float64(columnsTop + columnsTall)
	for _, part := range verdictParts(p.Verdicts, Proof{})[2:] {
		if part.Count == 0 {
			continue
		}
		tall := max(2, columnsTall*float64(part.Count)/float64(most))
		y -= tall
		c.Blocks = append(c.Blocks, block{Class: part.Class, Name: part.Name, Mark: part.Mark, Count: part.Count, Y: tenths(y), Height: tenths(tall), Label: tall >= leastTall && width >= leastMarkWide})
	}
	c.Top = tenths(y)
	return c
}

// brief is a number that fits over a column.
func brief(n int) string {
	switch {
	case n < 10_000:
		return count(n)
	case n < 1_000_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprintf("%.1fM", float64(n/100_000)/10)
}

// pastName is a run in the table.
func (s Summary) pastName(p PastRun) string {
	remark := strings.Join(p.Unlike, ", ")
	switch {
	case p.ID == s.Run.ID:
		remark = "this run"
	case !p.Complete:
		remark = joined(", ", "not complete", remark)
	}
	if remark == "" {
		return stamp(p.FinishedAt)
	}
	return stamp(p.FinishedAt) + " (" + remark + ")"
}

// historyText is the burn-down in a sentence; "" where there is no earlier run.
func (s Summary) historyText() string {
	if s.History == nil {
		return ""
	}
	var steps []string
	for _, p := range s.burnt() {
		step := fmt.Sprintf("%s of %s on %s%s", count(p.Verdicts.notReady()), count(p.Total), p.FinishedAt.UTC().Format(time.DateOnly), p.sign())
		if p.ID == s.Run.ID {
			step += " (this run)"
		}
		steps = append(steps, step)
	}
	text := ""
	if len(steps) > 0 {
		text = "Not ready: " + strings.Join(steps, ", ") + "."
	}
	return joined(" ", text, s.History.remarks())
}

// sign marks a run of another inventory or other rules.
func (p PastRun) sign() string {
	if p.marked() {
		return "*"
	}
	return ""
}

// remarks say what to know about the runs that are drawn, which ones are not, and where they end.
func (h *History) remarks() string {
	var out []string
	if slices.ContainsFunc(h.Runs, PastRun.marked) {
		out = append(out, "* Another inventory or other rules than now.")
	}
	if left := h.leftOut(); len(left) > 0 {
		out = append(out, "Cannot stand beside these and left out: "+strings.Join(left, "; ")+".")
	}
	if h.Ended != "" {
		out = append(out, sentence(h.Ended)+".")
	}
	return strings.Join(out, " ")
}

// mostLeftOut is how many runs that are not drawn a text names; the table has them all.
const mostLeftOut = 3

// leftOut names the runs that are not drawn, with the reason.
func (h *History) leftOut() (names []string) {
	for _, p := range h.Runs {
		if !p.Alike {
			names = append(names, fmt.Sprintf("the run of %s (%s)", p.FinishedAt.UTC().Format(time.DateOnly), strings.Join(p.Unlike, ", ")))
		}
	}
	if rest := len(names) - mostLeftOut; rest > 0 {
		names = append(names[:mostLeftOut], "and "+counted(rest, "more run"))
	}
	return names
}

// historyFacts are the burn-down as a list of one; none where there is no earlier run.
func (s Summary) historyFacts() []fact {
	if text := s.historyText(); text != "" {
		return []fact{{"burn-down", text}}
	}
	return nil
}

func (t *terminal) history(s Summary) {
	for _, f := range s.historyFacts() {
		t.wrapped("  Burn-down  ", f.Text)
	}
}

func (m *markdown) history(s Summary) {
	for _, f := range s.historyFacts() {
		m.line("\n**Burn-down**: %s", f.Text)
	}
}
