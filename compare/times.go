package compare

import "time"

// Where the time of an observation comes from. The first two are the observation itself; the others are only its latest
// possible moment: the value is of then or earlier.
const (
	timeLegacy  = "sc-data-age"   // v2: when the vehicle or its maker recorded it (smartcar-v2.md §4)
	timeMaker   = "oemUpdatedAt"  // v3: the same (smartcar-v3.md §5)
	timeFetched = "sc-fetched-at" // v2: when Smartcar fetched it
	timeGot     = "retrievedAt"   // v3: the same
	timeStored  = "ingestedAt"    // v3: when Smartcar stored it
)

// aheadOfFetch is how far an observation may lie after its own fetching before it is no credible time: two servers' clocks
// differ by seconds, a maker's local time without its zone by hours.
const aheadOfFetch = time.Minute

// moment is one candidate for the time of an observation.
type moment struct {
	from string
	at   time.Time
}

// observe takes the best time that is stated: the observation's own, else the latest possible one. An observation that
// lies after its fetching cannot be: then the fetching counts, and the Reading says so.
func (r *Reading) observe(own moment, fetched ...moment) {
	for _, s := range fetched {
		if r.Fetched.IsZero() && s.from != timeStored {
			r.Fetched = s.at
		}
	}
	latest := r.Fetched
	for _, s := range fetched {
		if latest.IsZero() {
			latest = s.at
		}
	}
	if !own.at.IsZero() && !latest.IsZero() && own.at.After(latest.Add(aheadOfFetch)) {
		r.warn(WarnClock)
		own.at = time.Time{}
	}
	if !own.at.IsZero() {
		r.Observed, r.TimeFrom = own.at, own.from
		return
	}
	for _, s := range fetched {
		if !s.at.IsZero() {
			r.Observed, r.TimeFrom = s.at, s.from
			return
		}
	}
}
