package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/document"
	"scmigrate/migrate/ledger"
)

// checkOnly refuses words that are neither verdicts nor causes, and flags that say together something else than each.
func (o *options) checkOnly() error {
	switch {
	case o.only == "":
		return nil
	case o.previous == "":
		return errors.New("--only: give --previous DIR0, too: in which run do the vehicles have that verdict or cause?")
	case o.sample != "" || o.shard.N > 0:
		return errors.New("--only chooses the vehicles by an earlier run: leave --sample and --shard out")
	}
	known := onlyWords()
	for _, word := range o.onlyList() {
		if !slices.Contains(known, word) {
			return fmt.Errorf("--only %q is neither a verdict nor a cause%s", word, meant(document.Nearest(word, known, nil)))
		}
	}
	return nil
}

func meant(word string) string {
	if word == "" {
		return " (scmigrate explain lists the causes)"
	}
	return fmt.Sprintf(" (did you mean %q?)", word)
}

func onlyWords() (words []string) {
	for _, v := range migrate.Verdicts() {
		words = append(words, string(v))
	}
	for _, c := range migrate.Causes() {
		words = append(words, string(c.Code))
	}
	return words
}

func (o *options) onlyList() (words []string) {
	for word := range strings.SplitSeq(o.only, ",") {
		words = append(words, strings.TrimSpace(word))
	}
	return words
}

// onlyText says how a run was begun.
func onlyText(only string) string {
	if only == "" {
		return "without --only"
	}
	return "with --only " + only
}

// chosen tells whether a vehicle that was judged so is to be called again. What a waiver lets stand is chosen by its cause,
// too.
func (o *options) chosen(j migrate.Judgement) bool {
	for _, word := range o.onlyList() {
		if word == string(j.Verdict) || j.Has(migrate.Code(word)) {
			return true
		}
	}
	return false
}

// takeOver takes from an earlier run what is not to be measured again. Rows that it does not have are called, those that the
// inventory has no more stay behind.
func (f *fleet) takeOver(ctx context.Context) (err error) {
	if f.o.only == "" {
		return nil
	}
	from, unlock, err := f.o.openEarlier(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close(), unlock()) }()
	if err := f.ledger.Carry(ctx, from, f.o.chosen); err != nil {
		return err
	}
	return f.sayCarried(ctx)
}

// openEarlier opens the run of --previous. It must have measured in the same way, for the verdicts of both are counted
// together.
func (o *options) openEarlier(ctx context.Context) (from *ledger.Ledger, unlock func() error, err error) {
	if from, unlock, err = ledger.OpenEarlier(o.previous); err != nil {
		return nil, nil, usage(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, from.Close(), unlock())
		}
	}()
	theirs, err := from.Header(ctx)
	if err != nil {
		return from, unlock, err
	}
	for _, c := range []struct{ what, theirs, ours string }{
		{"--fields " + theirs.Fields, theirs.Fields, o.fieldSpec},
		{"--legs " + theirs.Legs, theirs.Legs, o.legs},
		{"--legacy-api " + theirs.LegacyAPI, theirs.LegacyAPI, o.legacyAPI},
		{"--shard " + theirs.Shard, theirs.Shard, ""},
		{"--sample " + theirs.Sample, theirs.Sample, ""},
	} {
		if c.theirs != c.ours {
			return from, unlock, usagef("--previous %s was run with %s, so its vehicles cannot be counted with this run's: run with the same, or without --only", o.previous, c.what)
		}
	}
	return from, unlock, o.sameFleet(ctx, from, theirs)
}

// sameFleet refuses an earlier run that left vehicles uncalled which nobody chose: there is nothing of them to take over, and
// calling them all is not what --only says.
func (o *options) sameFleet(ctx context.Context, from *ledger.Ledger, h ledger.Header) error {
	tally, err := from.Tally(ctx)
	if err != nil {
		return err
	}
	words := o.onlyList()
	if n := tally.Total - tally.Measured(); n > 0 && !slices.Contains(words, string(migrate.Inconclusive)) && !slices.Contains(words, string(migrate.NotRun)) {
		return usagef("--previous %s never called %d of its %d vehicles, of which there is nothing to take over: finish that run first (scmigrate run -i %s -o %s), or call them, too: --only %s,%s", o.previous, n, tally.Total, h.Inventory, o.previous, o.only, migrate.NotRun)
	}
	return nil
}

func (f *fleet) sayCarried(ctx context.Context) error {
	carried, err := f.ledger.Carried(ctx)
	if err != nil {
		return err
	}
	tally, err := f.ledger.Tally(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f.p.Stderr, "%d vehicles are taken over from %s, %d are called: those that were %s, and rows that it does not have\n", carried.Vehicles, f.o.previous, tally.Total-carried.Vehicles, f.o.only)
	return err
}
