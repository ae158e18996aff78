package rotate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"scmigrate/migrate/internal/durable"
	"scmigrate/migrate/inventory"
)

// store takes one pair and returns when it is durable there. It may be given a pair again that it has already.
type store interface {
	put(ctx context.Context, i *item) error
}

// Command is a store of the customer's own: a program that gets each pair on its standard input and acknowledges it by exit
// status 0. No argument holds a token, for every user of a machine may read those.
type Command struct {
	Argv    []string
	Timeout time.Duration
	Run     func(ctx context.Context, argv []string, stdin []byte) error // nil: as a program
}

// handed is what the program reads.
type handed struct {
	Grant    string          `json:"grant"`
	Vehicles []Vehicle       `json:"vehicles"`
	Tokens   json.RawMessage `json:"tokens"`
	Previous string          `json:"previousRefreshToken"`
}

func (c *Command) put(ctx context.Context, i *item) error {
	tokens, err := i.pair.Disclose()
	if err != nil {
		return err
	}
	text, err := json.Marshal(handed{i.grant, i.vehicles, tokens, inventory.DiscloseToken(i.old)})
	if err != nil {
		return err
	}
	run := c.Run
	if run == nil {
		run = inventory.RunStore
	}
	timed, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if err := run(timed, c.Argv, append(text, '\n')); err != nil {
		return fmt.Errorf("command %q did not acknowledge the pair: it %w", filepath.Base(c.Argv[0]), err)
	}
	return nil
}

// Text is the new inventory: the old one's text with the new tokens in it.
type Text struct {
	rewriter *inventory.Rewriter
	path     string
	step     func(string)
	rows     map[string][]int // by hash of the refresh token that the inventory has
	places   map[Vehicle]int
	pairs    map[int]inventory.Pair
}

// NewText prepares the new inventory at path. Strict is for a store of its own: then every row of a grant must be writable.
func (r *Rotation) NewText(ctx context.Context, file *inventory.File, plan *Plan, path string, strict bool) (*Text, error) {
	rows := map[int]bool{}
	t := &Text{path: path, step: r.step, rows: map[string][]int{}, places: map[Vehicle]int{}, pairs: map[int]inventory.Pair{}}
	for _, g := range plan.Grants {
		for n, ordinal := range g.Ordinals {
			rows[ordinal] = true
			t.places[g.Vehicles[n]] = ordinal
		}
		if g.Source.Refresh.Kind() == inventory.KindLiteral {
			token, err := r.o.Lookup(ctx, g.Source)
			if err != nil {
				return nil, err
			}
			t.rows[token.Hash()] = g.Ordinals
		}
	}
	var err error
	t.rewriter, err = file.NewRewriter(ctx, rows, strict)
	return t, err
}

// put writes the whole file anew with one pair more.
func (t *Text) put(_ context.Context, i *item) error {
	t.set(t.rows[i.token], i.pair)
	return t.Write()
}

func (t *Text) set(ordinals []int, p inventory.Pair) {
	for _, ordinal := range ordinals {
		t.pairs[ordinal] = p
	}
}

// Prove shows that there is room for the file and leave to write it, before a token is spent.
func (t *Text) Prove() error {
	name, err := beside(t.path, t.step, func(out io.Writer) error {
		if err := t.rewriter.Write(out, t.pairs); err != nil {
			return err
		}
		_, err := out.Write(make([]byte, reserve))
		return err
	})
	if err == nil {
		err = os.Remove(name)
	}
	if err != nil {
		return fmt.Errorf("nothing more was sent: %w", err)
	}
	return nil
}

// Write replaces the file, and returns when that is durable.
func (t *Text) Write() error {
	t.step("file: before writing")
	if err := replace(t.path, t.step, func(out io.Writer) error { return t.rewriter.Write(out, t.pairs) }); err != nil {
		return err
	}
	t.step("file: replaced")
	err := durable.Folder(filepath.Dir(t.path))
	t.step("file: durable")
	return err
}
