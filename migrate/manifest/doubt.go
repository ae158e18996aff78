package manifest

// Doubt is a reason why an entry of a manifest does not hold, or may not.
type Doubt uint16

// The doubts. All refuse the entry but the last two, which leave it undecided.
const (
	TooOld Doubt = 1 << iota
	FromLater
	WaiverOver
	NotInInventory
	OtherUser
	OtherFields
	NotInRun
	NotReady
	MeasuredAgain
	NotConnected
	UserChanged
	PermissionGone
	Unseen
	Silent

	undecided = Unseen | Silent
)

// meaning is what people are told of a doubt: what is so, and what to do.
type meaning struct {
	Doubt
	code, why, action string
}

var meanings = []meaning{
	{TooOld, "too-old", "the evidence is older than --max-evidence-age", "measure again with scmigrate run into a new DIR, and write the manifest anew"},
	{FromLater, "from-later", "the evidence is dated later than today", "set this machine's clock, or write the manifest anew"},
	{WaiverOver, "waiver-expired", "it is ready by a waiver whose last day has passed", "repair what the waiver let stand, or extend it in the rules with a reason, and rejudge"},
	{NotInInventory, "not-in-inventory", "the inventory has no such vehicle", "add it to the inventory and measure it, or write the manifest anew"},
	{OtherUser, "other-user", "the inventory names another user for this vehicle", "find out whose it is (scmigrate inventory backfill); then measure again and write the manifest anew"},
	{OtherFields, "other-fields", "the inventory demands other fields of this vehicle than were proved", "rejudge the run with -i INVENTORY, or run again, and write the manifest anew"},
	{NotInRun, "uncertified", "the run has no such vehicle of this user", "write the manifest anew from the run"},
	{NotReady, "not-ready", "the run does not hold it for ready today", "see its causes in the run's report; leave the user out until they are repaired, and write the manifest anew"},
	{MeasuredAgain, "measured-again", "the run has other evidence now than the manifest was made of", "write the manifest anew from the run"},
	{NotConnected, "not-connected", "nobody is connected to this vehicle any more", "the owner must connect it again; leave the user out until then"},
	{UserChanged, "user-changed", "this user is not connected to the vehicle any more, but somebody else is", "correct the userId in the inventory, measure again, and write the manifest anew"},
	{PermissionGone, "permission-withdrawn", "the connection lacks a permission that the proof needs", "the owner must grant it again; leave the user out until then"},
	{Unseen, "not-seen", "the connections list does not show it, and its own list could not be read to its end, or was not asked for any more", "verify again"},
	{Silent, "permissions-not-stated", "the connections list does not say which permissions it has", "verify again"},
}

// meanings are what people are told of what a claim is doubted for, in the order of the table.
func (d Doubt) meanings() (list []meaning) {
	for _, m := range meanings {
		if d&m.Doubt != 0 {
			list = append(list, m)
		}
	}
	return list
}
