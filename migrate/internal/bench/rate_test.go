//go:build linux

package bench

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"scmigrate/migrate/cli"
	"scmigrate/migrate/smartcar"
)

var (
	rateVehicles = flag.Int("rate.vehicles", 3000, "the fleet of BenchmarkRate")
	rateRounds   = flag.Int("rate.rounds", 2, "how often BenchmarkRate lets the bare loop and the run take turns")
)

// inFlight are the requests that are under way at any time: workers of the bare loop, and both legs of half as many
// vehicles.
const inFlight = 64

// BenchmarkRate holds whole runs against a bare loop that sends the very same requests, over real sockets, and throws the
// bodies away:
//
//	go test ./migrate/internal/bench -run - -bench Rate
//
// The simulator is another process on the same machine. It answers after 50 ms, or at once, from what it recorded while a
// first run went on: its own thinking costs several times 150 µs a request, and would be what is measured. Loop and run
// take turns, since machines are noisy. run/bare is the run's rate of requests from the first vehicle's to the last's as a
// share of the bare loop's; whole/bare is all its requests over all its time, with the lists and the reports.
func BenchmarkRate(b *testing.B) {
	r := newRace(b, *rateVehicles)
	r.run(b) // which records
	r.requests(b)
	for _, delay := range []time.Duration{50 * time.Millisecond, 0} {
		b.Run(delay.String(), func(b *testing.B) {
			r.setDelay(b, delay)
			for b.Loop() {
				b.ReportMetric(0, "ns/op")
				var bare, run laps
				for range *rateRounds {
					bare.add(r.bare(b))
					run.add(r.run(b))
				}
				r.report(b, bare, run)
			}
		})
	}
}

// race is one fleet with its simulator.
type race struct {
	simulator
	dir, inventory string
	vehicles       int
	script         []tape
}

func newRace(b *testing.B, vehicles int) *race {
	b.Helper()
	r := &race{dir: b.TempDir(), vehicles: vehicles}
	r.inventory = filepath.Join(r.dir, "inventory.yaml")
	startServer(b, "simulator", simulation{vehicles, r.inventory}, &r.simulator)
	return r
}

// laps adds up what several turns took.
type laps struct {
	requests, calls int // calls: those for vehicles, both legs
	whole, calling  time.Duration
	cpu             time.Duration // of this process, while calling
	server          serverCost
}

func (l *laps) add(more laps) {
	l.requests, l.calls = l.requests+more.requests, l.calls+more.calls
	l.whole, l.calling, l.cpu = l.whole+more.whole, l.calling+more.calling, l.cpu+more.cpu
	l.server.Requests, l.server.CPU = l.server.Requests+more.server.Requests, l.server.CPU+more.server.CPU
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

func (r *race) report(b *testing.B, bare, run laps) {
	loop, calling, whole := perSecond(bare.requests, bare.whole), perSecond(run.calls, run.calling), perSecond(run.requests, run.whole)
	b.ReportMetric(loop, "bare-req/s")
	b.ReportMetric(calling, "run-req/s")
	b.ReportMetric(calling/loop, "run/bare")
	b.ReportMetric(whole/loop, "whole/bare")
	b.ReportMetric(float64(run.calls)/float64(*rateRounds*r.vehicles), "req/vehicle")
	b.ReportMetric(float64(run.cpu.Microseconds())/float64(*rateRounds*r.vehicles), "cpu-µs/vehicle")
	b.ReportMetric(float64(bare.cpu.Microseconds())/float64(bare.requests), "bare-cpu-µs/req")
	b.ReportMetric(float64(bare.server.CPU.Microseconds())/float64(bare.server.Requests), "sim-cpu-µs/req")
	b.Logf("requests per healthy vehicle: %.2f + %d pages, tokens and controls for all", float64(run.calls)/float64(*rateRounds*r.vehicles), (run.requests-run.calls) / *rateRounds)
	b.Logf("calling %.0f of %.0f requests/s (%.2f); whole command %.0f (%.2f)", calling, loop, calling/loop, whole, whole/loop)
}

// bare sends the script with so many workers over one transport.
func (r *race) bare(b *testing.B) laps {
	b.Helper()
	transport := smartcar.NewTransport()
	defer transport.CloseIdleConnections()
	before, cpu, began := r.cost(b), cpuTime(), time.Now()
	var next atomic.Int64
	var group errgroup.Group
	for range inFlight {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(r.script) {
					return nil
				}
				if err := send(transport, r.URL, r.script[i]); err != nil {
					return err
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	took, used := time.Since(began), cpuTime()-cpu
	return laps{requests: len(r.script), whole: took, calling: took, cpu: used, server: r.cost(b).since(before)}
}

func send(transport http.RoundTripper, base string, t tape) error {
	request, err := http.NewRequest(t.Method, base+t.URI, bytes.NewReader(t.Body))
	if err != nil {
		return err
	}
	request.Header = t.Header
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return err
}

// run is the whole command on a new directory, in this process.
func (r *race) run(b *testing.B) laps {
	b.Helper()
	out := filepath.Join(r.dir, "out")
	if err := os.RemoveAll(out); err != nil {
		b.Fatal(err)
	}
	transport := smartcar.NewTransport()
	defer transport.CloseIdleConnections()
	watch := &stopwatch{next: transport}
	var said bytes.Buffer
	p := cli.Process{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &said, Now: time.Now, Transport: watch,
		LookupEnv: origins(r.URL, "SMARTCAR_CLIENT_ID="+r.ClientID, "SMARTCAR_CLIENT_SECRET="+r.Secret)}
	before, began := r.cost(b), time.Now()
	code := cli.Main(b.Context(), []string{"scmigrate", "run", "-i", r.inventory, "-o", out, "--limit", "unlimited", "--concurrency", fmt.Sprint(inFlight / 2)}, p)
	took := time.Since(began)
	if code != 0 {
		b.Fatalf("exit code %d: %s", code, said.String())
	}
	return laps{requests: int(watch.all.Load()), calls: int(watch.calls.Load()), whole: took, calling: watch.calling(), cpu: watch.cpu(), server: r.cost(b).since(before)}
}

// stopwatch times the calls for vehicles. They begin with the first batch: the negative controls come before it.
type stopwatch struct {
	next        http.RoundTripper
	all, calls  atomic.Int64
	once        sync.Once
	first, last atomic.Int64 // nanoseconds of the Unix clock
	used, spent atomic.Int64 // nanoseconds of this process's time, at the first and the last
}

func (s *stopwatch) RoundTrip(request *http.Request) (*http.Response, error) {
	s.all.Add(1)
	batch := strings.HasSuffix(request.URL.Path, "/batch")
	if batch {
		s.once.Do(func() { s.first.Store(time.Now().UnixNano()); s.used.Store(int64(cpuTime())) })
	}
	response, err := s.next.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusOK && (batch || strings.HasSuffix(request.URL.Path, "/signals")) {
		s.calls.Add(1)
		s.last.Store(time.Now().UnixNano())
		s.spent.Store(int64(cpuTime()))
	}
	return response, err
}

func (s *stopwatch) calling() time.Duration { return time.Duration(s.last.Load() - s.first.Load()) }

func (s *stopwatch) cpu() time.Duration { return time.Duration(s.spent.Load() - s.used.Load()) }

func (r *race) setDelay(b *testing.B, d time.Duration) {
	b.Helper()
	response, err := http.Post(r.URL+"/bench/delay?d="+url.QueryEscape(d.String()), "", nil)
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
}

// requests reads what the first run sent.
func (r *race) requests(b *testing.B) {
	b.Helper()
	r.ask(b, "requests", &r.script)
	cost := r.cost(b)
	b.Logf("the simulator thought %d µs about each of %d requests", (cost.Thinking / time.Duration(max(1, cost.Taped))).Microseconds(), cost.Taped)
}

func (r *race) cost(b *testing.B) (c serverCost) {
	b.Helper()
	r.ask(b, "cost", &c)
	return c
}

func (c serverCost) since(before serverCost) serverCost {
	return serverCost{Requests: c.Requests - before.Requests, CPU: c.CPU - before.CPU}
}

func (r *race) ask(b *testing.B, what string, into any) {
	b.Helper()
	response, err := http.Get(r.URL + "/bench/" + what)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		b.Fatal(err)
	}
}
