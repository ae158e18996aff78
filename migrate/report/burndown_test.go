package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBurnDown: what can stand beside the report's own run is drawn to scale; the rest is only in the table.
func TestBurnDown(t *testing.T) {
	c := burnDown(sampleSummary())
	type tower struct {
		name, figure string
		counts       []int
	}
	var got []tower
	for _, s := range c.Steps {
		drawn := tower{name: s.Name, figure: s.Figure}
		base := float64(c.Base())
		for _, b := range s.Blocks {
			drawn.counts = append(drawn.counts, b.Count)
			if base -= b.Height; b.Y < base-0.2 || b.Y > base+0.2 || b.Height < 14*float64(b.Count) {
				t.Errorf("%s: %+v does not stand on the one below at %.1f", s.Name, b, base)
			}
		}
		got = append(got, drawn)
	}
	want := []tower{{"11-20*", "5", []int{5}}, {"11-21", "7", []int{5, 1, 1}}, {"11-22", "6", []int{5, 1}}, {"11-23", "5", []int{3, 1, 1}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tower{})); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	wantRows := []string{"2026-11-19 12:42:00 UTC (legs app then, both now)", "2026-11-20 12:42:00 UTC (not complete, another inventory)", "2026-11-21 12:42:00 UTC", "2026-11-22 12:42:00 UTC", "2026-11-23 12:42:00 UTC (this run)"}
	for i, row := range c.Table {
		if row[0] != wantRows[i] || len(row) != len(c.Columns) {
			t.Errorf("row %d is %q, want %q", i, row, wantRows[i])
		}
	}
	text := "Not ready: 5 of 6 on 2026-11-20*, 7 of 8 on 2026-11-21, 6 of 8 on 2026-11-22, 5 of 8 on 2026-11-23 (this run). * Another inventory or other rules than now. " +
		"Cannot stand beside these and left out: the run of 2026-11-19 (legs app then, both now). The run before these is not where it was."
	if c.Text != text {
		t.Errorf("it says %q, want %q", c.Text, text)
	}
}

// TestBurnDownOfFew: nothing is drawn where nothing can stand beside the run, and no count breaks the drawing.
func TestBurnDownOfFew(t *testing.T) {
	s := sampleSummary()
	s.History.Runs = s.History.Runs[:1]
	if c := burnDown(s); len(c.Steps) != 0 || !strings.HasPrefix(s.historyText(), "Cannot stand beside these and left out: the run of 2026-11-19") {
		t.Errorf("%+v, %q", c, s.historyText())
	}
	if s.History = nil; len(burnDown(s).Steps) != 0 || s.historyText() != "" || s.historyFacts() != nil {
		t.Error("a fleet without an earlier run is shown against one")
	}
	s.History = &History{Runs: []PastRun{{Alike: true}, {Alike: true, Total: 3_000_000, Verdicts: Verdicts{Blocked: 2_999_999, Broken: 1}}}}
	c := burnDown(s)
	if len(c.Steps[0].Blocks) != 0 || c.Steps[0].Figure != "0" || c.Steps[1].Figure != "3.0M" || c.Steps[1].Blocks[1].Height < 2 {
		t.Errorf("%+v", c.Steps)
	}
	s.History.Runs = slices.Repeat(s.History.Runs, 6)
	c = burnDown(s)
	if last := c.Steps[12]; !c.Many() || last.X+last.Width > chartWide || last.X <= c.Steps[11].X+c.Steps[11].Width {
		t.Errorf("thirteen columns do not fit: %+v", last)
	}
}

func TestBrief(t *testing.T) {
	for n, want := range map[int]string{0: "0", 9999: "9,999", 10_000: "10k", 999_999: "999k", 1_000_000: "1.0M", 12_345_678: "12.3M"} {
		if got := brief(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
