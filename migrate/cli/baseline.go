package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
)

func baselineFlag() ucli.Flag {
	return text("baseline", "", "with --legacy-api none: an earlier run's `DIR0`, whose legacy evidence v3 is held against")
}

// checkBaseline: a run without a legacy leg needs an earlier one in its place, and both levels of --legs below both would
// compare nothing with it.
func (o *options) checkBaseline() error {
	none := o.legacyAPI == migrate.LegacyNone
	switch {
	case none && o.baseline == "":
		return errors.New("--legacy-api none: give --baseline DIR0, too: what must v3 still serve?")
	case !none && o.baseline != "":
		return errors.New("--baseline: give --legacy-api none, too; an earlier run to compare verdicts with is --previous")
	case none && o.legs != "both":
		return fmt.Errorf("--legacy-api none holds the app leg against an earlier run: leave --legs %s out", o.legs)
	}
	return nil
}

// fieldsOfBaseline takes over what the earlier run asked for, unless --fields says otherwise: v3 must serve all of that.
func (o *options) fieldsOfBaseline(ctx context.Context) (err error) {
	if o.legacyAPI != migrate.LegacyNone || o.baseline == "" {
		return nil
	}
	e, err := openBaseline(ctx, o.baseline, o.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	h, err := e.ledger.Header(ctx)
	if err == nil && !o.fieldsGiven && h.Fields != "" {
		o.fieldSpec = h.Fields
	}
	return err
}

// openBaseline opens the earlier run, to which nobody can write until it is closed.
func openBaseline(ctx context.Context, dir, run string) (e earlier, err error) {
	if run != "" && (ledger.SameDir(dir, run) || filepath.Clean(dir) == filepath.Clean(run)) {
		return e, usagef("--baseline %s is the directory of this run: give that of an earlier one", dir)
	}
	if e.ledger, e.unlock, err = ledger.OpenEarlier(dir); err != nil {
		return earlier{}, usage(fmt.Errorf("--baseline: %w", err))
	}
	switch h, err := e.ledger.Header(ctx); {
	case err != nil:
		return earlier{}, errors.Join(err, e.close())
	case h.RunID == "":
		return earlier{}, errors.Join(usagef("--baseline %s holds no run", dir), e.close())
	case h.Legs != "both":
		return earlier{}, errors.Join(usagef("--baseline %s was run with --legs %s, so it has no legacy evidence: give a run of both legs", dir, h.Legs), e.close())
	}
	return e, nil
}

// openBaseline holds the earlier run for the length of this one. A run of another inventory is no baseline.
func (f *fleet) openBaseline(ctx context.Context) (err error) {
	if f.o.legacyAPI != migrate.LegacyNone {
		return nil
	}
	if f.baseline, err = openBaseline(ctx, f.o.baseline, f.o.out); err != nil {
		return err
	}
	h, err := f.baseline.ledger.Header(ctx)
	if err != nil || h.InventoryDigest == f.file.Digest() {
		return err
	}
	err = f.file.Each(ctx, func(e inventory.Entry) error {
		known, err := f.baseline.ledger.Knows(ctx, e.VehicleID)
		if err == nil && known {
			return errKnown
		}
		return err
	})
	switch {
	case errors.Is(err, errKnown):
		return nil
	case err == nil:
		return usagef("--baseline %s is of another inventory: it has no vehicle of %s", f.o.baseline, f.o.inventory)
	}
	return err
}

var errKnown = errors.New("a vehicle of the baseline")

// opening is what the inventory is opened with. Without a legacy leg no token is resolved, so none need be there.
func (f *fleet) opening() (Process, options, bool) {
	p := f.p
	if f.o.legacyAPI == migrate.LegacyNone {
		p.LookupEnv = anyEnv(p)
		return p, f.o, true
	}
	return p, f.o, execAllowed(p)
}

// closeBaseline lets go of it.
func (f *fleet) closeBaseline() error { return f.baseline.close() }

// baselineOf names the earlier run in the header.
func (f *fleet) baselineOf(ctx context.Context, h *ledger.Header) error {
	if f.baseline.ledger == nil {
		return nil
	}
	theirs, err := f.baseline.ledger.Header(ctx)
	if err != nil {
		return err
	}
	if h.BaselineRun != "" && h.BaselineRun != theirs.RunID {
		return usagef("%s was begun with --baseline %s: use the same, or a new -o DIR", f.o.out, h.Baseline)
	}
	h.Baseline, h.BaselineRun = f.o.baseline, theirs.RunID
	if whole, err := filepath.Abs(f.o.baseline); err == nil {
		h.Baseline = whole
	}
	return nil
}

// baselineFor is what the meter asks for a vehicle's legacy side; nil where there is a legacy leg.
func (f *fleet) baselineFor() func(context.Context, inventory.Entry) (migrate.Baseline, error) {
	if f.baseline.ledger == nil {
		return nil
	}
	return f.baseline.ledger.Baseline
}

// noTokens is the source of a run without a legacy leg: it resolves nothing, whatever the inventory says.
type noTokens struct{}

// Token never has one.
func (noTokens) Token(context.Context, inventory.TokenRequest) (inventory.Token, error) {
	return inventory.Token{Missing: true}, nil
}
