package cli

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/owners"
	"scmigrate/migrate/report"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// backfill is one search for missing userIds.
type backfill struct {
	p          Process
	o          backfillOptions
	file       *inventory.File
	client     *smartcar.Client
	management secret.Secret
	book       *owners.Book
	pace       pace
	missing    []inventory.Entry
	rows       []owners.Row // of missing, in its order
	stated     []owners.Stated
}

func (b *backfill) close() {
	if b.file != nil {
		_ = b.file.Close() // it was only read
	}
}

func (b *backfill) run(ctx context.Context) error {
	if err := b.open(ctx); err != nil {
		return err
	}
	interrupted := b.ask(ctx)
	if interrupted != nil && !errors.Is(interrupted, errUnasked) {
		return b.refused(interrupted)
	}
	findings := b.book.Decide(b.rows, b.stated)
	filled, err := b.write(context.WithoutCancel(ctx), findings)
	if err != nil {
		return err
	}
	if err := b.say(findings, filled); interrupted == nil {
		return err
	}
	return &exitError{migrate.ExitInterrupted, fmt.Errorf("interrupted; go on with what was written: -i %s", cmp.Or(b.o.out, b.o.inventory))}
}

// errUnasked ends a search that was interrupted after the lists were read: what was found until then is worth writing.
var errUnasked = errors.New("interrupted before every token was asked")

// open reads and checks everything before anything is sent.
func (b *backfill) open(ctx context.Context) (err error) {
	p, runs := b.p, execAllowed(b.p)
	if !b.o.asks(owners.Token) { // no token is looked up and no command run
		p.LookupEnv, runs = anyEnv(p), true
	}
	if b.file, err = openInventory(p, options{inventory: b.o.inventory, keepGoing: b.o.keepGoing}, runs); err != nil {
		return err
	}
	if b.file.Encrypted() && b.o.out != "" && len(b.o.recipients) == 0 {
		return usagef("%s is encrypted, and %s would not be: name who may read it with --recipient age1… (or write --csv alone, which holds no token)", b.o.inventory, b.o.out)
	}
	if err := b.gather(ctx); err != nil || len(b.rows) == 0 {
		return err
	}
	return b.connect()
}

// gather finds the rows without a userId, and the other rows of their vehicles.
func (b *backfill) gather(ctx context.Context) error {
	var ids []string
	err := b.sound(ctx, func(e inventory.Entry) {
		if e.UserID == "" {
			ids = append(ids, e.VehicleID)
			b.missing = append(b.missing, e)
			b.rows = append(b.rows, owners.Row{Ordinal: e.Ordinal, Line: e.Line, VehicleID: e.VehicleID})
		}
	})
	b.book = owners.NewBook(ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	return b.sound(ctx, func(e inventory.Entry) {
		if e.UserID != "" && b.book.Holds(e.VehicleID) {
			b.stated = append(b.stated, owners.Stated{Line: e.Line, VehicleID: e.VehicleID, UserID: e.UserID})
		}
	})
}

// sound gives the rows that nothing is wrong with.
func (b *backfill) sound(ctx context.Context, fn func(inventory.Entry)) error {
	return b.file.Each(ctx, func(e inventory.Entry) error {
		if e.VehicleID != "" && e.Invalid == "" && !e.Duplicate {
			fn(e)
		}
		return nil
	})
}

// connect makes the client, with the credentials that the sources need and no others.
func (b *backfill) connect() error {
	origins, err := smartcar.OriginsFromEnv(b.p.LookupEnv)
	if err != nil {
		return usage(err)
	}
	b.pace = pace{out: b.p.Stderr, now: b.p.Now, last: b.p.Now()}
	var app credentials
	if b.o.asks(owners.Connections) {
		if app, err = readCredentials(b.p, b.file.Header()); err != nil {
			return usage(err)
		}
	}
	if b.management, _, err = inventory.SecretFromEnv(b.p.LookupEnv, "SMARTCAR_MANAGEMENT_TOKEN"); err != nil {
		return usage(err)
	}
	for _, s := range append(app.secrets, b.management) {
		b.p.vault.Pin(s)
	}
	o := smartcar.Options{OnToken: b.p.vault.Add, OnCall: b.pace.call, Origins: origins, Transport: b.p.Transport, Now: b.p.Now, TimeoutLegacy: b.o.timeoutLegacy, TimeoutApp: b.o.timeoutApp,
		UserAgent: "scmigrate/" + Version(), ClientID: app.clientID, ClientSecrets: app.secrets}
	if b.o.asks(owners.Management) {
		if o.ManagementToken = b.management; b.management.IsZero() {
			return usagef("--from management needs SMARTCAR_MANAGEMENT_TOKEN (the application management token of the dashboard)")
		}
	}
	b.o.bucket.Now, b.o.bucket.MaxPause = b.p.Now, migrate.MaxPause
	o.Limiter = smartcar.NewLimiter(b.o.bucket)
	if b.client, err = smartcar.New(o); err != nil {
		return usage(err)
	}
	return nil
}

// ask goes through the sources, the free ones first; tokens are asked last, where the others leave a doubt.
func (b *backfill) ask(ctx context.Context) error {
	if len(b.rows) == 0 {
		return nil
	}
	for _, path := range b.o.webhooks {
		if err := b.readWebhooks(path); err != nil {
			return usage(fmt.Errorf("cannot read the recorded webhooks: %w", err))
		}
	}
	if b.o.asks(owners.Connections) {
		if err := b.book.ReadConnections(ctx, b.client); err != nil {
			return err
		}
	}
	if b.o.asks(owners.Management) {
		if err := b.book.ReadManagement(ctx, b.client); err != nil {
			return err
		}
	}
	if b.o.asks(owners.Token) {
		return b.askTokens(ctx)
	}
	return nil
}

func (b *backfill) readWebhooks(path string) error {
	d, err := b.book.ReadWebhooks(path, b.management)
	fmt.Fprintf(b.p.Stderr, "webhooks: %d payloads used in %s", d.Used, path)
	if left := d.String(); left != "" {
		fmt.Fprintf(b.p.Stderr, "; not used: %s", left)
	}
	fmt.Fprintln(b.p.Stderr)
	for _, text := range d.Faulty {
		fmt.Fprintln(b.p.Stderr, text)
	}
	if d.Unsigned > 0 {
		fmt.Fprintln(b.p.Stderr, `record {"headers":{"sc-signature":"…"},"body":"…"}, or leave SMARTCAR_MANAGEMENT_TOKEN out to take them unchecked`)
	}
	return err
}

func (b *backfill) askTokens(ctx context.Context) error {
	resolver, err := inventory.NewResolver(b.file, inventory.ResolverOptions{Getenv: b.p.LookupEnv, AllowExec: execAllowed(b.p), Now: b.p.Now, Run: b.p.Command})
	if err != nil {
		return usage(err)
	}
	if !b.o.doubtfulOnly {
		fmt.Fprintf(b.p.Stderr, "user: asking whose the tokens of %s are (--doubtful-only asks fewer)\n", counted(len(b.rows), "row"))
	}
	asker := owners.Asker{API: b.client, Tokens: remembering{resolver, b.p.vault}}
	for i := range b.rows {
		row := &b.rows[i]
		if b.o.doubtfulOnly && !b.book.Doubtful(*row) {
			continue
		}
		if ctx.Err() == nil {
			err = asker.Ask(ctx, b.missing[i], row)
		}
		switch row.Unasked = ctx.Err() != nil && row.TokenUser == ""; {
		case row.Unasked:
			err = errUnasked
		case err != nil:
			return err
		}
	}
	return err
}

// pace says once a minute how far a search is, which the rate limit may make a matter of hours.
type pace struct {
	out  io.Writer
	now  func() time.Time
	last time.Time
	sent int
}

func (p *pace) call(smartcar.Call) {
	p.sent++
	if now := p.now(); now.Sub(p.last) >= time.Minute {
		p.last = now
		fmt.Fprintf(p.out, "%s sent so far\n", counted(p.sent, "request"))
	}
}

// refused gives what ends a search its exit code.
func (b *backfill) refused(err error) error {
	switch {
	case errors.Is(err, smartcar.ErrCredentials):
		return &exitError{migrate.ExitCredentials, err}
	case errors.Is(err, smartcar.ErrSystemic):
		return &exitError{migrate.ExitUndecided, err}
	}
	return err
}

// write writes what was decided.
func (b *backfill) write(ctx context.Context, findings []owners.Finding) (filled inventory.Filled, err error) {
	users := map[int]string{}
	for _, f := range findings {
		if f.UserID != "" {
			users[f.Ordinal] = f.UserID
		}
	}
	if b.o.out != "" {
		err = writeSealed(b.o.out, b.o.recipients, func(out io.Writer) error {
			filled, err = b.file.Fill(ctx, out, users)
			return err
		})
	}
	if err != nil || b.o.csv == "" {
		return filled, err
	}
	return filled, writeWith(b.o.csv, func(out io.Writer) error { return writeOwners(out, findings) })
}

func writeOwners(out io.Writer, findings []owners.Finding) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{"vehicleId", "userId"}) // the writer keeps its first error
	for _, f := range findings {
		if f.UserID != "" {
			_ = w.Write([]string{report.CSVCell(f.VehicleID), report.CSVCell(f.UserID)})
		}
	}
	w.Flush()
	return w.Error()
}
