package cli

import (
	"fmt"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/smartcar"
)

func statusCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "status", Usage: "how far a run is, also while it goes on in another process", ArgsUsage: "DIR", Action: func(c *ucli.Context) error {
		l, err := openLedger(c)
		if err != nil {
			return err
		}
		defer l.Close()
		h, err := l.Header(c.Context)
		if err != nil {
			return err
		}
		t, err := l.Tally(c.Context)
		if err != nil {
			return err
		}
		running := ledger.Held(l.Dir())
		requests, err := l.Requests(c.Context)
		if err != nil {
			return err
		}
		frame, err := l.Frame(c.Context)
		if err != nil {
			return err
		}
		carried, err := l.Carried(c.Context)
		if err != nil {
			return err
		}
		counts := t.Counts()
		_, err = fmt.Fprintf(p.Stdout, "run %s of %s\n%s%s%s%d of %d vehicles measured: ready %d, blocked %d, broken %d, inconclusive %d\n%d requests so far%s\n%s\n",
			h.RunID, h.Inventory, shardText(h), drawnText(h, frame), carriedText(carried), t.Measured(), t.Total, counts.Ready, counts.Blocked, counts.Broken, t.Verdicts[migrate.Inconclusive], sum(requests),
			eta(h, t, p.Now(), running), stateText(h, running))
		return err
	}}
}

// carriedText says how many vehicles an earlier run measured, "" where none.
func carriedText(c ledger.Carried) string {
	if c.Vehicles == 0 {
		return ""
	}
	return fmt.Sprintf("%d vehicles were taken over from an earlier run, measured between %s and %s\n", c.Vehicles, c.Oldest.Format(time.DateTime), c.Newest.Format(time.DateTime))
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// eta is a forecast for a run that goes on: by the average so far or by the rate limit, whichever is longer; "" where
// there is nothing to go by.
func eta(h ledger.Header, t migrate.Tally, now time.Time, running bool) string {
	started, err := time.Parse(time.RFC3339, h.StartedAt)
	if err != nil || !running || t.Measured() == 0 || t.Measured() >= t.Total {
		return ""
	}
	remaining := t.Total - t.Measured()
	left := time.Duration(float64(now.Sub(started)) / float64(t.Measured()) * float64(remaining))
	bucket, errLimit := smartcar.ParseLimit(h.Limit)
	share, errShare := parseShare(h.LimitShare)
	if errLimit == nil && errShare == nil {
		bucket.Share, bucket.PerHost = share, h.LimitPerHost
		if shard, err := migrate.ParseShard(h.Shard); err == nil {
			bucket.Share /= float64(max(1, shard.N))
		}
		limiter := smartcar.NewLimiter(bucket)
		left = max(left, limiter.Duration(emptied(loadOf(h.Legs, h.LegacyAPI, remaining), limiter)))
	}
	return fmt.Sprintf(", about %s left", left.Round(time.Second))
}

// loadOf is what so many healthy vehicles cost: one batch and one signals call each.
func loadOf(legs, legacyAPI string, vehicles int) smartcar.Load {
	switch legs {
	case "connections":
		return smartcar.Load{}
	case "app":
		return smartcar.Load{App: vehicles}
	}
	return migrate.LoadOf(legacyAPI, vehicles, vehicles, 0)
}

// emptied adds what empties full buckets: those of a run that goes on are taken to be empty.
func emptied(n smartcar.Load, l *smartcar.Limiter) smartcar.Load {
	if l.PerHost() && n.Legacy > 0 {
		n.Legacy += l.Burst()
	}
	n.App += l.Burst()
	return n
}

func stateText(h ledger.Header, running bool) string {
	switch {
	case running:
		return "running"
	case h.FinishedAt == "":
		return "killed or crashed: start the same command again to go on"
	case h.Stopped != "":
		return "ended at " + h.FinishedAt + ": " + h.Stopped + " (" + migrate.Stop(h.Stopped).Hint() + ")"
	}
	return "finished at " + h.FinishedAt
}
