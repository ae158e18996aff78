package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
)

// mergeOptions are the arguments and flags of merge.
type mergeOptions struct {
	dirs    []string
	out     string
	formats []string
	full    bool
}

func mergeCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "merge", Usage: "join the shards of a fleet into one run, without a call", ArgsUsage: "DIR...",
		Description: "Takes the directories of all shards in any order, judges anew over the whole fleet and writes the reports. The exit code is that of the gates.",
		Flags: []ucli.Flag{text("out", "", "the new `DIR` of the whole run: ledger and reports", "o"), formatFlag("terminal,html,markdown,json"),
			toggle("json-full", "report.json holds the fields of ready vehicles too")},
		Action: func(c *ucli.Context) error {
			o := mergeOptions{dirs: c.Args().Slice(), out: c.String("out"), full: c.Bool("json-full")}
			var err error
			switch o.formats, err = parseFormats(c.String("format")); {
			case err != nil:
				return usage(err)
			case len(o.dirs) == 0 || o.out == "":
				return usagef("give the directories of all shards and a new one for the whole: scmigrate merge DIR... -o DIR")
			}
			return merge(c.Context, p, o)
		}}
}

// merge never calls anybody: everything it needs is in the ledgers.
func merge(ctx context.Context, p Process, o mergeOptions) error {
	parts, err := ledger.OpenParts(ctx, o.dirs)
	if err != nil {
		return usage(err)
	}
	if err := ledger.Room(parts, o.out); err != nil {
		return usage(err)
	}
	if err := sayUnfinished(p.Stderr, parts); err != nil {
		return err
	}
	err = ledger.Join(ctx, parts, o.out, func(l *ledger.Ledger) error { return settleParts(ctx, l, parts) })
	if errors.Is(err, ledger.ErrTaken) || errors.Is(err, ledger.ErrBusy) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	l, err := ledger.Open(o.out)
	if err != nil {
		return err
	}
	defer l.Close()
	summary, err := writeReports(ctx, p, l, reportOptions{dir: o.out, formats: o.formats, full: o.full})
	if err != nil {
		return err
	}
	h, err := l.Header(ctx)
	if err != nil {
		return err
	}
	return exitWith(migrate.StopNone, summary.ExitCode(mergedStop(h)))
}

// settleParts judges the joined vehicles as one fleet, as of the end of the last shard's run.
func settleParts(ctx context.Context, l *ledger.Ledger, parts []ledger.Part) error {
	h := ledger.HeaderOf(parts, Version())
	end, err := endOf(ctx, l, h)
	if err != nil {
		return err
	}
	r, err := l.Rules(ctx)
	if err != nil {
		return err
	}
	controls, err := l.Controls(ctx)
	if err != nil {
		return err
	}
	if controls.Breached() { // no shard need have found it alone: another shard's car is the second pair
		h.Stopped = string(migrate.StopBreach)
	}
	if err := l.SetHeader(ctx, h); err != nil { // a sample's frame is read by it
		return err
	}
	if _, err := migrate.Settle(ctx, l, r, migrate.Stop(h.Stopped), end); err != nil {
		return err
	}
	tally, err := l.Tally(ctx)
	if err != nil {
		return err
	}
	h.FinishedAt, h.Complete = end.UTC().Format(time.RFC3339), tally.Measured() == tally.Total
	return l.SetHeader(ctx, h)
}

// endOf is when the last shard ended, or measured its last vehicle where that was later: one that was killed has no end.
func endOf(ctx context.Context, l *ledger.Ledger, h ledger.Header) (time.Time, error) {
	end, err := time.Parse(time.RFC3339, h.FinishedAt)
	if err != nil {
		if end, err = time.Parse(time.RFC3339, h.StartedAt); err != nil {
			return end, fmt.Errorf("the ledger's header cannot be read: %w", err)
		}
	}
	last, err := l.LastRecord(ctx)
	if last = last.Truncate(time.Second); last.After(end) {
		end = last
	}
	return end, err
}

// sayUnfinished names the shards whose vehicles were not all measured.
func sayUnfinished(w io.Writer, parts []ledger.Part) error {
	for _, p := range parts {
		if p.Header.Complete {
			continue
		}
		why := "it was killed or is still to go on"
		if p.Header.Stopped != "" {
			why = "stopped: " + p.Header.Stopped
		}
		if _, err := fmt.Fprintf(w, "shard %s in %s is not finished (%s): what it did not measure is inconclusive; finish it and merge again for the whole answer\n", p.Shard, p.Dir, why); err != nil {
			return err
		}
	}
	return nil
}

// mergedStop is what the shards' ends mean for the exit code: a breach in any is a breach, and where one could not go on,
// the whole is undecided at best. Nobody interrupted the merge.
func mergedStop(h ledger.Header) migrate.Stop {
	switch stop := migrate.Stop(h.Stopped); stop {
	case migrate.StopInterrupted, migrate.StopCredentials:
		return migrate.StopPaused
	default:
		return stop
	}
}
