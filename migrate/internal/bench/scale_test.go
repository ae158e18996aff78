//go:build linux

package bench

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
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
func BenchmarkScale(b *testing.B) {
	for _, text := range strings.Split(*scaleVehicles, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			b.Fatalf("-scale.vehicles %q: not a number of vehicles", text)
		}
		b.Run(text, func(b *testing.B) { newScale(b, n).stages(b) })
	}
}

// scale is one fleet of a size.
type scale struct {
	vehicles int
	job      job
}

// wanted tells whether -scale.stages names a stage.
func wanted(stage string) bool {
	return *scaleStages == "" || slices.Contains(strings.Split(*scaleStages, ","), stage)
}

func newScale(b *testing.B, vehicles int) *scale {
	b.Helper()
	dir := b.TempDir()
	s := &scale{vehicles, job{Vehicles: vehicles, Inventory: filepath.Join(dir, "inventory.yaml"), Dir: filepath.Join(dir, "out"), Pattern: filepath.Join(dir, "pattern")}}
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
			s.tell(b, j.play(b))
		}
	})
}

func (s *scale) tell(b *testing.B, list []measured) {
	var seconds, cpu, most float64
	for _, m := range list {
		seconds, cpu, most = seconds+m.Seconds, cpu+m.CPU, max(most, m.Peak)
		if len(list) > 1 {
			b.Logf("%-16s %9.2f s %9.1f µs/vehicle %9.1f of processors %6.0f MiB", m.Name, m.Seconds, m.Seconds*1e6/float64(s.vehicles), m.CPU*1e6/float64(s.vehicles), m.Peak)
		}
	}
	b.ReportMetric(cpu*1e6/float64(s.vehicles), "cpu-µs/vehicle")
	b.ReportMetric(seconds, "s")
	b.ReportMetric(seconds*1e6/float64(s.vehicles), "µs/vehicle")
	b.ReportMetric(most, "MiB-peak")
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
