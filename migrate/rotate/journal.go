// Package rotate spends the refresh tokens of an inventory's dead grants, once each, and loses none of the pairs that come
// for them: whatever kills it at whatever moment, the next start inside the server's grace period finishes what was begun
// (smartcar-v2.md §1.2, §1.3).
package rotate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"scmigrate/migrate/internal/durable"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
)

// Origin is what a journal belongs to: a token must not be sent again to another application or host.
type Origin struct {
	Application string `json:"application"` // the Application ID
	Auth        string `json:"auth"`        // the host's origin
	Store       string `json:"store"`       // inventory or exec
	Inventory   string `json:"inventory"`   // as it was named, for messages
}

// Vehicle is a row of a grant.
type Vehicle struct {
	VehicleID string `json:"vehicleId"`
	UserID    string `json:"userId,omitempty"`
}

// The events of a journal. Between an intent and its end exactly one token is at stake.
const (
	eventBegin   = "begin"
	eventIntent  = "intent"  // the token is about to be sent
	eventPair    = "pair"    // its successor came
	eventStored  = "stored"  // and the store has it
	eventRefused = "refused" // the token is no good any more
	eventUnspent = "unspent" // nothing was spent
	eventShared  = "shared"  // rows whose source gave the same token later; a stored pair is to be stored for them too
	eventRetired = "retired" // what is left of stored in a finished journal: no secret
)

// record is one line of the journal.
type record struct {
	Event     string          `json:"event"`
	At        time.Time       `json:"at"`
	Origin    *Origin         `json:"origin,omitempty"`
	Token     string          `json:"token,omitempty"` // SHA-256 of the refresh token that is spent
	Old       string          `json:"refreshToken,omitempty"`
	Grant     string          `json:"grant,omitempty"`
	Vehicles  []Vehicle       `json:"vehicles,omitempty"`
	Pair      json.RawMessage `json:"pair,omitempty"`
	Why       string          `json:"why,omitempty"`
	Successor string          `json:"successor,omitempty"` // SHA-256 of the refresh token that followed
}

// item is what the journal knows of one refresh token.
type item struct {
	token     string
	old       secret.Secret
	grant     string
	vehicles  []Vehicle
	began     time.Time
	ended     time.Time
	state     string // the last event
	pair      inventory.Pair
	successor string
	why       string
	resumed   bool // the intent is of an earlier process: the token may be spent
}

// journal is the file from which every pair can be recovered: one JSON object a line, each durable before what it announces
// is done. Empty lines behind the last one are room that is kept, so that a full disk cannot lose the pair that comes.
type journal struct {
	file   *os.File
	path   string
	end    int64 // of the last record
	room   int64 // of the file
	origin Origin
	items  map[string]*item
	order  []*item
	step   func(string)
	now    func() time.Time
}

// reserve is the room for the records that follow an intent: two tokens of the longest kind, and more.
const reserve = 32 << 10

// readJournal reads what is there, without holding the file; a file that is not there is an empty journal.
func readJournal(path string) (*journal, error) {
	j := &journal{path: path, items: map[string]*item{}, step: func(string) {}, now: time.Now}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal: %w", err)
	}
	return j, j.replay(text)
}

// replay reads the lines. The last one may be cut off where the process was: then what it announces was not done.
func (j *journal) replay(text []byte) error {
	whole := bytes.TrimRight(text, "\n")
	for at := 0; at < len(whole); {
		line, _, ended := bytes.Cut(text[at:], []byte("\n"))
		last := at+len(line) >= len(whole)
		var r record
		if err := json.Unmarshal(line, &r); !ended || err != nil {
			if last {
				break
			}
			return fmt.Errorf("%s is damaged near byte %d (keep it, it holds tokens; repair that line or move the file away)", j.path, at)
		}
		if err := j.learn(r); err != nil {
			return fmt.Errorf("%s: %w", j.path, err)
		}
		at += len(line) + 1
		j.end = int64(at)
	}
	for _, i := range j.order {
		i.resumed = true
	}
	return nil
}

// learn takes one record over.
func (j *journal) learn(r record) error {
	if r.Event == eventBegin {
		if r.Origin == nil {
			return errors.New("the journal does not say what it belongs to")
		}
		j.begin(*r.Origin)
		return nil
	}
	i := j.items[r.Token]
	if i == nil {
		i = &item{token: r.Token}
		j.items[r.Token] = i
		j.order = append(j.order, i)
	}
	if r.Event == eventShared {
		return i.share(r.Vehicles)
	}
	i.state, i.ended = r.Event, r.At
	switch r.Event {
	case eventIntent:
		i.old, i.grant, i.vehicles, i.began = secret.New(r.Old), r.Grant, r.Vehicles, r.At
	case eventPair:
		pair, ok := inventory.ReadPair(r.Pair)
		if !ok {
			return errors.New("a pair cannot be read")
		}
		i.pair, i.successor = pair, pair.Refresh.Hash()
	case eventStored:
	case eventRetired:
		i.successor = r.Successor
	case eventRefused, eventUnspent:
		i.why = r.Why
	default:
		return fmt.Errorf("unknown event %q (written by a newer version?)", r.Event)
	}
	return nil
}

// hold opens the file for writing, cuts off what was begun and not finished, and begins it if it is new.
func (j *journal) hold(origin Origin) (err error) {
	if j.file, err = os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	if err = errors.Join(j.file.Chmod(0o600), j.file.Truncate(j.end), j.file.Sync(), durable.Folder(filepath.Dir(j.path))); err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	if j.room = j.end; j.open() {
		return nil
	}
	j.origin = origin
	return j.add(record{Event: eventBegin, Origin: &origin})
}

// add writes a record and returns when it is durable.
func (j *journal) add(r record) error {
	r.At = j.now().UTC()
	line, err := json.Marshal(r) //nolint:gosec // the journal is what a token is recovered from
	if err != nil {
		return err
	}
	if r.Event == eventIntent {
		if err := j.keepRoom(int64(len(line)) + reserve); err != nil {
			return err
		}
	}
	line = append(line, '\n')
	j.step(r.Event + ": before writing")
	if _, err := j.file.WriteAt(line, j.end); err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	j.step(r.Event + ": written")
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	j.end += int64(len(line))
	j.room = max(j.room, j.end)
	j.step(r.Event + ": durable")
	return j.learn(r)
}

// keepRoom makes the file long enough before a token is at stake.
func (j *journal) keepRoom(n int64) error {
	if more := j.end + n - j.room; more > 0 {
		if _, err := j.file.WriteAt(bytes.Repeat([]byte("\n"), int(more)), j.room); err != nil {
			return fmt.Errorf("there is no room for the journal, nothing was sent: %w", err)
		}
		if err := j.file.Sync(); err != nil {
			return fmt.Errorf("there is no room for the journal, nothing was sent: %w", err)
		}
		j.room += more
	}
	return nil
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}
