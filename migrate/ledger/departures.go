package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"scmigrate/migrate/smartcar"
)

// A call is on record when it was answered, and durable a moment later: a process that is killed leaves none of those that
// were on their way. So what left is counted beside the ledger, in a file that is written at every departure (1 µs) and that
// outlives the process: what it counts and nobody recorded has left the application's bucket all the same. It also keeps until
// when Smartcar asked to wait. A power cut may take it, and the bucket then lacks those few calls.

// bucketFile is its name: a line for each host, of one length, so that one write of one line is whole or was not made.
const bucketFile = FileName + "-bucket"

// bucketLine has the host, the calls on record when the process began, those that left since, when the last one left, and
// until when nobody goes; times in nanoseconds since 1970, 0 for never.
const bucketLine = "%-7s%20d%20d%20d%20d\n"

// bucketHosts are those that a run calls, in the order of their lines.
var bucketHosts = []smartcar.Host{smartcar.HostIAM, smartcar.HostApp, smartcar.HostLegacy}

// leaving is the state of one host.
type leaving struct{ base, left, last, paused int64 }

// Departures counts what leaves. It is a smartcar.Journal, and safe for concurrent use.
type Departures struct {
	mu    sync.Mutex
	file  *os.File
	hosts map[smartcar.Host]*leaving
}

// Departures begins to count, until the ledger is closed. Of earlier processes only the pauses that have not ended are kept: their calls are to be taken
// from EachCall before.
func (l *Ledger) Departures(ctx context.Context, now time.Time) (*Departures, error) {
	before, err := l.readBucket()
	if err != nil {
		return nil, err
	}
	recorded, err := l.count(ctx, "SELECT "+calledHost+", count(*) FROM calls GROUP BY 1")
	if err != nil {
		return nil, err
	}
	d := &Departures{hosts: map[smartcar.Host]*leaving{}}
	if d.file, err = os.OpenFile(filepath.Join(l.dir, bucketFile), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("cannot count what leaves: %w", err)
	}
	for _, host := range bucketHosts {
		g := &leaving{base: int64(recorded[string(host)])}
		if b := before[host]; b.paused > now.UnixNano() {
			g.paused = b.paused
		}
		d.hosts[host] = g
		if err := d.write(host); err != nil {
			return nil, errors.Join(err, d.file.Close())
		}
	}
	l.departures = d
	return d, nil
}

// Departed notes that a request has left. A disk that is full costs the count alone: the ledger says so by itself.
func (d *Departures) Departed(host smartcar.Host, at time.Time) {
	d.change(host, func(g *leaving) { g.left, g.last = g.left+1, at.UnixNano() })
}

// Paused notes until when Smartcar asks to send nothing to the host.
func (d *Departures) Paused(host smartcar.Host, until time.Time) {
	d.change(host, func(g *leaving) { g.paused = max(g.paused, until.UnixNano()) })
}

// EachPause gives the pauses that have not ended.
func (d *Departures) EachPause(take func(host smartcar.Host, until time.Time)) {
	for _, host := range bucketHosts {
		if until := d.hosts[host].paused; until > 0 {
			take(host, time.Unix(0, until))
		}
	}
}

func (d *Departures) change(host smartcar.Host, how func(*leaving)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.hosts[host]; g != nil {
		how(g)
		_ = d.write(host)
	}
}

func (d *Departures) write(host smartcar.Host) error {
	g := d.hosts[host]
	line := fmt.Appendf(nil, bucketLine, host, g.base, g.left, g.last, g.paused)
	for i, h := range bucketHosts {
		if h == host {
			_, err := d.file.WriteAt(line, int64(i*len(line)))
			return err
		}
	}
	return nil
}

// readBucket is what the last process counted, nothing where there was none.
func (l *Ledger) readBucket() (map[smartcar.Host]leaving, error) {
	text, err := os.ReadFile(filepath.Join(l.dir, bucketFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read what has left: %w", err)
	}
	hosts := map[smartcar.Host]leaving{}
	for line := range strings.Lines(string(text)) {
		var host smartcar.Host
		var g leaving
		if _, err := fmt.Sscan(line, &host, &g.base, &g.left, &g.last, &g.paused); err == nil { // a line of another shape counts nothing
			hosts[host] = g
		}
	}
	return hosts, nil
}

// eachUnrecorded gives the calls of the last process that nobody recorded, at the latest time that any call left.
func (l *Ledger) eachUnrecorded(recorded map[smartcar.Host]int64, latest time.Time, take func(Departure)) error {
	hosts, err := l.readBucket()
	if err != nil {
		return err
	}
	for _, g := range hosts {
		if at := time.Unix(0, g.last); g.left > 0 && at.After(latest) {
			latest = at
		}
	}
	for _, host := range bucketHosts {
		g := hosts[host]
		for range g.left - (recorded[host] - g.base) {
			take(Departure{latest, host})
		}
	}
	return nil
}
