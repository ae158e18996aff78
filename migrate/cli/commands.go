package cli

import (
	"slices"

	ucli "github.com/urfave/cli/v2"
)

// Command names one command of the program: its words and the long names of its flags. Whoever has to know all of them
// (tests, above all) takes them from here, so that a new one is not forgotten.
type Command struct{ Path, Flags []string }

// Commands are all of them, subcommands behind the command they belong to.
func Commands() []Command { return commandsBelow(nil, newApp(Process{}).Commands) }

func commandsBelow(prefix []string, commands []*ucli.Command) (all []Command) {
	for _, c := range commands {
		if c.Name == "help" {
			continue
		}
		command := Command{Path: append(slices.Clone(prefix), c.Name)}
		for _, f := range c.Flags {
			command.Flags = append(command.Flags, f.Names()[0])
		}
		all = append(append(all, command), commandsBelow(command.Path, c.Subcommands)...)
	}
	return all
}
