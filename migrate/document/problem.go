package document

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a file, and what to do about it. Neither text holds a value of the
// file: a token may stand anywhere in a file that is wrong.
type Problem struct {
	File    string // as the user named it, "stdin" for "-"
	Line    int    // 1-based; 0 where the trouble has no line
	Message string
	Hint    string // what to do or write instead; may be ""
}

// String gives "file:line: message (hint)".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": " + p.Message)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}

// MaxProblems is how many problems are listed; the others are counted. Nobody reads more before fixing the first.
const MaxProblems = 100

// Problems is everything that is wrong with a file, by line (exit 2). List holds the first 100 found, More says how many there are beside them.
type Problems struct {
	List []Problem
	More int
}

// Error lists the problems, one a line.
func (p *Problems) Error() string {
	lines := make([]string, 0, len(p.List)+1)
	for _, one := range p.List {
		lines = append(lines, one.String())
	}
	if p.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more problems", p.More))
	}
	return strings.Join(lines, "\n")
}

// Add keeps problems, or counts them where there are too many.
func (p *Problems) Add(list ...Problem) {
	room := min(len(list), MaxProblems-len(p.List))
	p.List = append(p.List, list[:room]...)
	p.More += len(list) - room
}

// AsError gives p sorted by line, or nil where nothing is wrong.
func (p *Problems) AsError() error {
	if len(p.List) == 0 {
		return nil
	}
	slices.SortStableFunc(p.List, func(a, b Problem) int { return a.Line - b.Line })
	return p
}

// Sharpen puts the last problem, YAML that cannot be read, on line where it is said to stand near it: yaml.v3's line is
// not exact.
func (p *Problems) Sharpen(line int) {
	if len(p.List) == 0 || p.More > 0 {
		return
	}
	if last := &p.List[len(p.List)-1]; last.Line >= line-2 && last.Line <= line+2 {
		last.Line = line
	}
}
