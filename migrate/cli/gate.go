package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
)

func gateCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "gate", Usage: "evaluate gates on a run, finished or not, without a call", ArgsUsage: "DIR",
		Description: "Prints one line per gate, and exits by them. Waivers are held against today: one that has expired since the run waives nothing. Writes nothing.",
		Flags: []ucli.Flag{
			list("require", "a `GATE` to evaluate, like \"blocked == 0\" (may be repeated; instead of the run's own gates)"),
			previousFlag(),
		},
		Action: func(c *ucli.Context) error {
			l, err := openLedger(c)
			if err != nil {
				return err
			}
			return evaluate(c.Context, p, l, gateOptions{c.StringSlice("require"), c.String("previous")})
		}}
}

// gateOptions are the flags of gate.
type gateOptions struct {
	require  []string
	previous string
}

// evaluate judges the run anew as of today, which changes nothing but where a waiver has expired since or the run was never
// settled, and lets the gates say the exit code. It closes the ledger.
func evaluate(ctx context.Context, p Process, l *ledger.Ledger, o gateOptions) (err error) {
	h := &hearing{Ledger: l, heard: func(_, _ migrate.Record, _ bool) error { return nil }}
	defer func() { err = errors.Join(err, h.close()) }()
	header, err := h.Header(ctx)
	if err != nil {
		return err
	}
	if header.RunID == "" {
		return usagef("%s holds no run whose gates could be evaluated (did its run end before it began?)", l.Dir())
	}
	if h.rules, err = h.Rules(ctx); err != nil {
		return err
	}
	if len(o.require) > 0 {
		asked, err := readRules("", o.require)
		if err != nil {
			return usage(err)
		}
		h.rules.Gates = asked.Gates
	}
	if err := h.holdAgainst(ctx, p, o.previous); err != nil {
		return err
	}
	stop := migrate.Stop(header.Stopped)
	if _, err := migrate.Settle(ctx, h, h.rules, stop, p.Now()); err != nil {
		return err
	}
	if err := h.sayDoubts(p, header); err != nil {
		return err
	}
	if err := h.sayGates(ctx, newAccount(p.Stdout, h, rejudgeOptions{})); err != nil {
		return err
	}
	return h.exit(ctx, stop)
}

// holdAgainst lets new-blocked count against an earlier run: the one given, or else the run's own.
func (h *hearing) holdAgainst(ctx context.Context, p Process, previous string) (err error) {
	since, err := previousOf(ctx, p, previous, h.Ledger)
	if err != nil {
		return err
	}
	h.wasBlocked, err = since.wasBlocked(ctx, h.Ledger)
	return errors.Join(err, since.close())
}

// sayDoubts tells what a reader of the gates must know beside them.
func (h *hearing) sayDoubts(p Process, header ledger.Header) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(p.Stderr, format+"\n", args...)
		errs = append(errs, err)
	}
	if n := h.review.Uncalled(); n > 0 {
		say("%d of %d vehicles were never called and count as inconclusive (%s)", n, h.review.Counts().Total(), cmp.Or(header.Stopped, "the run goes on, or was killed"))
	}
	for _, w := range h.facts.Waivers {
		if w.Code != migrate.WaiverUnused {
			say("waiver %s %s: it waives nothing", w.ID, w.Why)
		}
	}
	return errors.Join(errs...)
}
