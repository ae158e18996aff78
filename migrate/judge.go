package migrate

import (
	"cmp"
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// Judge decides one vehicle. It is a total, pure function: the same entry, evidence, facts and rules give the same
// judgement, on any day. A vehicle is Ready only if both legs answered, nothing stands against it and at least one
// required field was served by both; whatever could not be measured makes it Inconclusive.
func Judge(entry inventory.Entry, e Evidence, facts Facts, r rules.Rules) Judgement {
	if code := faultyEntry(entry); code != "" {
		return Judgement{Verdict: Inconclusive, Causes: []CauseRef{{Code: code, Detail: entry.Invalid}}}
	}
	return hear(entry, e, facts, r).judgement()
}

// hear collects everything that there is against a vehicle.
func hear(entry inventory.Entry, e Evidence, facts Facts, r rules.Rules) *court {
	e = e.sound()
	e.Findings = Weighed(e, facts, r)
	c := &court{entry: entry, e: e, facts: facts, rules: r, vehicle: vehicleOf(entry, e)}
	c.identity()
	c.legs()
	c.permissions()
	c.fields()
	return c
}

// Uncalled is the judgement of a vehicle that the run never came to.
func Uncalled(entry inventory.Entry, facts Facts) Judgement {
	if facts.breached(entry.VehicleID) {
		return Judgement{Verdict: Blocked, Causes: []CauseRef{{Code: IsolationBreach}}}
	}
	return Judgement{Verdict: Inconclusive, Causes: []CauseRef{{Code: appCause(LegNotRun, facts)}}}
}

// LeftOut is the judgement of a vehicle that the sample did not draw: nothing is known of it, on purpose.
func LeftOut(entry inventory.Entry, facts Facts) Judgement {
	if facts.breached(entry.VehicleID) {
		return Uncalled(entry, facts)
	}
	return Judgement{Verdict: Inconclusive, Causes: []CauseRef{{Code: NotRun, Detail: "not drawn into the sample"}}}
}

func faultyEntry(entry inventory.Entry) Code {
	switch {
	case entry.Duplicate:
		return DuplicateEntry
	case entry.Invalid != "":
		return InvalidEntry
	}
	return ""
}

// court collects the causes of one vehicle.
type court struct {
	entry   inventory.Entry
	e       Evidence
	facts   Facts
	rules   rules.Rules
	vehicle rules.Vehicle // as the rules see it
	causes  []CauseRef
	notes   []CauseRef
	served  int      // required fields that both legs serve
	vague   int      // of them, those that are neither confirmed nor refuted, or waived
	sameVIN bool     // both legs state one VIN
	waived  []string // fields whose difference or loss a waiver lets stand
	matched []string // waivers in force that match a cause, by id, the winners among them
}

// blame adds a cause of the whole vehicle, waived where the rules say so.
func (c *court) blame(code Code, detail string) {
	waiver := c.waives(code, "")
	c.accuse(CauseRef{Code: code, Detail: detail, Waived: waiver != "", Waiver: waiver})
}

func (c *court) accuse(ref CauseRef) {
	if ref.Code != "" && !slices.Contains(c.causes, ref) {
		c.causes = append(c.causes, ref)
	}
}

func (c *court) blamed(code Code) bool {
	return slices.ContainsFunc(c.causes, func(r CauseRef) bool { return r.Code == code })
}

// identity finds what is wrong about whose car this is.
func (c *court) identity() {
	id := c.e.Identity
	c.blameIf(c.facts.breached(c.entry.VehicleID), IsolationBreach, "")
	switch {
	case c.entry.UserID == "" && len(id.Users) > 1:
		c.blame(UserIDAmbiguous, "")
	case c.entry.UserID == "":
		c.blame(UserIDMissing, "")
		c.blameIf(id.Absent, NotConnected, "")
	case id.TokenUser != "" && !sameID(id.TokenUser, c.entry.UserID):
		c.blame(UserIDWrong, "the token belongs to another user")
	case id.Listed == nil && id.Absent && len(id.Users) > 0:
		c.blame(UserIDWrong, "another user is connected to this vehicle")
	case id.Absent && id.MovedTo != "":
		c.blame(VehicleIDChanged, "") // the new id stands beside it, so that a fleet's changed ids are one cause
	case id.Absent:
		c.blame(NotConnected, id.Search)
	case id.Listed == nil && c.e.App.Outcome == LegNotConnected && !c.facts.AppNotEnabled:
		c.blame(NotConnected, c.e.App.detail())
	case c.e.App.Outcome == LegNotConnected && !c.facts.AppNotEnabled:
		c.blame(NotConnected, "listed, but refused: "+c.e.App.detail())
	}
	for _, why := range twoCars(c.entry, c.e) {
		c.blame(VehicleMismatch, why)
	}
	c.sameVIN = slices.ContainsFunc(c.e.Findings, func(f compare.Finding) bool { return f.Field == "vin" && f.Outcome == compare.Match })
}

func (c *court) blameIf(condition bool, code Code, detail string) {
	if condition {
		c.blame(code, detail)
	}
}

// legs finds what is wrong with the legs as a whole.
func (c *court) legs() {
	legacy, app := c.e.Legacy.Outcome, c.e.App.Outcome
	if c.blocksEarly() && app == LegNotRun && (legacy == LegNotRun || c.e.Identity.Absent) {
		// The connections list decided: not called, on purpose. A legacy leg that was asked for the VIN may be proved dead.
		if code := legacyCause(legacy, c.facts); verdictOf(code) == Broken {
			c.blame(code, c.e.Legacy.detail())
		}
		return
	}
	for _, code := range legCauses(legacy, app, c.facts) {
		c.blame(code, c.legDetail(code))
	}
}

// blocksEarly tells whether identity alone stands against the vehicle.
func (c *court) blocksEarly() bool { return len(c.causes) > 0 }

func (c *court) legDetail(code Code) string {
	legacy, app := c.e.Legacy.detail(), c.e.App.detail()
	switch {
	case code == BothFailed:
		return strings.Trim(legacy+"; "+app, "; ")
	case code == legacyCause(c.e.Legacy.Outcome, c.facts):
		return legacy
	}
	return app
}

// permissions finds required fields whose permission the connection lacks although the legacy leg serves them. What the
// app leg serves all the same is not lost, and a legacy leg that is provably dead explains everything below it.
func (c *court) permissions() {
	if verdictOf(legacyCause(c.e.Legacy.Outcome, c.facts)) == Broken {
		return
	}
	for _, f := range c.e.Findings {
		if missing := c.missingPermission(f); missing != "" && c.required(f) && f.Legacy.Status == compare.Served && f.App.Status != compare.Served {
			c.withoutPermission(f, missing)
		}
	}
	if c.e.listOnly() {
		c.permissionsOfNamed()
	}
	if len(c.rules.Permissions) > 0 && !c.e.Identity.Listed.states() && c.e.Legacy.Outcome == LegAnswered && c.e.App.Outcome == LegAnswered {
		c.blame(SignalUnavailable, "the rules ask for permissions, and which are granted is not known")
	}
	for _, p := range c.rules.Permissions {
		if listed := c.e.Identity.Listed; listed.states() && !slices.Contains(listed.Permissions, p) {
			c.blame(PermissionLost, p)
		}
	}
}

// permissionsOfNamed: where only the list was read, a field that is required by name and whose permission the connection lacks
// is lost as far as anybody knows: the legacy leg was not measured (CONTRACT §6, precedence).
func (c *court) permissionsOfNamed() {
	for _, f := range c.neverAsked() {
		if missing := c.missingPermission(f); missing != "" && c.required(f) {
			c.withoutPermission(f, missing)
		}
	}
}

func (c *court) required(f compare.Finding) bool { return c.rules.Required(c.vehicle, f) }

// missingPermission is the permission that a field needs and the connection lacks, "" where it has it.
func (c *court) missingPermission(f compare.Finding) string {
	field, known := compare.Lookup(f.Field)
	if !known || !c.e.Identity.Listed.states() || len(field.Permissions) == 0 {
		return ""
	}
	denied := f.App.Failure != nil && f.App.Failure.Kind == compare.KindNotPermitted
	missing := ""
	for _, p := range field.Permissions {
		switch granted := slices.Contains(c.e.Identity.Listed.Permissions, p); {
		case granted && !denied: // one of several is enough, as long as the app leg does not say otherwise
			return ""
		case !granted:
			missing = cmp.Or(missing, p)
		}
	}
	return missing
}

// judgement weighs the causes. A measured block stands even if other fields are unmeasured; where the legacy leg is
// provably dead, what only the app leg or the list has against the vehicle does not block it: it is broken today.
func (c *court) judgement() Judgement {
	both := c.e.Legacy.Outcome == LegAnswered && c.e.App.Outcome == LegAnswered
	if both && len(c.standing()) == 0 && c.served == 0 {
		c.blame(LegacyUnmeasured, "no required field is served by both legs")
	}
	if !both && len(c.causes) == 0 {
		c.blame(NotRun, "")
	}
	slices.SortStableFunc(c.causes, func(a, b CauseRef) int { return cmp.Compare(rank(a.Code), rank(b.Code)) })
	j := Judgement{Causes: c.causes, Notes: c.notes, Verdict: c.verdict(both), WaivedFields: c.waived}
	if j.Verdict == Ready {
		j.Proof = ProofFull
		if c.vague > 0 || len(c.causes) > 0 {
			j.Proof = ProofPartial
		}
		if !c.e.Baseline.IsZero() {
			j.Proof = ProofAppOnly
		}
	}
	return j
}

// softWhenBroken are the blocks that give way to a legacy leg that is provably dead (CONTRACT §6, precedence).
var softWhenBroken = []Code{NotConnected, UserIDWrong, UserIDMissing, UserIDAmbiguous, PermissionLost}

// standing are the causes that no waiver lets stand.
func (c *court) standing() []CauseRef {
	return slices.DeleteFunc(slices.Clone(c.causes), func(r CauseRef) bool { return r.Waived })
}

func (c *court) verdict(bothAnswered bool) Verdict {
	standing := c.standing()
	broken := slices.ContainsFunc(standing, func(r CauseRef) bool { return verdictOf(r.Code) == Broken })
	blocked := slices.ContainsFunc(standing, func(r CauseRef) bool {
		return verdictOf(r.Code) == Blocked && !(broken && slices.Contains(softWhenBroken, r.Code))
	})
	switch {
	case blocked:
		return Blocked
	case broken:
		return Broken
	case len(standing) > 0 || !bothAnswered:
		return Inconclusive
	}
	return Ready
}

func verdictOf(code Code) Verdict {
	cause, _ := LookupCause(code)
	return cause.Verdict
}
