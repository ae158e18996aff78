//go:build linux

package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"scmigrate/fixtures"
)

// simulation is a simulator in a process of its own: its fleet and where its inventory goes.
type simulation struct {
	Vehicles  int
	Inventory string
}

// simulator is what such a process says first.
type simulator struct{ URL, ClientID, Secret string }

func playSimulator(arguments []byte) error {
	var s simulation
	if err := json.Unmarshal(arguments, &s); err != nil {
		return err
	}
	world, err := fixtures.New(fixtures.HealthyScenario(s.Vehicles, 7), fixtures.Options{})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(s.Inventory, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := world.WriteInventory(file); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	r := &recorder{world: world.Handler(), tapes: map[string]*tape{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /bench/delay", r.setDelay)
	mux.HandleFunc("GET /bench/requests", r.tell)
	mux.HandleFunc("GET /bench/cost", r.tellCost)
	mux.Handle("/", r)
	return serve(mux, func(url string) any { return simulator{url, world.ClientID(), world.ClientSecrets()[0]} })
}

// recorder lets the world answer a request once and from then on answers the same request from memory, after the delay:
// the world thinks longer about a car than the run does, and it shares the machine with what is measured.
type recorder struct {
	world    http.Handler
	delay    atomic.Int64
	requests atomic.Int64
	thinking atomic.Int64 // nanoseconds of the world
	mu       sync.RWMutex
	tapes    map[string]*tape
	order    []*tape
}

// tape is a request with its answer.
type tape struct {
	Method, URI string
	Header      http.Header
	Body        []byte
	status      int
	header      http.Header
	answer      []byte
}

func (r *recorder) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	came := time.Now()
	t, err := r.taped(request)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	r.requests.Add(1)
	if rest := time.Duration(r.delay.Load()) - time.Since(came); rest > 0 {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-request.Context().Done():
			return
		}
	}
	for name, values := range t.header {
		out.Header()[name] = values
	}
	out.WriteHeader(t.status)
	_, _ = out.Write(t.answer)
}

func (r *recorder) taped(request *http.Request) (*tape, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	key := request.Method + " " + request.URL.RequestURI() + "\n" + request.Header.Get("Authorization") + "\n" + request.Header.Get("Sc-User-Id") + "\n" + string(body)
	r.mu.RLock()
	t := r.tapes[key]
	r.mu.RUnlock()
	if t != nil {
		return t, nil
	}
	t = &tape{Method: request.Method, URI: request.URL.RequestURI(), Header: request.Header.Clone(), Body: body}
	request.Body = io.NopCloser(bytes.NewReader(body))
	began, heard := time.Now(), httptest.NewRecorder()
	r.world.ServeHTTP(heard, request)
	r.thinking.Add(int64(time.Since(began)))
	t.status, t.header, t.answer = heard.Code, heard.Header(), heard.Body.Bytes()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tapes[key] = t
	r.order = append(r.order, t)
	return t, nil
}

func (r *recorder) setDelay(_ http.ResponseWriter, request *http.Request) {
	d, _ := time.ParseDuration(request.URL.Query().Get("d"))
	r.delay.Store(int64(d))
}

func (r *recorder) tell(out http.ResponseWriter, _ *http.Request) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_ = json.NewEncoder(out).Encode(r.order)
}

// serverCost is what a simulator's process has done so far.
type serverCost struct {
	Requests, Taped int64
	CPU, Thinking   time.Duration
}

func (r *recorder) tellCost(out http.ResponseWriter, _ *http.Request) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_ = json.NewEncoder(out).Encode(serverCost{r.requests.Load(), int64(len(r.order)), cpuTime(), time.Duration(r.thinking.Load())})
}

// cpuTime is what this process has used, in user and kernel mode.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
