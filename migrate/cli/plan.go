package cli

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/smartcar"
)

func planCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "plan", Usage: "what a run would cost and how long it would take; sends nothing, resolves no secret", Flags: planFlags(), Action: func(c *ucli.Context) error {
		o, err := readOptions(c, p)
		if err != nil {
			return err
		}
		allowed := execAllowed(p)
		p.LookupEnv = anyEnv(p) // a plan is made where the secrets are not
		file, err := openInventory(p, o, true)
		if err != nil {
			return err
		}
		defer file.Close()
		lines, err := o.forecast(c.Context, p, file)
		if err != nil {
			return err
		}
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

// forecast adds up the entries that a run, or the rest of it, would call.
func (o *options) forecast(ctx context.Context, p Process, file *inventory.File) ([]string, error) {
	rest, err := o.remains(ctx, p, file)
	if err != nil {
		return nil, err
	}
	drawn, err := o.drawAhead(ctx, file)
	if err != nil {
		return nil, err
	}
	f := migrate.NewForecast(migrate.ForecastOptions{Earlier: rest.earlier, Buckets: rest.buckets, ListedAt: rest.listedAt, TimeBox: o.timeBox, Legs: o.legs, Bucket: o.bucket, Controls: max(0, o.controls-rest.controls),
		Reads: o.readsOf(), Retirement: o.rules.Retirement, LegacyAPI: o.legacyAPI, Shard: o.shard, Start: p.Now(), Command: len(file.Header().Command) > 0})
	err = file.Each(ctx, func(e inventory.Entry) error {
		switch {
		case !o.shard.Has(e):
			f.Elsewhere()
		case !drawn(e):
			f.LeaveOut()
		case rest.finished(e):
			f.Done()
		case rest.kept[rest.key(e)]:
			f.Carry()
		default:
			f.Add(e)
		}
		return nil
	})
	return f.Lines(), err
}

func planFlags() []ucli.Flag {
	return append(measureFlags(), text("out", "", "the `DIR` of a run: what remains of it", "o"), span("time-box", 0, "how far a run of this `TIME` gets (0: to its end)"))
}

// remainder is what a run's directory, or an earlier run, says about what is left to do; the zero remainder is a new run's.
type remainder struct {
	earlier  *migrate.Earlier
	pending  map[int]bool
	buckets  *smartcar.Limiter // as the calls have left them; nil: full
	controls int               // made and refused
	listedAt time.Time

	kept map[uint64]bool // entries that are taken over, by key
	seed maphash.Seed
}

func (r remainder) finished(e inventory.Entry) bool { return r.earlier != nil && !r.pending[e.Ordinal] }

// key is what makes an entry the one that was measured: see ledger.Carry.
func (r remainder) key(e inventory.Entry) uint64 {
	if r.kept == nil || e.Duplicate || e.Invalid != "" {
		return 0
	}
	return maphash.String(r.seed, strings.ToLower(e.VehicleID+"\n"+e.UserID)+"\n"+strings.Join(e.Fields, ","))
}

// remains reads the directory of a run, where one is given and holds a run of this inventory, else that of --previous.
func (o *options) remains(ctx context.Context, p Process, file *inventory.File) (r remainder, err error) {
	if o.out == "" {
		return o.keeps(ctx, p.Now())
	}
	l, err := ledger.Open(o.out)
	if errors.Is(err, ledger.ErrNone) {
		return o.keeps(ctx, p.Now())
	}
	if err != nil {
		return r, usage(err)
	}
	defer l.Close()
	h, err := l.Header(ctx)
	if err != nil || h.RunID == "" {
		return r, err
	}
	if err := o.sameRun(h, file); err != nil {
		return r, err
	}
	r.earlier, r.pending = &migrate.Earlier{}, map[int]bool{}
	for t, err := range l.Pending(ctx, o.legs) {
		if err != nil {
			return r, err
		}
		r.pending[t.Ordinal] = true
	}
	return r, r.read(ctx, l, *o, p.Now())
}

// sameRun refuses what run would refuse, and takes over the sample that it would go on with.
func (o *options) sameRun(h ledger.Header, file *inventory.File) (err error) {
	if h.InventoryDigest != file.Digest() {
		return usagef("%s was begun with another inventory: plan without -o for this one", o.out)
	}
	if err := o.sameShard(h); err != nil {
		return err
	}
	if o.sample, err = o.resumedSample(h, file.Len()); err != nil {
		return err
	}
	o.sampleSeed = int(h.Seed)
	o.draw, err = migrate.ParseSample(o.sample)
	return err
}

func (r *remainder) read(ctx context.Context, l *ledger.Ledger, o options, now time.Time) error {
	requests, err := l.Requests(ctx)
	if err != nil {
		return err
	}
	legacy, app, err := l.Billed(ctx)
	if err != nil {
		return err
	}
	controls, err := l.Controls(ctx)
	if err != nil {
		return err
	}
	r.earlier.Requests, r.earlier.Billed, r.controls = sum(requests), legacy+app, controls.Refused
	o.bucket.Now = func() time.Time { return now }
	if r.buckets = smartcar.NewLimiter(o.bucket); r.buckets.Burst() > 0 {
		if err := l.EachCall(ctx, func(c ledger.Departure) { r.buckets.DebitAt(c.At, c.Host) }); err != nil {
			return err
		}
	}
	return r.lists(ctx, l, now)
}

// lists notes the older reading of the connections lists, where a run may go by all of them.
func (r *remainder) lists(ctx context.Context, l *ledger.Ledger, now time.Time) error {
	lists, err := l.LinkLists(ctx)
	for i, list := range lists {
		if !list.Fresh(now) {
			r.listedAt = time.Time{}
			return err
		}
		if i == 0 || list.ReadAt.Before(r.listedAt) {
			r.listedAt = list.ReadAt
		}
	}
	return err
}

// keeps reads what --only would take over.
func (o *options) keeps(ctx context.Context, now time.Time) (r remainder, err error) {
	if o.only == "" {
		return r, nil
	}
	from, unlock, err := o.openEarlier(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, from.Close(), unlock()) }()
	r.seed, r.kept = maphash.MakeSeed(), map[uint64]bool{}
	if err := from.Kept(ctx, o.chosen, func(e inventory.Entry) { r.kept[r.key(e)] = true }); err != nil {
		return r, err
	}
	return r, r.lists(ctx, from, now)
}

// anyEnv has every variable: plan resolves no reference, so it must not miss one. Only where the key of an encrypted inventory
// lies is asked in earnest.
func anyEnv(p Process) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if name == inventory.AgeIdentityVariable {
			return p.LookupEnv(name)
		}
		return "not-resolved", true
	}
}
