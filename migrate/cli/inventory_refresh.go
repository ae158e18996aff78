package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rotate"
	"scmigrate/migrate/smartcar"
)

func inventoryRefreshCommand(p Process) *ucli.Command {
	return &ucli.Command{
		Name: "refresh", Usage: "spend the refresh tokens of dead grants, and store each new pair before the next is asked for",
		Description: "The only command that changes anything at Smartcar: each refresh replaces an owner's refresh token, and every other copy of the old one stops working. " +
			"A token command (legacyTokens.command) that asks your own token service is the better way: then nothing is spent here. Started again after any crash it finishes what was begun. " +
			"Exits 0 where every dead grant has a new pair, 4 where some owners must connect again.",
		Flags: []ucli.Flag{
			text("inventory", "", "the inventory `FILE` (YAML); - reads stdin", "i"),
			text("out", "", "the inventory `FILE` to write, readable by its owner only; the journal FILE.rotation is kept beside it", "o"), overwriteFlag(),
			text("store", "", "who keeps the tokens: `inventory` (the written file; states that no other copy of these tokens is in use) or exec:COMMAND (gets each pair as JSON on stdin, acknowledges it by exit status 0)"),
			span("store-timeout", time.Minute, "the longest wait for the store's command"),
			toggle("dry-run", "say what would be refreshed; send, write and lock nothing"),
			text("csv", "", "also write the owners who must connect again to `FILE`: userId,vehicleId,reason"),
			text("limit", "120+2/m", "the application's rate `LIMIT`: bucket+refill, or unlimited"),
			text("limit-share", "50%", "the `PART` of the limit that this tool may take; production lives on the same bucket"),
		},
		Action: func(c *ucli.Context) error {
			o, err := readRefresh(p, c)
			if err != nil {
				return err
			}
			r := &refresh{p: p, o: o}
			defer r.close()
			return r.run(c.Context)
		},
	}
}

// refreshOptions are the flags of inventory refresh.
type refreshOptions struct {
	inventory, out, csv string
	overwrite, dryRun   bool
	command             []string // of exec:; nil: the written inventory is the store
	timeout             time.Duration
	bucket              smartcar.LimiterOptions
}

// store is the store's name in the journal.
func (o *refreshOptions) store() string {
	if o.command != nil {
		return "exec"
	}
	return "inventory"
}

// journal is the path of the journal.
func (o *refreshOptions) journal() string { return o.out + ".rotation" }

func readRefresh(p Process, c *ucli.Context) (o refreshOptions, err error) {
	if err := noArguments(c); err != nil {
		return o, err
	}
	o = refreshOptions{inventory: c.String("inventory"), out: c.String("out"), csv: c.String("csv"), overwrite: c.Bool("overwrite"), dryRun: c.Bool("dry-run"), timeout: c.Duration("store-timeout")}
	switch {
	case o.inventory == "" || o.out == "":
		return o, usagef("name the inventory and the file to write: scmigrate inventory refresh -i FILE -o FILE2 --store inventory|exec:COMMAND")
	case o.timeout <= 0:
		return o, usagef("--store-timeout: give a time above 0")
	}
	if err := o.readStore(p, c.String("store")); err != nil {
		return o, err
	}
	var errs [4]error
	o.out, errs[2] = rotate.Target(o.out)
	o.inventory, errs[3] = rotate.Target(o.inventory)
	o.bucket, errs[0] = smartcar.ParseLimit(c.String("limit"))
	o.bucket.Share, errs[1] = parseShare(c.String("limit-share"))
	if err := errors.Join(errs[:]...); err != nil {
		return o, usage(err)
	}
	if o.csv != "" {
		return o, mayReplace(o.csv, o.overwrite)
	}
	return o, nil
}

func (o *refreshOptions) readStore(p Process, store string) (err error) {
	command, isCommand := strings.CutPrefix(store, "exec:")
	switch {
	case store == "":
		return usagef("--store is missing: who keeps the new tokens? --store exec:COMMAND hands each pair to your own token store; --store inventory states that no other copy of these tokens is in use")
	case store == "inventory":
		return nil
	case !isCommand:
		return usagef("--store: no such store (inventory or exec:COMMAND)")
	}
	if o.command, err = inventory.StoreCommand(command); err != nil {
		return usage(fmt.Errorf("--store: %w", err))
	}
	if !execAllowed(p) {
		return usagef("--store exec: runs a program; set SCMIGRATE_ALLOW_EXEC=1 to allow it")
	}
	return nil
}

// legacyCredentials are the Application ID and its secret, which no other command reads.
func (r *refresh) legacyCredentials() error {
	id := trimmedEnv(r.p, "SMARTCAR_LEGACY_CLIENT_ID")
	s, _, err := inventory.SecretFromEnv(r.p.LookupEnv, "SMARTCAR_LEGACY_CLIENT_SECRET")
	switch {
	case err != nil:
		return usage(err)
	case id == "" || s.IsZero():
		return usagef("inventory refresh needs SMARTCAR_LEGACY_CLIENT_ID (the Application ID, a UUID) and SMARTCAR_LEGACY_CLIENT_SECRET (its secret)")
	case !uuidForm.MatchString(id):
		return usagef("SMARTCAR_LEGACY_CLIENT_ID is no UUID: the legacy host takes the Application ID of the dashboard, not client_…")
	}
	origins, err := smartcar.OriginsFromEnv(r.p.LookupEnv)
	if err != nil {
		return usage(err)
	}
	r.p.vault.Pin(s)
	r.origin.Application, r.origin.Auth = id, cmp.Or(origins.Auth, smartcar.DefaultOrigins().Auth)
	r.o.bucket.Now = r.p.Now
	r.pace = pace{out: r.p.Stderr, now: r.p.Now, last: r.p.Now()}
	r.client, err = smartcar.New(smartcar.Options{Origins: origins, Transport: r.p.Transport, Now: r.p.Now, Limiter: smartcar.NewLimiter(r.o.bucket), OnCall: r.pace.call,
		UserAgent: "scmigrate/" + Version(), AllowRefresh: true, LegacyID: id, LegacySecret: s})
	if err != nil {
		return usage(err)
	}
	return nil
}
