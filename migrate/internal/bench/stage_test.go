//go:build linux

package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/cli"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/report"
	"scmigrate/migrate/smartcar"
)

// job is one stage in a process of its own.
type job struct {
	Stage     string
	Server    simulator
	Inventory string
	Vehicles  int
	Dir       string // of the run
	Pattern   string // of fill: the directory of a small run
}

// measured is what a stage took, or a part of it.
type measured struct {
	Name    string
	Seconds float64
	CPU     float64 // seconds, of all cores
	GC      float64 // seconds of CPU that Go's garbage collector took, as it estimates them
	Peak    float64 // MiB, of the whole process
	Ended   time.Time
}

// playStage prints what the stage took, each part on a line.
func playStage(arguments []byte) error {
	var j job
	if err := json.Unmarshal(arguments, &j); err != nil {
		return err
	}
	debug.SetGCPercent(400) // as the command line does
	debug.SetMemoryLimit(136 << 20)
	name, argument, _ := strings.Cut(j.Stage, "-")
	parts := &parts{began: time.Now()}
	var err error
	switch name {
	case "open":
		_, err = open(j.Inventory)
	case "put":
		err = j.put(parts)
	case "fill":
		err = j.fill()
	case "run":
		err = j.run(parts)
	case "settle":
		err = j.settle()
	case "html", "markdown", "json", "terminal":
		err = j.render(name, argument == "share")
	case "report", "rejudge":
		err = j.command(name, j.Dir)
	case "manifest":
		err = j.command(name, j.Dir, "-o", j.manifest(), "--overwrite")
	case "verify":
		err = j.command("manifest", "verify", j.manifest(), "-i", j.Inventory, "--run", j.Dir, "--limit", "unlimited")
	default:
		err = fmt.Errorf("unknown stage %s", j.Stage)
	}
	if err != nil {
		return err
	}
	parts.end(cmp.Or(map[string]string{"run": "settle, reports"}[name], name))
	return json.NewEncoder(os.Stdout).Encode(parts.list)
}

// parts measures one part after the other, each with the peak of its own.
type parts struct {
	mu    sync.Mutex
	began time.Time
	used  time.Duration
	freed float64
	list  []measured
}

// end ends a part and begins the next. Writing 5 makes Linux forget the peak so far.
func (p *parts) end(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, used, freed := time.Now(), cpuTime(), collecting()
	p.list = append(p.list, measured{name, now.Sub(p.began).Seconds(), (used - p.used).Seconds(), freed - p.freed, peak(), now})
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	p.began, p.used, p.freed = now, used, freed
}

func collecting() float64 {
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/gc/mark/idle:cpu-seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64() - sample[1].Value.Float64()
}

// peak is the most memory this process has had, in MiB.
func peak() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return float64(kib) / 1024
}

func open(path string) (*inventory.File, error) {
	return inventory.Open(path, inventory.Options{})
}

// put is what a new run does with its inventory.
func (j job) put(p *parts) error {
	file, err := open(j.Inventory)
	if err != nil {
		return err
	}
	p.end("open")
	l, err := j.entries(file)
	if l != nil {
		err = errors.Join(err, l.Close())
	}
	return err
}

func (j job) entries(file *inventory.File) (*ledger.Ledger, error) {
	if err := os.RemoveAll(j.Dir); err != nil {
		return nil, err
	}
	l, err := ledger.Create(j.Dir)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	return l, l.PutEntries(ctx, 1, func(give func(inventory.Entry) error) error { return file.Each(ctx, give) })
}

// fill makes a finished run without a call: every vehicle is given what a vehicle of a small run was found to be.
func (j job) fill() error {
	file, err := open(j.Inventory)
	if err != nil {
		return err
	}
	small, err := ledger.Open(j.Pattern)
	if err != nil {
		return err
	}
	ctx := context.Background()
	var patterns []migrate.Record
	for rec, err := range small.Records(ctx) {
		if err != nil {
			return err
		}
		patterns = append(patterns, rec)
	}
	header, err := small.Header(ctx)
	if err != nil {
		return err
	}
	l, err := j.entries(file)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(256)
	err = file.Each(ctx, func(e inventory.Entry) error {
		rec := patterns[e.Ordinal%len(patterns)]
		rec.Entry, rec.Evidence.Findings = e, sameCar(rec.Evidence.Findings, e.Ordinal)
		rec.Evidence.Legacy.RequestIDs, rec.Evidence.App.RequestIDs = []string{requestID(2 * e.Ordinal)}, []string{requestID(2*e.Ordinal + 1)}
		group.Go(func() error { return l.Save(ctx, rec) })
		l.AddCall(smartcar.Call{At: rec.At, Host: smartcar.HostLegacy, Method: "POST", Path: "/v2.0/vehicles/" + e.VehicleID + "/batch", VehicleID: e.VehicleID, Status: 200, RequestID: requestID(2 * e.Ordinal)})
		l.AddCall(smartcar.Call{At: rec.At, Host: smartcar.HostApp, Method: "GET", Path: "/v3/vehicles/" + e.VehicleID + "/signals", VehicleID: e.VehicleID, Status: 200, RequestID: requestID(2*e.Ordinal + 1)})
		return nil
	})
	header.RunID, header.InventoryDigest = "filled", file.Digest()
	return errors.Join(err, group.Wait(), l.SetHeader(ctx, header), l.Close())
}

// sameCar are a pattern's findings on another vehicle: both legs state that one's VIN.
func sameCar(findings []compare.Finding, n int) []compare.Finding {
	findings = slices.Clone(findings)
	for i := range findings {
		if f := &findings[i]; f.Field == "vin" {
			f.Legacy.Value, f.App.Value = compare.TextValue(vin(n)), compare.TextValue(vin(n))
		}
	}
	return findings
}

// run is the whole command, cut into parts by what it sends.
func (j job) run(p *parts) error {
	if err := os.RemoveAll(j.Dir); err != nil {
		return err
	}
	phases := &phases{next: smartcar.NewTransport(), parts: p, left: 2 * j.Vehicles}
	process := cli.Process{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: os.Stderr, Now: time.Now, Transport: phases, LookupEnv: origins(j.Server.URL,
		"SMARTCAR_CLIENT_ID="+j.Server.ClientID, "SMARTCAR_CLIENT_SECRET="+j.Server.Secret)}
	code := cli.Main(context.Background(), []string{"scmigrate", "run", "-i", j.Inventory, "-o", j.Dir, "--limit", "unlimited", "--concurrency", "32", "--no-progress"}, process)
	if code != migrate.ExitGate { // of fifty vehicles one is blocked
		return fmt.Errorf("the run ended with exit code %d", code)
	}
	return nil
}

// phases ends a part of a run where a request of the next one leaves, and the calls where both legs of every vehicle have
// answered.
type phases struct {
	next  http.RoundTripper
	parts *parts
	mu    sync.Mutex
	phase int
	left  int // answers of vehicles to come
}

func (f *phases) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/batch"):
		f.reach(2, "lists")
	case strings.HasSuffix(r.URL.Path, "/connections"):
		f.reach(1, "inventory")
	}
	response, err := f.next.RoundTrip(r)
	if err == nil && response.StatusCode == http.StatusOK && strings.Contains(r.URL.Path, "/vehicles/") {
		f.mu.Lock()
		f.left--
		last := f.left == 0
		f.mu.Unlock()
		if last {
			f.reach(3, "calls")
		}
	}
	return response, err
}

func (f *phases) reach(phase int, ended string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.phase < phase {
		f.phase = phase
		f.parts.end(ended)
	}
}

func (j job) settle() error {
	l, err := ledger.Create(j.Dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	r, err := l.Rules(ctx)
	if err == nil {
		_, err = migrate.Settle(ctx, l, r, migrate.StopNone, time.Now())
	}
	return errors.Join(err, l.Close())
}

func (j job) render(format string, share bool) error {
	l, err := ledger.Open(j.Dir)
	if err != nil {
		return err
	}
	defer l.Close()
	r, key, err := report.FromLedger(context.Background(), l, false)
	if err != nil {
		return err
	}
	if share {
		r = report.Share(r, key)
	}
	file, err := os.Create(filepath.Join(j.Dir, "bench."+format))
	if err != nil {
		return err
	}
	return errors.Join(report.Render(file, format, r, report.Options{}), file.Close())
}

// command is one that reads a finished run.
func (j job) command(args ...string) error {
	process := cli.Process{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: os.Stderr, Now: time.Now, LookupEnv: origins(j.Server.URL,
		"SMARTCAR_CLIENT_ID="+j.Server.ClientID, "SMARTCAR_CLIENT_SECRET="+j.Server.Secret)}
	code := cli.Main(context.Background(), append([]string{"scmigrate"}, args...), process)
	if code != migrate.ExitReady && (code != migrate.ExitGate || args[0] == "manifest") {
		return fmt.Errorf("%s ended with exit code %d", args[0], code)
	}
	return nil
}

func (j job) manifest() string { return filepath.Join(j.Dir, "manifest.jsonl") }
