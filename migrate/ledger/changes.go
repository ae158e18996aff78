package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// Changes are what an inventory has otherwise than the rows of a ledger. Rows are the same where vehicleId and userId are,
// in whatever case and order.
type Changes struct {
	Added   migrate.Counted `json:"added"`
	Removed migrate.Counted `json:"removed"`
	Users   migrate.Counted `json:"users"`  // another userId for the one row of a vehicleId: measured anew
	Fields  migrate.Counted `json:"fields"` // other fields are asked for: measured anew
	Moved   int             `json:"moved"`  // only their place is another
	When    string          `json:"when,omitempty"`
}

// Any tells whether anything changed that needs somebody's word.
func (c Changes) Any() bool { return c.Added.N+c.Removed.N+c.Users.N+c.Fields.N > 0 }

// plus adds those of another shard.
func (c Changes) plus(o Changes) Changes {
	return Changes{Added: c.Added.Plus(o.Added), Removed: c.Removed.Plus(o.Removed), Users: c.Users.Plus(o.Users), Fields: c.Fields.Plus(o.Fields), Moved: c.Moved + o.Moved, When: max(c.When, o.When)}
}

// changesLine is the line of the header that holds what was accepted, the last time.
const changesLine = "inventory.changes"

// Accepted is what was accepted the last time that the inventory was another.
func (l *Ledger) Accepted(ctx context.Context) (c Changes, err error) {
	err = l.load(ctx, changesLine, &c)
	return c, err
}

// ReplaceEntries puts a changed inventory in the place of the one that the run was begun with. accept is told of the changes
// before anything is written, and may refuse them by an error. Rows that are the same keep what was measured; what is gone
// leaves the ledger, but for its calls; the rest is pending. All of it, with the header, is one transaction.
func (l *Ledger) ReplaceEntries(ctx context.Context, h Header, each func(func(inventory.Entry) error) error, accept func(Changes) error) error {
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		r := replacing{tx: tx, seed: h.Seed}
		if err := r.run(each, accept, h); err != nil {
			return errors.Join(err, r.clear())
		}
		return r.clear()
	})
}

// replacing is one replacement, in the tables incoming and standing of the writer's connection.
type replacing struct {
	tx      *sql.Tx
	seed    uint64
	changes Changes
}

// key is what makes two rows the same; nth tells rows apart that have one key.
const (
	incomingTable = `CREATE TEMP TABLE incoming (ordinal INTEGER PRIMARY KEY, vehicle TEXT NOT NULL, user TEXT NOT NULL, grant_id TEXT NOT NULL, entry TEXT NOT NULL, turn TEXT NOT NULL, draw TEXT NOT NULL,
		faulty INTEGER NOT NULL, nth INTEGER, old INTEGER)`
	standingTable = `CREATE TEMP TABLE standing AS SELECT ordinal, lower(vehicle_id) AS vehicle, lower(user_id) AS user,
		row_number() OVER (PARTITION BY lower(vehicle_id), lower(user_id) ORDER BY ordinal) AS nth, 0 AS taken FROM vehicles`
)

func (r *replacing) run(each func(func(inventory.Entry) error) error, accept func(Changes) error, h Header) error {
	if err := r.do("DROP TABLE IF EXISTS temp.incoming", "DROP TABLE IF EXISTS temp.standing", incomingTable); err != nil {
		return err
	}
	if err := r.fill(each); err != nil {
		return err
	}
	if err := r.match(); err != nil {
		return err
	}
	if err := r.count(); err != nil {
		return err
	}
	if err := accept(r.changes); err != nil {
		return err
	}
	return r.apply(h)
}

func (r *replacing) do(texts ...string) error {
	for _, text := range texts {
		if _, err := r.tx.Exec(text); err != nil {
			return err
		}
	}
	return nil
}

// clear is done in the transaction: a table of the connection would outlive it.
func (r *replacing) clear() error {
	return r.do("DROP TABLE IF EXISTS temp.incoming", "DROP TABLE IF EXISTS temp.standing")
}

func (r *replacing) fill(each func(func(inventory.Entry) error) error) error {
	insert, err := r.tx.Prepare("INSERT INTO temp.incoming(ordinal, vehicle, user, grant_id, entry, turn, draw, faulty) VALUES(?, lower(?), lower(?), ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	return each(func(e inventory.Entry) error {
		encoded, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_, err = insert.Exec(e.Ordinal, e.VehicleID, e.UserID, grantOf(e), string(encoded), turn(r.seed, e), migrate.DrawKey(r.seed, e), e.Duplicate || e.Invalid != "")
		return err
	})
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

// otherFields are the rows that keep their place in everything but the fields that are asked for.
const otherFields = `FROM temp.incoming i JOIN vehicles v ON v.ordinal = i.old WHERE coalesce(json_extract(i.entry, '$.Fields'), '') <> coalesce(json_extract(v.entry, '$.Fields'), '')`

func (r *replacing) count() error {
	id := "coalesce(json_extract(entry, '$.VehicleID'), '')"
	for _, part := range []struct {
		into  *migrate.Counted
		query string
	}{
		{&r.changes.Users, anotherUser + " ORDER BY vehicle"},
		{&r.changes.Added, "SELECT " + id + " FROM temp.incoming WHERE old IS NULL AND vehicle NOT IN (" + anotherUser + ") ORDER BY ordinal"},
		{&r.changes.Removed, "SELECT v.vehicle_id FROM temp.standing s JOIN vehicles v ON v.ordinal = s.ordinal WHERE NOT s.taken AND s.vehicle NOT IN (" + anotherUser + ") ORDER BY s.ordinal"},
		{&r.changes.Fields, "SELECT v.vehicle_id " + otherFields + " ORDER BY i.ordinal"},
	} {
		if err := r.each(part.query, part.into); err != nil {
			return err
		}
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

// apply moves the rows that stay out of the way first, below zero: an ordinal may be somebody else's until then.
func (r *replacing) apply(h Header) error {
	r.changes.When = h.Changed
	changes, err := json.Marshal(r.changes)
	if err != nil {
		return err
	}
	header, err := json.Marshal(h)
	if err != nil {
		return err
	}
	err = r.do(
		"UPDATE vehicles SET finished = 0, carried = 0, disputed = 0 WHERE ordinal IN (SELECT i.old "+otherFields+")",
		"DELETE FROM vehicles WHERE ordinal IN (SELECT ordinal FROM temp.standing WHERE NOT taken)",
		"UPDATE vehicles SET ordinal = -1 - ordinal WHERE ordinal IN (SELECT old FROM temp.incoming WHERE old IS NOT NULL AND old <> ordinal)",
		"UPDATE vehicles SET ordinal = (SELECT i.ordinal FROM temp.incoming i WHERE i.old = -1 - vehicles.ordinal) WHERE ordinal < 0",
		`UPDATE vehicles SET entry = i.entry, vehicle_id = json_extract(i.entry, '$.VehicleID'), user_id = json_extract(i.entry, '$.UserID'), grant_id = i.grant_id, turn = i.turn,
			draw = CASE WHEN verdict IS NULL THEN i.draw ELSE vehicles.draw END FROM temp.incoming i WHERE i.ordinal = vehicles.ordinal AND i.old IS NOT NULL AND vehicles.entry <> i.entry`,
		`INSERT INTO vehicles(ordinal, vehicle_id, user_id, grant_id, entry, turn, draw, faulty)
			SELECT ordinal, coalesce(json_extract(entry, '$.VehicleID'), ''), coalesce(json_extract(entry, '$.UserID'), ''), grant_id, entry, turn, draw, faulty FROM temp.incoming WHERE old IS NULL`)
	if err != nil {
		return fmt.Errorf("cannot take the changed inventory: %w", err)
	}
	if _, err := r.tx.Exec(setHeader, "run", string(header)); err != nil {
		return err
	}
	if !r.changes.Any() {
		return nil
	}
	_, err = r.tx.Exec(setHeader, changesLine, string(changes))
	return err
}

// Empty makes a ledger without a header empty: a process that was killed in pass 1 may have left another inventory's rows.
func (l *Ledger) Empty(ctx context.Context) error {
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM vehicles; DELETE FROM elsewhere; DELETE FROM lists; DELETE FROM links")
		return err
	})
}
