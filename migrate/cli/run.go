package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

func runCommand(p Process) *ucli.Command {
	return &ucli.Command{
		Name: "run", Usage: "call every vehicle both ways, compare, judge, and write the reports", Flags: runFlags(),
		Description: "Reads only: no command is ever sent to a car. Started again on the same DIR it goes on where it stopped.",
		Action: func(c *ucli.Context) error {
			o, err := readOptions(c, p)
			if err != nil {
				return err
			}
			if err := o.checkRun(); err != nil {
				return err
			}
			return runFleet(c.Context, p, o)
		},
	}
}

// fleet is one run with everything it needs, open.
type fleet struct {
	p       Process
	o       options
	file    *inventory.File
	ledger  *ledger.Ledger
	vault   *secret.Vault
	limiter *smartcar.Limiter
	client  *smartcar.Client
	tokens  migrate.TokenSource

	baseline earlier // the run in the legacy leg's place; without a ledger where there is a legacy leg
}

func runFleet(ctx context.Context, p Process, o options) (err error) {
	f := &fleet{p: p, o: o, vault: p.vault}
	defer f.closeInventory()
	defer func() { err = errors.Join(err, f.closeBaseline()) }()
	if err := f.open(ctx); err != nil {
		return err
	}
	defer func() { err = closedLedger(err, f.ledger.Close()) }()
	stop, err := f.run(ctx)
	if err != nil {
		return err
	}
	return f.finish(context.WithoutCancel(ctx), stop)
}

// open checks everything that can be checked without a call, and prepares the ledger.
func (f *fleet) open(ctx context.Context) error {
	var err error
	if f.file, err = openInventory(f.opening()); err != nil {
		return err
	}
	if err := f.openBaseline(ctx); err != nil {
		return err
	}
	credentials, err := readCredentials(f.p, f.file.Header())
	if err != nil {
		return usage(err)
	}
	for _, s := range credentials.secrets {
		f.vault.Pin(s)
	}
	origins, err := smartcar.OriginsFromEnv(f.p.LookupEnv)
	if err != nil {
		return usage(err)
	}
	if err := f.openTokens(); err != nil {
		return err
	}
	if err := f.checkPrevious(ctx); err != nil {
		return err
	}
	if f.ledger, err = ledger.Create(f.o.out); err != nil {
		return usage(err)
	}
	f.ledger.Redact = f.vault.Redact
	if err := f.begin(ctx); err != nil {
		return joinClose(err, f.ledger)
	}
	if err := f.countDepartures(ctx); err != nil {
		return joinClose(err, f.ledger)
	}
	f.client, err = smartcar.New(smartcar.Options{
		Origins: origins, Transport: f.p.Transport, Now: f.p.Now, Limiter: f.limiter, TimeoutLegacy: f.o.timeoutLegacy, TimeoutApp: f.o.timeoutApp,
		OnCall: f.ledger.AddCall, OnToken: f.vault.Add, UserAgent: "scmigrate/" + Version(), ClientID: credentials.clientID, ClientSecrets: credentials.secrets,
	})
	if err != nil {
		return joinClose(usage(err), f.ledger)
	}
	return nil
}

// closeInventory lets go of the inventory file, where it was opened; it was only read.
func (f *fleet) closeInventory() {
	if f.file != nil {
		_ = f.file.Close()
	}
}

// closedLedger adds what closing the ledger brought to light: a line of the audit trail that could not be written is the
// tool's failure (exit code 1), whatever the verdicts. What a person must act on at once keeps its code.
func closedLedger(err, closed error) error {
	exit := (*exitError)(nil)
	switch {
	case closed == nil:
		return err
	case errors.As(err, &exit) && slices.Contains([]int{migrate.ExitUsage, migrate.ExitGate, migrate.ExitUndecided}, exit.code):
		return fmt.Errorf("the run's ledger is not whole: %w", errors.Join(closed, exit.err))
	case errors.As(err, &exit):
		return &exitError{exit.code, errors.Join(exit.err, fmt.Errorf("the run's ledger is not whole: %w", closed))}
	case err != nil:
		return errors.Join(err, closed)
	}
	return closed
}

func joinClose(err error, l *ledger.Ledger) error {
	if closed := l.Close(); closed != nil {
		return fmt.Errorf("%w (and the ledger could not be closed: %v)", err, closed)
	}
	return err
}

func openInventory(p Process, o options, allowExec bool) (*inventory.File, error) {
	file, err := inventory.Open(o.inventory, inventory.Options{Stdin: p.Stdin, KeepGoing: o.keepGoing, Getenv: p.LookupEnv, AllowExec: allowExec, CheckField: knownField,
		AgeIdentityFile: trimmedEnv(p, inventory.AgeIdentityVariable)})
	if err != nil {
		return nil, inventoryError(err)
	}
	if set := file.SetAside(); set != nil {
		fmt.Fprintf(p.Stderr, "faulty rows are set aside (--keep-going):\n%v\n", set)
	}
	if file.Len() == 0 {
		return nil, usagef("%s holds no vehicle (add entries under vehicles:)", o.inventory)
	}
	return file, nil
}

func (f *fleet) openTokens() error {
	if f.o.legacyAPI == migrate.LegacyNone {
		f.tokens = noTokens{}
		return nil
	}
	resolver, err := inventory.NewResolver(f.file, inventory.ResolverOptions{Getenv: f.p.LookupEnv, AllowExec: execAllowed(f.p), Now: f.p.Now, Run: f.p.Command})
	if err != nil {
		return usage(err)
	}
	f.tokens = remembering{resolver, f.vault}
	return nil
}

// remembering tells the vault of every token before it is used.
type remembering struct {
	source migrate.TokenSource
	vault  *secret.Vault
}

// Token resolves a token and remembers it for the scan of the artefacts.
func (r remembering) Token(ctx context.Context, request inventory.TokenRequest) (inventory.Token, error) {
	token, err := r.source.Token(ctx, request)
	if !token.Secret.IsZero() {
		r.vault.Add(token.Secret)
	}
	return token, err
}

// begin writes pass 1 into a new ledger, or checks that an old one is of this inventory and these fields.
func (f *fleet) begin(ctx context.Context) error {
	f.o.bucket.Now, f.o.bucket.MaxPause = f.p.Now, migrate.MaxPause
	f.limiter = smartcar.NewLimiter(f.o.bucket)
	h, err := f.ledger.Header(ctx)
	if err != nil {
		return err
	}
	if h.RunID != "" {
		return f.resume(ctx, h)
	}
	if err := f.ledger.Empty(ctx); err != nil {
		return err
	}
	h = ledger.Header{RunID: randomHex(8), StartedAt: f.p.Now().UTC().Format(time.RFC3339), InventoryDigest: f.file.Digest(), RulesDigest: f.o.rules.Digest(), LegacyAPI: f.o.legacyAPI,
		Fields: f.o.fieldSpec, ToolVersion: Version(), Seed: f.o.seed(), Sample: f.o.sample, ShareKey: randomHex(32), Limit: f.o.limit, LimitShare: f.o.limitShare, LimitPerHost: f.o.limitPerHost, Inventory: f.o.inventory, Legs: f.o.legs,
		Shard: f.o.shard.String(), Only: f.o.only, Previous: f.o.earlier("")}
	if h.Shard != "" {
		h.Length = f.file.Len()
	}
	if err := f.baselineOf(ctx, &h); err != nil {
		return err
	}
	if err := f.putEntries(ctx, h.Seed); err != nil {
		return err
	}
	if err := f.drawUsers(ctx, h.Seed, f.o.draw); err != nil {
		return err
	}
	if err := f.takeOver(ctx); err != nil {
		return err
	}
	if err := f.ledger.SetRules(ctx, f.o.rules); err != nil {
		return err
	}
	return f.ledger.SetHeader(ctx, h)
}

// knownField refuses field names that do not exist: they would be required and never found.
func knownField(name string) error {
	_, err := compare.Select(name)
	return err
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// resume checks that the directory belongs to this inventory, and rebuilds the bucket from the calls already made.
func (f *fleet) resume(ctx context.Context, h ledger.Header) (err error) {
	if err := f.o.sameShard(h); err != nil {
		return err
	}
	if err := f.o.sameLegacyAPI(h.LegacyAPI); err != nil {
		return err
	}
	if err := f.baselineOf(ctx, &h); err != nil {
		return err
	}
	if h.Fields != f.o.fieldSpec {
		return usagef("%s was begun with --fields %s: use the same, or a new -o DIR", f.o.out, h.Fields)
	}
	if f.o.only != "" && f.o.only != h.Only {
		return usagef("%s was begun %s: use the same, or a new -o DIR", f.o.out, onlyText(h.Only))
	}
	if h.Sample, err = f.o.resumedSample(h, f.file.Len()); err != nil {
		return err
	}
	if h.InventoryDigest != f.file.Digest() {
		if err := f.changed(ctx, &h); err != nil {
			return err
		}
	}
	if err := f.putEntries(ctx, h.Seed); err != nil {
		return err
	}
	if err := f.drawAgain(ctx, h); err != nil {
		return err
	}
	if err := f.refill(ctx); err != nil {
		return err
	}
	h.Legs, h.Stopped, h.FinishedAt, h.Complete = f.o.legs, "", "", false
	h.Previous = f.o.earlier(h.Previous)
	h.Limit, h.LimitShare, h.LimitPerHost, h.Inventory, h.ToolVersion = f.o.limit, f.o.limitShare, f.o.limitPerHost, f.o.inventory, Version()
	return f.resumeRules(ctx, h)
}

// refill leaves in the buckets what the calls made before have left in them. It takes all of them: a run that was at the limit
// for days has emptied the bucket long before the time that it takes to fill.
func (f *fleet) refill(ctx context.Context) error {
	if f.limiter.Burst() == 0 {
		return nil
	}
	return f.ledger.EachCall(ctx, func(c ledger.Departure) { f.limiter.DebitAt(c.At, c.Host) })
}

// countDepartures has what leaves counted for a process after this one, and waits as long as Smartcar asked an earlier one to.
func (f *fleet) countDepartures(ctx context.Context) error {
	departures, err := f.ledger.Departures(ctx, f.p.Now())
	if err != nil {
		return err
	}
	departures.EachPause(f.limiter.Hold)
	f.limiter.Keep(departures)
	return nil
}

func (f *fleet) run(ctx context.Context) (stop migrate.Stop, err error) {
	tally, err := f.ledger.Tally(ctx)
	if err != nil {
		return migrate.StopNone, err
	}
	if tally.Total == 0 {
		return migrate.StopNone, nil // a shard without a user
	}
	watch := newWatcher(f.p, f.o, tally, f.limiter, f.client.Hold)
	defer func() { err = errors.Join(err, watch.close()) }()
	r := migrate.Run{
		Client: f.client, Store: f.ledger, Rules: f.o.rules, Concurrency: f.o.concurrency, TimeBox: f.o.timeBox, Controls: f.o.controls, Now: f.p.Now, Watch: watch.event, EndWaits: f.limiter.Stop,
		Rounds: f.o.recheck, RecheckAfter: f.o.recheckAfter, Sleep: f.p.Sleep,
		Meter: migrate.Meter{Caller: f.client, Tokens: f.tokens, Fields: f.o.fields, Rules: f.o.rules, Now: f.p.Now, Legs: f.o.legs, Billed: f.o.maxBilled, Pause: f.limiter.Pause,
			LegacyAPI: f.o.legacyAPI, Others: f.o.others(), Baseline: f.baselineFor()},
	}
	return r.Do(ctx)
}

// finish closes the header, writes the reports and turns the verdicts into the exit code.
func (f *fleet) finish(ctx context.Context, stop migrate.Stop) error {
	h, err := f.ledger.Header(ctx)
	if err != nil {
		return err
	}
	tally, err := f.ledger.Tally(ctx)
	if err != nil {
		return err
	}
	h.FinishedAt, h.Stopped, h.Complete = f.p.Now().UTC().Format(time.RFC3339), string(stop), tally.Measured() == tally.Total
	if err := f.ledger.SetHeader(ctx, h); err != nil {
		return err
	}
	summary, err := writeReports(ctx, f.p, f.ledger, reportOptions{dir: f.o.out, formats: f.o.formats, full: f.o.jsonFull})
	if err != nil {
		return err
	}
	code := summary.ExitCode(stop)
	if err := f.checkStrict(ctx, h, code); err != nil {
		return err
	}
	if tally.Total == 0 {
		return &exitError{code, f.emptyShard()}
	}
	return exitWith(stop, code)
}

// exitWith is nil for exit code 0.
func exitWith(stop migrate.Stop, code int) error {
	if code == migrate.ExitReady {
		return nil
	}
	var err error
	if stop != migrate.StopNone {
		err = fmt.Errorf("stopped: %s (%s)", stop, stop.Hint())
	}
	return &exitError{code, err}
}
