package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/text"

	"scmigrate/migrate/preflight"
)

// preflightJSON is the answer for machines. Members may be added, none removed, within preflight/1.
type preflightJSON struct {
	Schema   string                             `json:"schema"`
	Tool     map[string]string                  `json:"tool"`
	Answer   string                             `json:"answer"`
	ExitCode int                                `json:"exitCode"`
	Halves   map[preflight.Half]preflight.State `json:"halves"`
	Requests map[string]int                     `json:"requests"`
	Checks   []preflight.Check                  `json:"checks"`
}

// tell writes the answer in the format that was asked for.
func (f *fleet) tell(r preflight.Result, sent func() map[string]int) error {
	if f.o.format == "json" {
		return tellMachines(f.p.Stdout, r, sent())
	}
	return f.tellPeople(f.p.Stdout, r, sent())
}

func tellMachines(w io.Writer, r preflight.Result, sent map[string]int) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	halves := map[preflight.Half]preflight.State{}
	for _, half := range []preflight.Half{preflight.App, preflight.Legacy, preflight.Machine} {
		halves[half] = r.Of(half)
	}
	requests := map[string]int{"legacy": sent["legacy"], "app": sent["app"], "iam": sent["iam"]}
	return e.Encode(preflightJSON{preflight.SchemaName, map[string]string{"name": "scmigrate", "version": Version()}, r.Answer(), r.ExitCode(), halves, requests, r.Checks})
}

// stateColours are those of verdicts: green, red, yellow.
var stateColours = map[preflight.State]string{preflight.Well: "32", preflight.Wrong: "31", preflight.Undecided: "33"}

func (f *fleet) tellPeople(w io.Writer, r preflight.Result, sent map[string]int) error {
	width := widthOf(f.p)
	var b strings.Builder
	for _, c := range r.Checks {
		state := fmt.Sprintf("%-11s", c.State)
		if f.p.Color {
			state = "\x1b[" + stateColours[c.State] + "m" + state + "\x1b[0m"
		}
		b.WriteString(state + hanging(fmt.Sprintf("%-23s", c.Name), 11, c.What, width))
		if c.State != preflight.Well || c.Advisory {
			b.WriteString(labelled("means", c.Meaning, width) + labelled("do", c.Next, width))
		}
	}
	fmt.Fprintf(&b, "\n%s", hanging("", 0, r.Answer(), width))
	fmt.Fprintf(&b, "%d requests (%d legacy, %d app, %d iam); nothing was kept\n", sent["legacy"]+sent["app"]+sent["iam"], sent["legacy"], sent["app"], sent["iam"])
	_, err := io.WriteString(w, b.String())
	return err
}

// labelled is a line below a check, "" where there is nothing to say.
func labelled(label, words string, width int) string {
	if words == "" {
		return ""
	}
	return hanging(fmt.Sprintf("%34s%-7s", "", label), 0, words, width)
}

// hanging is words after a prefix that stands in a column, later lines under the first.
func hanging(prefix string, column int, words string, width int) string {
	indent := column + len(prefix)
	lines := strings.Split(pretty.WrapSoft(words, max(20, width-indent)), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return prefix + strings.Join(lines, "\n"+strings.Repeat(" ", indent)) + "\n"
}
