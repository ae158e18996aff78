package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/smartcar"
)

// AddCall notes one call in the audit trail. It does not wait: the call becomes durable with the next commit, at the
// latest with its vehicle's record.
func (l *Ledger) AddCall(c smartcar.Call) {
	path, vehicle, request := l.cleaned(c.Path), l.cleaned(c.VehicleID), l.cleaned(c.RequestID) // not on the writer's time
	l.writer.put(func(tx *sql.Tx) error {
		_, err := tx.Stmt(l.addCall).Exec(c.At.UTC().Format(stamp), string(c.Host), c.Method, path, vehicle, c.Status, request, c.Bytes, //nolint:sqlclosecheck // ends with tx
			c.Duration.Milliseconds(), c.Err, c.SecretFingerprint, c.Attempt)
		return err
	})
}

// Requests counts the calls by host.
func (l *Ledger) Requests(ctx context.Context) (map[string]int, error) {
	return l.count(ctx, "SELECT host, count(*) FROM calls GROUP BY host")
}

func (l *Ledger) count(ctx context.Context, query string) (map[string]int, error) {
	rows, err := l.read.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		counts[name] = n
	}
	return counts, rows.Err()
}

// Looks counts the calls that asked for the VIN of a vehicle that no inventory entry has: they looked for a car under
// another vehicleId.
func (l *Ledger) Looks(ctx context.Context) (n int, err error) {
	err = l.read.QueryRowContext(ctx, "SELECT count(*) FROM calls WHERE host = 'app' AND path LIKE '%/signals/vehicleidentification-vin' AND "+callNoEntry).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return n, nil
}

// Billed sums the billed reads of both legs, also of vehicles that the inventory has no more.
func (l *Ledger) Billed(ctx context.Context) (legacy, app int, err error) {
	err = l.read.QueryRowContext(ctx, "SELECT coalesce(sum(billed_legacy),0), coalesce(sum(billed_app),0) FROM vehicles").Scan(&legacy, &app)
	if err != nil {
		return 0, 0, fmt.Errorf("cannot read the ledger: %w", err)
	}
	changes, err := l.Accepted(ctx)
	return legacy + changes.BilledLegacy, app + changes.BilledApp, err
}

// Tally counts the vehicles by what became of them, and by themselves those that this run called, where others were taken
// over; those that the sample left out are none of the run's. It walks over the rows once: they are some gigabytes where a
// million vehicles were measured.
func (l *Ledger) Tally(ctx context.Context) (migrate.Tally, error) {
	all, own := newTally(), newTally()
	rows, err := l.read.QueryContext(ctx, `SELECT carried, finished, verdict, legacy, app, count(*) FROM vehicles WHERE drawn = 1
		GROUP BY carried, finished, verdict, legacy, app`)
	if err != nil {
		return all, fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var v alike
		if err := rows.Scan(&v.carried, &v.finished, &v.verdict, &v.legacy, &v.app, &v.n); err != nil {
			return all, fmt.Errorf("cannot read the ledger: %w", err)
		}
		v.addTo(&all)
		if !v.carried {
			v.addTo(&own)
		}
	}
	if err := rows.Err(); err != nil {
		return all, fmt.Errorf("cannot read the ledger: %w", err)
	}
	if own.Total < all.Total {
		all.Own = &own
	}
	return all, errors.Join(l.refusedGrants(ctx, &all, true), l.refusedGrants(ctx, &own, false), l.ends(ctx, &all))
}

// ends finds what the APIs refused after the last vehicle that they served, where they refused any. What was taken over says
// nothing of when.
func (l *Ledger) ends(ctx context.Context, t *migrate.Tally) (err error) {
	if t.Legacy[migrate.LegGrantDead]+t.Legacy[migrate.LegNotFound] > 1 {
		t.LegacyEnd, err = l.end(ctx, legacyEnd, migrate.LegacyServes)
	}
	if err == nil && t.App[migrate.LegNotConnected]+t.App[migrate.LegUnauthorized] > 1 {
		t.AppEnd, err = l.end(ctx, appEnd, migrate.AppServes)
	}
	return err
}

// The first parameter is the list of outcomes that show an API at work.
const (
	endOf = `, latest AS (SELECT max(at) AS last FROM seen WHERE served)
		SELECT coalesce(last, ''), count(DISTINCT CASE WHEN refused AND at > last THEN grant_id END), coalesce(sum(refused AND at <= last), 0), coalesce(sum((refused OR served) AND at <= last), 0)
		FROM latest CROSS JOIN seen`
	legacyEnd = `WITH seen AS (SELECT at, grant_id, legacy IN (SELECT value FROM json_each(?)) AS served, legacy = 'not-found' OR legacy = 'grant-dead' AND legacy_status = 401 AS refused
		FROM vehicles WHERE drawn = 1 AND carried = 0 AND legacy IS NOT NULL) ` + endOf
	appEnd = `WITH seen AS (SELECT at, vehicle_id AS grant_id, app IN (SELECT value FROM json_each(?)) AS served, app IN ('not-connected', 'unauthorized') AS refused
		FROM vehicles WHERE drawn = 1 AND carried = 0 AND app IS NOT NULL) ` + endOf
)

func (l *Ledger) end(ctx context.Context, query string, serves []migrate.LegOutcome) (e migrate.End, err error) {
	names, err := json.Marshal(serves)
	if err != nil {
		return e, err
	}
	var last string
	err = l.read.QueryRowContext(ctx, query, string(names)).Scan(&last, &e.Refused, &e.Before, &e.Called)
	if err == nil && last != "" {
		e.Last, err = time.Parse(stamp, last)
	}
	if err != nil {
		return e, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return e, nil
}

// EachAnswered gives the vehicles that this run has called itself, in the order in which they were measured. That a grant is
// gone by the token command's word is no answer of an API.
func (l *Ledger) EachAnswered(ctx context.Context, take func(migrate.Answered)) error {
	rows, err := l.read.QueryContext(ctx, `SELECT ordinal, grant_id, CASE WHEN legacy = 'grant-dead' AND legacy_status <> 401 THEN '' ELSE legacy END, coalesce(app, '')
		FROM vehicles WHERE drawn = 1 AND carried = 0 AND legacy IS NOT NULL AND at IS NOT NULL ORDER BY at`)
	if err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a migrate.Answered
		if err := rows.Scan(&a.Ordinal, &a.Grant, &a.Legacy, &a.App); err != nil {
			return fmt.Errorf("cannot read the ledger: %w", err)
		}
		take(a)
	}
	return rows.Err()
}

func newTally() migrate.Tally {
	return migrate.Tally{Verdicts: map[migrate.Verdict]int{}, Legacy: map[migrate.LegOutcome]int{}, App: map[migrate.LegOutcome]int{}}
}

// refusedGrants counts the grants that a 401 proved dead, where any vehicle has one; carried: also those that were taken over.
func (l *Ledger) refusedGrants(ctx context.Context, t *migrate.Tally, carried bool) error {
	if t.Legacy[migrate.LegGrantDead] == 0 {
		return nil
	}
	err := l.read.QueryRowContext(ctx, "SELECT count(DISTINCT grant_id) FROM vehicles WHERE drawn = 1 AND carried <= ? AND legacy = ? AND legacy_status = 401", carried, migrate.LegGrantDead).Scan(&t.RefusedGrants)
	if err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	return nil
}

// alike are so many vehicles of which the same became.
type alike struct {
	carried, finished    bool
	verdict, legacy, app sql.NullString
	n                    int
}

func (v alike) addTo(t *migrate.Tally) {
	t.Total += v.n
	if v.finished {
		t.Finished += v.n
	}
	if v.verdict.Valid {
		t.Verdicts[migrate.Verdict(v.verdict.String)] += v.n
	}
	if v.legacy.Valid {
		t.Legacy[migrate.LegOutcome(v.legacy.String)] += v.n
	}
	if v.app.Valid {
		t.App[migrate.LegOutcome(v.app.String)] += v.n
	}
}

// Departure is when a request left, and to which host.
type Departure struct {
	At   time.Time
	Host smartcar.Host
}

// EachCall gives all calls, oldest first, and at last those that a killed process has made and not recorded: what a resumed
// run's buckets have already paid.
func (l *Ledger) EachCall(ctx context.Context, take func(Departure)) error {
	recorded, latest := map[smartcar.Host]int64{}, time.Time{}
	err := l.eachRecorded(ctx, func(d Departure) {
		recorded[d.Host]++
		latest = d.At
		take(d)
	})
	if err != nil {
		return err
	}
	return l.eachUnrecorded(recorded, latest, take)
}

// calledHost is the one that a call went to: a v3 path that counts as the legacy leg's (opaque tokens) was v3's to serve.
const calledHost = "CASE WHEN host = 'legacy' AND path LIKE '/v3/%' THEN 'app' ELSE host END"

// eachRecorded gives the calls on record, oldest first.
func (l *Ledger) eachRecorded(ctx context.Context, take func(Departure)) error {
	rows, err := l.read.QueryContext(ctx, "SELECT at, "+calledHost+" FROM calls ORDER BY at")
	if err != nil {
		return fmt.Errorf("cannot read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var d Departure
		if err := rows.Scan(&text, &d.Host); err != nil {
			return fmt.Errorf("cannot read the ledger: %w", err)
		}
		if d.At, err = time.Parse(stamp, text); err == nil {
			take(d)
		}
	}
	return rows.Err()
}
