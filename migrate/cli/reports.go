package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate/ledger"
	"scmigrate/migrate/report"
	"scmigrate/migrate/secret"
)

// reportOptions say what to render, and where.
type reportOptions struct {
	dir     string
	formats []string
	full    bool

	previous string // as given; "": the run's own, where it has one
}

// writeReports renders the ledger into files and, where asked for, to the terminal. Every artefact is scanned for every
// secret this process has seen; one that holds any is removed and the command fails. What was rendered comes back.
func writeReports(ctx context.Context, p Process, l *ledger.Ledger, o reportOptions) (s report.Summary, err error) {
	since, err := previousOf(ctx, p, o.previous, l)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, since.close()) }()
	r, key, err := readReport(ctx, l, report.Reading{Full: o.full, Earlier: since.ledger})
	if err != nil {
		return r.Summary, err
	}
	if r.History, err = since.history(ctx, l); err != nil {
		return r.Summary, err
	}
	files := slices.DeleteFunc(slices.Clone(o.formats), func(f string) bool { return report.FileOf(f) == "" })
	if _, err := report.WriteAll(o.dir, r, report.WriteOptions{Formats: files, ShareKey: key, Scan: func(path string) error { return scan(path, p.vault) }}); err != nil {
		return r.Summary, err
	}
	if slices.Contains(o.formats, "terminal") {
		if err := report.Render(p.Stdout, "terminal", r, report.Options{Width: widthOf(p), Color: p.Color, Dir: o.dir, Written: files}); err != nil {
			return r.Summary, err
		}
	}
	if slices.Contains(o.formats, "github") {
		return r.Summary, annotate(p, r, key, o)
	}
	return r.Summary, nil
}

// errLeak means that an artefact held a secret.
var errLeak = errors.New("held a secret and was not written; please report this as a bug")

func scan(path string, vault *secret.Vault) error {
	if vault == nil {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	found, fingerprint, err := vault.Find(f)
	if err == nil && found {
		err = fmt.Errorf("%s %w (fingerprint %s)", path, errLeak, fingerprint)
	}
	return err
}

// formatFlag is the flag of every command that reports.
func formatFlag(formats string) ucli.Flag {
	return text("format", formats, "report `FORMATS`, separated by commas, of "+strings.Join(report.Formats(), ", "))
}

func reportCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "report", Usage: "render the reports again from a run's ledger, without a call", ArgsUsage: "DIR",
		Flags: []ucli.Flag{formatFlag("terminal,html,markdown,json"), text("out", "", "write into `DIR2` instead of DIR", "o"),
			toggle("json-full", "report.json holds the fields of ready vehicles too"), previousFlag()},
		Action: func(c *ucli.Context) error {
			l, err := openLedger(c)
			if err != nil {
				return err
			}
			defer l.Close()
			formats, err := parseFormats(c.String("format"))
			if err != nil {
				return usage(err)
			}
			dir := c.String("out")
			if dir == "" {
				dir = l.Dir()
			}
			if err := mayWrite(c.Context, l, dir); err != nil {
				return err
			}
			_, err = writeReports(c.Context, p, l, reportOptions{dir: dir, formats: formats, full: c.Bool("json-full"), previous: c.String("previous")})
			return err
		}}
}

// mayWrite refuses to put one run's reports over another's.
func mayWrite(ctx context.Context, l *ledger.Ledger, dir string) error {
	other, err := ledger.Open(dir)
	if errors.Is(err, ledger.ErrNone) {
		return nil
	}
	if err != nil {
		return usage(err)
	}
	theirs, err := other.Header(ctx)
	ours, err2 := l.Header(ctx)
	if err := errors.Join(err, err2, other.Close()); err != nil {
		return err
	}
	if theirs.RunID != ours.RunID {
		return usagef("%s holds another run, whose reports would be overwritten (give another -o DIR)", dir)
	}
	return nil
}

// openLedger opens the directory that a command was given as its only argument.
func openLedger(c *ucli.Context) (*ledger.Ledger, error) {
	if c.NArg() != 1 {
		return nil, usagef("give the run's directory: scmigrate %s DIR", c.Command.Name)
	}
	l, err := ledger.Open(c.Args().First())
	if err != nil {
		return nil, usage(err)
	}
	return l, nil
}
