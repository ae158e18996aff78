package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate/owners"
	"scmigrate/migrate/smartcar"
)

func inventoryBackfillCommand(p Process) *ucli.Command {
	return &ucli.Command{
		Name: "backfill", Usage: "find the missing userIds, and write a copy of the inventory that has them",
		Description: "Only what all sources agree on is written; the rest is listed with what each of them says. Comments, order and references of the YAML stay. " +
			"Exits 0 where every row has its userId, 4 where some stay undecided.",
		Flags: []ucli.Flag{
			text("inventory", "", "the inventory `FILE` (YAML); - reads stdin", "i"),
			text("out", "", "the inventory `FILE` to write, readable by its owner only", "o"), overwriteFlag(),
			list("from", "`SOURCES` to ask, separated by commas: connections (v3), user (v2, with the row's token), management (v2, SMARTCAR_MANAGEMENT_TOKEN), webhooks:PATH (default: connections,user)"),
			text("csv", "", "also write vehicleId,userId of what was found to `FILE`"),
			toggle("doubtful-only", "ask user only about rows that the other sources leave in doubt: fewer requests, but a row of a user who has gone gets the one who has the car now"),
			text("limit", "120+2/m", "the application's rate `LIMIT`: bucket+refill, or unlimited"),
			text("limit-share", "50%", "the `PART` of the limit that this tool may take; production lives on the same bucket"),
			span("timeout-legacy", smartcar.DefaultTimeoutLegacy, "the longest wait for one v2.0 answer"),
			span("timeout-app", smartcar.DefaultTimeoutApp, "the longest wait for one v3 answer"),
			recipientFlag(), toggle("keep-going", "leave faulty inventory rows as they are instead of refusing the file"),
		},
		Action: func(c *ucli.Context) error {
			o, err := readBackfill(c)
			if err != nil {
				return err
			}
			b := &backfill{p: p, o: o}
			defer b.close()
			return b.run(c.Context)
		},
	}
}

// backfillOptions are the flags of inventory backfill.
type backfillOptions struct {
	inventory, out, csv                string
	overwrite, keepGoing, doubtfulOnly bool
	from                               []owners.Source
	webhooks                           []string // paths
	recipients                         []string // of the written inventory
	bucket                             smartcar.LimiterOptions
	timeoutLegacy, timeoutApp          time.Duration
}

func readBackfill(c *ucli.Context) (o backfillOptions, err error) {
	if err := noArguments(c); err != nil {
		return o, err
	}
	o = backfillOptions{inventory: c.String("inventory"), out: c.String("out"), csv: c.String("csv"), overwrite: c.Bool("overwrite"), keepGoing: c.Bool("keep-going"),
		doubtfulOnly: c.Bool("doubtful-only"), timeoutLegacy: c.Duration("timeout-legacy"), timeoutApp: c.Duration("timeout-app")}
	if o.inventory == "" || o.out == "" && o.csv == "" {
		return o, usagef("name the inventory and the file to write: scmigrate inventory backfill -i FILE -o FILE2")
	}
	if o.recipients, err = readRecipients(c); err != nil {
		return o, err
	}
	if o.timeoutLegacy <= 0 || o.timeoutApp <= 0 {
		return o, usagef("--timeout-legacy and --timeout-app: give a time above 0")
	}
	var errs [3]error
	errs[0] = o.sources(c.StringSlice("from"))
	o.bucket, errs[1] = smartcar.ParseLimit(c.String("limit"))
	o.bucket.Share, errs[2] = parseShare(c.String("limit-share"))
	if err := errors.Join(errs[:]...); err != nil {
		return o, usage(err)
	}
	for _, path := range []string{o.out, o.csv} {
		if path != "" {
			if err := mayReplace(path, o.overwrite); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}

// sources reads --from.
func (o *backfillOptions) sources(given []string) error {
	for _, name := range strings.Split(cmp.Or(strings.Join(given, ","), "connections,user"), ",") {
		name = strings.TrimSpace(name)
		path, isWebhooks := strings.CutPrefix(name, "webhooks:")
		source := owners.Source(name)
		switch {
		case isWebhooks && path != "":
			source, o.webhooks = owners.Webhooks, append(o.webhooks, path)
		case !slices.Contains([]owners.Source{owners.Connections, owners.Token, owners.Management}, source):
			return fmt.Errorf("--from: unknown source %q (known: connections, user, management, webhooks:PATH)", name)
		}
		if !slices.Contains(o.from, source) {
			o.from = append(o.from, source)
		}
	}
	return nil
}

func (o *backfillOptions) asks(s owners.Source) bool { return slices.Contains(o.from, s) }
