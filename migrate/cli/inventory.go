package cli

import (
	"fmt"
	"io"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// inventoryCommand is the group of commands that prepare an inventory.
func inventoryCommand(p Process) *ucli.Command {
	return &ucli.Command{
		Name: "inventory", Usage: "check, make or complete an inventory",
		Subcommands: []*ucli.Command{inventoryCheckCommand(p), inventoryImportCommand(p), inventoryBackfillCommand(p), inventoryRefreshCommand(p)},
		Action: func(c *ucli.Context) error {
			if c.NArg() > 0 {
				return usagef("unknown command %q (see: scmigrate inventory --help)", "inventory "+c.Args().First())
			}
			return ucli.ShowSubcommandHelp(c)
		},
	}
}

func inventoryCheckCommand(p Process) *ucli.Command {
	return &ucli.Command{
		Name: "check", Usage: "say everything that can be known about an inventory without sending anything",
		Description: "Exits 0 where a run would take the inventory, whatever the warnings, and 2 where it would refuse it. Also judges the form of the SMARTCAR_… variables that are set.",
		Flags:       []ucli.Flag{text("inventory", "", "the inventory `FILE` (YAML); - reads stdin", "i")},
		Action: func(c *ucli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if c.String("inventory") == "" {
				return usagef("name the inventory: scmigrate inventory check -i FILE")
			}
			return checkInventory(p, c.String("inventory"))
		},
	}
}

func noArguments(c *ucli.Context) error {
	if c.NArg() > 0 {
		return usagef("unexpected argument %q (see: scmigrate inventory %s --help)", c.Args().First(), c.Command.Name)
	}
	return nil
}

func checkInventory(p Process, path string) error {
	c, err := inventory.Check(path, inventory.Options{Stdin: p.Stdin, Getenv: p.LookupEnv, CheckField: knownField,
		AgeIdentityFile: trimmedEnv(p, inventory.AgeIdentityVariable)}, p.Now())
	if err != nil {
		return usage(err)
	}
	problems, warnings := inventory.CheckEnv(p.LookupEnv)
	c.Problems.Add(problems.List...)
	c.Warnings.Add(warnings.List...)
	if err := writeCheckup(p.Stdout, c); err != nil {
		return err
	}
	if found := len(c.Problems.List) + c.Problems.More; found > 0 {
		return &exitError{migrate.ExitUsage, fmt.Errorf("%s: %s; a run would refuse it", c.Name, counted(found, "problem"))}
	}
	return nil
}

// writeCheckup says the worst first.
func writeCheckup(out io.Writer, c *inventory.Checkup) error {
	w := &lineWriter{out: out}
	for _, list := range []struct {
		word     string
		problems *inventory.Problems
	}{{"problem", &c.Problems}, {"warning", &c.Warnings}} {
		for _, one := range list.problems.List {
			w.line("%s: %s", list.word, one)
		}
		if list.problems.More > 0 {
			w.line("%s: and %d more", list.word, list.problems.More)
		}
	}
	if c.GitTree != "" {
		w.line("\nIf the file was ever committed or pushed, whoever read it holds what is in it. Then, in this order:")
		for i, step := range inventory.RotationSteps() {
			w.line("  %d. %s", i+1, step)
		}
		w.line("")
	}
	w.line("%s: %s, %d without userId, %s in the file itself: %s, %s. Nothing was sent.", c.Name, counted(c.Vehicles, "row"), c.NoUser, counted(c.Literals, "token"),
		counted(len(c.Problems.List)+c.Problems.More, "problem"), counted(len(c.Warnings.List), "warning"))
	return w.err
}

// counted is "1 row" or "2 rows".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// lineWriter keeps the first error of what it writes to.
type lineWriter struct {
	out io.Writer
	err error
}

func (w *lineWriter) line(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format+"\n", args...)
	}
}
