package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate/manifest"
	"scmigrate/migrate/smartcar"
)

func manifestVerifyCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "verify", Usage: "prove that a cut-over list still holds, without reading a vehicle", ArgsUsage: "FILE",
		Description: "Refuses (exit 3) what was changed, is not in the inventory any more, too old, disconnected or without a permission, and says which entry, why, and what to do. " +
			"Without --run it cannot know that scmigrate wrote the list: whoever can change FILE can compute its digest anew, but not its seal.",
		Flags: []ucli.Flag{
			text("inventory", "", "the inventory `FILE` (YAML) as it is now; - reads stdin", "i"),
			text("run", "", "the run's `DIR` that the list was made of: proves the seal, and that the run still holds every vehicle for ready"),
			number("wave", 0, "judge only what is to be switched up to wave `N` (0: everything)"),
			text("max-evidence-age", "14d", "the oldest evidence to go by, as `TIME`: 14d, 36h"),
			toggle("offline", "do not ask Smartcar who is connected: users and permissions stay as they were when measured"),
			toggle("list-all", "name every entry that does not hold"),
			manifestFormFlag("of FILE"),
			text("limit", "120+2/m", "the application's rate `LIMIT`: bucket+refill, or unlimited"),
			text("limit-share", "50%", "the `PART` of the limit that this tool may take; production lives on the same bucket"),
			span("timeout-app", smartcar.DefaultTimeoutApp, "the longest wait for one v3 answer"),
		},
		Action: func(c *ucli.Context) error {
			o, err := readVerify(c)
			if err != nil {
				return err
			}
			v := &verifying{p: p, o: o}
			defer v.close()
			return v.do(c.Context)
		}}
}

// verifyOptions are the flags of manifest verify.
type verifyOptions struct {
	file, inventory, run string
	form                 manifest.Form
	wave                 int
	maxAge               time.Duration
	offline, all         bool
	bucket               smartcar.LimiterOptions
	timeoutApp           time.Duration
}

func readVerify(c *ucli.Context) (o verifyOptions, err error) {
	o = verifyOptions{file: c.Args().First(), inventory: c.String("inventory"), run: c.String("run"), wave: c.Int("wave"), offline: c.Bool("offline"), all: c.Bool("list-all"), timeoutApp: c.Duration("timeout-app")}
	if c.NArg() != 1 || o.inventory == "" {
		return o, usagef("name the manifest and the inventory: scmigrate manifest verify FILE -i INVENTORY")
	}
	var errs [5]error
	o.form, errs[0] = manifest.FormOf(c.String("format"), o.file)
	if o.maxAge, errs[1] = parseDays(c.String("max-evidence-age")); errs[1] != nil {
		errs[1] = fmt.Errorf("--max-evidence-age: %w", errs[1])
	}
	o.bucket, errs[2] = smartcar.ParseLimit(c.String("limit"))
	o.bucket.Share, errs[3] = parseShare(c.String("limit-share"))
	if o.wave < 0 || o.timeoutApp <= 0 {
		errs[4] = errors.New("--wave: give 0 or more; --timeout-app: a time above 0")
	}
	if err := errors.Join(errs[:]...); err != nil {
		return o, usage(err)
	}
	return o, nil
}

var daysForm = regexp.MustCompile(`^([0-9]{1,4})d$`)

// parseDays reads "14d" or a duration of Go's, above 0.
func parseDays(text string) (time.Duration, error) {
	if m := daysForm.FindStringSubmatch(text); m != nil {
		days, err := strconv.Atoi(m[1])
		if err == nil && days > 0 {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is no time: write it as 14d or 36h", text)
}
