// Package cli is the command line: it fills structs from flags and environment, lets them check themselves in sentences,
// and calls what does the work. It is the only package that has heard of urfave/cli.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"
	"golang.org/x/term"

	"scmigrate/migrate"
	"scmigrate/migrate/internal/crash"
	"scmigrate/migrate/secret"
)

// Process is everything of the outside world that a command may touch.
type Process struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	Now            func() time.Time
	Sleep          func(ctx context.Context, d time.Duration)               // waits before rechecks; nil: in real time
	Transport      http.RoundTripper                                        // nil: the network
	Command        func(ctx context.Context, argv []string) ([]byte, error) // runs a token command; nil: as a program
	Step           func(name string)                                        // told of each step of inventory refresh, where tests kill the process; nil: nobody
	Width          int                                                      // columns of stdout, 0: not a terminal
	Color          bool
	Live           bool // stderr is a terminal: a progress bar instead of lines

	commands io.Writer     // stdout for lines that are commands to a CI runner; whole lines only
	vault    *secret.Vault // every secret that the process has seen; see sealed
}

// System is the process as the operating system made it.
func System() Process {
	p := Process{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, Now: time.Now}
	if term.IsTerminal(int(os.Stdout.Fd())) {
		p.Width, _, _ = term.GetSize(int(os.Stdout.Fd()))
		p.Color = coloured(true, p.LookupEnv)
	}
	p.Live = term.IsTerminal(int(os.Stderr.Fd())) && !inCI(p.LookupEnv)
	return p
}

// exitError carries the exit code of a command that said everything it had to say, or nothing more than err.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is trouble that was found before anything was sent (exit code 2).
func usage(err error) error { return &exitError{migrate.ExitUsage, err} }

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// refusal is the usage error in err without what others have wrapped around it: what was refused before anything was done
// is no failure of theirs to write. Other errors stay as they are.
func refusal(err error) error {
	if exit := (*exitError)(nil); errors.As(err, &exit) && exit.code == migrate.ExitUsage {
		return exit
	}
	return err
}

// Main runs one command and returns its exit code (CONTRACT §3). Whatever leaves the process on its streams passes one
// redacting writer: output, progress, errors, the log of libraries, and panics, which become errors.
func Main(ctx context.Context, args []string, p Process) int {
	tuneMemory(p.LookupEnv)
	p, unseal := p.sealed()
	err := crash.Do(func() error {
		app := newApp(p)
		return app.RunContext(ctx, permute(app, args))
	})
	code := p.exitCode(ctx, err)
	if err := unseal(); err != nil && code == migrate.ExitReady {
		return migrate.ExitTool
	}
	return code
}

// exitCode says what went wrong, if anything did.
func (p Process) exitCode(ctx context.Context, err error) int {
	if err == nil {
		return migrate.ExitReady
	}
	code := migrate.ExitTool
	if exit := (*exitError)(nil); errors.As(err, &exit) {
		code = exit.code
	} else if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		code, err = migrate.ExitInterrupted, errors.New("interrupted (start the same command again)")
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(p.Stderr, "scmigrate: "+text)
	}
	return code
}

func newApp(p Process) *ucli.App {
	app := &ucli.App{
		Name: "scmigrate", Usage: "may this Smartcar integration switch from per-vehicle tokens (v2.0) to the application token (v3)?",
		Description: exitTable, Writer: p.Stdout, ErrWriter: p.Stderr, Reader: p.Stdin, Version: Version(), HideHelpCommand: true,
		ExitErrHandler: func(*ucli.Context, error) {},
		OnUsageError:   onUsageError,
		Commands: []*ucli.Command{
			demoCommand(p), planCommand(p), preflightCommand(p), runCommand(p), statusCommand(p), reportCommand(p), rejudgeCommand(p), gateCommand(p), diffCommand(p), mergeCommand(p), manifestCommand(p), explainCommand(p), fieldsCommand(p),
			inventoryCommand(p), reproCommand(p), purgeCommand(p), simulateCommand(p), completionCommand(p), manCommand(p), versionCommand(p),
		},
		EnableBashCompletion: true, DisableSliceFlagSeparator: true, // a gate may name a cohort with a comma
	}
	for _, c := range app.Commands {
		c.OnUsageError, c.HideHelpCommand = onUsageError, true
		for _, inner := range c.Subcommands {
			inner.OnUsageError, inner.HideHelpCommand = onUsageError, true
		}
	}
	app.Action = func(c *ucli.Context) error { return noCommand(c) }
	return app
}

// noCommand answers a call without a command, or with one that does not exist.
func noCommand(c *ucli.Context) error {
	switch name := c.Args().First(); {
	case name == "help" && c.Args().Get(1) != "":
		return helpOn(c, c.Args().Tail())
	case name == "help" || name == "":
	default:
		return usagef("unknown command %q (see: scmigrate --help)", name)
	}
	return ucli.ShowAppHelp(c)
}

// helpOn shows the help of a command, or of a command inside one.
func helpOn(c *ucli.Context, words []string) error {
	level := c.App.Commands
	for i, word := range words {
		n := slices.IndexFunc(level, func(command *ucli.Command) bool { return command.HasName(word) })
		if n < 0 {
			return usagef("unknown command %q (see: scmigrate --help)", strings.Join(words[:i+1], " "))
		}
		level = level[n].Subcommands
	}
	return c.App.RunContext(c.Context, slices.Concat([]string{c.App.Name}, words, []string{"--help"}))
}

func onUsageError(c *ucli.Context, err error, _ bool) error {
	command := "scmigrate"
	if c.Command != nil && c.Command.Name != "" {
		command = cmp.Or(c.Command.HelpName, c.Command.Name)
	}
	return usagef("%s (%ssee: %s --help)", firstLine(err.Error()), valueHint(c, err), command)
}

var flagOfValue = regexp.MustCompile(`for flag -([\w-]+): parse error`)

// valueHint says how a value is written that its flag did not take.
func valueHint(c *ucli.Context, err error) string {
	m := flagOfValue.FindStringSubmatch(err.Error())
	if m == nil || c.Command == nil {
		return ""
	}
	for _, f := range c.Command.Flags {
		if _, isTime := f.(*ucli.DurationFlag); isTime && slices.Contains(f.Names(), m[1]) {
			return "a time has its unit: 90s, 30m, 5h30m; "
		}
	}
	return ""
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

const exitTable = `Exit codes:
  0    finished; every gate holds, and at least one vehicle is ready
  1    the tool failed
  2    usage, configuration or inventory problem; nothing was sent
  3    a gate fails; manifest verify refuses; preflight finds v3 or batch refused
  4    undecided: some vehicles could not be measured, or nothing is ready
  5    application credentials refused by all secrets
  6    isolation breach: a foreign user id was served; stopped at once
  130  interrupted; start the same command again to go on`
