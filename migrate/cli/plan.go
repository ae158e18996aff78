package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/smartcar"
)

func planCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "plan", Usage: "what a run would cost and how long it would take; sends nothing, resolves no secret", Flags: planFlags(), Action: func(c *ucli.Context) error {
		o, err := readOptions(c, p)
		if err != nil {
			return err
		}
		allowed := execAllowed(p)
		p.LookupEnv = anyEnv // a plan is made where the secrets are not
		file, err := openInventory(p, o, true)
		if err != nil {
			return err
		}
		defer file.Close()
		drawn, err := o.drawAhead(c.Context, file)
		if err != nil {
			return err
		}
		rest, err := o.remains(c.Context, p, file)
		if err != nil {
			return err
		}
		f := migrate.NewForecast(migrate.ForecastOptions{Earlier: rest.earlier, TimeBox: o.timeBox, Legs: o.legs, Bucket: o.bucket, Controls: o.controls, ReadsPerVehicle: o.billed(), Retirement: o.rules.Retirement,
			LegacyAPI: o.legacyAPI, Shard: o.shard, Start: p.Now(), Command: len(file.Header().Command) > 0})
		for _, call := range rest.calls {
			f.Debit(call.At, call.Host)
		}
		add := func(e inventory.Entry) error {
			switch {
			case rest.finished(e):
				f.Done()
			case !o.shard.Has(e):
				f.Elsewhere()
			case drawn(e):
				f.Add(e)
			default:
				f.LeaveOut()
			}
			return nil
		}
		if err := file.Each(c.Context, add); err != nil {
			return err
		}
		lines := f.Lines()
		if len(file.Header().Command) > 0 && !allowed {
			lines = append(lines, "before the run       set SCMIGRATE_ALLOW_EXEC=1, or its token command is refused")
		}
		for _, line := range lines {
			if _, err := fmt.Fprintln(p.Stdout, line); err != nil {
				return err
			}
		}
		return nil
	}}
}

func planFlags() []ucli.Flag {
	return append(measureFlags(), text("out", "", "the `DIR` of a run: what remains of it", "o"), span("time-box", 0, "how far a run of this `TIME` gets (0: to its end)"))
}

// remainder is what a run's directory says about the rest of it; the zero remainder is a new run's.
type remainder struct {
	earlier *migrate.Earlier
	pending map[int]bool
	calls   []ledger.Departure // that its bucket has not made up for
}

func (r remainder) finished(e inventory.Entry) bool { return r.earlier != nil && !r.pending[e.Ordinal] }

// remains reads the directory of a run, where one is given and holds a run of this inventory.
func (o options) remains(ctx context.Context, p Process, file *inventory.File) (r remainder, err error) {
	if o.out == "" {
		return r, nil
	}
	l, err := ledger.Open(o.out)
	if errors.Is(err, ledger.ErrNone) {
		return r, nil
	}
	if err != nil {
		return r, usage(err)
	}
	defer l.Close()
	h, err := l.Header(ctx)
	switch {
	case err != nil || h.RunID == "":
		return r, err
	case h.InventoryDigest != file.Digest():
		return r, usagef("%s was begun with another inventory: plan without -o for this one", o.out)
	}
	r.earlier, r.pending = &migrate.Earlier{}, map[int]bool{}
	for t, err := range l.Pending(ctx, o.legs) {
		if err != nil {
			return r, err
		}
		r.pending[t.Ordinal] = true
	}
	if err := r.read(ctx, l, o, p.Now()); err != nil {
		return r, err
	}
	return r, nil
}

func (r *remainder) read(ctx context.Context, l *ledger.Ledger, o options, now time.Time) error {
	requests, err := l.Requests(ctx)
	if err != nil {
		return err
	}
	legacy, app, err := l.Billed(ctx)
	if err != nil {
		return err
	}
	controls, err := l.Controls(ctx)
	if err != nil {
		return err
	}
	lists, err := l.LinkLists(ctx)
	if err != nil {
		return err
	}
	r.earlier.Requests, r.earlier.Billed, r.earlier.Controls = sum(requests), legacy+app, controls.Refused
	r.earlier.Listed = len(lists) > 0 && !slices.ContainsFunc(lists, func(list migrate.LinkList) bool { return !list.Fresh(now) })
	if window := bucketWindow(smartcar.NewLimiter(o.bucket)); window > 0 {
		r.calls, err = l.CallsSince(ctx, now.Add(-window))
	}
	return err
}

// anyEnv has every variable: plan resolves no reference, so it must not miss one.
func anyEnv(string) (string, bool) { return "not-resolved", true }
