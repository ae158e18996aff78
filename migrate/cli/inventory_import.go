package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate/inventory"
)

func inventoryImportCommand(p Process) *ucli.Command {
	return &ucli.Command{
		Name: "import", Usage: "write an inventory from a CSV or JSON Lines table",
		Description: "Without --map, columns named like the inventory's keys are taken, whatever their case and underscores. A row that a run would refuse stops the import, unless --keep-going leaves it out.",
		Flags: []ucli.Flag{
			text("csv", "", "a CSV `FILE` with a header line; - reads stdin"), text("jsonl", "", "a JSON Lines `FILE`; - reads stdin"),
			list("map", "`KEY=COLUMN,…`: where each key of a vehicle comes from; dots reach into JSON objects"),
			text("out", "", "the inventory `FILE` to write, readable by its owner only", "o"), overwriteFlag(),
			recipientFlag(), toggle("keep-going", "leave faulty rows out, and list them"),
			toggle("references", "take tokens that are references (${NAME}, file:PATH, exec:COMMAND) as such; only for a table every row of which you trust"),
		},
		Action: func(c *ucli.Context) error {
			o, err := readImport(c)
			if err != nil {
				return err
			}
			return importInventory(p, o)
		},
	}
}

func overwriteFlag() *ucli.BoolFlag {
	return toggle("overwrite", "replace the file if it is there")
}

func recipientFlag() *ucli.StringSliceFlag {
	return list("recipient", "encrypt the written inventory to `age1…` (may be repeated)")
}

func readRecipients(c *ucli.Context) ([]string, error) {
	recipients := c.StringSlice("recipient")
	if err := inventory.CheckRecipients(recipients); err != nil {
		return nil, usage(fmt.Errorf("--recipient: %w", err))
	}
	return recipients, nil
}

// writeSealed is writeWith for what is encrypted to the recipients, if there are any, before it reaches the disk.
func writeSealed(path string, recipients []string, write func(io.Writer) error) error {
	if len(recipients) == 0 {
		return writeWith(path, write)
	}
	return writeWith(path, func(out io.Writer) error {
		sealed, err := inventory.Encrypt(out, recipients)
		if err != nil {
			return err
		}
		if err := write(sealed); err != nil {
			return err
		}
		return sealed.Close()
	})
}

// importOptions are the flags of inventory import.
type importOptions struct {
	from, out            string
	jsonl, references    bool
	overwrite, keepGoing bool
	columns              map[string]string
	recipients           []string // empty: written in plain text
}

func readImport(c *ucli.Context) (o importOptions, err error) {
	if err := noArguments(c); err != nil {
		return o, err
	}
	o = importOptions{from: cmp.Or(c.String("csv"), c.String("jsonl")), out: c.String("out"), jsonl: c.String("jsonl") != "", overwrite: c.Bool("overwrite"), keepGoing: c.Bool("keep-going"), references: c.Bool("references")}
	if o.recipients, err = readRecipients(c); err != nil {
		return o, err
	}
	switch {
	case o.from == "", c.String("csv") != "" && o.jsonl:
		return o, usagef("name one table: --csv FILE or --jsonl FILE")
	case o.out == "":
		return o, usagef("name the inventory to write: -o FILE")
	}
	if o.columns, err = parseMap(c.StringSlice("map")); err != nil {
		return o, usage(fmt.Errorf("--map: %w", err))
	}
	return o, mayReplace(o.out, o.overwrite)
}

// parseMap reads KEY=COLUMN pairs, nil for none.
func parseMap(given []string) (map[string]string, error) {
	if len(given) == 0 {
		return nil, nil
	}
	columns := map[string]string{}
	for _, pair := range strings.Split(strings.Join(given, ","), ",") {
		key, column, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			return nil, fmt.Errorf("%q is not KEY=COLUMN (keys are %s)", pair, strings.Join(inventory.ImportKeys(), ", "))
		}
		if _, twice := columns[key]; twice {
			return nil, fmt.Errorf("%s is given twice", key)
		}
		columns[key] = column
	}
	return columns, inventory.CheckMap(columns)
}

// mayReplace refuses a file that is there, unless it may be replaced.
func mayReplace(path string, overwrite bool) error {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return hasFolder(path)
	case err != nil:
		return usage(err)
	case info.IsDir():
		return usagef("%s is a directory (name a file)", path)
	case !overwrite:
		return usagef("%s is there already (--overwrite replaces it)", path)
	}
	return nil
}

// hasFolder refuses a file whose folder is missing: found before anything is sent, it is no failure of the tool.
func hasFolder(path string) error {
	folder := filepath.Dir(path)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return usagef("cannot write %s: there is no folder %s (make it first: mkdir -p %s)", path, folder, folder)
	}
	return nil
}

func importInventory(p Process, o importOptions) (err error) {
	in, name, err := openTable(p, o.from)
	if err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	var done inventory.Imported
	convert := inventory.ImportCSV
	if o.jsonl {
		convert = inventory.ImportJSONL
	}
	err = writeSealed(o.out, o.recipients, func(out io.Writer) error {
		done, err = convert(in, out, inventory.ImportOptions{Name: name, Map: o.columns, CheckField: knownField, References: o.references})
		if err != nil {
			return err
		}
		return refusedRows(p, o, done)
	})
	if err != nil {
		return err
	}
	w := &lineWriter{out: p.Stdout}
	w.line("%s: %s written, %s left out. Look it over: scmigrate inventory check -i %s", o.out, counted(done.Rows, "row"), counted(done.Bad, "row"), o.out)
	if len(done.Untaken) > 0 {
		w.line("columns not taken: %s", strings.Join(done.Untaken, ", "))
	}
	return w.err
}

// refusedRows is why nothing is written, if so.
func refusedRows(p Process, o importOptions, done inventory.Imported) error {
	problems := done.Problems.AsError()
	switch {
	case problems == nil:
		return nil
	case o.keepGoing && done.Rows > 0:
		fmt.Fprintf(p.Stderr, "rows that were left out (--keep-going):\n%v\n", problems)
		return nil
	}
	return usage(fmt.Errorf("%s was refused, nothing was written (--keep-going leaves faulty rows out):\n%w", o.from, problems))
}

func openTable(p Process, path string) (io.ReadCloser, string, error) {
	if path == "-" {
		return io.NopCloser(p.Stdin), "stdin", nil
	}
	f, err := os.Open(path)
	return f, path, err
}
