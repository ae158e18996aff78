package migrate

import (
	"context"
	"errors"
	"slices"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// Caller makes the calls of one vehicle. *smartcar.Client is the one that leaves the process.
type Caller interface {
	BatchFrom(ctx context.Context, vehicleID string, token smartcar.TokenFunc, paths []string) (smartcar.Answer, error)
	LegacyGetFrom(ctx context.Context, vehicleID, path string, token smartcar.TokenFunc) (smartcar.Answer, error)
	LegacyUserFrom(ctx context.Context, token smartcar.TokenFunc) (smartcar.Answer, error)
	LegacySignalsFrom(ctx context.Context, vehicleID, userID string, token smartcar.TokenFunc) (smartcar.Answer, error)
	Signals(ctx context.Context, vehicleID, userID string) (smartcar.Answer, error)
	Signal(ctx context.Context, vehicleID, userID, code string) (smartcar.Answer, error)
	AppToken(ctx context.Context) error
}

// TokenSource resolves a legacy token at the moment of use.
type TokenSource interface {
	Token(ctx context.Context, r inventory.TokenRequest) (inventory.Token, error)
}

// Meter measures vehicles, one at a time per call; it may be used by many workers at once. It never has two calls in
// flight for the same vehicle and leg.
type Meter struct {
	Caller Caller
	Tokens TokenSource
	Fields []*compare.Field // what --fields asks for
	Rules  rules.Rules      // the fields that they require by name are read, too
	Now    func() time.Time
	Legs   string                                       // "connections", "app" or "both"
	Billed int                                          // the most billed reads for one vehicle
	Pause  func(host smartcar.Host, wait time.Duration) // told when a batch item says that the application's bucket is empty; nil: nobody

	LegacyAPI string                                                         // LegacyV2, LegacyV3 or LegacyNone; "" is LegacyV2
	Baseline  func(ctx context.Context, e inventory.Entry) (Baseline, error) // LegacyNone only: what the earlier run knows of a vehicle
	Others    bool                                                           // LegacyV3 only: compare the signals that no field of the catalogue reads, too

	vins    vins
	room    *room     // for the calls of all visits; nil: no end
	outages *outages  // of both APIs; nil: nobody asks
	looks   turnstile // to vehicles that no entry has
	quotas  quotas
}

// Measure takes the evidence of one vehicle: the token first (a dead one is never sent, and without one no call is
// wasted on the app leg), then both legs at the same moment. links are all connections of the vehicle. An error is the
// tool's own trouble (cancelled, budget used up): the vehicle then counts as not called.
func (m *Meter) Measure(ctx context.Context, entry inventory.Entry, links []Link, whole bool) (Evidence, error) {
	return m.Visit(ctx, Turn{Entry: entry}, links, whole)
}

// Visit is Measure of a vehicle that may have been visited before: the cap on billed reads is that of all its visits.
func (m *Meter) Visit(ctx context.Context, t Turn, links []Link, whole bool) (Evidence, error) {
	entry := t.Entry
	e := Evidence{Earlier: t.Billed, Identity: identify(entry, links, whole), Legacy: Leg{Outcome: LegNotRun}, App: Leg{Outcome: LegNotRun}, At: m.Now()}
	e.describe(links)
	if e.Identity.AskedAs == "" || e.Identity.Absent || m.Legs == "connections" {
		return e, nil
	}
	v := visit{meter: m, entry: entry, fields: m.fieldsOf(entry), evidence: &e}
	if why := v.forbidden(); why != "" {
		e.Legacy.Outcome, e.Legacy.Detail, e.App.Detail, e.Spared = LegQuota, why, why, true
		return e, nil
	}
	if t.Wait > 0 {
		why := spacingText(e.Make)
		e.Legacy.Detail, e.App.Detail, e.Spared, e.Wait = why, why, true, t.Wait
		return e, nil
	}
	err := v.run(ctx)
	m.noteQuota(entry.VehicleID, e)
	return e, err
}

// fieldsOf are the fields to read: those of --fields and those that the vehicle itself or the rules require, in catalogue
// order.
func (m *Meter) fieldsOf(entry inventory.Entry) []*compare.Field {
	var extra []*compare.Field
	named := m.Rules.Named(rules.Vehicle{Fields: entry.Fields, Cohort: entry.Cohort})
	for _, f := range compare.All() {
		if slices.Contains(m.Fields, f) || slices.Contains(named, f.Name) || f.Name == "vin" {
			extra = append(extra, f)
		}
	}
	if m.sameAPI() {
		return compare.SameAPI(extra)
	}
	return extra
}

// visit is one vehicle while it is being called. The two legs write to different members and meet in run.
type visit struct {
	meter    *Meter
	entry    inventory.Entry
	fields   []*compare.Field
	evidence *Evidence
	token    inventory.Token
	server   time.Time // Smartcar's clock at the answer to the batch; zero: not stated
	asked    []string
	batch    compare.Batch
	signals  *compare.Signals
	opaque   *compare.Signals // the legacy leg's, where it was asked on v3
	earlier  Baseline         // in the legacy leg's place, where there is none
}

func (v *visit) run(ctx context.Context) error {
	legs := []func(context.Context) error{v.noting(&v.evidence.App, v.appLeg)}
	switch {
	case v.meter.noLegacy():
		if known, err := v.takeBaseline(ctx); err != nil || !known {
			return err
		}
	case v.meter.Legs != "app":
		usable, err := v.resolve(ctx)
		if err != nil || !usable {
			return err
		}
		legs = append(legs, v.noting(&v.evidence.Legacy, v.legacy()))
	}
	if possible, err := v.appPossible(ctx); err != nil || !possible {
		return err
	}
	if err := v.together(ctx, legs); err != nil {
		return err
	}
	if err := v.fill(ctx); err != nil {
		return err
	}
	v.compare()
	return v.owner(ctx)
}

// appPossible makes sure of the application token before either leg is called: without it the legacy leg would be paid for
// nothing. The token is shared, so this is a call for the first vehicle of an hour only.
func (v *visit) appPossible(ctx context.Context) (bool, error) {
	err := v.meter.Caller.AppToken(ctx)
	if trouble := (*smartcar.TokenError)(nil); errors.As(err, &trouble) {
		leg := &v.evidence.App
		leg.Failure, leg.Detail = &trouble.Failure, "no application token: "+trouble.Failure.Label()
		leg.Outcome = legOutcomes[trouble.Failure.Kind]
		if !passingOutcomes[leg.Outcome] {
			leg.Outcome = LegUpstream
		}
		return false, nil
	}
	return err == nil, err
}

// appLeg reads all signals at once.
func (v *visit) appLeg(ctx context.Context) error {
	leg := &v.evidence.App
	answer, err := v.meter.Caller.Signals(ctx, v.entry.VehicleID, v.evidence.Identity.AskedAs)
	if err != nil {
		return err
	}
	leg.note(answer)
	if answer.Failure != nil {
		leg.Outcome, leg.Failure = appOutcome(*answer.Failure), answer.Failure
		return nil
	}
	signals, err := compare.ParseSignals(answer.Body)
	if err != nil {
		leg.malformed(err)
		return nil
	}
	leg.Outcome, leg.Billed = LegAnswered, 1
	if len(signals.ByCode) == 0 {
		leg.Outcome = LegEmptyStore
		return nil
	}
	v.signals = &signals
	return nil
}

// maxSingles bounds the single calls for one vehicle whose list is not whole.
const maxSingles = 10

// fill asks singly for signals that an incomplete list left out, where the legacy leg has the field or may have it. It
// ends as soon as the store's own count is reached, and where the others would be refused alike or cost too much: those
// failed for now.
func (v *visit) fill(ctx context.Context) error {
	if v.signals == nil || v.signals.Complete() {
		return nil
	}
	return v.inRoom(ctx, v.askSingly)
}

func (v *visit) askSingly(ctx context.Context) error {
	legacy := v.legacyReadings(v.fields)
	v.meter.noteQuota(v.entry.VehicleID, *v.evidence, legacy...)
	missing := v.signals.Missing(v.wanted(legacy))
	missing = missing[:min(len(missing), maxSingles)]
	for i, code := range missing {
		if v.signals.Complete() {
			return nil
		}
		if why := v.noSingles(); why != nil {
			v.failAll(missing[i:], *why)
			return nil
		}
		answer, err := v.meter.Caller.Signal(ctx, v.entry.VehicleID, v.evidence.Identity.AskedAs, code)
		if err != nil {
			return err
		}
		v.take(code, answer)
		if f := answer.Failure; f != nil && (f.Kind == compare.KindQuota || f.Kind == compare.KindVehicleLimit) {
			v.failAll(missing[i:], *f)
			return nil
		}
	}
	return nil
}

// noSingles is why no further signal may be asked for, nil where one may.
func (v *visit) noSingles() *compare.Failure {
	e := v.evidence
	switch {
	case v.meter.spentUp(v.entry.VehicleID):
		return &compare.Failure{Kind: compare.KindQuota, Note: quotaSpent}
	case e.Earlier+e.billed() >= v.meter.Billed:
		return &compare.Failure{Kind: compare.KindQuota, Note: "over --max-billed-per-vehicle"}
	}
	return nil
}

func (v *visit) failAll(codes []string, f compare.Failure) {
	for _, code := range codes {
		v.signals.Fail(code, f.OfSignal())
	}
}

// wanted are the fields that the app leg must have: those that the legacy leg did not say it lacks.
func (v *visit) wanted(legacy []compare.Reading) []*compare.Field {
	var fields []*compare.Field
	for i, r := range legacy {
		if r.Status == compare.Served || r.Status == compare.Failed && r.Failure.Kind.Passing() {
			fields = append(fields, v.fields[i])
		}
	}
	return fields
}

// take adds the answer of a single signal.
func (v *visit) take(code string, answer smartcar.Answer) {
	leg := &v.evidence.App
	leg.note(answer)
	switch f := answer.Failure; {
	case f == nil:
		leg.Billed++
		v.takeSingle(code, answer)
	case f.SignalAbsent():
		v.signals.ConfirmAbsent(code)
	default:
		v.signals.Fail(code, f.OfSignal())
	}
}

func (v *visit) takeSingle(code string, answer smartcar.Answer) {
	single, err := compare.ParseSignal(answer.Body)
	if err != nil {
		v.signals.Fail(code, compare.Failure{Kind: compare.KindMalformed, Note: "the single signal cannot be read"})
		return
	}
	v.signals.Add(single)
}

func (l *Leg) note(a smartcar.Answer) {
	l.Requests += a.Attempts
	if a.RequestID != "" && !slices.Contains(l.RequestIDs, a.RequestID) {
		l.RequestIDs = append(l.RequestIDs, a.RequestID)
	}
	if l.Server.IsZero() && !a.ServerDate.IsZero() {
		l.Server, l.Got = a.ServerDate, a.FetchedAt
	}
}

func (l *Leg) malformed(err error) {
	l.Outcome, l.Detail = LegMalformed, err.Error()
	l.Failure = &compare.Failure{Kind: compare.KindMalformed}
}

// compare turns both answers into findings. Accounts that ask for a new login, cars that are gone and throttled items
// stand in items and signals too; where nothing else was served they are the leg's outcome (smartcar-v2.md §5: such an
// error hits only live endpoints, static ones still answer).
func (v *visit) compare() {
	e := v.evidence
	v.describeAlike()
	legacy := v.legacyReadings(v.fields)
	if e.Legacy.Outcome == LegAnswered && !v.meter.noLegacy() { // the earlier run has settled its own
		e.Legacy.settle(v.settling(legacy), legacyOutcome)
	}
	app := v.appReadings()
	if v.meter.noLegacy() {
		e.Findings = compare.DiffBaseline(v.fields, legacy, app)
		return
	}
	e.Findings = append(compare.Diff(v.fields, legacy, app), v.others()...)
}

func (v *visit) appReadings() []compare.Reading {
	switch e := v.evidence; {
	case v.signals != nil:
		if id := v.signals.VehicleID(); id != "" && !sameID(id, v.entry.VehicleID) {
			e.Identity.OtherCarID = id
		}
		e.describeBy(*v.signals)
		if l := e.Identity.Listed; l != nil { // the connections list knows the car, too: no call for GET /v3/vehicles/{id}
			v.signals.Describe(l.VehicleID, l.Make, l.Model, l.Year)
		}
		asked := compare.ReadApp(v.fields, *v.signals)
		if e.App.Outcome == LegAnswered && !servesLive(asked) { // the account's state shows in any live signal, asked for or not
			e.App.settle(compare.ReadApp(compare.All(), *v.signals), appOutcome)
		}
		return asked
	case e.App.Failure != nil:
		return compare.AllFailed(v.fields, *e.App.Failure)
	default:
		return compare.AllFailed(v.fields, compare.Failure{Kind: compare.KindUpstream, Note: "the store is empty"})
	}
}

// owner asks whose token it is, where the list leaves that in doubt.
func (v *visit) owner(ctx context.Context) error {
	e := v.evidence
	if e.Legacy.Outcome != LegAnswered || !e.Identity.ownerInDoubt() || v.entry.UserID == "" || v.meter.sameAPI() || v.meter.noLegacy() {
		return nil
	}
	return v.inRoom(ctx, v.askOwner)
}

func (v *visit) askOwner(ctx context.Context) error {
	answer, err := v.meter.Caller.LegacyUserFrom(ctx, v.same(v.token.Secret))
	if errors.Is(err, errNoToken) {
		return nil // it died while it waited; whose it was stays unproved
	}
	if err != nil || answer.Failure != nil {
		return err
	}
	v.evidence.Identity.TokenUser = compare.ParseUser(answer.Body)
	return nil
}
