//go:build linux

package bench

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	scaleVehicles = flag.String("scale.vehicles", "10000", "the fleets of BenchmarkScale: 10000,100000,1000000")
	scaleStages   = flag.String("scale.stages", "", "the stages of BenchmarkScale, run among them for what reads its ledger; empty: all")
	scaleRun      = flag.Bool("scale.run", true, "whether BenchmarkScale calls every vehicle; else it fills the ledger with what a small fleet was found to be")
)

// patternFleet is the small run whose findings fill a ledger where -scale.run=false.
const patternFleet = 500

// BenchmarkScale says what each stage of a run takes for a vehicle, and how much memory the stage's process has had at the
// most (resident set, not Go's heap):
//
//	go test ./migrate/internal/bench -run - -bench Scale -benchtime 1x -timeout 0 -scale.vehicles 10000,100000,1000000
//
// The inventory is one YAML document. Every stage is a process of its own on the same directory; run is the whole command,
// whose parts are logged with peaks of their own. verify holds the manifest against the run, the inventory and all pages of
// the connections list. The vehicles are a canned server's, in another process. One of fifty is blocked.
//
// A fleet after the first is held against the one before it: what a vehicle costs in processor time, and in pieces of work
// of the time when it was measured (pace), which is the figure to believe.
func BenchmarkScale(b *testing.B) {
	pace, before := startPace(b), map[string]cost{}
	for _, text := range strings.Split(*scaleVehicles, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			b.Fatalf("-scale.vehicles %q: not a number of vehicles", text)
		}
		b.Run(text, func(b *testing.B) { newScale(b, n, pace, before).stages(b) })
	}
}

// scale is one fleet of a size.
type scale struct {
	vehicles int
	job      job
	pace     *pace
	before   map[string]cost // of the fleet before it, by stage and part
}

// cost is what a vehicle takes of a stage: seconds of a processor, and pieces of work.
type cost struct{ CPU, Pieces float64 }

// wanted tells whether -scale.stages names a stage.
func wanted(stage string) bool {
	return *scaleStages == "" || slices.Contains(strings.Split(*scaleStages, ","), stage)
}

func newScale(b *testing.B, vehicles int, pace *pace, before map[string]cost) *scale {
	b.Helper()
	dir := b.TempDir()
	s := &scale{vehicles: vehicles, pace: pace, before: before, job: job{Vehicles: vehicles, Inventory: filepath.Join(dir, "inventory.yaml"), Dir: filepath.Join(dir, "out"), Pattern: filepath.Join(dir, "pattern")}}
	if err := writeInventory(s.job.Inventory, vehicles); err != nil {
		b.Fatal(err)
	}
	served := vehicles
	if !*scaleRun && !wanted("verify") {
		served = patternFleet
	}
	startServer(b, "canned", cannedFleet{served}, &s.job.Server)
	return s
}

func (s *scale) stages(b *testing.B) {
	stages := []string{"open", "put", "run", "settle", "html", "markdown", "json", "terminal", "html-share", "json-share", "report", "rejudge", "manifest", "verify"}
	for _, stage := range stages {
		if !wanted(stage) {
			continue
		}
		if stage == "run" && !*scaleRun {
			s.fill(b)
		} else if !s.stage(b, stage) {
			return
		}
	}
}

// stage measures one stage, and logs its parts where it has several.
func (s *scale) stage(b *testing.B, stage string) bool {
	return b.Run(stage, func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(0, "ns/op")
			j := s.job
			j.Stage = stage
			s.tell(b, stage, j.play(b))
		}
	})
}

func (s *scale) tell(b *testing.B, stage string, list []measured) {
	var seconds, most float64
	var whole cost
	n := float64(s.vehicles)
	for _, m := range list {
		pace := s.pace.during(m.Ended.Add(-time.Duration(m.Seconds*1e9)), m.Ended)
		part := cost{m.CPU / n, m.CPU / n / pace}
		seconds, most, whole = seconds+m.Seconds, max(most, m.Peak), cost{whole.CPU + part.CPU, whole.Pieces + part.Pieces}
		if len(list) > 1 {
			b.Logf("%-16s %9.2f s %9.1f µs/vehicle %9.1f of processors (%2.0f %% GC) %6.0f MiB; a piece took %.2f ms%s", m.Name, m.Seconds, m.Seconds*1e6/n, part.CPU*1e6, 100*m.GC/m.CPU, m.Peak, pace*1e3, s.growth(stage+"/"+m.Name, part))
		}
	}
	b.Logf("%-16s %9.2f s, %.3f pieces/vehicle%s", stage, seconds, whole.Pieces, s.growth(stage, whole))
	b.ReportMetric(whole.CPU*1e6, "cpu-µs/vehicle")
	b.ReportMetric(seconds, "s")
	b.ReportMetric(seconds*1e6/n, "µs/vehicle")
	b.ReportMetric(most, "MiB-peak")
}

// growth says what a vehicle costs more than in the fleet before.
func (s *scale) growth(what string, now cost) string {
	was, known := s.before[what]
	s.before[what] = now
	if !known {
		return ""
	}
	return fmt.Sprintf("; against the fleet before: processors %+.1f %%, pieces %+.1f %%", 100*(now.CPU/was.CPU-1), 100*(now.Pieces/was.Pieces-1))
}

// play runs a stage in a process of its own.
func (j job) play(b *testing.B) (list []measured) {
	b.Helper()
	out, err := child(b, "stage", j).Output()
	if err == nil {
		err = json.Unmarshal(out, &list)
	}
	if err != nil {
		b.Fatalf("%s: %v", j.Stage, err)
	}
	return list
}

// fill makes the ledger of a finished run; it is not measured.
func (s *scale) fill(b *testing.B) {
	b.Helper()
	small := s.job
	small.Stage, small.Vehicles, small.Dir, small.Inventory = "run", patternFleet, s.job.Pattern, filepath.Join(filepath.Dir(s.job.Inventory), "pattern.yaml")
	if err := writeInventory(small.Inventory, patternFleet); err != nil {
		b.Fatal(err)
	}
	small.play(b)
	big := s.job
	big.Stage = "fill"
	big.play(b)
	if err := os.RemoveAll(s.job.Pattern); err != nil {
		b.Fatal(err)
	}
}
