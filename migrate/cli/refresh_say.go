package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/report"
	"scmigrate/migrate/rotate"
)

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
	w := &lineWriter{out: r.p.Stdout}
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
	if r.rotation.Refreshed() == 0 && len(lost) >= 3 {
		w.line("Not one grant could be refreshed. Before you ask anybody to connect again: are these tokens of the application %s, and the newest ones?", r.origin.Application)
	}
	w.line("%s refreshed and stored, %s to be connected again, %s left as they were.", counted(r.rotation.Refreshed(), "grant"), counted(len(lost), "grant"),
		counted(len(r.plan.Grants)-r.rotation.Refreshed()-len(lost), "grant"))
	err := w.err
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
