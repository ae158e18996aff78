//go:build unix

package cli_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// command is one "$ " line of a console block. want are the lines below it, up to the next command: what it must print,
// where "..." stands for anything, on a line of its own for any number of lines. No line at all: it may print what it likes.
type command struct {
	line int
	text string
	want []string
	exit int
}

// section is what stands between two headings of the first or second order: one terminal, in one directory.
type section struct {
	title    string
	commands []command
}

var (
	heading   = regexp.MustCompile(`^##? +(.+)$`)
	fence     = regexp.MustCompile("^( *)```(\\w*)")
	exits     = regexp.MustCompile(` # exits (\d+)$`)
	outsideIn = regexp.MustCompile(`\w+://[^\s/'"]+`)
	loopback  = regexp.MustCompile(`://(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$`)
)

// parseReadme takes the ```console blocks of a Markdown file; other blocks are only read. Problems begin with a line number.
func parseReadme(text string) (sections []section, problems []string) {
	r := reader{block: closed}
	for i, line := range strings.Split(text, "\n") {
		r.take(i+1, strings.TrimRight(line, " \t\r"))
	}
	for _, s := range r.sections {
		if len(s.commands) > 0 {
			sections = append(sections, s)
		}
	}
	return sections, r.problems
}

// closed: outside of any block.
const closed = "-"

type reader struct {
	block    string // the language of the block we are in, or closed
	indent   string
	sections []section
	problems []string
}

func (r *reader) take(number int, line string) {
	f, h := fence.FindStringSubmatch(line), heading.FindStringSubmatch(line)
	switch {
	case f != nil && r.block == closed:
		r.indent, r.block = f[1], f[2]
		if r.block == "console" {
			r.open()
		}
	case f != nil:
		r.block = closed
	case r.block == "console":
		r.console(number, strings.TrimPrefix(line, r.indent))
	case r.block == closed && h != nil:
		r.sections = append(r.sections, section{title: h[1]})
	}
}

// open makes sure that there is a section and that output lines of this block belong to a command of this block.
func (r *reader) open() {
	if len(r.sections) == 0 {
		r.sections = append(r.sections, section{title: "top"})
	}
	r.current().commands = append(r.current().commands, command{})
}

func (r *reader) current() *section { return &r.sections[len(r.sections)-1] }

func (r *reader) console(number int, line string) {
	s := r.current()
	last := &s.commands[len(s.commands)-1]
	text, prompt := strings.CutPrefix(line, "$ ")
	switch {
	case prompt && last.text == "":
		*last = r.command(number, text)
	case prompt:
		s.commands = append(s.commands, r.command(number, text))
	case last.text == "" && line != "":
		r.problems = append(r.problems, fmt.Sprintf("%d: a prompt is needed before output: begin the command with \"$ \"", number))
	case strings.HasSuffix(last.text, "\\") && last.want == nil:
		last.text = strings.TrimSuffix(last.text, "\\") + line
	case line != "" || last.want != nil:
		last.want = append(last.want, line)
	}
}

func (r *reader) command(number int, text string) command {
	for _, origin := range outsideIn.FindAllString(text, -1) {
		if !loopback.MatchString(origin) {
			r.problems = append(r.problems, fmt.Sprintf("%d: only loopback may be reached, not %s (an ```sh block is not run)", number, origin))
			text = ":"
		}
	}
	c := command{line: number, text: text}
	if m := exits.FindStringSubmatch(text); m != nil {
		c.exit, _ = strconv.Atoi(m[1])
	}
	return c
}

// isTests: the command that this very test runs under is not run again.
func (c command) isTests() bool { return strings.HasPrefix(c.text, "go test ") }

// shows tells whether the output is what the README shows.
func (c command) shows(output string) bool {
	if len(c.want) == 0 {
		return true
	}
	var pattern strings.Builder
	for _, line := range c.want {
		switch line {
		case "...":
			pattern.WriteString(`(.*\n)*`)
		default:
			pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, `.*`) + `[ \t]*\n`)
		}
	}
	return regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(strings.TrimRight(output, "\n") + "\n")
}
