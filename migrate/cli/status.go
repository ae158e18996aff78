package cli

import (
	"fmt"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
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
		requests, err := l.Requests(c.Context)
		if err != nil {
			return err
		}
		counts := t.Counts()
		_, err = fmt.Fprintf(p.Stdout, "run %s of %s\n%d of %d vehicles measured: ready %d, blocked %d, broken %d, inconclusive %d\n%d requests so far%s\n%s\n",
			h.RunID, h.Inventory, t.Measured(), t.Total, counts.Ready, counts.Blocked, counts.Broken, t.Verdicts[migrate.Inconclusive], sum(requests),
			eta(h.StartedAt, h.FinishedAt, t, p.Now()), stateText(h.FinishedAt, h.Stopped))
		return err
	}}
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// eta is a forecast from the average so far, "" where there is nothing to go by.
func eta(startedAt, finishedAt string, t migrate.Tally, now time.Time) string {
	started, err := time.Parse(time.RFC3339, startedAt)
	if err != nil || finishedAt != "" || t.Measured() == 0 || t.Measured() >= t.Total {
		return ""
	}
	left := time.Duration(float64(now.Sub(started)) / float64(t.Measured()) * float64(t.Total-t.Measured()))
	return fmt.Sprintf(", about %s left at the average pace", left.Round(time.Second))
}

func stateText(finishedAt, stopped string) string {
	switch {
	case finishedAt == "":
		return "running, or ended without a word: start the same command again to go on"
	case stopped != "":
		return "ended at " + finishedAt + ": " + stopped
	}
	return "finished at " + finishedAt
}
