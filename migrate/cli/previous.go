package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/report"
)

func previousFlag() ucli.Flag {
	return text("previous", "", "an earlier run's `DIR0`: what is new, fixed, unchanged and gone since, and what new-blocked counts")
}

// earlier is the run that another one is held against; its ledger is nil where there is none.
type earlier struct {
	ledger *ledger.Ledger
	unlock func() error
}

// openPrevious opens an earlier run, to which no run can write until it is closed, and refuses the run itself.
func openPrevious(ctx context.Context, dir, run string) (e earlier, err error) {
	if ledger.SameDir(dir, run) || filepath.Clean(dir) == filepath.Clean(run) {
		return e, usagef("--previous %s is the directory of this run: give that of an earlier one", dir)
	}
	if e.ledger, e.unlock, err = ledger.OpenEarlier(dir); err != nil {
		return earlier{}, usage(fmt.Errorf("--previous: %w", err))
	}
	h, err := e.ledger.Header(ctx)
	if err == nil && h.RunID == "" {
		err = usagef("--previous %s holds no run to compare with (did its run end before it began?)", dir)
	}
	if err != nil {
		return earlier{}, errors.Join(err, e.close())
	}
	return e, nil
}

// previousOf is the run given, or else the one that this run was given when it ran: reports that are rendered again are the
// same. One that is not there any more is told, and left out.
func previousOf(ctx context.Context, p Process, given string, l *ledger.Ledger) (earlier, error) {
	if given != "" {
		return openPrevious(ctx, given, l.Dir())
	}
	h, err := l.Header(ctx)
	if err != nil || h.Previous == "" {
		return earlier{}, err
	}
	e, err := openPrevious(ctx, h.Previous, l.Dir())
	if err != nil {
		_, err = fmt.Fprintf(p.Stderr, "what changed since the earlier run is left out: %v (give its place with --previous)\n", err)
	}
	return e, err
}

func (e earlier) close() error {
	if e.ledger == nil {
		return nil
	}
	return errors.Join(e.ledger.Close(), e.unlock())
}

// wasBlocked tells which vehicles of a run were blocked in the earlier one; nil where there is none.
func (e earlier) wasBlocked(ctx context.Context, l *ledger.Ledger) (func(inventory.Entry) bool, error) {
	if e.ledger == nil {
		return nil, nil
	}
	_, blocked, err := report.Compare(ctx, e.ledger, l)
	return blocked.Was, err
}

// checkPrevious looks at the earlier run before anything is sent.
func (f *fleet) checkPrevious(ctx context.Context) error {
	if f.o.previous == "" {
		return nil
	}
	e, err := openPrevious(ctx, f.o.previous, f.o.out)
	if err != nil {
		return err
	}
	return e.close()
}

// earlier names the run to be held against so that it is found wherever a later command is called; was is what it was.
func (o *options) earlier(was string) string {
	if o.previous == "" {
		return was
	}
	return whole(o.previous)
}

// whole is a directory's path from the root, where there is one.
func whole(dir string) string {
	if path, err := filepath.Abs(dir); err == nil {
		return path
	}
	return dir
}
