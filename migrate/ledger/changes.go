package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"scmigrate/migrate"
)

// Changes are what an inventory has otherwise than the rows of a ledger. Rows are the same where vehicleId and userId are,
// in whatever case and order.
type Changes struct {
	Added   migrate.Counted `json:"added"`
	Removed migrate.Counted `json:"removed"`
	Users   migrate.Counted `json:"users"`  // another userId for the one row of a vehicleId: measured anew
	Fields  migrate.Counted `json:"fields"` // other fields are asked for: judged anew, and measured where some were never asked for
	Grants  migrate.Counted `json:"grants"` // another grant: the result stays
	Moved   int             `json:"moved"`  // only their place is another
	When    string          `json:"when,omitempty"`

	BilledLegacy int `json:"billedLegacy,omitempty"` // what the removed rows had cost, as BilledApp
	BilledApp    int `json:"billedApp,omitempty"`
}

// Any tells whether anything changed that needs somebody's word.
func (c Changes) Any() bool { return c.N() > 0 }

// N is how many rows that concerns; one with other fields and another grant counts twice.
func (c Changes) N() int { return c.Added.N + c.Removed.N + c.Users.N + c.Fields.N + c.Grants.N }

// plus adds those of another shard, or later ones.
func (c Changes) plus(o Changes) Changes {
	return Changes{Added: c.Added.Plus(o.Added), Removed: c.Removed.Plus(o.Removed), Users: c.Users.Plus(o.Users), Fields: c.Fields.Plus(o.Fields), Grants: c.Grants.Plus(o.Grants),
		Moved: c.Moved + o.Moved, When: max(c.When, o.When), BilledLegacy: c.BilledLegacy + o.BilledLegacy, BilledApp: c.BilledApp + o.BilledApp}
}

// changesLine is the line of the header that holds what was accepted.
const changesLine = "inventory.changes"

// Accepted is what was accepted each time that the inventory was another, and when the last time was.
func (l *Ledger) Accepted(ctx context.Context) (c Changes, err error) {
	err = l.load(ctx, changesLine, &c)
	return c, err
}

// ReplaceEntries puts a changed inventory in the place of the one that the run was begun with. accept is told of the changes
// before anything is written; it refuses them by an error, or gives the header to go on with. Rows that are the same keep
// what was measured; what is gone leaves the ledger, but for its calls and its cost; the rest is pending. All of it, with
// the header, is one transaction.
func (l *Ledger) ReplaceEntries(ctx context.Context, seed uint64, each Each, accept func(Changes) (Header, error)) error {
	return l.writer.finish(ctx, func(tx *sql.Tx) error {
		r := replacing{ctx: ctx, tx: tx, seed: seed}
		if err := r.run(each, accept); err != nil {
			return errors.Join(err, r.clear())
		}
		return r.clear()
	})
}

// replacing is one replacement, in the tables incoming and standing of the writer's connection.
type replacing struct {
	ctx     context.Context
	tx      *sql.Tx
	seed    uint64
	changes Changes
}

// key is what makes two rows the same; nth tells rows apart that have one key.
const (
	incomingTable = `CREATE TEMP TABLE incoming (ordinal INTEGER PRIMARY KEY, vehicle TEXT NOT NULL, user TEXT NOT NULL, grant_id TEXT NOT NULL, entry TEXT NOT NULL, turn TEXT NOT NULL, draw TEXT NOT NULL,
		faulty INTEGER NOT NULL, nth INTEGER, old INTEGER)`
	standingTable = `CREATE TEMP TABLE standing AS SELECT ordinal, lower(vehicle_id) AS vehicle, lower(user_id) AS user, billed_legacy, billed_app,
		row_number() OVER (PARTITION BY lower(vehicle_id), lower(user_id) ORDER BY ordinal) AS nth, 0 AS taken FROM vehicles`
)

const insertIncoming = "INSERT INTO temp.incoming(ordinal, vehicle, user, grant_id, entry, turn, draw, faulty) VALUES(?, lower(?), lower(?), ?, ?, ?, ?, ?)"

func (r *replacing) run(each Each, accept func(Changes) (Header, error)) error {
	if err := r.do("DROP TABLE IF EXISTS temp.incoming", "DROP TABLE IF EXISTS temp.standing", incomingTable); err != nil {
		return err
	}
	if err := insertAll(r.ctx, r.tx, insertIncoming, r.seed, each); err != nil {
		return err
	}
	if err := r.match(); err != nil {
		return err
	}
	if err := r.count(); err != nil {
		return err
	}
	h, err := accept(r.changes)
	if err != nil {
		return err
	}
	r.changes.When = h.Changed
	return r.apply(h)
}

func (r *replacing) do(texts ...string) error {
	return execAll(r.ctx, r.tx, texts)
}

// clear is done in the transaction: a table of the connection would outlive it.
func (r *replacing) clear() error {
	return r.do("DROP TABLE IF EXISTS temp.incoming", "DROP TABLE IF EXISTS temp.standing")
}

// match finds the standing row of each incoming one.
func (r *replacing) match() error {
	return r.do(standingTable, "CREATE INDEX temp.standing_key ON standing(vehicle, user, nth)", "CREATE INDEX temp.standing_ordinal ON standing(ordinal)",
		`UPDATE temp.incoming SET nth = n.nth FROM (SELECT ordinal, row_number() OVER (PARTITION BY vehicle, user ORDER BY ordinal) AS nth FROM temp.incoming) n WHERE n.ordinal = incoming.ordinal`,
		`UPDATE temp.incoming SET old = (SELECT s.ordinal FROM temp.standing s WHERE s.vehicle = incoming.vehicle AND s.user = incoming.user AND s.nth = incoming.nth)`,
		"CREATE INDEX temp.incoming_old ON incoming(old)",
		"UPDATE temp.standing SET taken = EXISTS (SELECT 1 FROM temp.incoming i WHERE i.old = standing.ordinal)")
}

// anotherUser are the vehicles of which one row is left over on each side.
const anotherUser = `SELECT vehicle FROM temp.incoming WHERE old IS NULL AND vehicle <> '' GROUP BY vehicle HAVING count(*) = 1
	INTERSECT SELECT vehicle FROM temp.standing WHERE NOT taken GROUP BY vehicle HAVING count(*) = 1`

// otherFields are the rows that are the same in everything but the fields that are asked for, and otherGrant those with
// another grant.
const (
	otherFields = `FROM temp.incoming i JOIN vehicles v ON v.ordinal = i.old WHERE coalesce(json_extract(i.entry, '$.Fields'), '') <> coalesce(json_extract(v.entry, '$.Fields'), '')`
	otherGrant  = `FROM temp.incoming i JOIN vehicles v ON v.ordinal = i.old WHERE json_extract(i.entry, '$.Grant') <> json_extract(v.entry, '$.Grant')`
)

// gone are the rows that leave the ledger and do not come back with another userId.
const gone = "FROM temp.standing s JOIN vehicles v ON v.ordinal = s.ordinal WHERE NOT s.taken AND s.vehicle NOT IN (" + anotherUser + ")"

func (r *replacing) count() error {
	id := "coalesce(json_extract(entry, '$.VehicleID'), '')"
	for _, part := range []struct {
		into  *migrate.Counted
		query string
	}{
		{&r.changes.Users, anotherUser + " ORDER BY vehicle"},
		{&r.changes.Added, "SELECT " + id + " FROM temp.incoming WHERE old IS NULL AND vehicle NOT IN (" + anotherUser + ") ORDER BY ordinal"},
		{&r.changes.Removed, "SELECT v.vehicle_id " + gone + " ORDER BY s.ordinal"},
		{&r.changes.Fields, "SELECT v.vehicle_id " + otherFields + " ORDER BY i.ordinal"},
		{&r.changes.Grants, "SELECT v.vehicle_id " + otherGrant + " ORDER BY i.ordinal"},
	} {
		if err := r.each(part.query, part.into); err != nil {
			return err
		}
	}
	err := r.tx.QueryRow("SELECT coalesce(sum(s.billed_legacy), 0), coalesce(sum(s.billed_app), 0) "+gone).Scan(&r.changes.BilledLegacy, &r.changes.BilledApp)
	if err != nil {
		return err
	}
	return r.tx.QueryRow("SELECT count(*) FROM temp.incoming WHERE old IS NOT NULL AND old <> ordinal").Scan(&r.changes.Moved)
}

func (r *replacing) each(query string, into *migrate.Counted) error {
	rows, err := r.tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		into.Add(id)
	}
	return rows.Err()
}

// apply moves the rows that stay out of the way first, below zero: an ordinal may be somebody else's until then. A vehicle
// that an earlier run measured is measured for its other fields, and one with another user keeps its cost.
func (r *replacing) apply(h Header) error {
	var remake []string
	if r.changes.Moved+r.changes.N() > manyRows {
		var err error
		if remake, err = dropIndexes(r.ctx, r.tx); err != nil {
			return err
		}
	}
	err := r.do(
		"UPDATE vehicles SET finished = 0, carried = 0 WHERE carried = 1 AND ordinal IN (SELECT i.old "+otherFields+")",
		"DELETE FROM vehicles WHERE ordinal IN (SELECT ordinal FROM temp.standing WHERE NOT taken)",
		"UPDATE vehicles SET ordinal = -1 - ordinal WHERE ordinal IN (SELECT old FROM temp.incoming WHERE old IS NOT NULL AND old <> ordinal)",
		"UPDATE vehicles SET ordinal = (SELECT i.ordinal FROM temp.incoming i WHERE i.old = -1 - vehicles.ordinal) WHERE ordinal < 0",
		`UPDATE vehicles SET entry = i.entry, vehicle_id = json_extract(i.entry, '$.VehicleID'), user_id = json_extract(i.entry, '$.UserID'), grant_id = i.grant_id, turn = i.turn,
			draw = CASE WHEN verdict IS NULL THEN i.draw ELSE vehicles.draw END, faulty = i.faulty,
			finished = CASE WHEN vehicles.faulty > i.faulty THEN 0 ELSE finished END,
			verdict = CASE WHEN vehicles.faulty > i.faulty THEN NULL ELSE verdict END,
			judgement = CASE WHEN vehicles.faulty > i.faulty THEN NULL ELSE judgement END
			FROM temp.incoming i WHERE i.ordinal = vehicles.ordinal AND i.old IS NOT NULL AND vehicles.entry <> i.entry`,
		`INSERT INTO vehicles(ordinal, vehicle_id, user_id, grant_id, entry, turn, draw, faulty, billed_legacy, billed_app)
			SELECT i.ordinal, json_extract(i.entry, '$.VehicleID'), json_extract(i.entry, '$.UserID'), i.grant_id, i.entry, i.turn, i.draw, i.faulty, s.billed_legacy, s.billed_app
			FROM temp.incoming i LEFT JOIN temp.standing s ON s.vehicle = i.vehicle AND NOT s.taken AND s.vehicle IN (`+anotherUser+`) WHERE i.old IS NULL`)
	if err := errors.Join(err, execAll(r.ctx, r.tx, remake)); err != nil {
		return fmt.Errorf("cannot take the changed inventory: %w", err)
	}
	lines := map[string]any{"run": h}
	if r.changes.Any() {
		if lines[changesLine], err = r.altogether(); err != nil {
			return err
		}
	}
	return putHeader(r.ctx, r.tx, lines)
}

// altogether are the changes that were accepted until now.
func (r *replacing) altogether() (all Changes, err error) {
	var before string
	err = r.tx.QueryRow("SELECT value FROM header WHERE name = ?", changesLine).Scan(&before)
	if err == nil {
		err = json.Unmarshal([]byte(before), &all)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return all, fmt.Errorf("the ledger's header %q cannot be read: %w", changesLine, err)
	}
	return all.plus(r.changes), nil
}

// Empty makes a ledger without a header empty: a process that was killed in pass 1 may have left another inventory's rows.
func (l *Ledger) Empty(ctx context.Context) error {
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM vehicles; DELETE FROM elsewhere; DELETE FROM lists; DELETE FROM links")
		return err
	})
}
