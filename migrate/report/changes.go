package report

import "time"

// Changes are what has become of a fleet since an earlier run. Only ready is good: every other verdict counts as trouble,
// also where nothing could be measured, and what could not be measured is never fixed.
type Changes struct {
	Previous Previous        `json:"previous"`
	Unlike   []string        `json:"unlike"` // what the two runs were asked differently: what is fixed may only not have been asked for
	Vehicles ChangedVehicles `json:"vehicles"`
	Moves    []Move          `json:"moves"`  // every pair of verdicts that occurs, staying among them
	Causes   []ChangedCause  `json:"causes"` // new, unchanged, fixed, gone; of each the most vehicles first
}

// Previous is a run in short: the earlier one, or that of a Diff.
type Previous struct {
	ID         string    `json:"id"`
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt"` // of an incomplete run: its last record
	Complete   bool      `json:"complete"`
	Verdicts   Verdicts  `json:"verdicts"`
	Total      int       `json:"total"`
	Readiness  *Interval `json:"readiness"`
}

// ChangedVehicles counts each vehicle of both runs once.
type ChangedVehicles struct {
	New       Changed `json:"new"`       // not ready, and ready or not looked at before
	Fixed     Changed `json:"fixed"`     // ready, and not so before
	Changed   Changed `json:"changed"`   // not ready before either, with another verdict or other causes
	Unchanged Changed `json:"unchanged"` // ready as before, or not ready for the same causes
	Added     Changed `json:"added"`     // ready, and not looked at before
	Gone      Changed `json:"gone"`      // not in this run
}

// Changed are vehicles with one fate.
type Changed struct {
	Count    int      `json:"count"`
	Examples []string `json:"examples"` // vehicleIds; none for those that are unchanged
}

// Move is how many vehicles went from one verdict to another; "" is a run that did not look at them.
type Move struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Vehicles int    `json:"vehicles"`
}

// The fates of a cause.
const (
	CauseNew       = "new"       // no vehicle had it
	CauseUnchanged = "unchanged" // some had it and some have it
	CauseFixed     = "fixed"     // none has it, and all vehicles that had it and are still there were measured
	CauseGone      = "gone"      // none has it, but it is not proved fixed: its vehicles left the run or could not be measured
)

// ChangedCause is a cause of either run. Its fingerprint names it over runs.
type ChangedCause struct {
	Change      string `json:"change"`
	Code        string `json:"code"`
	Field       string `json:"field"`
	Make        string `json:"make"`
	ErrorCode   string `json:"errorCode"`
	Title       string `json:"title"`
	Verdict     string `json:"verdict"`
	Fingerprint string `json:"fingerprint"`
	Was         int    `json:"was"`        // vehicles that had it
	Is          int    `json:"is"`         // vehicles that have it
	New         int    `json:"new"`        // of those that have it: had it not
	Fixed       int    `json:"fixed"`      // of those that had it: were measured and have it no more
	Unmeasured  int    `json:"unmeasured"` // of those that had it: could not be measured now
	Gone        int    `json:"gone"`       // of those that had it: not in this run
	Example     string `json:"example"`    // a vehicleId: one that has it newly, else one that has or had it
}
