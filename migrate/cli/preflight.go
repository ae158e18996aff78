package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/preflight"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// preflightSample is the most vehicles whose app leg a preflight tries.
const preflightSample = 20

// preflightPause is the longest wait for a rate limit in a preflight: a person is waiting.
const preflightPause = 2 * time.Minute

func preflightCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "preflight", Usage: "the cheap checks that need the network: which half of the setup is wrong, and what to do", Flags: preflightFlags(),
		Description: "About 30 requests, at most 21 of them billed reads; keeps nothing. Exits 0 if all is well, 3 if v3 or batch is refused, 5 if all secrets are,\n" +
			"6 if a foreign user id was served, else 4.",
		Action: func(c *ucli.Context) error {
			o, err := readPreflight(c)
			if err != nil {
				return err
			}
			return fly(c.Context, p, o)
		}}
}

func preflightFlags() []ucli.Flag {
	return []ucli.Flag{
		text("inventory", "", "the inventory `FILE` (YAML); - reads stdin", "i"),
		text("vehicle", "", "try batch on the vehicle with this `ID` (default: a simulated one of the inventory, if there is any)"),
		text("format", "terminal", "`FORMAT` of the answer: terminal or json"),
		text("limit", "120+2/m", "the application's rate `LIMIT`: bucket+refill, or unlimited"),
		text("limit-share", "50%", "the `PART` of the limit that this tool may take; production lives on the same bucket"),
		toggle("limit-per-host", "a bucket for each host, where Smartcar counts so (default: one for the application)"),
		number("negative-control", 3, "`N` requests with a foreign user id, which must be refused"),
		number("sample-seed", 1, "another `SEED` draws other vehicles"),
		span("timeout-legacy", smartcar.DefaultTimeoutLegacy, "the longest wait for one v2.0 answer"),
		span("timeout-app", smartcar.DefaultTimeoutApp, "the longest wait for one v3 answer"),
		toggle("keep-going", "skip faulty inventory rows instead of refusing the file"),
		toggle("no-progress", "say nothing while checking"),
	}
}

// preflightOptions are the flags of preflight; those that run has too are in options.
type preflightOptions struct {
	options
	vehicle string
}

func readPreflight(c *ucli.Context) (preflightOptions, error) {
	o := preflightOptions{vehicle: c.String("vehicle"), options: options{
		inventory: c.String("inventory"), format: c.String("format"), controls: c.Int("negative-control"), sampleSeed: c.Int("sample-seed"),
		limit: c.String("limit"), limitShare: c.String("limit-share"), limitPerHost: c.Bool("limit-per-host"),
		timeoutLegacy: c.Duration("timeout-legacy"), timeoutApp: c.Duration("timeout-app"), keepGoing: c.Bool("keep-going"), noProgress: c.Bool("no-progress"),
	}}
	if c.NArg() > 0 {
		return o, usagef("unexpected argument %q (the inventory is given with -i)", c.Args().First())
	}
	if err := o.check(); err != nil {
		return o, usage(err)
	}
	return o, nil
}

// check says everything that is wrong at once.
func (o *preflightOptions) check() error {
	var errs []error
	must := func(right bool, complaint string) {
		if !right {
			errs = append(errs, errors.New(complaint))
		}
	}
	must(o.inventory != "", "no inventory (give one with -i FILE)")
	must(o.format == "terminal" || o.format == "json", fmt.Sprintf("--format %q: choose terminal or json", o.format))
	must(o.controls >= 0 && o.controls <= 20, "--negative-control: give 0 to 20")
	must(o.sampleSeed >= 1, "--sample-seed: give 1 or more")
	must(o.timeoutLegacy > 0 && o.timeoutApp > 0, "--timeout-legacy and --timeout-app: give a time above 0")
	var err error
	if o.bucket, err = smartcar.ParseLimit(o.limit); err != nil {
		errs = append(errs, fmt.Errorf("--limit: %w", err))
	}
	if o.bucket.Share, err = parseShare(o.limitShare); err != nil {
		errs = append(errs, fmt.Errorf("--limit-share: %w", err))
	}
	o.bucket.PerHost = o.limitPerHost
	return errors.Join(errs...)
}

// fly opens what a run would open, except a ledger, makes the checks and says what they came to.
func fly(ctx context.Context, p Process, o preflightOptions) (err error) {
	f := &fleet{p: p, o: o.options, vault: p.vault}
	defer f.closeInventory()
	if f.file, err = openInventory(p, f.o, execAllowed(p)); err != nil {
		return err
	}
	if err := f.knows(ctx, o.vehicle); err != nil {
		return err
	}
	if err := f.openTokens(); err != nil {
		return err
	}
	checks := preflight.Preflight{Vehicles: f.file, Tokens: f.tokens, VehicleID: o.vehicle, Sample: preflightSample, Seed: f.o.seed(), Controls: f.o.controls, Now: p.Now, Say: f.word}
	var sent requests
	if checks.Dial, checks.Secrets, err = f.dialer(&sent); err != nil {
		return usage(err)
	}
	result, err := checks.Run(ctx)
	if err != nil {
		return err
	}
	if err := f.tell(result, sent.byHost); err != nil {
		return err
	}
	if code := result.ExitCode(); code != migrate.ExitReady {
		return &exitError{code, nil}
	}
	return nil
}

// word says what is being checked.
func (f *fleet) word(text string) {
	if !f.o.noProgress {
		fmt.Fprintln(f.p.Stderr, text)
	}
}

// knows refuses a vehicle that the inventory does not have, before anything is sent.
func (f *fleet) knows(ctx context.Context, vehicleID string) error {
	if vehicleID == "" {
		return nil
	}
	found := false
	err := f.file.Each(ctx, func(e inventory.Entry) error {
		found = found || strings.EqualFold(e.VehicleID, vehicleID)
		return nil
	})
	if err == nil && !found {
		return usagef("--vehicle %q: %s has no such vehicle", vehicleID, f.o.inventory)
	}
	return err
}

// dialer makes clients that share one limiter, one transport and one count of requests.
func (f *fleet) dialer(sent *requests) (func(...secret.Secret) (*smartcar.Client, error), []secret.Secret, error) {
	credentials, err := readCredentials(f.p, f.file.Header())
	if err != nil {
		return nil, nil, err
	}
	for _, s := range credentials.secrets {
		f.vault.Pin(s)
	}
	origins, err := smartcar.OriginsFromEnv(f.p.LookupEnv)
	if err != nil {
		return nil, nil, err
	}
	f.o.bucket.Now, f.o.bucket.MaxPause = f.p.Now, preflightPause
	f.limiter = smartcar.NewLimiter(f.o.bucket)
	transport := f.p.Transport
	if transport == nil {
		transport = smartcar.NewTransport()
	}
	return func(secrets ...secret.Secret) (*smartcar.Client, error) {
		return smartcar.New(smartcar.Options{Origins: origins, Transport: transport, Now: f.p.Now, Limiter: f.limiter, TimeoutLegacy: f.o.timeoutLegacy, TimeoutApp: f.o.timeoutApp,
			OnCall: sent.add, OnToken: f.vault.Add, UserAgent: "scmigrate/" + Version(), ClientID: credentials.clientID, ClientSecrets: secrets})
	}, credentials.secrets, nil
}

// requests counts what left the process, by host.
type requests struct {
	mu     sync.Mutex
	counts map[string]int
}

func (r *requests) add(c smartcar.Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	r.counts[string(c.Host)]++
}

func (r *requests) byHost() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}
