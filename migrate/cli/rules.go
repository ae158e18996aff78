package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/rules"
)

// readRules reads the rules file, where there is one, and adds the gates of --require to its own.
func readRules(path string, require []string) (rules.Rules, error) {
	r, err := parseRules(path)
	errs := []error{err}
	for _, given := range require {
		for text := range strings.SplitSeq(given, ";") {
			g, err := rules.ParseGate(text)
			if err != nil {
				errs = append(errs, fmt.Errorf("--require %q: %w", text, err))
				continue
			}
			r.Gates = append(r.Gates, g)
		}
	}
	return r, errors.Join(errs...)
}

func parseRules(path string) (rules.Rules, error) {
	if path == "" {
		return rules.Rules{}, nil
	}
	text, err := readSmall(path)
	if err != nil {
		return rules.Rules{}, fmt.Errorf("cannot read the rules: %w", err)
	}
	return rules.Parse(path, text, rules.Options{Causes: migrate.WaiverCauses()})
}

// readSmall reads a file up to one byte over the size that rules may have.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, rules.MaxSize+1))
}

// resumeRules judges anew what was measured under other rules, before the run begins: a vehicle whose judgement now needs
// what was never asked for is called again. The header names the new rules last, so that a crash in between is made good.
func (f *fleet) resumeRules(ctx context.Context, h ledger.Header) error {
	stored, err := f.ledger.Rules(ctx)
	if err != nil {
		return err
	}
	if digest := f.o.rules.Digest(); digest != h.RulesDigest || digest != stored.Digest() {
		if err := f.ledger.ChangeRules(ctx, h, f.o.rules); err != nil {
			return err
		}
		if _, err := migrate.Settle(ctx, f.ledger, f.o.rules, migrate.StopNone, f.p.Now()); err != nil {
			return err
		}
		h.RulesDigest = digest
	}
	return f.ledger.SetHeader(ctx, h)
}

// checkStrict refuses rules with waivers that match nothing (--strict), once every vehicle was looked at: a run that ended
// for a person to act keeps its exit code, and a part of a fleet does not show that the rest matches nothing.
func (f *fleet) checkStrict(ctx context.Context, h ledger.Header, code int) error {
	if !f.o.strict || !h.Complete || code != migrate.ExitReady && code != migrate.ExitGate && code != migrate.ExitUndecided {
		return nil
	}
	facts, err := f.ledger.Facts(ctx)
	if err != nil {
		return err
	}
	var unused []string
	for _, w := range facts.Waivers {
		if w.Code == migrate.WaiverUnused {
			unused = append(unused, w.ID)
		}
	}
	frame, err := f.ledger.Frame(ctx)
	if err != nil || len(unused) == 0 {
		return err
	}
	if frame.Partial() || h.Shard != "" {
		_, err := fmt.Fprintf(f.p.Stderr, "waivers that match no vehicle of this part of the fleet: %s (--strict waits for the whole)\n", strings.Join(unused, ", "))
		return err
	}
	return usagef("waivers that match no vehicle: %s (remove them from the rules, or leave --strict out)", strings.Join(unused, ", "))
}
