package cli

import (
	"fmt"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

func planCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "plan", Usage: "what a run would cost and how long it would take; sends nothing, resolves no secret", Flags: measureFlags(), Action: func(c *ucli.Context) error {
		o, err := readOptions(c, p)
		if err != nil {
			return err
		}
		allowed := execAllowed(p)
		p.LookupEnv = anyEnv // a plan is made where the secrets are not
		file, err := openInventory(p, o, true)
		if err != nil {
			return err
		}
		defer file.Close()
		drawn, err := o.drawAhead(c.Context, file)
		if err != nil {
			return err
		}
		f := migrate.NewForecast(migrate.ForecastOptions{Legs: o.legs, Bucket: o.bucket, Controls: o.controls, ReadsPerVehicle: o.billed(), Retirement: o.rules.Retirement,
			LegacyAPI: o.legacyAPI, Shard: o.shard, Start: p.Now(), Command: len(file.Header().Command) > 0})
		add := func(e inventory.Entry) error {
			switch {
			case !o.shard.Has(e):
				f.Elsewhere()
			case drawn(e):
				f.Add(e)
			default:
				f.LeaveOut()
			}
			return nil
		}
		if err := file.Each(c.Context, add); err != nil {
			return err
		}
		lines := f.Lines()
		if len(file.Header().Command) > 0 && !allowed {
			lines = append(lines, "before the run       set SCMIGRATE_ALLOW_EXEC=1, or its token command is refused")
		}
		for _, line := range lines {
			if _, err := fmt.Fprintln(p.Stdout, line); err != nil {
				return err
			}
		}
		return nil
	}}
}

// anyEnv has every variable: plan resolves no reference, so it must not miss one.
func anyEnv(string) (string, bool) { return "not-resolved", true }
