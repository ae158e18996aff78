package cli

import (
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v2"
)

// permute moves a command's flags before its positional arguments, because urfave/cli takes everything after the first
// positional for positional without a word: "run inv.yaml --resume" would run without --resume. An unknown flag is left
// where urfave refuses it.
func permute(app *ucli.App, args []string) []string {
	if len(args) < 2 {
		return args
	}
	command := app.Command(args[1])
	if command == nil {
		return args
	}
	named := 2
	for named < len(args) && len(command.Subcommands) > 0 { // "inventory check": the flags are the inner command's
		inner := subcommand(command, args[named])
		if inner == nil { // "manifest DIR": its own
			break
		}
		command, named = inner, named+1
	}
	takesValue := valueFlags(command)
	var flags, positional []string
	for rest := args[named:]; len(rest) > 0; rest = rest[1:] {
		arg := rest[0]
		switch {
		case arg == "--":
			positional = append(positional, rest[1:]...)
			rest = rest[:1]
		case len(arg) < 2 || arg[0] != '-':
			positional = append(positional, arg)
		default:
			flags = append(flags, arg)
			if takesValue[strings.TrimLeft(arg, "-")] && len(rest) > 1 {
				flags = append(flags, rest[1])
				rest = rest[1:]
			}
		}
	}
	ordered := append(slices.Clone(args[:named]), flags...)
	if len(positional) > 0 {
		ordered = append(append(ordered, "--"), positional...)
	}
	return ordered
}

func subcommand(command *ucli.Command, name string) *ucli.Command {
	i := slices.IndexFunc(command.Subcommands, func(c *ucli.Command) bool { return c.HasName(name) })
	if i < 0 {
		return nil
	}
	return command.Subcommands[i]
}

// valueFlags are the names of the flags that take a value.
func valueFlags(command *ucli.Command) map[string]bool {
	names := map[string]bool{}
	for _, f := range command.Flags {
		if _, isBool := f.(*ucli.BoolFlag); isBool {
			continue
		}
		for _, name := range f.Names() {
			names[name] = true
		}
	}
	return names
}
