package inventory

import (
	"fmt"
	"io"
)

// Diff writes the changes as a unified diff without context: the lines around may hold tokens.
func Diff(out io.Writer, from, to string, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	if _, err := fmt.Fprintf(out, "--- %s\n+++ %s\n", from, to); err != nil {
		return err
	}
	for n, added := 0, 0; n < len(changes); n++ {
		c := changes[n]
		text := fmt.Sprintf("@@ -%d +%d @@ %s\n", c.Line, c.Line+added, c.VehicleID)
		if c.NewLine {
			added++
			text = fmt.Sprintf("@@ -%d,0 +%d @@ %s\n", c.Line, c.Line+added, c.VehicleID)
		}
		if c.Removed != "" {
			text += "-" + c.Removed + "\n"
		}
		if _, err := fmt.Fprintf(out, "%s+%s\n", text, c.Added); err != nil {
			return err
		}
	}
	return nil
}
