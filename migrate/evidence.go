package migrate

import (
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
)

// LegOutcome is what became of one leg of one vehicle as a whole.
type LegOutcome string

// The outcomes. A leg that Answered may still have failed items; those are in its readings.
const (
	LegAnswered     LegOutcome = "answered"
	LegNotRun       LegOutcome = "not-run"
	LegRateLimited  LegOutcome = "rate-limited"
	LegQuota        LegOutcome = "quota"
	LegUpstream     LegOutcome = "upstream"
	LegUnreachable  LegOutcome = "unreachable"
	LegTimeout      LegOutcome = "timeout"
	LegMalformed    LegOutcome = "malformed"
	LegReauth       LegOutcome = "reauthentication"
	LegGone         LegOutcome = "gone"
	LegTokenMissing LegOutcome = "token-missing" // legacy only, from here
	LegTokenRefused LegOutcome = "token-refused" // 401, the token's age is not known
	LegGrantDead    LegOutcome = "grant-dead"    // gone, or 401 inside the stated life
	LegTokenWrong   LegOutcome = "token-wrong"   // 403
	LegNotFound     LegOutcome = "not-found"     // 404 or 410 for the whole vehicle
	LegNotConnected LegOutcome = "not-connected" // app only, from here: 403 or 404
	LegUnauthorized LegOutcome = "unauthorized"  // 401 with a fresh application token
	LegEmptyStore   LegOutcome = "empty-store"   // 200 without a single signal
)

// LegacyOutcomes and AppOutcomes are every outcome that a leg can have; the judge's table has a row for each pair.
func LegacyOutcomes() []LegOutcome {
	return append(commonOutcomes(), LegTokenMissing, LegTokenRefused, LegGrantDead, LegTokenWrong, LegNotFound, LegOpaqueRefused, LegOpaqueDenied, LegNoBaseline)
}

// AppOutcomes: see LegacyOutcomes.
func AppOutcomes() []LegOutcome {
	return append(commonOutcomes(), LegNotConnected, LegUnauthorized, LegEmptyStore)
}

func commonOutcomes() []LegOutcome {
	return []LegOutcome{LegAnswered, LegNotRun, LegRateLimited, LegQuota, LegUpstream, LegUnreachable, LegTimeout, LegMalformed, LegReauth, LegGone}
}

// Leg is the record of one leg of one vehicle.
type Leg struct {
	Outcome    LegOutcome       `json:"outcome"`
	Failure    *compare.Failure `json:"failure,omitempty"`
	Detail     string           `json:"detail,omitempty"` // our words, where Failure says too little
	RequestIDs []string         `json:"requestIds,omitempty"`
	Billed     int              `json:"billed,omitempty"`   // answered items: what the plan counts (smartcar-v2.md §6)
	Server     time.Time        `json:"server,omitzero"`    // the Date header of the first answer that has one
	Got        time.Time        `json:"got,omitzero"`       // this machine's clock at that answer
	Requests   int              `json:"requests,omitempty"` // that were answered, retries included

	Doubted   bool `json:"doubted,omitempty"`   // the refusal may be an ill API's: it counts as unmeasured (doubt.go)
	Confirmed bool `json:"confirmed,omitempty"` // the refusal was doubted, and came once more
}

// called tells whether anything of the leg was answered, or kept it from being called. A visit that ended before it began
// has no outcomes at all.
func (l Leg) called() bool { return l.Outcome != LegNotRun && l.Outcome != "" || l.Requests > 0 }

// detail is the leg's failure in words that may be printed.
func (l Leg) detail() string {
	switch {
	case l.Detail != "":
		return l.Detail
	case l.Failure != nil:
		return l.Failure.Label()
	}
	return ""
}

// Link is what the connections list says about one user and one vehicle.
type Link struct {
	UserID      string   `json:"userId"`
	VehicleID   string   `json:"vehicleId"`
	Permissions []string `json:"permissions"`
	Make        string   `json:"make,omitempty"`
	Model       string   `json:"model,omitempty"`
	Year        int      `json:"year,omitempty"`
	Mode        string   `json:"mode,omitempty"`
}

// states tells whether the list says which permissions are granted; silence proves none to be missing.
func (l *Link) states() bool { return l != nil && l.Permissions != nil }

// Identity is what is known about whose car this is.
type Identity struct {
	Listed     *Link    `json:"listed,omitempty"`    // the connection of the inventory's user and this vehicle
	Users      []string `json:"users,omitempty"`     // every user connected to the vehicle
	Whole      bool     `json:"whole,omitempty"`     // the list is proved to show every connection of the vehicle
	Absent     bool     `json:"absent,omitempty"`    // proved: the inventory's user has no connection to the vehicle
	AskedAs    string   `json:"askedAs,omitempty"`   // the user id that the app leg was called with
	Suggested  string   `json:"suggested,omitempty"` // the only possible user, where the inventory has none
	TokenUser  string   `json:"tokenUser,omitempty"` // GET /v2.0/user, where it was needed
	OtherCarID string   `json:"otherCarId,omitempty"`

	MovedTo     string `json:"movedTo,omitempty"`     // the vehicleId under which the same VIN is connected
	Search      string `json:"search,omitempty"`      // why that is not known although the user has orphan connections
	SearchAgain bool   `json:"searchAgain,omitempty"` // asking again may find out
}

// Evidence is everything that was observed of one vehicle: what the judge decides on, and what a later judge can decide
// on again without a call. It holds no token, and no position.
type Evidence struct {
	Identity Identity          `json:"identity"`
	Legacy   Leg               `json:"legacy"`
	App      Leg               `json:"app"`
	Findings []compare.Finding `json:"findings,omitempty"`
	Make     string            `json:"make,omitempty"`
	Model    string            `json:"model,omitempty"`
	Year     int               `json:"year,omitempty"`
	Mode     string            `json:"mode,omitempty"`
	Cut      bool              `json:"cut,omitempty"`     // the visit ended early: it is repeated, whatever it came to
	At       time.Time         `json:"at,omitzero"`       // when the visit began
	Again    Spent             `json:"again,omitzero"`    // on rechecks, apart from what the legs cost
	Baseline time.Time         `json:"baseline,omitzero"` // when an earlier run asked the legacy leg that stands here; zero: this run did

	Earlier int           `json:"earlier,omitempty"` // billed reads that earlier visits cost: the cap is that of the whole run
	Spared  bool          `json:"-"`                 // no call was made, because the vehicle has had what it may have; see Run.save
	Wait    time.Duration `json:"-"`                 // for now: it may be asked again after that
}

// listOnly tells evidence of the connections list alone, on purpose (--legs connections): no leg was called, and nothing kept
// one from being called.
func (e Evidence) listOnly() bool {
	uncalled := func(l Leg) bool { return l.Outcome == LegNotRun && l.Detail == "" && l.Failure == nil }
	return !e.Cut && uncalled(e.Legacy) && uncalled(e.App)
}

// billed is what the visit and its rechecks have cost, on both legs.
func (e Evidence) billed() int { return e.Legacy.Billed + e.App.Billed + e.Again.Legacy + e.Again.App }

// Record is the one record of a vehicle: what the run writes and every report reads.
type Record struct {
	Entry     inventory.Entry
	Evidence  Evidence
	Judgement Judgement
	At        time.Time // when the evidence was taken
	Undrawn   bool      // the sample left it out: it is not called, on purpose
}

// Finished tells whether the vehicle needs no further call. What could not be measured is tried again on resume, and so is
// what a lower level of --legs left out; an entry that is faulty itself, and a vehicle that the connections list alone
// decides, are not.
func (r Record) Finished() bool {
	legacy, app, id := r.Evidence.Legacy.Outcome, r.Evidence.App.Outcome, r.Evidence.Identity
	ran := func(o LegOutcome) bool { return o != LegNotRun && o != "" }
	switch {
	case faultyEntry(r.Entry) != "":
		return true
	case r.Evidence.Cut || r.Evidence.doubted() || r.Judgement.Verdict == Inconclusive || r.Judgement.Verdict == "":
		return false
	case !ran(app) && id.Absent:
		return !id.SearchAgain
	case !ran(legacy) && !ran(app):
		return id.AskedAs == ""
	}
	return ran(legacy)
}

// Facts are what holds for the whole run and changes the reading of single vehicles: v2 switched off for everybody, v3
// not enabled for the application, a field that is wrong for a whole make. They are known at the end of a run.
type Facts struct {
	LegacyRetired bool `json:"legacyRetired,omitempty"`
	AppNotEnabled bool `json:"appNotEnabled,omitempty"`

	LegacyEnded time.Time `json:"legacyEnded,omitzero"` // whom v2 refused after it was refused like everybody
	AppEnded    time.Time `json:"appEnded,omitzero"`    // the same of v3

	Breached []string     `json:"breached,omitempty"` // vehicles that were served to a foreign user
	Suspects []Suspect    `json:"suspects,omitempty"` // fields that are wrong for a whole make
	Waivers  []WaiverFact `json:"waivers,omitempty"`  // waivers there is something to say about
	NotAsked string       `json:"notAsked,omitempty"` // why differences have no recheck that could have one
}

// Suspect is a field that no single car convicts and the fleet does (DESIGN §3.3): its unverifiable and drifted findings
// of this make and unit are differences.
type Suspect struct {
	Field    string         `json:"field"`
	Make     string         `json:"make"`
	Unit     string         `json:"unit"`   // as labelled by the app leg
	Reason   compare.Reason `json:"reason"` // ReasonUnit or ReasonValue
	Note     string         `json:"note"`   // the proof in words
	Vehicles int            `json:"vehicles"`
}

// of are the facts as they hold for one vehicle.
func (f Facts) of(rec Record) Facts {
	f.LegacyRetired = f.LegacyRetired || !f.LegacyEnded.IsZero() && rec.At.After(f.LegacyEnded)
	f.AppNotEnabled = f.AppNotEnabled || !f.AppEnded.IsZero() && rec.At.After(f.AppEnded)
	return f
}

// breached tells whether a vehicle was served to a foreign user.
func (f Facts) breached(vehicleID string) bool {
	return slices.ContainsFunc(f.Breached, func(id string) bool { return sameID(id, vehicleID) })
}
