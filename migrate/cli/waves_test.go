package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// wavesJSON is what report.json tells of the waves.
type wavesJSON struct {
	Verdicts map[string]int `json:"verdicts"`
	Waves    *struct {
		Steps []struct {
			Wave            int
			Share           string
			Users, Vehicles int
		}
		Held struct{ Users, Vehicles int }
	} `json:"waves"`
}

func (b *bench) waves(file string) (w wavesJSON) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.read(file)), &w); err != nil {
		b.t.Fatal(err)
	}
	return w
}

// TestReportShowsTheManifestsWaves: the report's numbers are those of the manifest that is written of the run, and every ready
// vehicle is in one place or the other.
func TestReportShowsTheManifestsWaves(t *testing.T) {
	s := fixtures.DemoScenario(200, 11)
	b := newBench(t, s)
	b.run("--no-progress", "--format", "json,html")
	for _, dir := range []string{"out/", "out/share/"} {
		w := b.waves(dir + "report.json")
		if w.Waves == nil || w.Waves.Held.Vehicles == 0 {
			t.Fatalf("%s: waves %+v (a fleet without a user who is held back proves less)", dir, w.Waves)
		}
		said, _ := b.wantManifest(0, "m.yaml", "--overwrite")
		for _, step := range w.Waves.Steps {
			if line := fmt.Sprintf("wave %d (%s): %s of %s", step.Wave, step.Share, amount(step.Vehicles, "vehicle"), amount(step.Users, "user")); !strings.Contains(said, line) {
				t.Errorf("the report says %q, the manifest:\n%s", line, said)
			}
		}
		if last := w.Waves.Steps[len(w.Waves.Steps)-1]; last.Vehicles+w.Waves.Held.Vehicles != w.Verdicts["ready"] {
			t.Errorf("%+v of %d ready", w.Waves, w.Verdicts["ready"])
		}
		if !strings.Contains(b.read(dir+"report.html"), `id="chart-waves-title"`) {
			t.Errorf("%s: no chart", dir)
		}
	}
}

func amount(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// TestNoWavesOfNothing: where no car is ready there is nothing to draw, and a shard's waves are not the fleet's.
func TestNoWavesOfNothing(t *testing.T) {
	s := lossy()
	s.Defects = map[string]fixtures.Amount{"signal-lost/absent": {Count: 8}}
	b := newBench(t, s)
	b.measure(3, "out")
	if w := b.waves("out/report.json"); w.Waves != nil || strings.Contains(b.read("out/report.html"), "chart-waves") {
		t.Errorf("waves %+v", w.Waves)
	}
	b = newBench(t, lossy())
	b.measure(3, "half", "--shard", "1/2")
	if w := b.waves("half/report.json"); w.Waves != nil {
		t.Errorf("a shard's waves %+v", w.Waves)
	}
}
