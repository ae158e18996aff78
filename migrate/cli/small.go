package cli

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	ucli "github.com/urfave/cli/v2"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// version is set by the release build; otherwise the build's own information is taken.
var version = ""

// Version is the tool's version: of the release, of the module, or "dev" with the commit.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "dev"
	}
	return info.Main.Version
}

func versionCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "version", Usage: "print the version", Action: func(*ucli.Context) error {
		_, err := fmt.Fprintln(p.Stdout, "scmigrate "+Version())
		return err
	}}
}

func explainCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "explain", Usage: "what a cause means and what to do about it, or what stands behind a pseudonym", ArgsUsage: "[CAUSE | DIR NAME]", Action: func(c *ucli.Context) error {
		switch c.NArg() {
		case 0:
			return listCauses(p)
		case 1:
		case 2:
			return explainVehicle(c.Context, p, c.Args().First(), c.Args().Get(1))
		default:
			return usagef("too many arguments: scmigrate explain, explain CAUSE, or explain DIR NAME")
		}
		name := strings.ToLower(c.Args().First())
		if meaning, ok := outcomeMeanings[compare.Outcome(name)]; ok {
			_, err := fmt.Fprintf(p.Stdout, "%s (outcome of a field)\n  %s.\n", name, meaning)
			return err
		}
		cause, ok := migrate.LookupCause(migrate.Code(name))
		if !ok && pseudonym.MatchString(name) {
			return usagef("%s is a pseudonym: name the run's directory too (scmigrate explain DIR %s)", name, name)
		}
		if !ok {
			return usagef("unknown cause %q%s (see: scmigrate explain)", name, likeCause(name))
		}
		verdict := string(cause.Verdict)
		if verdict == "" {
			verdict = "note: changes no verdict"
		}
		_, err := fmt.Fprintf(p.Stdout, "%s (%s)\n  %s.\n\n  what it means   %s\n  what to do      %s\n  who can         %s\n", cause.Code, verdict, cause.Title, cause.Meaning, cause.Action, cause.Who)
		return err
	}}
}

// outcomeMeanings explains the words that stand beside fields in the reports.
var outcomeMeanings = map[compare.Outcome]string{
	compare.Match:         "both legs serve it and agree within the field's tolerance",
	compare.Drift:         "both legs serve it; the difference is explained by the time between the observations",
	compare.Waived:        "it differs or is lost, and a rule says that it may",
	compare.Gained:        "only the app leg serves it",
	compare.Lost:          "the legacy leg serves it, the app leg for a lasting reason does not",
	compare.Differs:       "both legs serve it and the values are too far apart to be explained, or under another unit",
	compare.Unverifiable:  "both legs serve it and the values differ, but they were observed at different times and it may have changed",
	compare.Unmeasured:    "a leg failed for a passing reason, or it was not asked for: nothing can be said",
	compare.Nowhere:       "neither leg serves it",
	compare.NoCounterpart: "a v2 field without a v3 form: code that uses it must change; it never blocks",
}

// likeCause names a cause that a mistyped one may mean.
func likeCause(name string) string {
	for _, c := range migrate.Causes() {
		if code := string(c.Code); len(name) > 3 && (strings.HasPrefix(code, name[:4]) || strings.Contains(code, name)) {
			return fmt.Sprintf(", did you mean %q?", code)
		}
	}
	return ""
}

func listCauses(p Process) error {
	t := newTable(p, "cause", "verdict", "what it is")
	for _, c := range migrate.Causes() {
		t.AppendRow(table.Row{c.Code, orNote(c.Verdict), c.Title})
	}
	t.Render()
	return nil
}

func orNote(v migrate.Verdict) string {
	if v == "" {
		return "note"
	}
	return string(v)
}

func fieldsCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "fields", Usage: "the map from v2 fields to v3 signals, with units, tolerances and permissions", Action: func(*ucli.Context) error {
		t := newTable(p, "field", "v2", "v3", "unit", "tolerance", "dynamics", "permission", "set")
		for _, f := range compare.All() {
			t.AppendRow(table.Row{f.Name, legacyText(f), appText(f), f.Quantity.Unit, toleranceText(f), f.Dynamics, strings.Join(f.Permissions, " or "), f.Group})
		}
		t.Render()
		return listChanges(p)
	}}
}

// listChanges says how fast fields may change between two observations, and why: what drift and differs are decided on.
func listChanges(p Process) error {
	fmt.Fprintln(p.Stdout, "\nBetween two observations at different times a value may change by its tolerance and, at the most:")
	t := newTable(p, "field", "up an hour", "down an hour", "at once", "usual span", "because")
	for _, f := range compare.All() {
		if c := f.Change; c.Why != "" {
			t.AppendRow(table.Row{f.Name, f.Amount(c.Up), f.Amount(c.Down), f.Amount(c.Step), f.Amount(c.Span), c.Why})
		}
	}
	t.Render()
	_, err := fmt.Fprintln(p.Stdout, "Beyond it a difference is refuted (differs); within it, it is explained where less than a fifth of the usual span is allowed (drift), else unverifiable.\n"+
		"Static fields must be equal whatever the times; volatile ones can only be compared when observed within two seconds.")
	return err
}

func legacyText(f *compare.Field) string { return f.Legacy.Path + " " + f.Legacy.Text }

func appText(f *compare.Field) string {
	var parts []string
	for _, s := range f.App {
		parts = append(parts, s.Code+" "+s.Text)
	}
	if len(parts) == 0 {
		return "(no counterpart)"
	}
	return strings.Join(parts, ", else ")
}

// toleranceText names the unit where it is not the field's own.
func toleranceText(f *compare.Field) string {
	if f.Quantity == compare.Place {
		return f.Tolerance.String() + " m"
	}
	return f.Tolerance.String()
}

func newTable(p Process, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(p.Stdout)
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.AppendHeader(header)
	return t
}
