package inventory

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ImportCSV writes the rows of a CSV with a header line as an inventory, in memory that does not grow with the table beyond
// 20 bytes a row. The separator is the header's: comma, semicolon or tab. Rows that no run would take are left out and
// listed as file:line. The error is trouble with reading or writing; no text holds a value of the table.
func ImportCSV(in io.Reader, out io.Writer, o ImportOptions) (Imported, error) {
	i := newImporter(out, o)
	bound := &rowBound{r: in}
	buffered := bufio.NewReaderSize(bound, 64<<10)
	r := csv.NewReader(buffered)
	r.ReuseRecord, r.FieldsPerRecord, r.Comma = true, -1, separator(buffered)
	if mark, _ := buffered.Peek(2); string(mark) == "\xFF\xFE" || string(mark) == "\xFE\xFF" { // as spreadsheets save "Unicode text"
		i.head("the file is UTF-16", "save it as UTF-8")
		return i.finish()
	}
	header, err := r.Read()
	if err != nil {
		return i.stopped(1, err)
	}
	columns, ok := i.columns(slices.Clone(header))
	if !ok {
		return i.finish()
	}
	width := len(header)
	for {
		bound.read = 0
		record, err := r.Read()
		switch line := recordLine(r, record); {
		case errors.Is(err, io.EOF):
			return i.finish()
		case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
			i.bad(err)
		case err != nil:
			return i.stopped(line, err)
		case len(record) != width:
			i.done.Bad++
			i.done.Problems.Add(Problem{File: o.Name, Line: line, Message: fmt.Sprintf("the row has %d columns, the header %d", len(record), width), Hint: "a value that holds the separator must stand in quotes"})
		default:
			if err := i.put(line, func(key string) (cell, complaint) {
				n, ok := columns[key]
				if !ok {
					return cell{}, complaint{}
				}
				return textCell(key, record[n])
			}); err != nil {
				return i.done, err
			}
		}
	}
}

func recordLine(r *csv.Reader, record []string) int {
	if len(record) == 0 {
		return 0
	}
	line, _ := r.FieldPos(0)
	return line
}

// bad notes a row whose quotes are wrong. The reader goes on behind it.
func (i *importer) bad(err error) {
	line := 0
	if e := (*csv.ParseError)(nil); errors.As(err, &e) {
		line = e.StartLine
	}
	i.done.Bad++
	i.done.Problems.Add(Problem{File: i.o.Name, Line: line, Message: "a quote stands where none may, or is not closed", Hint: `a quote inside a value is written twice, the value in quotes`})
}

// stopped ends an import that cannot go on.
func (i *importer) stopped(line int, err error) (Imported, error) {
	p := Problem{File: i.o.Name, Line: line}
	switch {
	case errors.Is(err, io.EOF):
		p.Message, p.Hint = "the file is empty", "it needs a header line with the names of the columns"
	case errors.Is(err, errLongRecord):
		p.Message, p.Hint = "a row is longer than 1 MiB", "a quote may not be closed"
	case errors.As(err, new(*csv.ParseError)):
		p.Message, p.Hint = "the header line cannot be read", "it names the columns, separated by comma, semicolon or tab; a JSON Lines file is given with --jsonl"
	default:
		return i.done, fmt.Errorf("%s: %w", i.o.Name, err)
	}
	i.done.Problems.Add(p)
	return i.finish()
}

// columns finds the place of every mapped column in the header.
func (i *importer) columns(header []string) (map[string]int, bool) {
	for n, name := range header {
		header[n] = strings.TrimSpace(name)
	}
	found := map[string]int{}
	for _, key := range ImportKeys() {
		column := i.o.Map[key]
		switch n := i.column(header, key); {
		case i.o.Map != nil && column == "":
		case n == missingColumn && i.o.Map != nil:
			i.head(fmt.Sprintf("there is no column for %s", key), shownColumns(header))
		case n == doubleColumn:
			i.head(fmt.Sprintf("more than one column could be %s", key), "say which with --map, and give it a name of its own")
		case n >= 0:
			found[key] = n
		}
	}
	if _, ok := found["vehicleId"]; !ok && len(i.done.Problems.List) == 0 {
		i.head("no column is named vehicleId", "say with --map vehicleId=COLUMN which it is; "+shownColumns(header))
	}
	i.done.Untaken = untaken(header, found)
	return found, len(i.done.Problems.List) == 0
}

func (i *importer) head(message, hint string) {
	i.done.Problems.Add(Problem{File: i.o.Name, Line: 1, Message: message, Hint: hint})
}

const (
	missingColumn = -1
	doubleColumn  = -2
)

// column is the index of the column for key: the mapped one by its exact name, else one named like the key, whatever its
// case and separators.
func (i *importer) column(header []string, key string) int {
	at := missingColumn
	for n, name := range header {
		if i.o.Map != nil && name != i.o.Map[key] || i.o.Map == nil && plainName(name) != plainName(key) {
			continue
		}
		if at != missingColumn {
			return doubleColumn
		}
		at = n
	}
	return at
}

func plainName(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(s))
}

func untaken(header []string, found map[string]int) (names []string) {
	for n, name := range header {
		taken := false
		for _, at := range found {
			taken = taken || at == n
		}
		if !taken {
			names = append(names, shownColumn(name))
		}
	}
	return names
}

// shownColumns is what may be said of a header.
func shownColumns(header []string) string {
	if !slices.ContainsFunc(header, keyShape.MatchString) {
		return "the first line must be a header with the names of the columns, and does not look like one"
	}
	list := make([]string, 0, len(header))
	for _, name := range header[:min(len(header), 20)] {
		list = append(list, shownColumn(name))
	}
	return "the header has: " + strings.Join(list, ", ")
}

// shownColumn hides what does not look like a name: without a header line, the first row may hold a token.
func shownColumn(name string) string {
	if !keyShape.MatchString(name) {
		return "(not shown)"
	}
	return name
}

// separator looks at the header line, which it leaves unread, and drops a byte order mark.
func separator(r *bufio.Reader) rune {
	head, _ := r.Peek(4 << 10)
	if bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")) {
		_, _ = r.Discard(3)
		head = head[3:]
	}
	head, _, _ = bytes.Cut(head, []byte("\n"))
	best, most := ',', bytes.Count(head, []byte(","))
	for _, c := range []byte{';', '\t'} {
		if n := bytes.Count(head, []byte{c}); n > most {
			best, most = rune(c), n
		}
	}
	return best
}

var errLongRecord = errors.New("the row is too long")

// rowBound refuses to read more than a line may have before read is set back: an unclosed quote would take the whole table
// into memory.
type rowBound struct {
	r    io.Reader
	read int
}

// Read counts.
func (b *rowBound) Read(p []byte) (int, error) {
	if b.read > maxLine {
		return 0, errLongRecord
	}
	n, err := b.r.Read(p)
	b.read += n
	return n, err
}
