package preflight

import (
	"context"
	"errors"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// Vehicles is the inventory: every entry in order. *inventory.File is one.
type Vehicles interface {
	Each(ctx context.Context, fn func(inventory.Entry) error) error
}

// Preflight checks one setup. Dial makes a client with these secrets; all of them share one limiter and one guard.
type Preflight struct {
	Dial      func(secrets ...secret.Secret) (*smartcar.Client, error)
	Secrets   []secret.Secret
	Vehicles  Vehicles
	Tokens    migrate.TokenSource
	VehicleID string // the vehicle whose batch is tried; "": a simulated one of the inventory, if there is any
	Sample    int    // the most vehicles whose app leg is tried
	Seed      uint64 // draws them
	Controls  int    // negative controls
	Now       func() time.Time
	Say       func(string) // told what is being checked
}

// flight is one preflight under way.
type flight struct {
	Preflight
	Result
	client *smartcar.Client // nil: there is no application token
	links  []migrate.Link   // of the first pages of the connections list
	mode   map[string]string
	drawn  []inventory.Entry
	clock  migrate.Evidence // the best sight of Smartcar's clock
}

// Run makes the checks, each at most once, and those that depend on a failed one not at all. An error is the tool's own
// trouble or the end of ctx; a limit that is too low to go on is a line of the answer.
func (p Preflight) Run(ctx context.Context) (Result, error) {
	f := flight{Preflight: p, mode: map[string]string{}}
	steps := []func(context.Context) error{f.draw, f.credentials, f.connections, f.example, f.appLegs, f.isolation, f.batch, f.skew}
	for _, step := range steps {
		if err := step(ctx); err != nil && f.limited(ctx, err) {
			break
		} else if err != nil {
			return f.Result, err
		}
	}
	return f.Result, nil
}

// limited makes a line of an error that only says that no request may leave just now.
func (f *flight) limited(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	for _, known := range []error{smartcar.ErrPaused, smartcar.ErrSystemic, smartcar.ErrBudget, smartcar.ErrStopped} {
		if errors.Is(err, known) {
			f.add(Check{Name: "rate limit", Half: App, State: Undecided, What: known.Error(), Meaning: "the checks from here on were not made", Next: "try again later, or give more of the bucket with --limit and --limit-share"})
			return true
		}
	}
	return false
}

func (f *flight) add(c Check) { f.Checks = append(f.Checks, c) }

// unasked is a check of the app half that another one made impossible.
func (f *flight) unasked(name, why string) {
	f.add(appCheck(name, "").undecided("not checked: "+why, ""))
}
