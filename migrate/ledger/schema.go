package ledger

import (
	"net/url"
	"strings"
)

// schemaVersion names the shape below; another version is refused, never guessed at.
const schemaVersion = "3"

const schema = `
CREATE TABLE IF NOT EXISTS header (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Ids are compared without case: they are UUIDs, and databases differ in how they write them.
-- One row per inventory entry. turn orders the calls: earliest expiry first, then seeded random order. draw
-- orders the sample, by users; drawn tells who is in it. disputed counts the differences that asking again may change, so
-- that nobody has to read the evidence to know. A vehicle leaves the index of those that are pending, and comes into no other.
-- carried tells those that an earlier run measured.
CREATE TABLE IF NOT EXISTS vehicles (
  ordinal INTEGER PRIMARY KEY, vehicle_id TEXT NOT NULL COLLATE NOCASE, user_id TEXT NOT NULL, grant_id TEXT NOT NULL, entry TEXT NOT NULL, turn TEXT NOT NULL,
  draw TEXT NOT NULL DEFAULT '', drawn INTEGER NOT NULL DEFAULT 1,
  faulty INTEGER NOT NULL DEFAULT 0, finished INTEGER NOT NULL DEFAULT 0, verdict TEXT, proof TEXT, legacy TEXT, legacy_status INTEGER, app TEXT, make TEXT, billed_legacy INTEGER, billed_app INTEGER,
  disputed INTEGER NOT NULL DEFAULT 0, carried INTEGER NOT NULL DEFAULT 0,
  evidence BLOB, judgement TEXT, at TEXT);
CREATE INDEX IF NOT EXISTS vehicles_pending ON vehicles(turn) WHERE drawn = 1 AND finished = 0;
CREATE INDEX IF NOT EXISTS vehicles_left_out ON vehicles(ordinal) WHERE drawn = 0;
CREATE INDEX IF NOT EXISTS vehicles_id ON vehicles(vehicle_id);
CREATE INDEX IF NOT EXISTS vehicles_carried ON vehicles(at) WHERE carried = 1;
CREATE INDEX IF NOT EXISTS vehicles_disputed ON vehicles(ordinal) WHERE disputed > 0;

-- The connections list, as read: lists names the reading of each mode that counts, and links holds it page by page as it
-- comes, beside the one before it. Only linked may be asked: of a pair that stands in both modes the later reading counts.
CREATE TABLE IF NOT EXISTS lists (mode TEXT PRIMARY KEY, reading INTEGER NOT NULL, read_at TEXT NOT NULL, pages INTEGER NOT NULL, complete INTEGER NOT NULL, why TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS links (reading INTEGER NOT NULL, vehicle_id TEXT NOT NULL COLLATE NOCASE, user_id TEXT NOT NULL COLLATE NOCASE, mode TEXT NOT NULL, link TEXT NOT NULL, PRIMARY KEY (reading, vehicle_id, user_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_user ON links(user_id);
CREATE VIEW IF NOT EXISTS linked AS SELECT l.vehicle_id, l.user_id, l.mode, l.link FROM lists CROSS JOIN links l ON l.reading = lists.reading
  WHERE NOT EXISTS (SELECT 1 FROM lists o CROSS JOIN links x ON x.reading = o.reading AND x.vehicle_id = l.vehicle_id AND x.user_id = l.user_id WHERE o.reading > l.reading);

-- Of a shard's ledger: the vehicles of the other shards. They are in the inventory, so they are no orphans here either.
CREATE TABLE IF NOT EXISTS elsewhere (vehicle_id TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID;

-- The audit trail: no bodies, no secrets.
CREATE TABLE IF NOT EXISTS calls (
  at TEXT NOT NULL, host TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, vehicle_id TEXT NOT NULL, status INTEGER NOT NULL,
  request_id TEXT NOT NULL, bytes INTEGER NOT NULL, ms INTEGER NOT NULL, trouble TEXT NOT NULL, secret TEXT NOT NULL, attempt INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS calls_host ON calls(host, at);
`

// escaped is a path that may stand in SQLite's URI form.
type escaped struct{ path string }

func (e *escaped) String() string {
	return strings.ReplaceAll((&url.URL{Path: e.path}).EscapedPath(), "?", "%3f")
}

// The SQL conditions that no entry of the inventory has a link's vehicle_id, or a call's.
const (
	linkNoEntry = "NOT EXISTS (SELECT 1 FROM vehicles v WHERE v.vehicle_id = linked.vehicle_id) AND NOT EXISTS (SELECT 1 FROM elsewhere e WHERE e.vehicle_id = linked.vehicle_id)"
	callNoEntry = "NOT EXISTS (SELECT 1 FROM vehicles v WHERE v.vehicle_id = calls.vehicle_id) AND NOT EXISTS (SELECT 1 FROM elsewhere e WHERE e.vehicle_id = calls.vehicle_id)"
)
