package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rotate"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// refresh is one run of inventory refresh.
type refresh struct {
	p        Process
	o        refreshOptions
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
	if r.file != nil {
		_ = r.file.Close() // it was only read
	}
	if r.release != nil {
		r.release()
	}
}

const refreshWarning = "warning: each refresh replaces an owner's refresh token. Whoever else holds the old one (your backend, its database, a backup) loses access a minute after it was used here. " +
	"A token command (legacyTokens.command) that asks your own token service is the better way: nothing is spent, and your store stays the only one."

func (r *refresh) run(ctx context.Context) (err error) {
	fmt.Fprintln(r.p.Stderr, refreshWarning)
	if r.o.dryRun {
		return r.dryRun(ctx)
	}
	if err := r.begin(ctx); err != nil {
		return r.coded(err)
	}
	defer func() { err = errors.Join(err, r.rotation.Close()) }()
	if err := r.rotation.Recover(ctx); err != nil { // before the inventory is read, which may take longer than a used token works
		return r.coded(err)
	}
	if err = r.prepare(ctx); err != nil {
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

// begin locks the files and opens the journal. Where nothing is to be finished, the inventory is read first: one that is
// refused leaves no trace.
func (r *refresh) begin(ctx context.Context) (err error) {
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
	if err := r.otherJournal(); err != nil {
		return err
	}
	if !begun { // else the file is what that run wrote
		if err := mayReplace(r.o.out, r.o.overwrite); err != nil {
			return r.finishedBefore(err)
		}
		if err := r.open(ctx); err != nil {
			return err
		}
	}
	return r.openJournal()
}

// finishedBefore says of a file that is there already where it comes from, if it is of an earlier refresh.
func (r *refresh) finishedBefore(err error) error {
	if _, none := os.Stat(r.o.journal()); none != nil {
		return err
	}
	return usage(fmt.Errorf("%w; an earlier refresh wrote it and came to its end: the next one starts from it, with -i %s", err, r.o.out))
}

// openJournal notes where the tokens go, and opens the journal.
func (r *refresh) openJournal() (err error) {
	trail, err := rotate.FindTrail(r.o.inventory)
	if err != nil {
		return usage(err)
	}
	spent, err := trail.Spent(r.o.out)
	if err == nil {
		err = trail.Extend(r.o.out)
	}
	if err != nil {
		return usage(err)
	}
	r.origin.Store, r.origin.Inventory = r.o.store(), r.o.inventory
	r.rotation, err = rotate.Begin(rotate.Options{Journal: r.o.journal(), Origin: r.origin, API: remembered{r.client, r.p.vault}, Lookup: r.lookup, Spent: spent, Now: r.p.Now, Pause: pause, Say: r.sayNow, Step: r.p.Step})
	if err != nil {
		return usage(err)
	}
	for _, token := range r.rotation.Tokens() {
		r.p.vault.Add(token)
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
	if r.file == nil {
		if err := r.open(ctx); err != nil {
			return err
		}
	}
	if r.text, err = r.rotation.NewText(ctx, r.file, r.plan, r.o.out, r.o.command == nil); err != nil {
		return usage(err)
	}
	if r.o.command != nil {
		r.command = &rotate.Command{Argv: r.o.command, Timeout: r.o.timeout}
	} else if err := r.rotation.Match(r.text); err != nil {
		return usage(err)
	}
	if err := r.rotation.Settle(ctx, r.text, r.command); err != nil {
		return err
	}
	if err := r.text.Prove(); err != nil {
		return usage(err)
	}
	return nil
}

// remembered tells the vault of every pair before anybody else sees it.
type remembered struct {
	rotate.Refresher
	vault *secret.Vault
}

// Refresh is the client's.
func (m remembered) Refresh(ctx context.Context, token secret.Secret) (smartcar.Refreshed, error) {
	m.vault.Add(token)
	got, err := m.Refresher.Refresh(ctx, token)
	m.vault.Add(got.Pair.Access)
	m.vault.Add(got.Pair.Refresh)
	return got, err
}

func (r *refresh) open(ctx context.Context) (err error) {
	p := r.p
	p.LookupEnv = anyEnv(r.p) // access tokens are not looked up
	if r.file, err = openInventory(p, options{inventory: r.o.inventory}, true); err != nil {
		return err
	}
	if r.file.Encrypted() {
		return usagef("%s is encrypted, and the journal and the new inventory would hold its tokens in plain text; nothing was sent (a token command, legacyTokens.command, is the better way; or decrypt it for this command into a folder that is kept nowhere: age -d -i KEY -o PLAIN.yaml %s)", r.o.inventory, r.o.inventory)
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
	r.p.vault.Add(token)
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
	fmt.Fprintf(r.p.Stderr, format+"\n", args...)
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
