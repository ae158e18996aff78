package migrate

import "slices"

// Cause is one row of the table of causes: what it means and what to do about it. A new cause is one row of causes.
type Cause struct {
	Code     Code
	Verdict  Verdict // "" for notes
	Title    string
	Meaning  string
	Action   string
	Who      string // who can act
	Unwaived bool   // cannot be waived
}

// Who can act on a cause.
const (
	engineering = "engineering"
	owner       = "vehicle owner"
	support     = "Smartcar support"
	nobody      = "nobody: run again"
)

// The codes of CONTRACT §6.
const (
	IsolationBreach    Code = "isolation-breach"
	VehicleMismatch    Code = "vehicle-mismatch"
	UserIDWrong        Code = "user-id-wrong"
	UserIDMissing      Code = "user-id-missing"
	UserIDAmbiguous    Code = "user-id-ambiguous"
	NotConnected       Code = "not-connected"
	VehicleIDChanged   Code = "vehicle-id-changed"
	AppReauth          Code = "app-reauthentication-needed"
	PermissionLost     Code = "permission-lost"
	SignalLost         Code = "signal-lost"
	UnitSuspect        Code = "unit-suspect"
	ValueDiffers       Code = "value-differs"
	StaleData          Code = "stale-data"
	LegacyGrantDead    Code = "legacy-grant-dead"
	Reauthentication   Code = "reauthentication-needed"
	VehicleGone        Code = "vehicle-gone"
	LegacyRetired      Code = "legacy-retired"
	AppNotEnabled      Code = "app-not-enabled"
	LegacyTokenMissing Code = "legacy-token-missing"
	LegacyTokenRefused Code = "legacy-token-refused"
	LegacyTokenWrong   Code = "legacy-token-wrong"
	NoDataYet          Code = "no-data-yet"
	SignalUnavailable  Code = "signal-unavailable"
	LegacyUnmeasured   Code = "legacy-unmeasured"
	BothFailed         Code = "both-failed"
	RateLimited        Code = "rate-limited"
	QuotaExhausted     Code = "quota-exhausted"
	UpstreamError      Code = "upstream-error"
	VehicleUnreachable Code = "vehicle-unreachable"
	TimedOut           Code = "timeout"
	MalformedResponse  Code = "malformed-response"
	NotRun             Code = "not-run"
	InvalidEntry       Code = "invalid-entry"
	DuplicateEntry     Code = "duplicate-entry"
	OrphanConnection   Code = "orphan-connection"
	PermissionGained   Code = "permission-gained"
	ClockSkew          Code = "clock-skew"
	Systemic           Code = "systemic"
)

// causes is the table, gravest first: its order is the order in which a vehicle's causes are listed.
var causes = []Cause{
	{IsolationBreach, Blocked, "a foreign user id was served", "a request with a user id that has no connection to this car was answered with its data, twice", "stop the migration and tell Smartcar support at once, with the request ids", support, true},
	{VehicleMismatch, Blocked, "the two legs are different cars", "the legacy leg, the app leg or the inventory state different VINs", "correct vehicleId and userId of this entry: the legacy token belongs to another car", engineering, true},
	{UserIDWrong, Blocked, "the stored userId is somebody else's", "Smartcar's connections list, or the token itself, proves that another user is connected to this car", "take it out of the inventory, and let scmigrate inventory backfill find the right one", engineering, true},
	{UserIDMissing, Blocked, "no userId is stored", "without sc-user-id no v3 request can be made for this car", "store the suggestedUserId, or let scmigrate inventory backfill find it", engineering, true},
	{UserIDAmbiguous, Blocked, "no userId is stored, several are possible", "more than one user is connected to this car and the inventory does not say which one is meant", "ask GET /v2.0/user with this car's token, or the owner, and store the answer", engineering, true},
	{NotConnected, Blocked, "not connected under the application", "there is no connection of this user and this car: v3 refuses it", "send the owner through Smartcar Connect again; if the list shows the connection, give Smartcar support the request ids", owner, false},
	{VehicleIDChanged, Blocked, "the car has another vehicleId now", "the same VIN is connected under another vehicleId", "replace the vehicleId in the inventory by the suggestedVehicleId", engineering, false},
	{AppReauth, Blocked, "v3 asks for a new login", "only the app leg asks the owner to log in at the maker again; the legacy leg still works", "send the owner through Connect's re-authentication before the cut-over", owner, false},
	{PermissionLost, Blocked, "a permission is missing", "the legacy grant serves this, but the v3 connection lacks the permission for it", "ask for the permission in Connect and send the owner through it again", owner, false},
	{SignalLost, Blocked, "v3 does not serve this", "the legacy leg serves this field, the app leg for a lasting reason does not", "check that the signal is switched on for the application; change the code to do without it, or ask Smartcar support", engineering, false},
	{UnitSuspect, Blocked, "wrong unit or scale", "the numbers agree only under another unit or scale than the label says", "read the unit with the value and convert; test the label against plausible values", engineering, false},
	{ValueDiffers, Blocked, "the legs disagree", "the two values are too far apart to be explained by time or rounding", "look at the pair in the vehicle's details and ask Smartcar support with both request ids", support, false},
	{StaleData, Blocked, "older than the rules allow", "the app value is older than the freshness rule and not equal", "subscribe the car to a webhook so that its store is refreshed", engineering, false},
	{LegacyGrantDead, Broken, "the legacy grant is dead", "proved: the grant is gone, or a token inside its stated life is refused; the car does not work today either", "send the owner through Connect again: that repairs both worlds", owner, false},
	{Reauthentication, Broken, "the owner must log in again", "the legacy leg asks for re-authentication: the car does not work today either", "send the owner through Connect's re-authentication", owner, false},
	{VehicleGone, Broken, "the car left the account", "the maker no longer lists the car in the owner's account", "ask the owner; remove the entry if the car was sold", owner, false},
	{LegacyRetired, Inconclusive, "v2.0 refuses everybody", "no vehicle's legacy leg answers: v2.0 seems switched off for this application (with --legacy-api v3: opaque tokens do not work on v3), so nothing can be compared", "compare with an earlier run in its place: run with --legacy-api none --baseline DIR0 and a new -o DIR", engineering, false},
	{AppNotEnabled, Inconclusive, "v3 is not enabled", "v3 refuses the whole application, not single cars", "upgrade the application to v3 in the dashboard, then run again", engineering, false},
	{LegacyTokenMissing, Inconclusive, "no usable legacy token", "the inventory or the token command gives no token for this car, or only one that has expired", "give a fresh token, best by legacyTokens.command", engineering, false},
	{LegacyTokenRefused, Inconclusive, "the legacy token was refused", "401: the token may simply be older than its two hours", "give a fresh token, best by legacyTokens.command", engineering, false},
	{LegacyTokenWrong, Inconclusive, "the legacy token is for another car", "the token works but does not cover this car", "give the token of the grant that covers this car", engineering, false},
	{NoDataYet, Inconclusive, "v3 has no data yet", "the app leg answers with an empty store: nothing was ever collected for this car", "subscribe the car to a webhook, wait for the first delivery, run again", engineering, false},
	{SignalUnavailable, Inconclusive, "a v3 signal fails for now", "a required field fails on the app leg for a passing reason", "run again later", nobody, false},
	{LegacyUnmeasured, Inconclusive, "a v2 field fails for now", "a required field could not be measured on the legacy leg, so nothing can be said about it", "run again later", nobody, false},
	{BothFailed, Inconclusive, "both legs failed", "both legs fail for a passing reason: that they fail alike proves nothing", "run again later", nobody, false},
	{RateLimited, Inconclusive, "throttled", "a leg was throttled and could not be measured", "run again, with a lower --limit-share if production is throttled too", nobody, false},
	{QuotaExhausted, Inconclusive, "the plan's calls are used up", "Smartcar's plan allows no further call for this car in this period", "run again in the next billing period, or ask for a higher plan", engineering, false},
	{UpstreamError, Inconclusive, "Smartcar or the maker failed", "a leg answered with a server error", "run again later", nobody, false},
	{VehicleUnreachable, Inconclusive, "the car cannot be reached", "asleep, out of reach or in a state in which it does not answer", "run again later, when the car was driven", nobody, false},
	{TimedOut, Inconclusive, "no answer in time", "a leg did not answer before its time-out", "run again, with a longer --timeout-legacy or --timeout-app", nobody, false},
	{MalformedResponse, Inconclusive, "an answer cannot be read", "a leg answered with something that is not what Smartcar documents", "look at the request ids; run again later", support, false},
	{NotRun, Inconclusive, "not called yet", "the run ended, or was limited, before this car's turn", "run again on the same directory: it goes on where it stopped", nobody, false},
	{InvalidEntry, Inconclusive, "a faulty inventory entry", "this entry of the inventory cannot be read", "correct it at the line that was named", engineering, false},
	{DuplicateEntry, Inconclusive, "the same entry twice", "another entry has the same vehicleId and userId", "remove one of them", engineering, false},
	{OrphanConnection, "", "connected but not in the inventory", "these connections exist at Smartcar and are missing from the inventory", "add them, or check that nobody uses them", engineering, false},
	{PermissionGained, "", "more is granted than before", "v3 serves what the legacy grant did not allow", "nothing to do; check that it is meant", engineering, false},
	{ClockSkew, "", "clocks differ", "this machine's clock and Smartcar's differ by more than a minute", "set this machine's clock", engineering, false},
	{Systemic, "", "one setting, not many cars", "the cause hits nearly everybody: it is one setting", "change the setting, run again", engineering, false},
}

// Causes is the table of causes, gravest first.
func Causes() []Cause { return slices.Clone(causes) }

// LookupCause finds a cause by its code.
func LookupCause(code Code) (Cause, bool) {
	i := rank(code)
	if i == len(causes) {
		return Cause{}, false
	}
	return causes[i], true
}

// rank is a cause's place in the order of gravity; unknown codes come last.
func rank(code Code) int {
	if i := slices.IndexFunc(causes, func(c Cause) bool { return c.Code == code }); i >= 0 {
		return i
	}
	return len(causes)
}
