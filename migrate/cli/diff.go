package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate/ledger"
	"scmigrate/migrate/report"
)

// diffOptions are the flags and arguments of diff.
type diffOptions struct {
	was, is string
	format  string
	all     bool
}

func diffCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "diff", Usage: "run against run: which causes and vehicles are new, fixed, unchanged, gone", ArgsUsage: "DIR_A DIR_B",
		Description: "DIR_A is the earlier run. Calls nobody, writes nothing, and exits 0 whatever has changed.",
		Flags: []ucli.Flag{
			text("format", "terminal", "`FORMAT`: "+strings.Join(report.DiffFormats(), ", ")),
			toggle("list-all", "name every vehicle that changed"),
		},
		Action: func(c *ucli.Context) error {
			o := diffOptions{was: c.Args().Get(0), is: c.Args().Get(1), format: c.String("format"), all: c.Bool("list-all")}
			if c.NArg() != 2 {
				return usagef("give two runs' directories, the earlier one first: scmigrate diff DIR_A DIR_B")
			}
			if !slices.Contains(report.DiffFormats(), o.format) {
				return usagef("--format: unknown format %q (one of: %s)", o.format, strings.Join(report.DiffFormats(), ", "))
			}
			return diff(c.Context, p, o)
		}}
}

func diff(ctx context.Context, p Process, o diffOptions) (err error) {
	if ledger.SameDir(o.was, o.is) {
		return usagef("%s and %s are the same directory (give two runs)", o.was, o.is)
	}
	was, err := openRun(ctx, o.was)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, was.Close()) }()
	is, err := openRun(ctx, o.is)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, is.Close()) }()
	d, err := report.DiffOf(ctx, was, is)
	if err != nil {
		return err
	}
	return report.RenderDiff(p.Stdout, o.format, d, o.all, report.Options{Width: widthOf(p), Color: p.Color})
}

// openRun opens a ledger for reading that holds a run.
func openRun(ctx context.Context, dir string) (*ledger.Ledger, error) {
	l, err := ledger.Open(dir)
	if err != nil {
		return nil, usage(err)
	}
	h, err := l.Header(ctx)
	if err == nil && h.RunID == "" {
		err = usagef("%s holds no run to compare (did its run end before it began?)", dir)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
