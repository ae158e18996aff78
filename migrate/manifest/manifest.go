// Package manifest is the cut-over list: which vehicles of which users are switched in which wave, what proves that they may
// be, and whether all of it still holds (CONTRACT §1). A manifest is a sequence of records that each have one canonical
// line of JSON: a head, the vehicles wave by wave, those that are left out, an end. YAML, JSON Lines and CSV are three ways of
// writing the same lines, so that the digest is the same in each.
package manifest

import (
	"bytes"
	_ "embed"
	"time"
)

// SchemaName is the version of the format; a file of another is refused.
const SchemaName = "scmigrate/manifest/1"

//go:embed manifest.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of a manifest in YAML, whose $defs are the lines of JSON Lines.
func Schema() []byte { return bytes.Clone(schema) }

// Head is what holds for the whole list.
type Head struct {
	Schema  string   `json:"schema"`
	Tool    Tool     `json:"tool"`
	Run     Run      `json:"run"`
	Seed    uint64   `json:"seed"`             // another one draws other users into the first waves
	Canary  string   `json:"canary,omitempty"` // the cohort whose users come first
	Counts  Counts   `json:"counts"`
	Waves   []Wave   `json:"waves"`
	Waivers []Waiver `json:"waivers,omitempty"` // those by which a vehicle of the list is ready
}

// Tool is what wrote the list.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Run is the run that the list was made of.
type Run struct {
	ID              string `json:"id"`
	StartedAt       string `json:"startedAt"`
	FinishedAt      string `json:"finishedAt"`
	InventoryDigest string `json:"inventoryDigest"`
	RulesDigest     string `json:"rulesDigest"`
	LegacyAPI       string `json:"legacyApi"`
	Fields          string `json:"fields"`
	Sample          string `json:"sample,omitempty"`
	Shard           string `json:"shard,omitempty"`
}

// Counts are the lengths of the lists.
type Counts struct {
	Vehicles int `json:"vehicles"` // to be switched
	Users    int `json:"users"`    // whose vehicles they are
	LeftOut  int `json:"leftOut"`
	Held     int `json:"held"` // users with a ready vehicle who are left out because of another one
}

// Wave is one step. Vehicles and users are cumulative: wave 2 holds those of wave 1.
type Wave struct {
	Wave     int    `json:"wave"`
	Share    string `json:"share"` // as asked for: "10%" or "500"
	Vehicles int    `json:"vehicles"`
	Users    int    `json:"users"`
}

// Waiver is a waiver that the list stands on. It waives until the end of the day Expires (UTC).
type Waiver struct {
	ID      string `json:"id"`
	Expires string `json:"expires"`
}

// Vehicle is one vehicle to switch.
type Vehicle struct {
	VehicleID   string    `json:"vehicleId"`
	UserID      string    `json:"userId"`
	Wave        int       `json:"wave"` // the first wave that holds it
	Cohort      string    `json:"cohort,omitempty"`
	Proof       string    `json:"proof"`
	EvidenceAt  time.Time `json:"evidenceAt"`
	Evidence    string    `json:"evidence"`              // hash of the evidence in the run's ledger
	Fields      []string  `json:"fields,omitempty"`      // what the inventory demanded of this vehicle by name, sorted
	Permissions []string  `json:"permissions,omitempty"` // that it must keep
	Waivers     []string  `json:"waivers,omitempty"`     // by which it is ready
}

// LeftOut is a vehicle of the run that the list does not switch.
type LeftOut struct {
	VehicleID string `json:"vehicleId"`
	UserID    string `json:"userId"`
	Verdict   string `json:"verdict"`
	Cause     string `json:"cause,omitempty"`  // the gravest of its own
	Field     string `json:"field,omitempty"`  // that the cause is about
	HeldBy    string `json:"heldBy,omitempty"` // of a ready one: the vehicle of its user that must be ready first
}

// End seals the list.
type End struct {
	Entries int    `json:"entries"` // vehicles and those left out
	Digest  string `json:"digest"`  // over every line before: proves that nothing was changed by accident
	Seal    string `json:"seal"`    // the digest under the key of the run's directory: proves that scmigrate wrote it there
}

// The bounds of a manifest. A file beyond them is none of ours.
const (
	MaxWaves   = 20
	maxEntries = 20_000_000
	maxLine    = 1 << 20 // bytes
)
