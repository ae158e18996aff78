package cli

import (
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v2"
)

// manSection is that of commands which users run.
const manSection = 1

func manCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "man", Usage: "print the manual page (roff, for man -l)", Action: func(c *ucli.Context) error {
		app := *c.App
		app.Description = "Exit codes:\n" + strings.ReplaceAll(strings.TrimPrefix(exitTable, "Exit codes:"), "\n", "\n    ") // kept as a table
		page, err := app.ToManWithSection(manSection)
		if err != nil {
			return fmt.Errorf("cannot write the manual page: %w", err)
		}
		_, err = fmt.Fprint(p.Stdout, page)
		return err
	}}
}
