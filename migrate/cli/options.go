package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/report"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// options are the flags of run and plan. They are filled once, check themselves in sentences, and then nothing else
// knows of flags.
type options struct {
	inventory, out, format, fieldSpec, legs string
	concurrency, controls                   int
	limit, limitShare                       string
	limitPerHost                            bool
	maxRequests, maxBilled                  int
	timeBox, timeoutLegacy, timeoutApp      time.Duration
	keepGoing, jsonFull, noProgress, strict bool
	legacyAPI                               string // "": v2
	baseline                                string // the earlier run in the legacy leg's place
	fieldsGiven                             bool
	recheck                                 int
	recheckAfter                            time.Duration
	rulesFile                               string
	require                                 []string // gates, beside those of the rules
	sample                                  string   // as given; "": every vehicle
	sampleSeed                              int      // 0: not given
	acceptChanges                           bool
	only, previous                          string // "": every vehicle
	shardSpec                               string // as given, or the job's; "": every vehicle

	rules   rules.Rules             // from rulesFile and require
	fields  []*compare.Field        // from fieldSpec
	bucket  smartcar.LimiterOptions // from limit and limitShare
	formats []string                // from format
	draw    migrate.Sample          // from sample
	shard   migrate.Shard           // from shardSpec; bucket is this part of the limits
}

func env(name string) []string {
	return []string{"SCMIGRATE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))}
}

func text(name, value, usage string, aliases ...string) *ucli.StringFlag {
	return &ucli.StringFlag{Name: name, Value: value, Usage: usage, EnvVars: env(name), Aliases: aliases}
}

func number(name string, value int, usage string) *ucli.IntFlag {
	return &ucli.IntFlag{Name: name, Value: value, Usage: usage, EnvVars: env(name)}
}

func span(name string, value time.Duration, usage string) *ucli.DurationFlag {
	return &ucli.DurationFlag{Name: name, Value: value, Usage: usage, EnvVars: env(name)}
}

func toggle(name, usage string) *ucli.BoolFlag {
	return &ucli.BoolFlag{Name: name, Usage: usage, EnvVars: env(name)}
}

// list may be given several times. In its environment variable the values are separated by semicolons.
func list(name, usage string) *ucli.StringSliceFlag {
	return &ucli.StringSliceFlag{Name: name, Usage: usage, EnvVars: env(name)}
}

// measureFlags are common to run and plan: what would be called, and how fast.
func measureFlags() []ucli.Flag {
	return []ucli.Flag{
		text("inventory", "", "the inventory `FILE` (YAML); - reads stdin", "i"),
		text("rules", "", "the rules `FILE` (YAML): what must work, tolerances, waivers, gates"),
		text("fields", "standard", "`SET` of fields to compare: standard, all, or names separated by commas"),
		text("legs", "both", "`LEVEL`: connections (only the list), app (no legacy leg), both"),
		legacyAPIFlag(),
		baselineFlag(),
		text("limit", "120+2/m", "the application's rate `LIMIT`: bucket+refill, or unlimited"),
		text("limit-share", "50%", "the `PART` of the limit that this tool may take; production lives on the same bucket"),
		toggle("limit-per-host", "a bucket for each host, where Smartcar counts so (default: one for the application)"),
		number("max-requests", 0, "stop after `N` requests (0: no cap)"),
		number("max-billed-per-vehicle", 60, "the most billed reads of one vehicle in this run"),
		number("negative-control", 3, "`N` requests with a foreign user id, which must be refused"),
		text("only", "", "call only the vehicles with this `VERDICT|CAUSE` (or several, separated by commas) in the run of --previous, and take the others over"),
		previousFlag(),
		text("sample", "", "draw `300|5%`: so many vehicles, or that share of them, by whole users in random order"),
		number("sample-seed", 0, "another `SEED` draws another sample (default 1)"),
		text(shardName, "", "only part `K/N` of the fleet, by whole users, at that part of the limits; merge joins the parts"),
		toggle("keep-going", "skip faulty inventory rows instead of refusing the file"),
	}
}

// What run does about differences where nothing else is said.
const (
	defaultRecheck      = 1
	defaultRecheckAfter = 2 * time.Minute
)

func runFlags() []ucli.Flag {
	return append(measureFlags(),
		text("out", "", "the run's `DIR`: ledger and reports; the same DIR resumes", "o"),
		formatFlag("terminal,html,markdown,json"),
		number("concurrency", 8, "vehicles at the same time"),
		number("recheck", defaultRecheck, "ask again about differences at the end, up to `N` times: 0, 1 or 2"),
		span("recheck-after", defaultRecheckAfter, "the `TIME` to wait before asking again"),
		span("time-box", 0, "end cleanly after this `TIME`, to be resumed (0: none)"),
		span("timeout-legacy", smartcar.DefaultTimeoutLegacy, "the longest wait for one v2.0 answer"),
		span("timeout-app", smartcar.DefaultTimeoutApp, "the longest wait for one v3 answer"),
		list("require", "a `GATE` that must hold, like \"blocked == 0\" (may be repeated; beside the gates of the rules)"),
		toggle("strict", "a waiver that matches no vehicle is an error (exit 2)"),
		toggle("accept-changes", "go on with a directory although rows of the inventory were added, removed or changed"),
		toggle("json-full", "report.json holds the fields of ready vehicles too"),
		toggle("no-progress", "say nothing while running"),
	)
}

func readOptions(c *ucli.Context, p Process) (options, error) {
	o := options{
		inventory: c.String("inventory"), out: c.String("out"), format: c.String("format"), fieldSpec: c.String("fields"), legs: c.String("legs"),
		concurrency: c.Int("concurrency"), controls: c.Int("negative-control"), limit: c.String("limit"), limitShare: c.String("limit-share"), limitPerHost: c.Bool("limit-per-host"),
		maxRequests: c.Int("max-requests"), maxBilled: c.Int("max-billed-per-vehicle"), timeBox: c.Duration("time-box"),
		timeoutLegacy: c.Duration("timeout-legacy"), timeoutApp: c.Duration("timeout-app"),
		legacyAPI: c.String(legacyAPIName), baseline: c.String("baseline"), fieldsGiven: c.IsSet("fields"),
		recheck: c.Int("recheck"), recheckAfter: c.Duration("recheck-after"),
		sample: c.String("sample"), sampleSeed: c.Int("sample-seed"), acceptChanges: c.Bool("accept-changes"), only: c.String("only"), previous: c.String("previous"),
		keepGoing: c.Bool("keep-going"), jsonFull: c.Bool("json-full"), noProgress: c.Bool("no-progress"),
		strict: c.Bool("strict"), rulesFile: c.String("rules"), require: c.StringSlice("require"),
	}
	if c.NArg() > 0 {
		return o, usagef("unexpected argument %q (the inventory is given with -i)", c.Args().First())
	}
	if err := o.fieldsOfBaseline(c.Context); err != nil {
		return o, err
	}
	var err error
	o.shardSpec, err = shardGiven(c.String(shardName), p.LookupEnv)
	if err := errors.Join(err, o.check()); err != nil {
		return o, usage(err)
	}
	return o, nil
}

// check fills what is derived and says everything that is wrong at once.
func (o *options) check() error {
	var errs []error
	add := func(err error) { errs = append(errs, err) }
	if o.inventory == "" {
		add(errors.New("no inventory (give one with -i FILE, or try: scmigrate demo)"))
	}
	add(o.checkLegacyAPI())
	var err error
	if o.fields, err = compare.Select(o.fieldSpec); err != nil {
		add(fmt.Errorf("--fields: %w", err))
	}
	if o.rules, err = readRules(o.rulesFile, o.require); err != nil {
		add(err)
	}
	if !slices.Contains([]string{"connections", "app", "both"}, o.legs) {
		add(fmt.Errorf("--legs %q: choose connections, app or both", o.legs))
	}
	if o.bucket, err = smartcar.ParseLimit(o.limit); err != nil {
		add(fmt.Errorf("--limit: %w", err))
	}
	if o.bucket.Share, err = parseShare(o.limitShare); err != nil {
		add(fmt.Errorf("--limit-share: %w", err))
	}
	if o.draw, err = migrate.ParseSample(o.sample); err != nil {
		add(fmt.Errorf("--sample: %w", err))
	}
	if o.shard, err = migrate.ParseShard(o.shardSpec); err != nil {
		add(fmt.Errorf("--shard: %w", err))
	}
	o.bucket.MaxRequests, o.bucket.PerHost = o.maxRequests, o.limitPerHost
	for _, n := range []struct {
		name string
		bad  bool
		want string
	}{
		{"max-requests", o.maxRequests < 0, "0 or more"},
		{"max-billed-per-vehicle", o.maxBilled < 1, "1 or more"},
		{"negative-control", o.controls < 0 || o.controls > 20, "0 to 20"},
		{"time-box", o.timeBox < 0, "0 or more"},
		{"sample-seed", o.sampleSeed < 0, "1 or more"},
	} {
		if n.bad {
			add(fmt.Errorf("--%s: give %s", n.name, n.want))
		}
	}
	add(o.checkBilled())
	add(o.checkOnly())
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return o.cutLimits()
}

// checkRun is what only run needs.
func (o *options) checkRun() error {
	var errs []error
	if o.out == "" {
		errs = append(errs, errors.New("no directory for the run (give one with -o DIR)"))
	}
	if o.concurrency < 1 || o.concurrency > 1000 {
		errs = append(errs, errors.New("--concurrency: give 1 to 1000"))
	}
	if o.timeoutLegacy <= 0 || o.timeoutApp <= 0 {
		errs = append(errs, errors.New("--timeout-legacy and --timeout-app: give a time above 0"))
	}
	if o.recheck < 0 || o.recheck > 2 || o.recheckAfter < 0 {
		errs = append(errs, errors.New("--recheck: give 0 to 2; --recheck-after: 0 or more"))
	}
	var err error
	if o.formats, err = parseFormats(o.format); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return usage(err)
	}
	return nil
}

// parseShare reads "50%" or "0.5".
func parseShare(s string) (float64, error) {
	trimmed, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	n, err := strconv.ParseFloat(trimmed, 64)
	if percent {
		n /= 100
	}
	if err != nil || !(n > 0 && n <= 1) {
		return 0, fmt.Errorf("%q is no part of the limit: give 1%% to 100%%", s)
	}
	return n, nil
}

func parseFormats(list string) ([]string, error) {
	var formats []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(report.Formats(), name) {
			return nil, fmt.Errorf("--format: unknown format %q (known: %s)", name, strings.Join(report.Formats(), ", "))
		}
		formats = append(formats, name)
	}
	return formats, nil
}

// widthOf is the width to render for: that of the terminal, 100 columns elsewhere.
func widthOf(p Process) int { return cmp.Or(p.Width, 100) }
