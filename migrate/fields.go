package migrate

import (
	"cmp"
	"slices"

	"scmigrate/compare"
)

// fields finds what is wrong with single fields; fields of one signal that fail for one reason are one cause.
func (c *court) fields() {
	groups, waived, matched := newGrouping(), c.waived, c.matched
	findings := slices.Clip(c.e.Findings)
	for _, f := range append(findings, c.neverAsked()...) { // mostly none: then nothing is copied
		if c.required(f) {
			c.field(f, groups)
		}
		if c.e.Legacy.Outcome == LegAnswered && f.Outcome == compare.Gained && f.Legacy.Failure != nil && f.Legacy.Failure.Kind == compare.KindNotPermitted {
			c.notes = append(c.notes, CauseRef{Code: PermissionGained, Field: f.Field})
		}
	}
	if c.e.Legacy.Outcome == LegAnswered && c.e.App.Outcome == LegAnswered && !c.blamed(VehicleMismatch) {
		c.unproved(groups)
		groups.each(c.accuse) // two different cars explain every difference between them
	} else {
		c.waived, c.matched = waived, matched // what single fields came to says nothing then
	}
}

// neverAsked are findings in place of the fields that are required by name and that nobody compared: a rule that came
// later, a field left out of --fields. They are unmeasured (CONTRACT §6).
func (c *court) neverAsked() (missing []compare.Finding) {
	for _, name := range c.rules.Named(c.vehicle) {
		if field, ok := compare.Lookup(name); ok && !field.HasCounterpart() {
			continue // never blocks, asked for or not
		}
		if !slices.ContainsFunc(c.e.Findings, func(f compare.Finding) bool { return f.Field == name }) {
			missing = append(missing, compare.Finding{Field: name, Outcome: compare.Unmeasured, Reason: compare.ReasonUnasked})
		}
	}
	return missing
}

func (c *court) field(f compare.Finding, groups *grouping) {
	c.noteAge(f)
	switch f.Outcome {
	case compare.Match, compare.Drift:
		c.served++
	case compare.Unverifiable:
		c.served++
		c.vague++
		c.noteFlap(f)
	case compare.Differs:
		c.served++
		c.different(f, groups)
	case compare.Lost:
		if c.missingPermission(f) == "" {
			c.against(groups, lostCode(f, c.e.Identity.Listed), f, lostDetail(f))
		}
	case compare.Unmeasured:
		c.unmeasured(f, groups)
	case compare.Gained, compare.Nowhere: // required by name, and not served today: nothing is lost, and nothing proved
		c.vague++
	}
}

// different gives a field whose values differ its cause.
func (c *court) different(f compare.Finding, groups *grouping) {
	switch {
	case f.Field == "vin": // the identity's to explain
	case c.sameVIN && slices.Contains(descriptive, f.Field):
		c.vague++
		c.notes = append(c.notes, CauseRef{Code: ValueDiffers, Field: f.Field, Detail: "the VINs are equal: the same car, described in other words"})
	default:
		c.against(groups, differenceCodes[f.Reason], f, "")
	}
}

var differenceCodes = map[compare.Reason]Code{compare.ReasonUnit: UnitSuspect, compare.ReasonValue: ValueDiffers, compare.ReasonStale: StaleData}

// against puts a field's cause into its group, waived or not; a waived difference is no match.
func (c *court) against(groups *grouping, code Code, f compare.Finding, detail string) {
	waiver := c.waives(code, f.Field)
	if waiver != "" {
		c.vague++
		c.waived = append(c.waived, f.Field)
	}
	source := f.App.Source
	if field, ok := compare.Lookup(f.Field); ok && code == PermissionLost && len(field.Permissions) > 0 {
		source = field.Permissions[0] // one cause for each permission, however many signals it opens
	}
	groups.add(CauseRef{Code: code, Field: f.Field, Detail: detail, Waived: waiver != "", Waiver: waiver}, source)
}

// noteAge says where the rules judge no age that an unequal value is old news; noteFlap that a difference vanished.
func (c *court) noteAge(f compare.Finding) {
	if f.Unequal() && c.rules.Freshness.Of(f.Field) == 0 && f.Age(c.e.At) > oldNews {
		c.notes = append(c.notes, CauseRef{Code: StaleData, Field: f.Field, Detail: "older than " + compare.Span(oldNews)})
	}
}

func (c *court) noteFlap(f compare.Finding) {
	if f.Flapped() {
		c.notes = append(c.notes, CauseRef{Code: ValueDiffers, Field: f.Field, Detail: "flapped: the difference had vanished when it was asked for again"})
	}
}

// descriptive fields name the car; where the VIN proves which car it is, another wording is a note (CONTRACT §6,
// vehicle-mismatch; DESIGN §3.2).
var descriptive = []string{"make", "model", "year"}

// lostCode: an app leg that says PERMISSION where the list of connections is not known has lost the permission; where
// the list grants it, it is the signal that is lost.
func lostCode(f compare.Finding, listed *Link) Code {
	if !listed.states() && f.App.Failure != nil && f.App.Failure.Kind == compare.KindNotPermitted {
		return PermissionLost
	}
	if f.App.Failure != nil && (f.App.Failure.Kind == compare.KindReauth || f.App.Failure.Kind == compare.KindGone) {
		return AppReauth
	}
	return SignalLost
}

func lostDetail(f compare.Finding) string {
	switch {
	case f.App.Failure != nil:
		return f.App.Failure.Label()
	case f.App.Status == compare.Empty:
		return "answered without a value"
	}
	return "not in the store"
}

func (c *court) unmeasured(f compare.Finding, groups *grouping) {
	code, source, failure := LegacyUnmeasured, f.Legacy.Source, f.Legacy.Failure
	if f.Reason == compare.ReasonTimes {
		c.served++
		groups.add(CauseRef{Code: SignalUnavailable, Field: f.Field, Detail: "no observation time"}, f.App.Source)
		return
	}
	if f.Reason == compare.ReasonAppSide {
		code, source, failure = SignalUnavailable, f.App.Source, f.App.Failure
		if c.missingPermission(f) != "" && c.waives(PermissionLost, f.Field) == "" {
			return // the lost permission explains it
		}
	}
	detail := "not asked for"
	if failure != nil {
		detail = cmp.Or(failure.Note, failure.Label())
		if failure.Type != "" {
			detail = failure.Label()
		}
	}
	groups.add(CauseRef{Code: code, Field: f.Field, Detail: detail}, source) // never waived: it was not measured
}
