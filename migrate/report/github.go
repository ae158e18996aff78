package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxAnnotations is how many of one level GitHub shows for a step; the format writes no more in all.
const maxAnnotations = 10

// renderGitHub writes workflow commands, one line each, which a runner turns into annotations: one per cause, errors
// first, and where there are more causes than annotations, the last one says how many. It reads no vehicle and names
// none. Annotations are seen by everybody who sees the repository: give it the shareable form.
func renderGitHub(w io.Writer, r Report, _ Options) error {
	out := &sticky{w: w}
	for _, a := range annotations(r.forPeople().Causes) {
		out.text(a.command() + "\n")
	}
	return out.err
}

// annotation is one workflow command.
type annotation struct{ level, title, message string }

func annotations(causes []Cause) []annotation {
	var all []annotation
	for _, c := range ranked(causes) {
		all = append(all, annotationOf(c))
	}
	slices.SortStableFunc(all, func(a, b annotation) int { return cmp.Compare(levelRank(a.level), levelRank(b.level)) })
	if len(all) <= maxAnnotations {
		return all
	}
	rest := all[maxAnnotations-1:]
	more := annotation{rest[0].level, "more causes", fmt.Sprintf("%s are in the report and in the step summary", counted(len(rest), "more cause"))}
	return append(all[:maxAnnotations-1:maxAnnotations-1], more)
}

func levelRank(level string) int { return slices.Index([]string{"error", "warning", "notice"}, level) }

func annotationOf(c Cause) annotation {
	level := "notice"
	switch {
	case c.Waived == c.Vehicles: // nobody is held back by it
	case c.Verdict == "blocked":
		level = "error"
	case c.Verdict == "inconclusive":
		level = "warning"
	}
	affected := vehicles(c.Vehicles)
	if c.Waived > 0 {
		affected += fmt.Sprintf(", %s waived", count(c.Waived))
	}
	return annotation{level, joined(" ", c.Code, c.subject()), joined(": ", affected, c.Title, c.doing())}
}

// The characters that mean something to a runner, in a property and in the message.
var (
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	messageEscapes  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
)

func (a annotation) command() string {
	return "::" + a.level + " title=" + propertyEscapes.Replace(withoutCommands(a.title)) + "::" + messageEscapes.Replace(withoutCommands(a.message))
}

// withoutCommands is text that holds no workflow command: a runner obeys "::name::" where a line begins with it, blanks
// before it or not, and the older "##[name]" anywhere in a line, whoever printed it.
func withoutCommands(text string) string {
	for strings.Contains(text, "::") {
		text = strings.ReplaceAll(text, "::", ": :")
	}
	return strings.ReplaceAll(text, "##[", "## [")
}
