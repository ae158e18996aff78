package report

import (
	"strings"
	"testing"
)

// TestWavesChart: each wave against all that are ready, those that are held back beside it.
func TestWavesChart(t *testing.T) {
	s := sampleSummary()
	c := wavesChart(s)
	want := []struct {
		name, figure string
		width        float64
	}{{"Wave 1 (1%)", "1 vehicle of 1 user", 146.7}, {"Wave 2 (10%)", "1 vehicle of 1 user", 146.7}, {"Wave 3 (100%)", "2 vehicles of 1 user", 293.3}, {"Ready, but held back", "1 vehicle of 1 user", 146.7}}
	if len(c.Rows) != len(want) || len(c.Table) != len(want) {
		t.Fatalf("%d rows, %d in the table, want %d", len(c.Rows), len(c.Table), len(want))
	}
	for i, w := range want {
		if r := c.Rows[i]; r.Name != w.name || r.Figure != w.figure || len(r.Bars) != 1 || r.Bars[0].Width != w.width {
			t.Errorf("row %d is %+v, want %+v", i, r, w)
		}
	}
	s.Waves.Held = HeldBack{}
	if c := wavesChart(s); len(c.Rows) != 3 || strings.Contains(c.Note, "Held back") {
		t.Errorf("nobody is held back: %+v", c)
	}
}

// TestWavesOfNobody: nothing is drawn where nothing is ready; where everybody who has a ready vehicle is held back, that is said.
func TestWavesOfNobody(t *testing.T) {
	s := sampleSummary()
	s.Waves = &Waves{Steps: []Wave{{1, "1%", 0, 0}, {2, "100%", 0, 0}}, Held: HeldBack{Users: 2, Vehicles: 3}}
	if text := s.wavesFacts()[0].Text; text != "nobody can be switched; held back with another vehicle of the same user: 3 ready vehicles of 2 users" {
		t.Errorf("it says %q", text)
	}
	if c := wavesChart(s); len(c.Rows) != 3 || len(c.Rows[0].Bars) != 0 || c.Rows[2].Bars[0].Width != chartWide {
		t.Errorf("%+v", c.Rows)
	}
	if s.Waves = nil; len(wavesChart(s).Rows) != 0 || s.wavesFacts() != nil {
		t.Error("waves of nothing")
	}
}
