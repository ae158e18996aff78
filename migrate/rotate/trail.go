package rotate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"scmigrate/migrate/internal/durable"
)

// Trail is the way from an inventory to what was made of it: a small file beside it (.refreshed) names the files that its
// refreshes were written to, so that one that is started with another -o finds the journals of those before it.
type Trail struct {
	path string
	outs []string
}

// FindTrail reads the trail of an inventory. One on stdin has none.
func FindTrail(inventory string) (*Trail, error) {
	if inventory == "-" {
		return &Trail{}, nil
	}
	t := &Trail{path: settled(inventory) + ".refreshed"}
	text, err := os.ReadFile(t.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	t.outs = strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
	return t, nil
}

// Spent are the hashes of the refresh tokens that earlier runs to other files than out spent, and which file has what
// followed. An interrupted one is refused: what it stored is not known to the inventory.
func (t *Trail) Spent(out string) (map[string]string, error) {
	spent := map[string]string{}
	for _, other := range t.outs {
		if other == settled(out) {
			continue
		}
		j, err := readJournal(other + ".rotation")
		switch {
		case err != nil:
			return nil, err
		case j.open():
			return nil, fmt.Errorf("an interrupted refresh of this inventory was writing %s (finish it first: -i %s -o %s)", other, j.origin.Inventory, other)
		}
		for _, i := range j.order {
			if i.state == eventRetired {
				spent[i.token] = other
			}
		}
	}
	return spent, nil
}

// Extend notes, durably, that the inventory is refreshed into out.
func (t *Trail) Extend(out string) error {
	name := settled(out)
	if t.path == "" || slices.Contains(t.outs, name) || name+".refreshed" == t.path {
		return nil
	}
	t.outs = append(t.outs, name)
	f, err := os.OpenFile(t.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("nothing was sent: %w", err)
	}
	_, err = f.WriteString(filepath.Clean(name) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close(), durable.Folder(filepath.Dir(t.path))); err != nil {
		return fmt.Errorf("nothing was sent: %w", err)
	}
	return nil
}
