package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/report"
	"scmigrate/migrate/rotate"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// refresh is one run of inventory refresh.
type refresh struct {
	p        Process
	o        refreshOptions
	vault    *secret.Vault
	client   *smartcar.Client
	pace     pace
	origin   rotate.Origin
	file     *inventory.File
	resolver *inventory.Resolver
	plan     *rotate.Plan
	rotation *rotate.Rotation
	text     *rotate.Text
	command  *rotate.Command // nil: text is the store
	release  func()
}

func (r *refresh) close() {
	if r.rotation != nil {
		_ = r.rotation.Close() // each record is durable
	}
	if r.file != nil {
		_ = r.file.Close() // it was only read
	}
	if r.release != nil {
		r.release()
	}
}

const refreshWarning = "warning: each refresh replaces an owner's refresh token. Whoever else holds the old one (your backend, its database, a backup) loses access a minute after it was used here. " +
	"A token command (legacyTokens.command) that asks your own token service is the better way: nothing is spent, and your store stays the only one."

func (r *refresh) run(ctx context.Context) error {
	r.vault = secret.NewVault(0)
	fmt.Fprintln(r.p.Stderr, refreshWarning)
	if r.o.dryRun {
		return r.dryRun(ctx)
	}
	if err := r.begin(ctx); err != nil {
		return r.coded(err)
	}
	if err := r.rotation.Recover(ctx); err != nil { // before the inventory is read, which may take longer than a used token works
		return r.coded(err)
	}
	err := r.prepare(ctx)
	if err != nil {
		return r.coded(err)
	}
	if err = r.rotation.Rotate(ctx, r.plan, r.text, r.command); err == nil {
		err = r.finish()
	}
	if said := r.say(); err == nil {
		err = said
	}
	return r.coded(err)
}

// begin locks the files and opens the journal.
func (r *refresh) begin(context.Context) (err error) {
	if err := r.legacyCredentials(); err != nil {
		return err
	}
	if r.release, err = rotate.Lock(r.o.inventory, r.o.out); err != nil {
		return usage(err)
	}
	begun, err := rotate.Begun(r.o.journal())
	if err != nil {
		return usage(err)
	}
	if !begun { // else the file is what that run wrote
		if err := mayReplace(r.o.out, r.o.overwrite); err != nil {
			return err
		}
	}
	if err := r.otherJournal(); err != nil {
		return err
	}
	r.origin.Store, r.origin.Inventory = r.o.store(), r.o.inventory
	r.rotation, err = rotate.Begin(rotate.Options{Journal: r.o.journal(), Origin: r.origin, API: r.client, Lookup: r.lookup, Replace: writeWith, Now: r.p.Now, Pause: pause, Say: r.sayNow, Step: r.p.Step})
	if err != nil {
		return usage(err)
	}
	return nil
}

// otherJournal refuses an inventory that an interrupted run was writing: its journal holds what the file may lack.
func (r *refresh) otherJournal() error {
	other := r.o.inventory + ".rotation"
	if r.o.inventory == "-" || other == r.o.journal() {
		return nil
	}
	begun, err := rotate.Begun(other)
	if err == nil && begun {
		err = fmt.Errorf("%s is unfinished: the run that wrote %s was interrupted (finish it first, with the -i and -o it had)", other, r.o.inventory)
	}
	if err != nil {
		return usage(err)
	}
	return nil
}

// prepare reads the inventory, refuses what cannot be stored, and stores what an interrupted run left.
func (r *refresh) prepare(ctx context.Context) (err error) {
	if err := r.open(ctx); err != nil {
		return err
	}
	if r.text, err = r.rotation.NewText(ctx, r.file, r.plan, r.o.out, r.o.command == nil); err != nil {
		return usage(err)
	}
	if r.o.command != nil {
		r.command = &rotate.Command{Argv: r.o.command, Timeout: r.o.timeout}
	} else if err := r.rotation.Match(r.text); err != nil {
		return usage(err)
	}
	return r.rotation.Settle(ctx, r.text, r.command)
}

func (r *refresh) open(ctx context.Context) (err error) {
	p := r.p
	p.LookupEnv = anyEnv(r.p) // access tokens are not looked up
	if r.file, err = openInventory(p, options{inventory: r.o.inventory}, true); err != nil {
		return err
	}
	if r.file.Encrypted() {
		return usagef("%s is encrypted, and the journal would hold its tokens in plain text (decrypt it for this command, or use a token command)", r.o.inventory)
	}
	if r.plan, err = rotate.NewPlan(ctx, r.file, r.o.inventory); err != nil {
		return inventoryError(err)
	}
	for _, g := range r.plan.Grants {
		if g.Source.Refresh.Kind() == inventory.KindExec && !execAllowed(r.p) {
			return usagef("%s:%d: refreshToken runs a program; set SCMIGRATE_ALLOW_EXEC=1 to allow it", r.o.inventory, g.Source.Line)
		}
	}
	r.resolver, err = inventory.NewResolver(r.file, inventory.ResolverOptions{Getenv: r.p.LookupEnv, AllowExec: true, Now: r.p.Now, Run: r.p.Command})
	return err
}

// lookup gives a refresh token at the moment of use.
func (r *refresh) lookup(ctx context.Context, h inventory.Holding) (secret.Secret, error) {
	token, err := r.resolver.RefreshToken(ctx, h)
	r.vault.Add(token)
	return token, err
}

// pause waits in real time.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (r *refresh) sayNow(format string, args ...any) {
	_, _ = r.p.Stderr.Write(r.vault.Redact(fmt.Appendf(nil, format+"\n", args...)))
}

// finish writes the new inventory as it is now, and empties the journal of its tokens.
func (r *refresh) finish() error {
	write := r.text.Write
	if r.command != nil {
		write = func() error { return r.rotation.Complete(r.text) }
	}
	if err := write(); err != nil {
		return err
	}
	return r.rotation.Finish()
}

// coded gives what ends a rotation its exit code.
func (r *refresh) coded(err error) error {
	switch {
	case errors.Is(err, rotate.ErrCredentials):
		return &exitError{migrate.ExitCredentials, err}
	case errors.Is(err, rotate.ErrUnanswered), errors.Is(err, smartcar.ErrPaused):
		return &exitError{migrate.ExitUndecided, err}
	}
	return err
}

// dryRun says what would be done.
func (r *refresh) dryRun(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	begun, err := rotate.Begun(r.o.journal())
	if err != nil {
		return usage(err)
	}
	dead, vehicles := 0, 0
	w := &lineWriter{out: r.p.Stdout}
	rows := map[int]bool{}
	for _, g := range r.plan.Grants {
		for _, ordinal := range g.Ordinals {
			rows[ordinal] = true
		}
		if !g.Dead(r.p.Now()) {
			continue
		}
		dead, vehicles = dead+1, vehicles+len(g.Vehicles)
		why := "no stated end"
		if !g.ExpiresAt.IsZero() {
			why = "dead since " + g.ExpiresAt.UTC().Format(time.RFC3339)
		}
		w.line("%s:%d: vehicle %s (%s in the grant): %s", r.o.inventory, g.Line, g.Vehicles[0].VehicleID, counted(len(g.Vehicles), "vehicle"), why)
	}
	if _, err := r.file.NewRewriter(ctx, rows, r.o.command == nil); err != nil {
		return usage(err)
	}
	if begun {
		w.line("%s is unfinished: what was interrupted would be finished first", r.o.journal())
	}
	w.line("%d of %s would be refreshed, for %s; %s without a refresh token. Nothing was sent or written.", dead, counted(len(r.plan.Grants), "grant"), counted(vehicles, "vehicle"), counted(r.plan.NoToken, "row"))
	return w.err
}

// say tells what was done, and who must connect again; its error carries the exit code.
func (r *refresh) say() error {
	out := r.vault.Writer(r.p.Stdout)
	w := &lineWriter{out: out}
	lost := r.rotation.Reconnect()
	if len(lost) > 0 {
		w.line("These owners must connect again:")
	}
	for _, l := range lost {
		for _, v := range l.Vehicles {
			w.line("  user %s  vehicle %s  %s", v.UserID, v.VehicleID, l.Why)
		}
	}
	for _, g := range r.rotation.Superseded {
		w.line("%s:%d: its refresh token was used by an earlier run, which stored the next one: the source of this row is out of date", r.o.inventory, g.Source.Line)
	}
	for _, g := range r.plan.Grants {
		if why, ok := r.rotation.Unreadable[g]; ok {
			w.line("%s:%d: %s", r.o.inventory, g.Source.Line, why)
		}
	}
	w.line("%s refreshed and stored, %s to be connected again, %s left as they were.", counted(r.rotation.Refreshed(), "grant"), counted(len(lost), "grant"),
		counted(len(r.plan.Grants)-r.rotation.Refreshed()-len(lost), "grant"))
	err := errors.Join(w.err, out.Close())
	if r.o.csv != "" {
		err = errors.Join(err, writeWith(r.o.csv, func(out io.Writer) error { return writeLost(out, lost) }))
	}
	if n := len(lost) + len(r.rotation.Superseded) + len(r.rotation.Unreadable); err == nil && n > 0 {
		return &exitError{migrate.ExitUndecided, fmt.Errorf("%s could not be refreshed (they are listed above)", counted(n, "grant"))}
	}
	return err
}

func writeLost(out io.Writer, lost []rotate.Lost) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{"userId", "vehicleId", "reason"}) // the writer keeps its first error
	for _, l := range lost {
		for _, v := range l.Vehicles {
			_ = w.Write([]string{report.CSVCell(v.UserID), report.CSVCell(v.VehicleID), report.CSVCell(l.Why)})
		}
	}
	w.Flush()
	return w.Error()
}
