package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"scmigrate/migrate"
)

// memory keeps negative controls for the length of one preflight.
type memory struct {
	links    []migrate.Link
	controls migrate.Controls
}

func (m *memory) SampleLinks(_ context.Context, n int) ([]migrate.Link, error) {
	known := slices.DeleteFunc(slices.Clone(m.links), func(l migrate.Link) bool { return l.UserID == "" })
	return known[:min(n, len(known))], nil
}

func (m *memory) Links(_ context.Context, vehicleID string) ([]migrate.Link, error) {
	return slices.DeleteFunc(slices.Clone(m.links), func(l migrate.Link) bool { return !strings.EqualFold(l.VehicleID, vehicleID) }), nil
}

func (m *memory) Controls(context.Context) (migrate.Controls, error) { return m.controls, nil }

func (m *memory) SaveControls(_ context.Context, c migrate.Controls) error {
	m.controls = c
	return nil
}

// isolation makes the run's negative controls: foreign user ids must be refused.
func (f *flight) isolation(ctx context.Context) error {
	if f.Controls == 0 {
		return nil
	}
	if f.client == nil {
		f.unasked("isolation of users", "v3 cannot be asked")
		return nil
	}
	store := &memory{links: f.links}
	if _, err := (migrate.Prober{Client: f.client, Store: store, Wanted: f.Controls, Say: f.Say}).Probe(ctx); err != nil {
		return err
	}
	f.add(isolationOf(store.controls))
	return nil
}

func isolationOf(c migrate.Controls) Check {
	check := Check{Name: "isolation of users", Half: App, State: Well, What: fmt.Sprintf("%d of %d requests with a foreign user id were refused", c.Refused, c.Tried)}
	switch {
	case c.Breached():
		check.State, check.code, check.What = Wrong, migrate.ExitBreach, fmt.Sprintf("v3 served %d vehicles to a user who is not connected to them", c.Served)
		check.Meaning, check.Next = "whoever knows a vehicle's id could read it through your application", "tell Smartcar support at once, and do not switch"
	case c.Tried == 0:
		check.State, check.Advisory, check.What = Undecided, true, "not checked: the first page of the connections list holds no two users with a vehicle each"
	case c.Served > 0:
		check.State, check.What = Undecided, "a foreign user id was served once, and no second pair could confirm it"
		check.Next = "start again; if it happens again, tell Smartcar support"
	case c.Refused == 0:
		check.State, check.Next = Undecided, "try again later"
	}
	return check
}
