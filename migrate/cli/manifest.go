package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/manifest"
)

func manifestCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "manifest", Usage: "write the cut-over list of a run: which users are switched in which wave", ArgsUsage: "DIR",
		Description: "Only ready vehicles, judged as of today, and whole users: one who has a vehicle that is blocked or could not be measured is left out with all, and named. " +
			"Broken vehicles hold nobody back. Calls nobody. Exits 4 where nothing is ready to be switched. `scmigrate manifest verify FILE` proves that the list still holds.",
		Flags: []ucli.Flag{
			text("out", "", "the `FILE` to write, readable by its owner only: .yaml, .jsonl or .csv", "o"), overwriteFlag(),
			text("waves", manifest.DefaultWaves, "how far each wave reaches, cumulative: `SHARES` of the vehicles, numbers of them, or cohort:NAME"),
			manifestFormFlag("to write"),
			text("canary", "", "a `COHORT` whose users come first"),
			number("wave-seed", manifest.DefaultSeed, "another `SEED` draws other users into the first waves"),
		},
		Subcommands: []*ucli.Command{manifestVerifyCommand(p)},
		Action: func(c *ucli.Context) error {
			o, err := readManifest(c)
			if err != nil {
				return err
			}
			l, err := openLedger(c)
			if err != nil {
				return err
			}
			return writeManifest(c.Context, p, l, o)
		}}
}

// manifestFormFlag has a variable of its own: SCMIGRATE_FORMAT names the formats of reports.
func manifestFormFlag(what string) ucli.Flag {
	return &ucli.StringFlag{Name: "format", Usage: "`FORM` " + what + ": " + strings.Join(manifest.Forms(), ", ") + " (default: by FILE's ending)", EnvVars: env("manifest-format")}
}

// manifestOptions are the flags of manifest.
type manifestOptions struct {
	out  string
	form manifest.Form
	plan manifest.Options
}

func readManifest(c *ucli.Context) (o manifestOptions, err error) {
	o.out, o.plan.Canary = c.String("out"), c.String("canary")
	if o.out == "" {
		return o, usagef("name the file to write: scmigrate manifest DIR -o FILE")
	}
	var errs [3]error
	o.form, errs[0] = manifest.FormOf(c.String("format"), o.out)
	if o.plan.Waves, errs[1] = manifest.ParseWaves(c.String("waves")); errs[1] != nil {
		errs[1] = fmt.Errorf("--waves: %w", errs[1])
	}
	if seed := c.Int("wave-seed"); seed < 1 {
		errs[2] = errors.New("--wave-seed: give 1 or more")
	} else {
		o.plan.Seed = uint64(seed)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return o, usage(err)
	}
	return o, mayReplace(o.out, c.Bool("overwrite"))
}

// writeManifest judges the run as of today, plans the waves and writes the list. It closes the ledger.
func writeManifest(ctx context.Context, p Process, l *ledger.Ledger, o manifestOptions) (err error) {
	plan := manifest.NewPlan(o.plan)
	h := &hearing{Ledger: l, heard: func(_, after migrate.Record, _ bool) error { plan.Add(after); return nil }}
	defer func() { err = errors.Join(err, h.close()) }()
	header, err := h.Header(ctx)
	if err != nil {
		return err
	}
	if err := mayCutOver(l.Dir(), header); err != nil {
		return err
	}
	if err := h.today(ctx, p, header); err != nil {
		return err
	}
	if names := plan.Unknown(); len(names) > 0 {
		return usagef("nothing was written: no vehicle of the run is in cohort %q (see --canary and --waves, and cohort: in the inventory)", names[0])
	}
	counts := plan.Settle()
	if err := h.sayDoubts(p, header); err != nil {
		return err
	}
	if counts.Vehicles == 0 {
		return &exitError{migrate.ExitUndecided, fmt.Errorf("nothing was written: no user can be switched (%d of %d vehicles are ready; see: scmigrate report %s)", h.review.Counts().Ready, h.review.Counts().Total(), l.Dir())}
	}
	list, err := manifest.Write(ctx, o.out, o.form, manifest.Source{Ledger: l, Plan: plan, Tool: Version(), Rules: h.rules, Judge: h.judge})
	if err != nil {
		return err
	}
	return sayManifest(p, o, list, plan)
}

// mayCutOver refuses to make a list of what is no finished run.
func mayCutOver(dir string, header ledger.Header) error {
	switch {
	case header.RunID == "":
		return usagef("%s holds no run to make a list of (did its run end before it began?)", dir)
	case ledger.Held(dir):
		return usagef("the run in %s goes on: wait for its end (watch it with: scmigrate status %s)", dir, dir)
	case migrate.Stop(header.Stopped) == migrate.StopBreach:
		return &exitError{migrate.ExitBreach, errors.New("nothing was written: the run found an isolation breach, and nobody may be switched before that is explained")}
	}
	return nil
}

// today settles the run under its own rules, with the waivers held against today.
func (h *hearing) today(ctx context.Context, p Process, header ledger.Header) (err error) {
	if h.rules, err = h.Rules(ctx); err != nil {
		return err
	}
	_, err = migrate.Settle(ctx, h, h.rules, migrate.Stop(header.Stopped), p.Now())
	return err
}

// judge is a vehicle's judgement under the facts that the hearing came to.
func (h *hearing) judge(rec migrate.Record) migrate.Judgement {
	switch {
	case rec.Judgement.Verdict != "":
		return migrate.Judge(rec.Entry, rec.Evidence, h.facts, h.rules)
	case rec.Undrawn:
		return migrate.LeftOut(rec.Entry, h.facts)
	}
	return migrate.Uncalled(rec.Entry, h.facts)
}

// sayManifest tells what was written, and who is not in it.
func sayManifest(p Process, o manifestOptions, list manifest.Head, plan *manifest.Plan) error {
	w := &lineWriter{out: p.Stdout}
	n := list.Counts
	w.line("%s: %s of %s in %s", o.out, counted(n.Vehicles, "vehicle"), counted(n.Users, "user"), counted(len(list.Waves), "wave"))
	for _, wave := range list.Waves {
		w.line("  wave %d (%s): %s of %s", wave.Wave, wave.Share, counted(wave.Vehicles, "vehicle"), counted(wave.Users, "user"))
	}
	if n.LeftOut > 0 {
		w.line("left out: %s; each is named in the file, with the reason", counted(n.LeftOut, "vehicle"))
	}
	for _, h := range plan.Held(mostNamed) {
		w.line("  user %s: vehicle %s holds back %s", h.UserID, h.By, counted(h.Ready, "ready vehicle"))
	}
	if rest := n.Held - mostNamed; rest > 0 {
		w.line("  and %s more are held back by a vehicle that is blocked or was not measured", counted(rest, "user"))
	}
	return w.err
}

// mostNamed is how many are named in a terminal.
const mostNamed = 10
