package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/fixtures"
	"scmigrate/migrate"
	"scmigrate/migrate/internal/durable"
	"scmigrate/migrate/ledger"
)

// demoInventory is the demo's inventory file; a directory whose ledger names it is the demo's to begin anew.
const demoInventory = "demo-inventory.yaml"

// demoTruth is what the simulator knows about the demo's fleet.
const demoTruth = "demo-truth.json"

func demoCommand(p Process) *ucli.Command {
	return &ucli.Command{
		Name: "demo", Usage: "the whole job on an embedded Smartcar simulator: no account, no configuration",
		Description: "Exits 0 where everything was judged as the simulator knows it, although its fleet is not all ready, on purpose.",
		Flags: []ucli.Flag{text("out", "scmigrate-demo", "the demo's `DIR`", "o"), number("vehicles", 40, "the size of the `FLEET`"), number("seed", 1, "another `SEED` makes another fleet"),
			text("scenario", "demo", "`KIND` of fleet: demo, or accuracy (every kind of defect and oddity; from 1000 vehicles on)")},
		Action: func(c *ucli.Context) error {
			if c.NArg() > 0 {
				return usagef("unexpected argument %q (the directory is given with -o)", c.Args().First())
			}
			if n := c.Int("vehicles"); n < 1 || n > 1_000_000 {
				return usagef("--vehicles %d: give 1 to 1000000", n)
			}
			scenario := demoScenarios[c.String("scenario")]
			if scenario == nil {
				return usagef("--scenario %q: choose demo or accuracy", c.String("scenario"))
			}
			return demo(c.Context, p, c.String("out"), scenario(c.Int("vehicles"), uint64(c.Int("seed"))))
		},
	}
}

var demoScenarios = map[string]func(vehicles int, seed uint64) fixtures.Scenario{"demo": fixtures.DemoScenario, "accuracy": fixtures.AccuracyScenario}

// demo runs the very same code as run does, against the simulator in this process: nothing is sent anywhere. The wait
// before the rechecks passes at once, on a clock that the simulator shares.
func demo(ctx context.Context, p Process, dir string, s fixtures.Scenario) error {
	clock := fixtures.NewClock(p.Now)
	p.Now, p.Sleep = clock.Now, clock.Sleep
	world, err := fixtures.New(s, fixtures.Options{Now: p.Now})
	if err != nil {
		return fmt.Errorf("cannot build the simulated fleet: %w", err)
	}
	inventoryPath, err := demoFiles(ctx, dir, world)
	if err != nil {
		return err
	}
	p.Transport, p.LookupEnv = world.Transport(), demoEnv(p, world)
	o := demoOptions(inventoryPath, dir)
	if err := errors.Join(o.check(), o.checkRun()); err != nil {
		return err
	}
	if err := runFleet(ctx, p, o); !expectedExit(err) {
		return err
	}
	return checkTruth(ctx, p.Stdout, dir, world)
}

// demoOptions are those of a run against the simulator: nothing limits it.
func demoOptions(inventoryPath, dir string) options {
	return options{inventory: inventoryPath, out: dir, format: strings.Join([]string{"terminal", "html", "markdown", "json"}, ","), fieldSpec: "standard", legs: "both",
		limit: "unlimited", limitShare: "100%", concurrency: 8, controls: 3, recheck: defaultRecheck, recheckAfter: defaultRecheckAfter, maxBilled: 60, timeoutLegacy: demoTimeout, timeoutApp: demoTimeout}
}

// demoFiles writes the inventory and the truth, and clears away an earlier demo.
func demoFiles(ctx context.Context, dir string, world *fixtures.World) (string, error) {
	path := filepath.Join(dir, demoInventory)
	if err := clearDemo(ctx, dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", usage(fmt.Errorf("cannot make the demo's directory: %w", err))
	}
	if err := writeWith(path, world.WriteInventory); err != nil {
		return "", err
	}
	return path, writeWith(filepath.Join(dir, demoTruth), world.WriteTruth)
}

func clearDemo(ctx context.Context, dir string) error {
	l, err := ledger.Open(dir)
	if errors.Is(err, ledger.ErrNone) {
		return emptyOrNew(dir)
	}
	if err != nil {
		return usage(err)
	}
	h, err := l.Header(ctx)
	if err = errors.Join(err, l.Close()); err != nil {
		return err
	}
	if h.RunID != "" && filepath.Base(h.Inventory) != demoInventory {
		return usagef("%s holds a run that is not the demo's (give another -o DIR)", dir)
	}
	return ledger.Remove(dir)
}

// emptyOrNew refuses a directory that holds anything: the demo's files must not take the place of somebody's.
func emptyOrNew(dir string) error {
	things, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && len(things) == 0:
		return nil
	case err != nil:
		return usage(fmt.Errorf("cannot read the demo's directory: %w", err))
	}
	return usagef("%s holds other files (give a new or empty directory with -o)", dir)
}

// writeWith writes a file of its own that takes its place when it is whole and durable.
func writeWith(path string, write func(io.Writer) error) error {
	return refusal(durable.Write(path, write))
}

// demoEnv hides the caller's Smartcar settings: the demo uses the simulator's.
func demoEnv(p Process, world *fixtures.World) func(string) (string, bool) {
	return func(name string) (string, bool) {
		switch {
		case name == "SMARTCAR_CLIENT_ID":
			return world.ClientID(), true
		case name == "SMARTCAR_CLIENT_SECRET":
			return world.ClientSecrets()[0], true
		case strings.HasPrefix(name, "SMARTCAR_") || strings.HasPrefix(name, "SCMIGRATE_"):
			return "", false
		}
		return p.LookupEnv(name)
	}
}

// expectedExit: the demo's fleet is not all ready, on purpose.
func expectedExit(err error) bool {
	exit := (*exitError)(nil)
	return err == nil || errors.As(err, &exit) && (exit.code == migrate.ExitGate || exit.code == migrate.ExitUndecided)
}

// checkTruth holds the judged fleet against what the simulator knows about every car.
func checkTruth(ctx context.Context, out io.Writer, dir string, world *fixtures.World) error {
	a, err := measureAccuracy(ctx, dir, world)
	if err != nil {
		return err
	}
	if len(a.falseOnes) > 0 {
		fmt.Fprintf(out, "\nJudged differently from the truth:\n%s\n", a.mistakes(20))
	}
	if a.vehicles >= matrixFrom {
		a.print(out)
	}
	fmt.Fprintf(out, "\nThis was a simulated fleet of %d vehicles with %d causes put into it on purpose, so not all is ready.\n", a.vehicles, len(a.codes))
	fmt.Fprintf(out, "Judged as the simulator knows it: %d of %d vehicles.\nOpen the report: %s\n", a.vehicles-len(a.falseOnes), a.vehicles, filepath.Join(dir, "report.html"))
	if len(a.falseOnes) > 0 {
		return fmt.Errorf("%d vehicles were judged differently from the simulator's truth", len(a.falseOnes))
	}
	return nil
}

// matrixFrom is the fleet size from which the demo prints its confusion matrix.
const matrixFrom = 200

func measureAccuracy(ctx context.Context, dir string, world *fixtures.World) (*accuracy, error) {
	l, err := ledger.Open(dir)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	facts, err := l.Facts(ctx)
	if err != nil {
		return nil, err
	}
	demands, err := l.Rules(ctx)
	if err != nil {
		return nil, err
	}
	a, truth, n := newAccuracy(), world.Truth(), 0
	for rec, err := range l.Records(ctx) {
		if err != nil {
			return nil, err
		}
		a.add(truth[n], rec, migrate.Shown(rec, facts, demands))
		n++
	}
	return a, nil
}

// codes are the distinct codes of a list of causes, in its order.
func codes(causes []migrate.CauseRef) []string {
	var list []string
	for _, c := range causes {
		if !slices.Contains(list, string(c.Code)) {
			list = append(list, string(c.Code))
		}
	}
	return list
}
