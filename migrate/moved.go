package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// vinSignal is the one signal that tells cars apart; vinPermission is what it takes.
const (
	vinSignal     = "vehicleidentification-vin"
	vinPermission = "read_vin"
)

// maxLooks is how many other connections of a user are asked for their VIN, for one car (CONTRACT §6).
const maxLooks = 3

// search looks for a car that is proved not to be connected under its vehicleId: its user may have connected it anew, under
// another one. Only orphans, connections that no inventory entry has, are candidates, so that a healthy fleet costs no
// call. Where another user is connected to the vehicleId, the id is still in use and the search has no object.
func (r *Run) search(ctx context.Context, entry inventory.Entry, e *Evidence) error {
	if id := e.Identity; !id.Absent || entry.UserID == "" || len(id.Users) > 0 {
		return nil
	}
	orphans, err := r.Store.OrphansOf(ctx, entry.UserID)
	if err != nil || len(orphans) == 0 {
		return err
	}
	return r.Meter.Search(ctx, entry, orphans, e)
}

// Search asks candidates for their VIN and notes in e.Identity under which vehicleId the same car is connected, or why that
// is not known. The car's own VIN is the inventory's, else the legacy leg is asked for it once; what that read says about
// the legacy leg stands in e.Legacy. An error is the tool's own trouble; e then holds what was found out before it.
func (m *Meter) Search(ctx context.Context, entry inventory.Entry, orphans []Link, e *Evidence) error {
	s := search{visit: visit{meter: m, entry: entry, evidence: e, fields: namedFields("vin", "make", "model", "year")}}
	err := s.inRoom(ctx, func(ctx context.Context) error { return s.run(ctx, orphans) })
	if err != nil {
		s.undecided("the run ended before it was found out", true)
	}
	return err
}

// search is one such search while it is made.
type search struct {
	visit
	vin string
}

// run goes from the cheap to the dear: the list, the inventory, the legacy read, the signals.
func (s *search) run(ctx context.Context, orphans []Link) error {
	candidates := s.alike(orphans)
	switch {
	case len(candidates) == 0:
		return nil
	case s.meter.Legs == "connections":
		s.undecided("--legs connections asks for no VIN", true)
		return nil
	case !slices.ContainsFunc(candidates, mayTellVIN):
		s.undecided("they lack "+vinPermission, false)
		return nil
	}
	if possible, err := s.possible(ctx); err != nil || !possible {
		return err
	}
	if known, err := s.ownVIN(ctx); err != nil || !known {
		return err
	}
	return s.look(ctx, s.alike(orphans)) // the legacy read may have told make, model and year
}

// alike are the links that may be the car: those of its make, model and year, as far as both are known.
func (s *search) alike(links []Link) []Link {
	e := s.evidence
	same := func(a, b string) bool { return a == "" || b == "" || strings.EqualFold(a, b) }
	return slices.DeleteFunc(slices.Clone(links), func(l Link) bool {
		return !same(e.Make, l.Make) || !same(e.Model, l.Model) || e.Year != 0 && l.Year != 0 && e.Year != l.Year
	})
}

// mayTellVIN is false where the connection is known to lack the permission.
func mayTellVIN(l Link) bool { return !l.states() || slices.Contains(l.Permissions, vinPermission) }

// undecided notes why the search found nothing out, and whether asking again may.
func (s *search) undecided(why string, again bool) {
	id := &s.evidence.Identity
	id.Search, id.SearchAgain = "other connections of this user may be the same car: "+why, again
}

// possible makes sure of the application token before the legacy leg is paid for a VIN that nothing could be compared with.
func (s *search) possible(ctx context.Context) (bool, error) {
	err := s.meter.Caller.AppToken(ctx)
	if trouble := (*smartcar.TokenError)(nil); errors.As(err, &trouble) {
		s.undecided("no application token: "+trouble.Failure.Label(), true)
		return false, nil
	}
	return err == nil, err
}

// ownVIN finds the VIN of the car; known is false where the search ends here.
func (s *search) ownVIN(ctx context.Context) (known bool, err error) {
	if s.vin = s.entry.VIN; s.vin != "" {
		return true, nil
	}
	leg := &s.evidence.Legacy
	if s.meter.noLegacy() {
		if s.vin, err = s.meter.vinOfBaseline(ctx, s.entry); err == nil && s.vin == "" {
			s.undecided("its own VIN is not known", false)
		}
		return s.vin != "", err
	}
	if s.meter.Legs == "app" {
		s.undecided("its own VIN is not known", true)
		return false, nil
	}
	if usable, err := s.resolve(ctx); err != nil || !usable {
		if why := leg.Detail; leg.Outcome == LegTokenMissing { // no call, no outcome: the list decides alone
			*leg = Leg{Outcome: LegNotRun}
			s.undecided("its own VIN is not known (legacy token: "+why+")", true)
		}
		return false, err
	}
	if err := s.legacy()(ctx); err != nil {
		return false, err
	}
	s.readOwn()
	if s.vin == "" && !deadOutcomes[leg.Outcome] {
		s.undecided(strings.TrimSpace("the legacy leg does not tell its own VIN "+leg.detail()), !lastingOutcomes[leg.Outcome])
	}
	return s.vin != "" && !deadOutcomes[leg.Outcome], nil
}

// lastingOutcomes of the legacy read are not asked for again: it answered, or is not for this car.
var lastingOutcomes = map[LegOutcome]bool{LegAnswered: true, LegTokenWrong: true, LegNotFound: true, LegOpaqueDenied: true}

// readOwn takes what the legacy read told about the car.
func (s *search) readOwn() {
	e := s.evidence
	readings := s.legacyReadings(s.fields)
	if e.Legacy.Outcome == LegAnswered {
		e.Legacy.settle(readings, legacyOutcome)
	}
	for _, r := range readings {
		switch {
		case r.Status != compare.Served:
		case r.Field == "vin":
			s.vin = r.Value.Text
		case r.Field == "make":
			e.Make = r.Value.Text
		case r.Field == "model":
			e.Model = r.Value.Text
		case r.Field == "year":
			e.Year = int(r.Value.Num)
		}
	}
}

// look asks the candidates one by one, at most maxLooks of them; what an earlier search learned costs nothing.
func (s *search) look(ctx context.Context, candidates []Link) error {
	var unknown []Link
	for _, l := range candidates {
		switch vin := s.meter.vins.get(l.VehicleID); {
		case strings.EqualFold(vin, s.vin):
			s.found(l)
			return nil
		case vin != "": // another car
		case !mayTellVIN(l):
			s.undecided("they lack "+vinPermission, false)
		default:
			unknown = append(unknown, l)
		}
	}
	if n := len(unknown); n > maxLooks {
		s.undecided(fmt.Sprintf("%d of %d were looked at", maxLooks, n), false)
		unknown = unknown[:maxLooks]
	}
	for _, l := range unknown {
		if end, err := s.lookAt(ctx, l); err != nil || end {
			return err
		}
	}
	return nil
}

func (s *search) found(l Link) {
	id := &s.evidence.Identity
	id.MovedTo, id.Search, id.SearchAgain = l.VehicleID, "", false
}

// lookAt asks one candidate; end tells that it is the car, or that the others would fare no better.
//
// Searches for other cars of the same user look at the same ones: one at a time, and who waited takes what the other learned.
func (s *search) lookAt(ctx context.Context, l Link) (end bool, err error) {
	leave, err := s.meter.looks.enter(ctx, strings.ToLower(l.VehicleID))
	if err != nil {
		return true, err
	}
	defer leave()
	if vin := s.meter.vins.get(l.VehicleID); vin != "" {
		return s.compareVIN(l, vin), nil
	}
	leg := &s.evidence.App
	if s.evidence.Earlier+s.evidence.Legacy.Billed+leg.Billed >= s.meter.Billed {
		s.undecided("over --max-billed-per-vehicle", true)
		return true, nil
	}
	answer, err := s.meter.Caller.Signal(ctx, l.VehicleID, l.UserID, vinSignal)
	if err != nil {
		return true, err
	}
	leg.note(answer)
	if answer.Failure == nil {
		leg.Billed++
	}
	vin, trouble := vinOf(l, answer)
	if trouble != nil {
		s.undecided(trouble.Label(), trouble.Kind.Passing())
		return ofAll(trouble.Kind), nil
	}
	s.meter.vins.put(l.VehicleID, vin)
	return s.compareVIN(l, vin), nil
}

func (s *search) compareVIN(l Link, vin string) (same bool) {
	if same = strings.EqualFold(vin, s.vin); same {
		s.found(l)
	}
	return same
}

// vinOf reads the answer of a candidate: its VIN, or why there is none.
func vinOf(l Link, answer smartcar.Answer) (vin string, trouble *compare.Failure) {
	if answer.Failure != nil {
		return "", answer.Failure
	}
	signals, err := compare.ParseSignal(answer.Body)
	if err != nil {
		return "", &compare.Failure{Kind: compare.KindMalformed}
	}
	if id := signals.VehicleID(); id != "" && !sameID(id, l.VehicleID) {
		return "", &compare.Failure{Kind: compare.KindMalformed}
	}
	switch r := compare.ReadApp(namedFields("vin"), signals)[0]; {
	case r.Status == compare.Served:
		return r.Value.Text, nil
	case r.Failure != nil:
		return "", r.Failure
	}
	return "", &compare.Failure{Kind: compare.KindNotFound}
}

func namedFields(names ...string) []*compare.Field {
	fields := make([]*compare.Field, 0, len(names))
	for _, name := range names {
		if f, ok := compare.Lookup(name); ok {
			fields = append(fields, f)
		}
	}
	return fields
}
