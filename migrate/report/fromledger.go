package report

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/rules"
)

// FromLedger builds the report of a run from its ledger and nothing else: no clock, no network. full gives the fields of
// every vehicle, otherwise only of those that are not ready. The key of the shareable form comes with it.
func FromLedger(ctx context.Context, l *ledger.Ledger, full bool) (r Report, shareKey []byte, err error) {
	return Read(ctx, l, Reading{Full: full})
}

// Reading says what is read of a ledger beside the run itself.
type Reading struct {
	Full    bool                 // the fields of every vehicle
	Earlier *ledger.Ledger       // what changed since this run; nil: nothing is told of that
	Each    func(migrate.Record) // is shown every record, as people are to see it, in the order of the inventory; may be nil
}

// Read is FromLedger with more.
func Read(ctx context.Context, l *ledger.Ledger, o Reading) (r Report, shareKey []byte, err error) {
	h, err := l.Header(ctx)
	if err != nil {
		return Report{}, nil, err
	}
	facts, err := l.Facts(ctx)
	if err != nil {
		return Report{}, nil, err
	}
	demands, err := l.Rules(ctx)
	if err != nil {
		return Report{}, nil, err
	}
	records := shownRecords{ctx, l, facts, demands}
	sum := newSumming(h, demands)
	if sum.fleet.Sample, err = l.Frame(ctx); err != nil {
		return Report{}, nil, err
	}
	if err := sum.compare(ctx, o.Earlier, l); err != nil {
		return Report{}, nil, err
	}
	for rec, err := range records.all() {
		if err != nil {
			return Report{}, nil, err
		}
		sum.add(rec)
		if o.Each != nil {
			o.Each(rec)
		}
	}
	r = Report{Summary: sum.summary(), Vehicles: func() iter.Seq2[Vehicle, error] { return vehiclesOf(records, o.Full) }}
	if err := fillRun(ctx, l, &r.Summary); err != nil {
		return Report{}, nil, err
	}
	r.Notes = append(r.Notes, waiverNotes(facts.Waivers)...)
	key, err := hex.DecodeString(h.ShareKey)
	return r, key, err
}

// vehiclesOf reads the findings of those vehicles alone whose fields are given.
func vehiclesOf(records shownRecords, full bool) iter.Seq2[Vehicle, error] {
	wants := func(rec migrate.Record) bool { return full || rec.Judgement.Verdict != migrate.Ready }
	return ledger.Map(records.ctx, records.ledger, wants, func(rec migrate.Record) (Vehicle, error) { return vehicleOf(records.show(rec), full), nil })
}

// shownRecords are the ledger's records as people are to see them: those that were never called with their verdict, the
// findings as the rules and the facts of the run read them.
type shownRecords struct {
	ctx    context.Context
	ledger *ledger.Ledger
	facts  migrate.Facts
	rules  rules.Rules
}

func (s shownRecords) all() iter.Seq2[migrate.Record, error] {
	return ledger.Map(s.ctx, s.ledger, nil, func(rec migrate.Record) (migrate.Record, error) { return s.show(rec), nil })
}

func (s shownRecords) show(rec migrate.Record) migrate.Record {
	switch {
	case rec.Judgement.Verdict != "":
	case rec.Undrawn:
		rec.Judgement = migrate.LeftOut(rec.Entry, s.facts)
	default:
		rec.Judgement = migrate.Uncalled(rec.Entry, s.facts)
	}
	rec.Evidence.Findings = migrate.Shown(rec, s.facts, s.rules)
	return rec
}

// fillRun adds what the ledger knows beside the vehicles.
func fillRun(ctx context.Context, l *ledger.Ledger, s *Summary) error {
	requests, err := l.Requests(ctx)
	if err != nil {
		return err
	}
	s.Run.Requests = Requests{Legacy: requests["legacy"], App: requests["app"], IAM: requests["iam"], Auth: requests["auth"], Management: requests["management"]}
	if s.Run.BilledReads.Legacy, s.Run.BilledReads.App, err = l.Billed(ctx); err != nil {
		return err
	}
	controls, err := l.Controls(ctx)
	if err != nil {
		return err
	}
	s.Run.Controls = Controls{Tried: controls.Tried, Refused: controls.Refused, Served: controls.Served, Undecided: controls.Undecided}
	if s.Run.Controls.Looks, err = l.Looks(ctx); err != nil {
		return err
	}
	if err := errors.Join(carriedOf(ctx, l, s), changesNote(ctx, l, s)); err != nil {
		return err
	}
	rechecks, err := l.Rechecks(ctx)
	if err != nil {
		return err
	}
	s.Run.Rechecks.Vehicles, s.Run.Rechecks.Requests = rechecks.Vehicles, rechecks.Requests
	orphans, examples, err := l.Orphans(ctx)
	if err != nil {
		return err
	}
	if orphans > 0 {
		s.Notes = append(s.Notes, note(migrate.OrphanConnection, orphans, examples))
	}
	return listNotes(ctx, l, s)
}

// changesNote says what became of the inventory since the run was begun.
func changesNote(ctx context.Context, l *ledger.Ledger, s *Summary) error {
	c, err := l.Accepted(ctx)
	if err != nil || !c.Any() {
		return err
	}
	s.Notes = append(s.Notes, Note{Code: "inventory-changed", Count: c.N(), Examples: append([]string{}, c.Added.Examples[:min(len(c.Added.Examples), maxExamples)]...),
		Text: fmt.Sprintf("the inventory was changed in mid-run and that was accepted (the last time %s): %d added, %d removed, %d with another userId, %d with other fields, %d with another grant", c.When, c.Added.N, c.Removed.N, c.Users.N, c.Fields.N, c.Grants.N)})
	return nil
}

// carriedOf says how much of the report is an earlier run's.
func carriedOf(ctx context.Context, l *ledger.Ledger, s *Summary) error {
	c, err := l.Carried(ctx)
	if err != nil || c.Vehicles == 0 {
		return err
	}
	s.Run.Carried = &Carried{c.Vehicles, c.Oldest.UTC(), c.Newest.UTC()}
	s.Notes = append(s.Notes, Note{Code: "carried", Count: c.Vehicles, Examples: []string{},
		Text: fmt.Sprintf("vehicles taken over from an earlier run (--only %s): they were measured between %s and %s and not called in this run", s.Run.Only, stamp(c.Oldest), stamp(c.Newest))})
	return nil
}

// listNotes says where a connections list is not whole, which then proves no absence, and what changed in it during the run.
func listNotes(ctx context.Context, l *ledger.Ledger, s *Summary) error {
	lists, err := l.LinkLists(ctx)
	for _, list := range lists {
		if !list.Complete {
			s.Notes = append(s.Notes, Note{Code: "incomplete-list", Count: 1, Examples: []string{},
				Text: fmt.Sprintf("the list of %s connections is not whole (%s): it proves no absence", list.Mode, list.Why)})
		}
	}
	if err != nil {
		return err
	}
	changes, err := l.ListChanges(ctx)
	if text := changes.Text(); text != "" {
		s.Notes = append(s.Notes, Note{Code: "connections-changed", Count: changes.N(), Text: text, Examples: append([]string{}, changes.Examples(maxExamples)...)})
	}
	if changes.Failed > 0 {
		s.Notes = append(s.Notes, Note{Code: "connections-not-renewed", Count: changes.Failed, Examples: []string{},
			Text: "the connections list was read again and was not whole (" + changes.Why + "): the earlier whole reading stands"})
	}
	return err
}

func note(code migrate.Code, count int, examples []string) Note {
	text := noteTexts[code]
	if text == "" {
		cause, _ := migrate.LookupCause(code)
		text = cause.Meaning + "; " + cause.Action
	}
	return Note{Code: string(code), Count: count, Text: text, Examples: append([]string{}, examples...)}
}

// noteTexts are what causes that usually block mean where they are only noted.
var noteTexts = map[migrate.Code]string{
	migrate.StaleData: "an app value that is not equal to the legacy one is older than 36 h, and no freshness rule judges it; subscribe the car to a webhook so that its store is refreshed",
	migrate.ValueDiffers: "values that differ and do not stand against the car: it is described in other words under one VIN, or the difference had vanished when it was asked for again; " +
		"the vehicle's notes say which",
}

func vehicleOf(rec migrate.Record, full bool) Vehicle {
	e, j := rec.Evidence, rec.Judgement
	v := Vehicle{
		VehicleID: rec.Entry.VehicleID, UserID: rec.Entry.UserID, SuggestedUserID: optional(e.Identity.Suggested), SuggestedVehicleID: optional(e.Identity.MovedTo),
		Label: rec.Entry.Label, Cohort: rec.Entry.Cohort,
		Make: e.Make, Model: e.Model, Year: e.Year, Mode: e.Mode, Verdict: string(j.Verdict), Proof: optional(string(j.Proof)), Identity: rec.IdentityBy(),
		Undrawn: rec.Undrawn, EvidenceAt: moment(rec.At), Causes: refsOf(j.Causes), Notes: refsOf(j.Notes), Fields: []Field{},
		RequestIDs: RequestIDs{Legacy: append([]string{}, e.Legacy.RequestIDs...), App: append([]string{}, e.App.RequestIDs...)},
	}
	v.Waived = j.Waived()
	if full || j.Verdict != migrate.Ready {
		for _, f := range e.Findings {
			v.Fields = append(v.Fields, fieldOf(f))
		}
	}
	return v
}

func refsOf(causes []migrate.CauseRef) []CauseRef {
	refs := make([]CauseRef, 0, len(causes))
	for _, c := range causes {
		refs = append(refs, CauseRef{Code: string(c.Code), Field: c.Field, Detail: joined(", ", c.Detail, c.Waiver), Waived: c.Waived})
	}
	return refs
}

func fieldOf(f compare.Finding) Field {
	note := f.Note
	if f.Distance != nil {
		note = fmt.Sprintf("%.0f m apart. %s", *f.Distance, note)
	}
	return Field{Field: f.Field, Outcome: string(f.Outcome), Legacy: observationOf(f.Field, f.Legacy), App: observationOf(f.Field, f.App), Note: note}
}

// observationOf is nil where a leg was not asked or holds nothing.
func observationOf(field string, r compare.Reading) *Observation {
	switch r.Status {
	case compare.Unasked, compare.Absent:
		return nil
	case compare.Failed:
		return &Observation{Error: failureText(r.Failure), At: moment(r.Observed), Source: r.TimeFrom}
	}
	o := &Observation{At: moment(r.Observed), Source: r.TimeFrom}
	if r.Status == compare.Served {
		o.Value = r.Value
		if f, ok := compare.Lookup(field); ok && f.Quantity != compare.Fraction { // a fraction has no unit
			o.Unit = f.Quantity.Unit
		}
	}
	return o
}

func failureText(f *compare.Failure) string {
	switch {
	case f == nil:
		return "failed"
	case f.Note != "" && f.Type == "":
		return f.Note
	}
	return f.Label()
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
