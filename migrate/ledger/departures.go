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

// bucketLine has the host, the calls on record when the process began, those that left and were not on record then, when the
// last one left, until when nobody goes, and when that was said; times in nanoseconds since 1970, 0 for never.
const bucketLine = "%-7s%20d%20d%20d%20d%20d\n"

// maxLeft is more than any bucket holds (--limit).
const maxLeft = 10_000_000

// bucketHosts are those that a run calls, in the order of their lines.
var bucketHosts = []smartcar.Host{smartcar.HostIAM, smartcar.HostApp, smartcar.HostLegacy}

// leaving is the state of one host.
type leaving struct{ base, left, last, paused, said int64 }

// unrecorded are the calls that left and that nobody has recorded, where so many are on record.
func (g leaving) unrecorded(recorded int64) int64 {
	return min(g.left, max(0, g.left-(recorded-g.base)))
}

// Departures counts what leaves. It is a smartcar.Journal, and safe for concurrent use.
type Departures struct {
	mu      sync.Mutex
	file    *os.File
	hosts   map[smartcar.Host]*leaving
	carried map[smartcar.Host]leaving // what earlier processes left unrecorded
}

// carriedFor is how long that counts: any bucket is full again after it.
const carriedFor = 24 * time.Hour

// Departures begins to count, until the ledger is closed. What an earlier process left unrecorded is kept, and so are pauses
// that have not ended, unless the clock has been set back since.
func (l *Ledger) Departures(ctx context.Context, now time.Time) (*Departures, error) {
	before, err := l.readBucket()
	if err != nil {
		return nil, err
	}
	recorded, err := l.count(ctx, "SELECT "+calledHost+", count(*) FROM calls GROUP BY 1")
	if err != nil {
		return nil, err
	}
	d := &Departures{hosts: map[smartcar.Host]*leaving{}, carried: map[smartcar.Host]leaving{}}
	if d.file, err = os.OpenFile(l.bucketPath(), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("cannot count what leaves: %w", err)
	}
	for _, host := range bucketHosts {
		b, n := before[host], int64(recorded[string(host)])
		g := &leaving{base: n}
		if now.Sub(time.Unix(0, b.last)) < carriedFor {
			g.left, g.last = b.unrecorded(n), b.last
			d.carried[host] = *g
		}
		if b.paused > now.UnixNano() && b.said <= now.UnixNano() {
			g.paused, g.said = b.paused, b.said
		}
		d.hosts[host] = g
		if err = errors.Join(err, d.write(host)); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot count what leaves: %w", err), d.file.Close())
		}
	}
	l.departures = d
	return d, nil
}

// close ends the counting. Where everything was recorded, only what earlier processes left is still to count: what was let go
// and never sent has not left.
func (d *Departures) close(whole bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, host := range bucketHosts {
		if whole {
			g, c := d.hosts[host], d.carried[host]
			g.base, g.left, g.last = g.base+g.left-c.left, c.left, c.last
			_ = d.write(host)
		}
	}
	return d.file.Close()
}

// Departed notes that a request has left. A disk that is full costs the count alone: the ledger says so by itself.
func (d *Departures) Departed(host smartcar.Host, at time.Time) {
	d.change(host, func(g *leaving) { g.left, g.last = g.left+1, at.UnixNano() })
}

// Paused notes that Smartcar asks to send nothing to the host before a time.
func (d *Departures) Paused(host smartcar.Host, now, until time.Time) {
	d.change(host, func(g *leaving) { g.paused, g.said = max(g.paused, until.UnixNano()), now.UnixNano() })
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
	line := fmt.Appendf(nil, bucketLine, host, g.base, g.left, g.last, g.paused, g.said)
	for i, h := range bucketHosts {
		if h == host {
			_, err := d.file.WriteAt(line, int64(i*len(line)))
			return err
		}
	}
	return nil
}

func (l *Ledger) bucketPath() string { return filepath.Join(l.dir, bucketFile) }

// readBucket is what the last process counted, nothing where there was none. A line of another shape counts nothing.
func (l *Ledger) readBucket() (map[smartcar.Host]leaving, error) {
	hosts := map[smartcar.Host]leaving{}
	switch info, err := os.Lstat(l.bucketPath()); {
	case errors.Is(err, fs.ErrNotExist):
		return hosts, nil
	case err != nil:
		return nil, fmt.Errorf("cannot read what has left: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a plain file (a link?): delete it", l.bucketPath())
	case info.Size() > 4096:
		return hosts, nil
	}
	text, err := os.ReadFile(l.bucketPath())
	if err != nil {
		return nil, fmt.Errorf("cannot read what has left: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		var host smartcar.Host
		var g leaving
		_, err := fmt.Sscan(line, &host, &g.base, &g.left, &g.last, &g.paused, &g.said)
		if err == nil && min(g.base, g.left, g.last, g.paused, g.said) >= 0 && g.left <= maxLeft {
			hosts[host] = g
		}
	}
	return hosts, nil
}

// eachUnrecorded gives the calls of killed processes that nobody recorded, at the latest time that any call left, but no more
// than an hour after the last one on record: a clock that was wrong for a moment must not fill the buckets.
func (l *Ledger) eachUnrecorded(recorded map[smartcar.Host]int64, latest time.Time, take func(Departure)) error {
	hosts, err := l.readBucket()
	if err != nil {
		return err
	}
	end, known := latest.Add(time.Hour), !latest.IsZero()
	for _, host := range bucketHosts {
		if g := hosts[host]; g.unrecorded(recorded[host]) > 0 && time.Unix(0, g.last).After(latest) {
			latest = time.Unix(0, g.last)
		}
	}
	if known && latest.After(end) {
		latest = end
	}
	for _, host := range bucketHosts {
		for range hosts[host].unrecorded(recorded[host]) {
			take(Departure{latest, host})
		}
	}
	return nil
}
