package inventory

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"scmigrate/migrate/document"
)

// ImportOptions say how a table becomes an inventory.
type ImportOptions struct {
	Name       string                  // of the table, for messages
	Map        map[string]string       // key of a vehicle → column (CSV), or member, dots reaching into objects (JSON Lines); nil: columns named like the keys
	CheckField func(name string) error // as Options.CheckField
	References bool                    // tokens may be references; otherwise a row that has one is left out
}

// Imported is what came of a table.
type Imported struct {
	Rows     int      // written
	Problems Problems // rows that were left out, and what is wrong with the table as a whole
	Bad      int      // rows that were left out
	Untaken  []string // columns of a CSV that no key was taken from
}

// ImportKeys are the keys of a vehicle that a column may be mapped to.
func ImportKeys() []string { return names(vehicleKeys) }

// CheckMap refuses a mapping to keys that a vehicle does not have, or without a vehicleId.
func CheckMap(columns map[string]string) error {
	for key, column := range columns {
		if !slices.Contains(ImportKeys(), key) {
			c := unknownKey(key, ImportKeys())
			return fmt.Errorf("%s (%s)", c.message, c.hint)
		}
		if column == "" {
			return fmt.Errorf("%s is mapped to no column (write %s=COLUMN)", key, key)
		}
	}
	if columns != nil && columns["vehicleId"] == "" {
		return fmt.Errorf("no column is mapped to vehicleId (write vehicleId=COLUMN)")
	}
	return nil
}

// importer writes an inventory row by row; it keeps 20 bytes of each, to find repeated ones.
type importer struct {
	o    ImportOptions
	env  *environment
	out  *bufio.Writer
	seen map[[16]byte]int32
	done Imported
}

func newImporter(out io.Writer, o ImportOptions) *importer {
	return &importer{o: o, out: bufio.NewWriter(out), seen: map[[16]byte]int32{}, env: &environment{known: o.CheckField}}
}

const importedHead = "version: 1\nvehicles:\n"

// cell is one value of a table: a text, or a list for fields.
type cell struct {
	text string
	list []string
}

// put takes one row of the table, whose values value looks up.
func (i *importer) put(line int, value func(key string) (cell, complaint)) error {
	f := &faults{file: i.o.Name, line: func(int) int { return line }}
	var b strings.Builder
	lead := "  - "
	for _, key := range ImportKeys() {
		v, c := value(key)
		if text := v.yaml(key); c.none() && text != "" {
			b.WriteString(lead + key + ": " + text + "\n")
			lead = "    "
		} else if !c.none() {
			f.add(1, complaint{key + " " + c.message, c.hint})
		}
	}
	return i.judged(b.String(), line, f)
}

// judged writes the row unless something is wrong with it: what stands in the file is what was judged.
func (i *importer) judged(text string, line int, f *faults) error {
	if text == "" && len(f.list) == 0 {
		f.add(1, complaint{"the row has none of the mapped values", ""})
	}
	if len(f.list) == 0 {
		i.judge(text, line, f)
	}
	if len(f.list) > 0 {
		i.done.Bad++
		i.done.Problems.Add(f.list...)
		return nil
	}
	if i.done.Rows == 0 {
		text = importedHead + text
	}
	i.done.Rows++
	_, err := i.out.WriteString(text)
	return err
}

func (i *importer) judge(text string, line int, f *faults) {
	root, err := document.ParseOne([]byte(text))
	if err != nil || root == nil || len(root.Content) != 1 {
		f.add(1, complaint{"the row cannot be written as YAML", "it holds a character that is no text"})
		return
	}
	r := readVehicle(root.Content[0], i.env, f)
	if i.refuseReferences(r, f); len(f.list) > 0 {
		return
	}
	k := identity(r.Entry)
	if first, seen := i.seen[k]; seen {
		f.add(1, complaint{fmt.Sprintf("the same vehicleId and userId as on line %d", first), "keep one of them; a car two users share is listed once per user"})
		return
	}
	i.seen[k] = int32(line)
}

// refuseReferences leaves a row out whose token is not the token itself: a table is data of whoever may write into it, and a
// reference reads this machine's variables and files, and runs its programs, the next time that the inventory is used.
func (i *importer) refuseReferences(r row, f *faults) {
	if i.o.References {
		return
	}
	for name, ref := range map[string]Reference{"accessToken": r.token, "refreshToken": r.refresh} {
		if ref.kind != KindNone && ref.kind != KindLiteral {
			f.add(1, complaint{name + " is a reference (" + string(ref.kind) + "), which a table may not bring in", "give the token itself; if you trust every row of the table, --references takes ${NAME}, file: and exec: as they are"})
		}
	}
}

// finish ends the file.
func (i *importer) finish() (Imported, error) {
	if i.done.Rows == 0 && i.done.Bad == 0 && len(i.done.Problems.List) == 0 {
		i.done.Problems.Add(Problem{File: i.o.Name, Message: "there is no row in it"})
	}
	_ = i.done.Problems.AsError() // sorts
	return i.done, i.out.Flush()
}

// yaml writes a value in quotes, so that it is text whatever is in it; "" for none.
func (c cell) yaml(key string) string {
	switch {
	case len(c.list) > 0:
		quoted := make([]string, len(c.list))
		for i, s := range c.list {
			quoted[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case c.text == "":
		return ""
	case key == "accessTokenExpiresAt":
		return strconv.Quote(zoned(c.text))
	}
	return strconv.Quote(c.text)
}

// zonedLayouts are how databases print a time with its zone.
var zonedLayouts = []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07", "2006-01-02T15:04:05.999999999-07", "2006-01-02 15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999 MST"}

// zoned rewrites such a time as RFC 3339. Anything else stays, to be refused: a time without a zone would be a guess.
func zoned(text string) string {
	for _, layout := range zonedLayouts {
		if at, err := time.Parse(layout, text); err == nil && (!strings.HasSuffix(layout, "MST") || strings.HasSuffix(text, "UTC")) {
			return at.UTC().Format(time.RFC3339Nano)
		}
	}
	return text
}

// textCell is a value that came as text. fields are separated by blanks, commas or semicolons.
func textCell(key, text string) (cell, complaint) {
	text = strings.TrimSpace(text)
	switch {
	case !utf8.ValidString(text):
		return cell{}, complaint{"is not UTF-8", "export the table as UTF-8"}
	case key != "fields":
		return cell{text: text}, complaint{}
	}
	return cell{list: strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\t", r) })}, complaint{}
}
