package cli

import (
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
	takesValue := valueFlags(command)
	var flags, positional []string
	for rest := args[2:]; len(rest) > 0; rest = rest[1:] {
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
	ordered := append([]string{args[0], args[1]}, flags...)
	if len(positional) > 0 {
		ordered = append(append(ordered, "--"), positional...)
	}
	return ordered
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
