//go:build linux

package bench

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pace says how fast the machine is from moment to moment: how much processor time the same piece of work takes. Processors
// are shared with neighbours and with each other's other half, so that the same run costs a third more an hour later; what
// is measured in pieces of work of its own time can be compared.
type pace struct {
	mu     sync.Mutex
	pieces []piece
}

type piece struct {
	at   time.Time
	took time.Duration
}

// startPace measures until the benchmark ends: it takes a hundredth of a processor.
func startPace(b *testing.B) *pace {
	b.Helper()
	p := &pace{}
	ended, quit := make(chan error), make(chan struct{})
	go func() { ended <- p.measure(quit) }()
	b.Cleanup(func() {
		close(quit)
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return p
}

func (p *pace) measure(quit chan struct{}) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	text := []byte("[" + strings.Repeat(`{"code":"odometer-traveleddistance","value":12345.678,"unit":"km","ok":true},`, 400) + "{}]")
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		var into []map[string]any
		warm := json.Unmarshal(text, &into) // after a sleep nothing of it is in the caches
		into = nil
		began, err := threadTime()
		err = errors.Join(warm, err, json.Unmarshal(text, &into))
		ended, later := threadTime()
		if err = errors.Join(err, later); err != nil {
			return err
		}
		p.mu.Lock()
		p.pieces = append(p.pieces, piece{time.Now(), ended - began})
		p.mu.Unlock()
		select {
		case <-tick.C:
		case <-quit:
			return nil
		}
	}
}

// threadTime is the processor time of this thread, to the nanosecond; getrusage counts by scheduler ticks.
func threadTime() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano()), err
}

// during is what a piece took on average, in seconds, between two moments; of a shorter time, what the nearest one took.
func (p *pace) during(from, to time.Time) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	var sum, nearest time.Duration
	n := 0
	for _, one := range p.pieces {
		switch {
		case one.at.Before(from):
			nearest = one.took
		case !one.at.After(to):
			sum, n = sum+one.took, n+1
		}
	}
	if n == 0 {
		return nearest.Seconds()
	}
	return sum.Seconds() / float64(n)
}
