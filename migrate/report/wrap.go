package report

import (
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
)

var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")

// visible is the number of terminal columns of text, colours left out.
func visible(text string) int { return uniseg.StringWidth(ansi.ReplaceAllString(text, "")) }

// wrap breaks text at blanks into lines of at most width columns; a longer word is broken anywhere. There is always at
// least one line.
func wrap(text string, width int) []string {
	width = max(width, 8)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && visible(line)+1+visible(word) > width {
			lines, line = append(lines, line), ""
		}
		line = joined(" ", line, word)
		for visible(line) > width {
			head, tail := cutColumns(line, width)
			lines, line = append(lines, head), tail
		}
	}
	return append(lines, line)
}

// cutColumns splits text after at most width columns, never inside a grapheme; the head is never empty.
func cutColumns(text string, width int) (head, tail string) {
	g := uniseg.NewGraphemes(text)
	used, at := 0, 0
	for g.Next() {
		if used += g.Width(); used > width && at > 0 {
			break
		}
		_, at = g.Positions()
	}
	return text[:at], text[at:]
}
