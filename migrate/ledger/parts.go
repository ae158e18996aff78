package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"scmigrate/migrate"
)

// Part is one shard's ledger as it is to be joined with the others.
type Part struct {
	Dir    string
	Shard  migrate.Shard
	Header Header
}

// OpenParts reads the headers of all shards of one fleet and returns them in their order, whatever the order given. It
// refuses what cannot be one fleet and says everything that is wrong at once: directories that are no shards or are in use,
// shards that are missing, given twice, or of other inputs.
func OpenParts(ctx context.Context, dirs []string) ([]Part, error) {
	var parts []Part
	var errs []error
	for i, dir := range dirs {
		if other := sameDir(dir, dirs[:i]); other != "" {
			errs = append(errs, fmt.Errorf("%s and %s are the same directory (give each shard once)", other, dir))
			continue
		}
		p, err := readPart(ctx, dir)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		parts = append(parts, p)
	}
	slices.SortStableFunc(parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(a.Shard.N, b.Shard.N), cmp.Compare(a.Shard.K, b.Shard.K), cmp.Compare(a.Dir, b.Dir))
	})
	return parts, errors.Join(append(errs, checkParts(parts, len(errs) == 0))...)
}

func sameDir(dir string, others []string) string {
	info, err := os.Stat(dir)
	if err != nil {
		return ""
	}
	for _, other := range others {
		if theirs, err := os.Stat(other); err == nil && os.SameFile(info, theirs) {
			return other
		}
	}
	return ""
}

// readPart reads one header while no run holds the directory.
func readPart(ctx context.Context, dir string) (p Part, err error) {
	l, unlock, err := openHeld(dir)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, l.Close(), unlock()) }()
	p = Part{Dir: dir}
	if p.Header, err = l.Header(ctx); err != nil {
		return p, err
	}
	switch h := p.Header; {
	case h.RunID == "":
		return p, fmt.Errorf("%s holds no run that began (start its run again, with its --shard)", dir)
	case h.Shard == "":
		return p, fmt.Errorf("%s is not a shard: its run was over the whole inventory (scmigrate report %s renders it)", dir, dir)
	}
	if p.Shard, err = migrate.ParseShard(p.Header.Shard); err != nil {
		return p, fmt.Errorf("%s: the ledger's header cannot be read: %w", dir, err)
	}
	return p, nil
}

// openHeld opens a shard for reading and keeps runs out of it meanwhile. On a disk that cannot be written to, there is no
// lock to take and no run to fear.
func openHeld(dir string) (l *Ledger, unlock func() error, err error) {
	if l, err = Open(dir); err != nil {
		return nil, nil, err
	}
	lock := flock.New(filepath.Join(dir, ".lock"), flock.SetPermissions(0o600))
	if held, err := lock.TryRLock(); err == nil && !held {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w (wait until it has ended: scmigrate status %s)", dir, ErrBusy, dir), l.Close())
	}
	return l, lock.Unlock, nil
}

// checkParts: whole tells whether every directory given is among them, for otherwise nobody knows which one is missing.
func checkParts(parts []Part, whole bool) error {
	if len(parts) == 0 {
		return nil
	}
	first := parts[0]
	var errs []error
	for _, p := range parts[1:] {
		for _, input := range inputs() {
			if ours, theirs := input.of(first), input.of(p); ours != theirs {
				errs = append(errs, fmt.Errorf("%s and %s are not of one run: %s is %s here and %s there (%s)", first.Dir, p.Dir, input.name, ours, theirs, input.hint))
				whole = whole && input.name != "the number of shards"
			}
		}
	}
	for i := 1; i < len(parts); i++ {
		if parts[i].Shard == parts[i-1].Shard {
			errs = append(errs, fmt.Errorf("shard %s is there twice: %s and %s (give each shard once)", parts[i].Shard, parts[i-1].Dir, parts[i].Dir))
		}
	}
	if whole {
		errs = append(errs, missing(parts))
	}
	return errors.Join(errs...)
}

// input is something that all shards of a run have in common.
type input struct {
	name, hint string
	of         func(Part) string
}

func inputs() []input {
	const again = "run the shards again with the same, each in a new -o DIR"
	return []input{
		{"the number of shards", again, func(p Part) string { return strconv.Itoa(p.Shard.N) }},
		{"the inventory", again, func(p Part) string { return p.Header.InventoryDigest }},
		{"its length", again, func(p Part) string { return strconv.Itoa(p.Header.Length) }},
		{"the digest of the rules", "start the shards' runs again with the same --rules and --require: what was measured is judged anew", func(p Part) string { return cmp.Or(p.Header.RulesDigest, "none") }},
		{"--legacy-api", again, func(p Part) string { return p.Header.LegacyAPI }},
		{"the run of --baseline", again, func(p Part) string { return cmp.Or(p.Header.BaselineRun, "none") }},
		{"--legs", "start the shards' runs again with the same --legs", func(p Part) string { return p.Header.Legs }},
		{"--fields", again, func(p Part) string { return p.Header.Fields }},
		{"--sample", "start the shards' runs again with the same --sample", func(p Part) string { return cmp.Or(p.Header.Sample, "none") }},
		{"the seed", again, func(p Part) string { return strconv.FormatUint(p.Header.Seed, 10) }},
	}
}

// mostMissing is how many missing shards are named.
const mostMissing = 10

func missing(parts []Part) error {
	n := parts[0].Shard.N
	there := map[int]bool{}
	for _, p := range parts {
		there[p.Shard.K] = true
	}
	var names []string
	for k := 1; k <= n; k++ {
		if !there[k] {
			names = append(names, migrate.Shard{K: k, N: n}.String())
		}
	}
	if rest := len(names) - mostMissing; rest > 0 {
		names = append(names[:mostMissing], fmt.Sprintf("and %d more", rest))
	}
	switch len(names) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("shard %s is missing (give the directories of all %d shards)", names[0], n)
	}
	return fmt.Errorf("shards are missing: %s (give the directories of all %d shards)", strings.Join(names, ", "), n)
}
