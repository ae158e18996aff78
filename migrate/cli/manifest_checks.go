package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/manifest"
	"scmigrate/migrate/smartcar"
)

// verifying is one verification with everything it needs, open.
type verifying struct {
	p         Process
	o         verifyOptions
	file      *os.File
	inventory *inventory.File
	client    *smartcar.Client // nil: offline
	list      *manifest.Verification
	proved    []string // what was proved, in words
}

// close lets go of files that were only read.
func (v *verifying) close() {
	if v.file != nil {
		_ = v.file.Close()
	}
	if v.inventory != nil {
		_ = v.inventory.Close()
	}
}

// do verifies step by step. Nothing is sent while something is wrong that needs no network to see.
func (v *verifying) do(ctx context.Context) error {
	if err := v.open(); err != nil {
		return err
	}
	err := v.offline(ctx)
	if refused := (*manifest.Refusal)(nil); errors.As(err, &refused) {
		return &exitError{migrate.ExitGate, fmt.Errorf("%s was refused: %w", v.o.file, refused)}
	}
	if err != nil {
		return err
	}
	if v.list.Account().Refused > 0 || v.client == nil {
		return v.conclude()
	}
	if err := v.online(ctx); err != nil {
		return err
	}
	return v.conclude()
}

// open checks everything that is not the manifest's content.
func (v *verifying) open() (err error) {
	p := v.p
	p.LookupEnv = anyEnv(v.p) // no token is looked up and no command run
	if v.inventory, err = openInventory(p, options{inventory: v.o.inventory}, true); err != nil {
		return err
	}
	if v.file, err = os.Open(v.o.file); err != nil {
		return usage(fmt.Errorf("cannot read the manifest: %w", err))
	}
	if info, err := v.file.Stat(); err != nil || !info.Mode().IsRegular() {
		return usage(errors.Join(fmt.Errorf("%s is not a plain file", v.o.file), err))
	}
	if v.o.offline {
		return nil
	}
	return v.connect()
}

func (v *verifying) connect() error {
	app, err := readCredentials(v.p, v.inventory.Header())
	if err != nil {
		return usage(fmt.Errorf("%w (or verify with --offline)", err))
	}
	for _, s := range app.secrets {
		v.p.vault.Pin(s)
	}
	origins, err := smartcar.OriginsFromEnv(v.p.LookupEnv)
	if err != nil {
		return usage(err)
	}
	v.o.bucket.Now, v.o.bucket.MaxPause = v.p.Now, migrate.MaxPause
	progress := pace{out: v.p.Stderr, now: v.p.Now, last: v.p.Now()}
	v.client, err = smartcar.New(smartcar.Options{Origins: origins, Transport: v.p.Transport, Now: v.p.Now, Limiter: smartcar.NewLimiter(v.o.bucket), TimeoutApp: v.o.timeoutApp,
		OnToken: v.p.vault.Add, OnCall: progress.call, UserAgent: "scmigrate/" + Version(), ClientID: app.clientID, ClientSecrets: app.secrets})
	if err != nil {
		return usage(err)
	}
	return nil
}

// offline is all that can be proved without a request.
func (v *verifying) offline(ctx context.Context) (err error) {
	if v.list, err = manifest.Open(v.file, v.o.form, manifest.Terms{Now: v.p.Now(), MaxAge: v.o.maxAge, Wave: v.o.wave}); err != nil {
		return err
	}
	if waves := len(v.list.Head.Waves); v.o.wave > waves {
		return usagef("--wave %d: %s has %s", v.o.wave, v.o.file, counted(waves, "wave"))
	}
	if v.o.run == "" {
		v.proved = append(v.proved, "digest: fits what the file holds. NOT proved: that scmigrate wrote it from a run (give --run DIR)")
	} else if err := v.againstRun(ctx); err != nil {
		return err
	}
	if err := v.list.Inventory(func(give func(inventory.Entry) error) error { return v.inventory.Each(ctx, give) }); err != nil {
		return err
	}
	v.proved = append(v.proved, "inventory: names the same users and fields, and no other vehicle of theirs")
	return nil
}

// againstRun proves the seal, and judges the run's vehicles anew as of today.
func (v *verifying) againstRun(ctx context.Context) (err error) {
	l, err := ledger.Open(v.o.run)
	if err != nil {
		return usage(fmt.Errorf("--run: %w", err))
	}
	h := &hearing{Ledger: l, heard: func(_, _ migrate.Record, _ bool) error { return nil }}
	defer func() { err = errors.Join(err, h.close()) }()
	header, err := h.Header(ctx)
	if err != nil {
		return err
	}
	if err := mayCutOver(v.o.run, header); err != nil {
		return err
	}
	if err := v.list.Written(header); err != nil {
		return err
	}
	if err := h.today(ctx, v.p, header); err != nil {
		return err
	}
	if err := v.list.Run(ctx, l, h.judge); err != nil {
		return err
	}
	v.proved = append(v.proved, "seal: written by scmigrate from the run in "+v.o.run+", which holds every vehicle for ready today")
	return nil
}

// online proves users and permissions anew.
func (v *verifying) online(ctx context.Context) error {
	listed, err := v.list.Connections(ctx, v.client, func(visit manifest.Visit) error {
		if _, err := v.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := manifest.Read(v.file, v.o.form, visit)
		return err
	})
	switch {
	case errors.Is(err, smartcar.ErrCredentials):
		return &exitError{migrate.ExitCredentials, err}
	case errors.Is(err, smartcar.ErrSystemic):
		return &exitError{migrate.ExitUndecided, err}
	case err != nil:
		return err
	}
	if listed.Failure != nil && listed.Pages == 0 {
		return &exitError{migrate.ExitUndecided, fmt.Errorf("the connections list could not be read (%s): users and permissions are not proved; verify again, or see: scmigrate preflight", listed.Failure.Label())}
	}
	word := "connections: every user is connected to the vehicle and has the permissions that the proof needs (" + counted(listed.Pages, "page") + ")"
	if !listed.Whole {
		word = "connections: not read to the end (" + listed.Why + ")"
	}
	v.proved = append(v.proved, word)
	return nil
}

// conclude says what came of it, and gives it its exit code.
func (v *verifying) conclude() error {
	a := v.list.Account()
	w := &lineWriter{out: v.p.Stdout}
	if a.Refused+a.Undecided > 0 {
		if err := v.sayTroubles(w, a); err != nil {
			return err
		}
	} else {
		v.sayProved(w, a)
	}
	switch {
	case w.err != nil:
		return w.err
	case a.Refused > 0:
		return &exitError{migrate.ExitGate, fmt.Errorf("refused: %s of %d may not be switched by this manifest", counted(a.Refused, "vehicle"), a.Vehicles)}
	case a.Undecided > 0:
		return &exitError{migrate.ExitUndecided, fmt.Errorf("undecided: %s of %d could not be proved", counted(a.Undecided, "vehicle"), a.Vehicles)}
	}
	return nil
}

func (v *verifying) sayProved(w *lineWriter, a manifest.Account) {
	w.line("%s holds up to wave %d: %s of %s may be switched", v.o.file, v.upTo(), counted(a.Vehicles, "vehicle"), counted(a.Users, "user"))
	for _, text := range v.proved {
		w.line("  %s", text)
	}
	w.line("  evidence: the oldest is of %s", time.Unix(a.Oldest, 0).UTC().Format(time.RFC3339))
	if v.client == nil {
		w.line("  connections: NOT asked (--offline): who disconnected or withdrew a permission since is not known")
	}
}

func (v *verifying) upTo() int {
	if v.o.wave > 0 {
		return v.o.wave
	}
	return len(v.list.Head.Waves)
}

// mostTroubles is how many entries are named in a terminal.
const mostTroubles = 20

func (v *verifying) sayTroubles(w *lineWriter, a manifest.Account) error {
	most := mostTroubles
	if v.o.all {
		most = 0
	}
	if _, err := v.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	actions := map[string]string{}
	var codes []string
	err := v.list.Troubles(v.file, v.o.form, most, func(t manifest.Trouble) error {
		word := "undecided"
		if t.Refused {
			word = "refused"
		}
		w.line("%s: line %d: vehicle %s of user %s: %s: %s", word, t.Line, t.Vehicle.VehicleID, t.Vehicle.UserID, t.Code, t.Why)
		if actions[t.Code] == "" {
			actions[t.Code], codes = t.Action, append(codes, t.Code)
		}
		return w.err
	})
	if rest := a.Refused + a.Undecided - mostTroubles; rest > 0 && !v.o.all {
		w.line("and about %d more (--list-all names them)", rest)
	}
	for _, code := range codes {
		w.line("what to do about %s: %s", code, actions[code])
	}
	return err
}
