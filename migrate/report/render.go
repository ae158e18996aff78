package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Options are what a renderer may not find out for itself.
type Options struct {
	Room  int    // bytes of the Markdown format; 0, and more than a comment takes, is what a comment takes
	Width int    // columns of the terminal format; 0 is 80, less than 40 is 40
	Color bool   // ANSI colours in the terminal format
	Dir   string // where the files lie, said by the terminal format; may be empty

	Written []string // the formats that lie there, so that the terminal format points at nothing that is not
}

// format is one way of writing a report. File is its name in a report directory, "" for what goes to a stream only.
type format struct {
	name, file string
	render     func(w io.Writer, r Report, o Options) error
}

// formats is the table of them, in the order in which they are offered and written.
func formats() []format {
	return []format{
		{"terminal", "", renderTerminal},
		{"html", "report.html", renderHTML},
		{"markdown", "report.md", renderMarkdown},
		{"json", "report.json", renderJSON},
		{"junit", "report.junit.xml", renderJUnit},
		{"csv", "vehicles.csv", renderCSV},
		{"github", "", renderGitHub},
	}
}

// Formats are the names that Render accepts.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// FileOf is the file name of a format, "" for one that has none and for one that does not exist.
func FileOf(name string) string {
	f, _ := formatOf(name)
	return f.file
}

func formatOf(name string) (format, error) {
	all := formats()
	i := slices.IndexFunc(all, func(f format) bool { return f.name == name })
	if i < 0 {
		return format{}, fmt.Errorf("unknown report format %q: known are %s", name, strings.Join(Formats(), ", "))
	}
	return all[i], nil
}

// Render writes r in one format. The same report and options give the same bytes. It refuses an unknown format before
// writing anything; an error of r.Vehicles or of w leaves the output cut, and is returned.
func Render(w io.Writer, format string, r Report, o Options) error {
	f, err := formatOf(format)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(w, 1<<16)
	if err := f.render(buffered, r, o); err != nil {
		return fmt.Errorf("%s report: %w", f.name, err)
	}
	return buffered.Flush()
}

// forPeople is the summary with every string made plain; the formats for people start from it.
func (r Report) forPeople() Summary { return rewrite(named(r.Summary), plain) }
