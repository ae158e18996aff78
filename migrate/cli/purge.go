package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate/ledger"
	"scmigrate/migrate/report"
)

func purgeCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "purge", Usage: "delete a run's evidence and private reports, and keep share/", ArgsUsage: "DIR",
		Description: "Asks nothing. Refuses a directory that is not a run's, and one that a run is using. With the ledger goes the key of the\n" +
			"pseudonyms: nobody can tell any more which vehicle stands behind one.",
		Action: func(c *ucli.Context) error {
			if c.NArg() != 1 {
				return usagef("give the run's directory: scmigrate purge DIR")
			}
			return purge(p, c.Args().First())
		}}
}

func purge(p Process, dir string) error {
	deleted, err := ledger.Purge(dir, privateFiles())
	for _, name := range deleted {
		fmt.Fprintf(p.Stdout, "deleted %s\n", filepath.Join(dir, name))
	}
	switch {
	case errors.Is(err, ledger.ErrForeign), errors.Is(err, ledger.ErrBusy):
		return usage(err)
	case err != nil:
		return err
	}
	share := filepath.Join(dir, report.ShareDir)
	if _, err := os.Lstat(share); err != nil {
		return nil //nolint:nilerr // a run that never came to its reports
	}
	_, err = fmt.Fprintf(p.Stdout, "kept    %s\n", share)
	return err
}

// privateFiles are the names of everything beside the ledger that a run or a demo writes: the reports of all formats.
func privateFiles() []string {
	names := []string{demoInventory, demoTruth}
	for _, format := range report.Formats() {
		if file := report.FileOf(format); file != "" {
			names = append(names, file)
		}
	}
	return names
}
