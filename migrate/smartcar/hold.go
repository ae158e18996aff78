package smartcar

import "time"

// HoldReason is why requests wait.
type HoldReason string

// The reasons, none first.
const (
	HoldNone   HoldReason = ""
	HoldLimit  HoldReason = "limit"  // the bucket is empty
	HoldPause  HoldReason = "pause"  // Smartcar answered 429 for the whole application
	HoldSilent HoldReason = "silent" // a host does not answer as a host; one request will try it again, or does just now
)

// Hold is what those who wait are waiting for, for whoever watches; zero where nobody waits.
type Hold struct {
	Reason HoldReason
	Host   Host          // "" where it is about all hosts
	For    time.Duration // until the next request may leave; 0: it is on its way
}

// Hold tells what requests wait for. A silent host comes first: with it, the others soon stand still, too.
func (c *Client) Hold() Hold {
	if h := c.breaker.hold(); h.Reason != HoldNone {
		return h
	}
	return c.limiter.hold()
}

// hold tells about the bucket whose next request leaves first, among those where somebody waits.
func (l *Limiter) hold() (h Hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.Now()
	for host, b := range l.buckets {
		span := b.until(now, 1)
		if b.queue.Len() == 0 || span <= 0 || h.Reason != HoldNone && h.For <= span {
			continue
		}
		h = Hold{Reason: HoldLimit, Host: host, For: span}
		if now.Before(b.paused) {
			h.Reason = HoldPause
		}
	}
	return h
}
