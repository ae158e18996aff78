package report

import (
	"iter"
	"time"
)

// SchemaName is the value of "schema" in report.json. Members may be added under it, none removed (CONTRACT §7).
const SchemaName = "scmigrate/report/1"

// Report is CONTRACT §7. Vehicles is called once or several times by a renderer and yields every inventory entry in
// inventory order each time; the first error ends the rendering. Nothing holds the fleet in memory.
type Report struct {
	Summary
	Vehicles func() iter.Seq2[Vehicle, error]
}

// Summary is everything of report.json but the vehicles.
type Summary struct {
	Schema    string                    `json:"schema"` // SchemaName; filled in where empty
	Tool      Tool                      `json:"tool"`
	Run       Run                       `json:"run"`
	Verdicts  Verdicts                  `json:"verdicts"`
	Total     int                       `json:"total"` // inventory entries; with a sample those that were drawn
	Proof     Proof                     `json:"proof"`
	Waived    int                       `json:"waived"`    // ready vehicles that are so by a waiver
	Waves     *Waves                    `json:"waves"`     // in which they could be switched; nil: nobody could be, or the run is one shard
	Readiness *Interval                 `json:"readiness"` // nil where total − broken = 0
	Gates     []Gate                    `json:"gates"`
	Outcomes  map[string]map[string]int `json:"outcomes"` // field → outcome → vehicles
	Makes     []MakeGroup               `json:"makes"`    // the largest first, the rest summed up
	Cohorts   []Group                   `json:"cohorts"`  // the same
	Ages      Ages                      `json:"ages"`
	Causes    []Cause                   `json:"causes"`
	Notes     []Note                    `json:"notes"`
	Changes   *Changes                  `json:"changes"` // since an earlier run; nil: none was given to compare with
	History   *History                  `json:"history"` // of the runs before; nil: none was given to compare with
}

// Tool is what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Run is what was asked and what it cost.
type Run struct {
	ID              string      `json:"id"`
	StartedAt       time.Time   `json:"startedAt"`
	FinishedAt      time.Time   `json:"finishedAt"` // of an incomplete run: its last record
	Complete        bool        `json:"complete"`
	Stopped         string      `json:"stopped"` // why it ended early, "" where it did not
	InventoryDigest string      `json:"inventoryDigest"`
	RulesDigest     string      `json:"rulesDigest"`
	LegacyAPI       string      `json:"legacyApi"`          // v2, v3 or none
	Legs            string      `json:"legs"`               // connections, app or both
	Fields          string      `json:"fields"`             // standard, all or a list
	Only            string      `json:"only"`               // which vehicles of an earlier run were called again, "" where all were called
	Carried         *Carried    `json:"carried"`            // vehicles taken over from that run; nil: none
	Baseline        *Baseline   `json:"baseline,omitempty"` // the earlier run in the legacy leg's place; nil: there is a legacy leg
	Sample          *Sample     `json:"sample"`             // nil: every vehicle
	Shard           *Shard      `json:"shard"`              // nil: not a shard
	Requests        Requests    `json:"requests"`
	BilledReads     BilledReads `json:"billedReads"`
	Controls        Controls    `json:"controls"`
	Rechecks        Rechecks    `json:"rechecks"`
	Retirement      string      `json:"retirement"`  // the day on which the rules say that v2.0 ends, "2026-12-01"; "" where they say none
	NotExamined     []string    `json:"notExamined"` // fields and areas that no verdict speaks about
}

// Sample says which part of the inventory was drawn, by whole users, and what that proves about the rest.
type Sample struct {
	Asked         string  `json:"asked"` // as given: "300" or "5%"
	Vehicles      int     `json:"vehicles"`
	Of            int     `json:"of"`
	Seed          uint64  `json:"seed"`
	Users         int     `json:"users"`         // drawn
	LargestUser   int     `json:"largestUser"`   // vehicles of the user who has the most, in the whole inventory
	BlockedAtMost float64 `json:"blockedAtMost"` // share of the fleet, with 95 % confidence, inconclusive vehicles counted as blocked
	Unseen        float64 `json:"unseen"`        // share of the fleet below which a cause may well be missed
}

// Baseline is the run whose legacy evidence stands for the legacy leg, and when it was taken.
type Baseline struct {
	RunID    string    `json:"runId"`
	Vehicles int       `json:"vehicles"` // with evidence there
	Oldest   time.Time `json:"oldest"`
	Newest   time.Time `json:"newest"`
}

// Carried are the vehicles that an earlier run measured: their evidence is as old as that.
type Carried struct {
	Vehicles int       `json:"vehicles"`
	Oldest   time.Time `json:"oldest"`
	Newest   time.Time `json:"newest"`
}

// Shard is part K of N.
type Shard struct {
	K int `json:"k"`
	N int `json:"n"`
}

// Requests counts what was sent, per host.
type Requests struct {
	Legacy     int `json:"legacy"`
	App        int `json:"app"`
	IAM        int `json:"iam"`
	Auth       int `json:"auth"`
	Management int `json:"management"`
}

// Sum is every request sent.
func (r Requests) Sum() int { return r.Legacy + r.App + r.IAM + r.Auth + r.Management }

// BilledReads counts answered items, which is what a plan counts (smartcar-v2.md §6).
type BilledReads struct {
	Legacy int `json:"legacy"`
	App    int `json:"app"`
}

// Controls are the calls that measure no field: negative controls (foreign user ids, which must be refused; Served > 0 is
// an isolation breach), and looks for cars that may be connected under another vehicleId.
type Controls struct {
	Tried     int `json:"tried"`
	Refused   int `json:"refused"`
	Served    int `json:"served"`
	Undecided int `json:"undecided"`
	Looks     int `json:"looks"`
}

// Verdicts counts vehicles by verdict (CONTRACT §6).
type Verdicts struct {
	Ready        int `json:"ready"`
	Blocked      int `json:"blocked"`
	Broken       int `json:"broken"`
	Inconclusive int `json:"inconclusive"`
}

// Proof splits the ready vehicles by what was proved of them.
type Proof struct {
	Full    int `json:"full"`
	Partial int `json:"partial"`
	AppOnly int `json:"appOnly"`
}

// Interval is ready ÷ (total − broken), each inconclusive vehicle counted against (Low) and for (High); 0 to 1.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Gate is one evaluated condition.
type Gate struct {
	Require  string `json:"require"`
	Met      string `json:"met"` // yes, no or undecided
	Observed string `json:"observed"`
}

// Cause is one group of vehicles that are not ready for one reason.
type Cause struct {
	Code        string `json:"code"`
	Field       string `json:"field"`     // "" where the cause is not one field's
	Make        string `json:"make"`      // "" where it is not one make's
	ErrorCode   string `json:"errorCode"` // "" where no error was answered
	Title       string `json:"title"`     // a few words
	Verdict     string `json:"verdict"`   // blocked, broken, inconclusive or note
	Vehicles    int    `json:"vehicles"`
	Waived      int    `json:"waived"`
	Unblocks    int    `json:"unblocks"` // of Vehicles: those blocked or not measured that nothing else keeps from being ready
	Fingerprint string `json:"fingerprint"`
	Example     string `json:"example"` // a vehicleId
	Meaning     string `json:"meaning"`
	Action      string `json:"action"`
	Who         string `json:"who"` // who can act: engineering, vehicle owner, smartcar support, fleet manager
}

// Note is an observation that changes no verdict. Its text names no vehicle; Examples does.
type Note struct {
	Code     string   `json:"code"`
	Count    int      `json:"count"`
	Text     string   `json:"text"`
	Examples []string `json:"examples"` // vehicleIds
}
