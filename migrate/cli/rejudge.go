package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
)

// rejudgeOptions are the flags of rejudge.
type rejudgeOptions struct {
	dir, out, rules, inventory           string
	formats                              []string
	dryRun, listAll, keepGoing, jsonFull bool
}

func rejudgeCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "rejudge", Usage: "judge the saved evidence again under other rules or a corrected inventory, without a call", ArgsUsage: "DIR",
		Description: "Without -o the judgements and reports in DIR are replaced; with it DIR stays as it is. The exit code is that of the gates.",
		Flags: []ucli.Flag{
			text("rules", "", "the rules `FILE` to judge by; without it those of the run"),
			text("inventory", "", "the corrected inventory `FILE`: the same vehicles with other userIds, VINs, labels, cohorts or fields", "i"),
			text("out", "", "write a copy of the ledger and the reports into `DIR2`", "o"),
			toggle("dry-run", "say what would change, write nothing"),
			toggle("list-all", "name every vehicle that changed and every waiver that could be written"),
			formatFlag("html,markdown,json"),
			toggle("json-full", "report.json holds the fields of ready vehicles too"),
			toggle("keep-going", "skip faulty inventory rows instead of refusing the file"),
		},
		Action: func(c *ucli.Context) error {
			o, err := readRejudge(c)
			if err != nil {
				return err
			}
			return rejudge(c.Context, p, o)
		}}
}

func readRejudge(c *ucli.Context) (o rejudgeOptions, err error) {
	if c.NArg() != 1 {
		return o, usagef("give the run's directory: scmigrate rejudge DIR")
	}
	o = rejudgeOptions{dir: c.Args().First(), out: c.String("out"), rules: c.String("rules"), inventory: c.String("inventory"), dryRun: c.Bool("dry-run"),
		listAll: c.Bool("list-all"), keepGoing: c.Bool("keep-going"), jsonFull: c.Bool("json-full")}
	if o.dryRun && o.out != "" {
		return o, usagef("--dry-run writes nothing, so there is nothing to write into %s (leave one of them out)", o.out)
	}
	if o.formats, err = parseFormats(c.String("format")); err != nil {
		return o, usage(err)
	}
	return o, nil
}

// rejudge never calls anybody: everything it needs is in the ledger.
func rejudge(ctx context.Context, p Process, o rejudgeOptions) (err error) {
	h, err := o.hearing(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	header, err := h.Header(ctx)
	if err != nil {
		return err
	}
	if err := o.prepare(ctx, h, &header); err != nil {
		return err
	}
	if err := h.holdAgainst(ctx, p, ""); err != nil {
		return err
	}
	account := newAccount(p.Stdout, h, o)
	h.heard = account.vehicle
	stop, err := o.settle(ctx, p, h, header)
	if err != nil {
		return err
	}
	account.write(o)
	if err := h.sayGates(ctx, account); err != nil {
		return err
	}
	if account.err != nil || o.dryRun {
		return errors.Join(account.err, h.exit(ctx, stop))
	}
	if _, err := writeReports(ctx, p, h.Ledger, reportOptions{dir: cmp.Or(o.out, o.dir), formats: o.formats, full: o.jsonFull}); err != nil {
		return err
	}
	return h.exit(ctx, stop)
}

// hearing opens the ledger, for itself alone where it is to be changed, and reads the rules and the inventory.
func (o rejudgeOptions) hearing(ctx context.Context, p Process) (h *hearing, err error) {
	h = &hearing{}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.Ledger, err = ledger.Open(o.dir); err != nil {
		return h, usage(err)
	}
	if !o.dryRun && o.out == "" {
		if err := h.Close(); err != nil {
			return h, err
		}
		if h.Ledger, err = ledger.Create(o.dir); err != nil {
			return h, usage(err)
		}
	}
	if h.rules, err = h.Rules(ctx); err != nil {
		return h, err
	}
	if o.inventory != "" {
		p.LookupEnv = anyEnv(p) // no token is resolved and no command run
		h.file, err = openInventory(p, options{inventory: o.inventory, keepGoing: o.keepGoing}, true)
	}
	return h, err
}

func (h *hearing) close() (err error) {
	if h.file != nil {
		err = h.file.Close()
	}
	if h.Ledger != nil {
		err = errors.Join(err, h.Close())
	}
	return err
}

// prepare checks everything before anything is written, and opens what is to be written to.
func (o rejudgeOptions) prepare(ctx context.Context, h *hearing, header *ledger.Header) (err error) {
	if header.RunID == "" {
		return usagef("%s holds no run that could be judged (did its run end before it began?)", o.dir)
	}
	if header.Shard != "" && h.file != nil {
		return usage(errWholeOnly)
	}
	if o.rules != "" {
		if h.rules, err = readRules(o.rules, nil); err != nil {
			return usage(fmt.Errorf("the rules were refused, nothing was written:\n%w", err))
		}
		header.RulesDigest = h.rules.Digest()
	}
	if err := h.examine(ctx); errors.Is(err, errOtherRows) {
		return h.otherRows(ctx, o.dir, o.inventory)
	} else if err != nil {
		return err
	}
	if h.file != nil {
		header.InventoryDigest, header.Inventory = h.file.Digest(), o.inventory
	}
	header.ToolVersion, header.Complete = Version(), header.Complete && h.corrected.reset == 0
	if o.out != "" {
		if err := h.moveTo(ctx, o.out); err != nil {
			return err
		}
	}
	if !o.dryRun {
		h.amended = &ledger.Amendment{Header: *header}
	}
	return nil
}

// moveTo goes on with a copy of the ledger.
func (h *hearing) moveTo(ctx context.Context, dir string) error {
	if err := h.Copy(ctx, dir); err != nil {
		return usage(err)
	}
	if err := h.Close(); err != nil {
		return err
	}
	var err error
	h.Ledger, err = ledger.Create(dir)
	return err
}

// settle judges again, as of the end of the run.
func (o rejudgeOptions) settle(ctx context.Context, p Process, h *hearing, header ledger.Header) (migrate.Stop, error) {
	end, err := time.Parse(time.RFC3339, header.FinishedAt)
	if err != nil {
		end = p.Now()
	}
	stop := migrate.Stop(header.Stopped)
	_, err = migrate.Settle(ctx, h, h.rules, stop, end)
	return stop, err
}

// sayGates shows what the exit code is made of.
func (h *hearing) sayGates(ctx context.Context, a *account) error {
	frame, err := h.Frame(ctx)
	if err != nil {
		return err
	}
	for _, g := range h.review.Gates(frame) {
		a.line("gate %-9s  %s (observed %s)", g.Met, g.Require, g.Observed)
	}
	return a.err
}

// exit is the gates' exit code; why the run ended early matters only where it ended for a breach, or was killed after one.
func (h *hearing) exit(ctx context.Context, stop migrate.Stop) error {
	frame, err := h.Frame(ctx)
	if err != nil {
		return err
	}
	if stop != migrate.StopBreach {
		stop = migrate.StopNone
	}
	if len(h.facts.Breached) > 0 {
		stop = migrate.StopBreach
	}
	return exitWith(stop, migrate.ExitCode(stop, h.review.Gates(frame), h.review.Counts().Ready))
}

var _ migrate.Store = (*hearing)(nil)

// unjudgedText says what to do about userIds that were never measured.
func unjudgedText(n int, inventoryName, dir string) string {
	return fmt.Sprintf("%s not measured with the corrected userId, which this evidence cannot judge: not ready until scmigrate run -i %s -o %s", wereOf(n), inventoryName, dir)
}

func wereOf(n int) string {
	if n == 1 {
		return "1 vehicle was"
	}
	return fmt.Sprintf("%d vehicles were", n)
}
