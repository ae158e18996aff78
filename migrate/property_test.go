package migrate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// cases is how many random vehicles each property is tried on; the seed makes every failure repeatable.
const cases = 1000

// subject is a random vehicle: what Judge takes, and the states that its findings were made of.
type subject struct {
	entry  inventory.Entry
	e      Evidence
	facts  Facts
	rules  rules.Rules
	fields []*compare.Field
	legacy []compare.Reading
	app    []compare.Reading
}

func (s subject) judge() Judgement { return Judge(s.entry, s.e, s.facts, s.rules) }

// copied is a subject whose evidence may be changed.
func (s subject) copied() subject {
	s.legacy, s.app = slices.Clone(s.legacy), slices.Clone(s.app)
	s.e.Findings = slices.Clone(s.e.Findings)
	return s
}

// compared gives the subject the findings of its readings.
func (s *subject) compared() { s.e.Findings = compare.Diff(s.fields, s.legacy, s.app) }

var randomFields = []string{"odometer.distance", "battery.percentRemaining", "fuel.range", "tires.frontLeft", "tires.backRight", "security.isLocked",
	"security.chargingPort", "charge.state", "vin", "battery.nominalCapacity.url"}

// legStates lean towards answers, or hardly any vehicle would ever be ready.
var legStates = []string{"ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "other", "stale", "empty", "absent", "denied", "incapable", "later", "throttled"}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func odds(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

// randomSubject is consistent, as Measure makes evidence: who is proved absent was not called, a leg that failed as a
// whole served nothing.
func randomSubject(t *testing.T, r *rand.Rand) subject {
	s := subject{entry: anEntry(), e: healthy()}
	s.e.Legacy.Outcome, s.e.App.Outcome = LegAnswered, LegAnswered
	if odds(r, 6) {
		s.e.Legacy.Outcome = pick(r, LegacyOutcomes())
	}
	if odds(r, 6) {
		s.e.App.Outcome = pick(r, AppOutcomes())
	}
	randomIdentity(r, &s)
	randomDemands(r, &s)
	for _, name := range randomFields {
		f, _ := compare.Lookup(name)
		source := ""
		if f.HasCounterpart() {
			source = f.App[0].Code
		}
		s.fields = append(s.fields, f)
		s.legacy = append(s.legacy, read(t, f, f.Legacy.Path, stateOf(r, s.e.Legacy.Outcome)))
		s.app = append(s.app, read(t, f, source, stateOf(r, s.e.App.Outcome)))
	}
	s.compared()
	return s
}

func stateOf(r *rand.Rand, o LegOutcome) string {
	switch o {
	case LegAnswered:
		return pick(r, legStates)
	case LegNotRun:
		return "unasked"
	}
	return "later"
}

func randomIdentity(r *rand.Rand, s *subject) {
	id := &s.e.Identity
	switch r.IntN(12) {
	case 0:
		s.entry.UserID, id.Suggested = "", userID
	case 1:
		id.Users = []string{userID, strangeID}
		id.TokenUser = pick(r, []string{userID, strangeID, ""})
	case 2:
		id.Listed, id.Users, id.TokenUser = nil, nil, pick(r, []string{userID, strangeID, ""})
	case 3:
		*id = Identity{Absent: true, AskedAs: userID, Users: pick(r, [][]string{nil, {strangeID}})}
		s.e.Legacy.Outcome, s.e.App.Outcome = LegNotRun, LegNotRun
	case 4:
		id.OtherCarID = "c0000000-0000-4000-8000-000000000009"
	case 5, 6:
		id.Listed.Permissions = without(allPermissions(), pick(r, allPermissions()), pick(r, []string{"read_odometer", "read_vin", "read_tires"}))
	}
}

func randomDemands(r *rand.Rand, s *subject) {
	s.entry.VIN = pick(r, []string{carVIN, carVIN, "", otherVIN})
	if odds(r, 4) {
		s.entry.Fields = []string{pick(r, randomFields), pick(r, randomFields)}
	}
	if odds(r, 4) {
		s.rules.Require = []string{pick(r, randomFields), "charge.limit"}[:1+r.IntN(2)]
	}
	if odds(r, 8) {
		s.rules.Ignore = []string{pick(r, randomFields)}
	}
	if odds(r, 4) {
		s.rules.Freshness.Default = pick(r, []time.Duration{30 * time.Minute, 2 * time.Hour})
	}
	if odds(r, 8) {
		s.rules.Tolerance = map[string]compare.Tolerance{pick(r, randomFields): {Abs: 1e6}}
	}
	s.facts = Facts{LegacyRetired: odds(r, 12), AppNotEnabled: odds(r, 12)}
	if odds(r, 6) {
		s.facts.Suspects = []Suspect{{Field: pick(r, randomFields), Make: "TESLA", Reason: compare.ReasonValue}}
	}
	s.e.Make, s.e.At = "TESLA", noon
}

// eachCase runs a property on random vehicles and says the seed of the first one that breaks it.
func eachCase(t *testing.T, check func(r *rand.Rand, s subject) error) {
	t.Helper()
	verdicts := map[Verdict]int{}
	for n := range uint64(cases) {
		r := rand.New(rand.NewPCG(n, 20261123))
		s := randomSubject(t, r)
		verdicts[s.judge().Verdict]++
		if err := check(r, s); err != nil {
			t.Fatalf("case %d: %v\nentry %+v\nrules %+v facts %+v\nidentity %+v\nlegacy %s app %s", n, err, s.entry, s.rules, s.facts, s.e.Identity, s.e.Legacy.Outcome, s.e.App.Outcome)
		}
	}
	for _, v := range Verdicts() {
		if verdicts[v] < cases/100 {
			t.Errorf("only %d of %d random vehicles are %s: the property is hardly tried", verdicts[v], cases, v)
		}
	}
}

// takenAway is a reading that was taken away: it failed for a passing reason.
func takenAway(r compare.Reading) compare.Reading {
	return compare.Reading{Field: r.Field, Source: r.Source, Status: compare.Failed, Failure: &compare.Failure{Kind: compare.KindUpstream}}
}

// removals take evidence away. Each leaves the rest as Measure would have found it.
var removals = map[string]func(r *rand.Rand, s *subject){
	"legacy leg": func(r *rand.Rand, s *subject) {
		if s.e.Legacy.Outcome == LegNotRun && s.e.Identity.Absent {
			return
		}
		s.e.Legacy.Outcome = pick(r, []LegOutcome{LegNotRun, LegRateLimited, LegTimeout, LegTokenMissing, LegTokenRefused})
		for i := range s.legacy {
			s.legacy[i] = takenAway(s.legacy[i])
		}
	},
	"app leg": func(r *rand.Rand, s *subject) {
		s.e.App.Outcome = pick(r, []LegOutcome{LegNotRun, LegRateLimited, LegTimeout, LegEmptyStore})
		for i := range s.app {
			s.app[i] = takenAway(s.app[i])
		}
	},
	"legacy reading": func(r *rand.Rand, s *subject) {
		i := r.IntN(len(s.legacy))
		s.legacy[i] = takenAway(s.legacy[i])
	},
	"app reading": func(r *rand.Rand, s *subject) { i := r.IntN(len(s.app)); s.app[i] = takenAway(s.app[i]) },
	"finding of a required field": func(r *rand.Rand, s *subject) {
		if len(s.entry.Fields) > 0 && !slices.Contains(s.entry.Fields, "vin") {
			i := slices.IndexFunc(s.fields, func(f *compare.Field) bool { return f.Name == s.entry.Fields[0] })
			s.fields, s.legacy, s.app = slices.Delete(slices.Clone(s.fields), i, i+1), slices.Delete(s.legacy, i, i+1), slices.Delete(s.app, i, i+1)
		}
	},
	"both times of a reading": func(r *rand.Rand, s *subject) {
		i := r.IntN(len(s.app))
		s.app[i].Observed, s.legacy[i].Observed = time.Time{}, time.Time{}
	},
	"one time of a reading": func(r *rand.Rand, s *subject) {
		i := r.IntN(len(s.app))
		pick(r, []*compare.Reading{&s.legacy[i], &s.app[i]}).Observed = time.Time{}
	},
	"list": func(_ *rand.Rand, s *subject) { s.e.Identity.Listed, s.e.Identity.Users = nil, nil },
	"permission words": func(_ *rand.Rand, s *subject) {
		if s.e.Identity.Listed != nil {
			silent := *s.e.Identity.Listed
			silent.Permissions, s.e.Identity.Listed = nil, &silent
		}
	},
	"token user": func(_ *rand.Rand, s *subject) { s.e.Identity.TokenUser = "" },
	"facts":      func(_ *rand.Rand, s *subject) { s.facts = Facts{Suspects: s.facts.Suspects} }, // what the fleet knows is no evidence of this car
}

// TestLessEvidenceIsNeverBetter is the hard rule of DESIGN §3.4: taking evidence away never turns a vehicle that is not
// ready into a ready one, and never improves a proof.
func TestLessEvidenceIsNeverBetter(t *testing.T) {
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			eachCase(t, func(r *rand.Rand, s subject) error {
				before, less := s.judge(), s.copied()
				remove(r, &less)
				less.compared()
				switch after := less.judge(); {
				case before.Verdict != Ready && after.Verdict == Ready:
					return fmt.Errorf("%s became %s", told(before), told(after))
				case before.Proof == ProofPartial && after.Proof == ProofFull:
					return fmt.Errorf("the proof grew from %s to %s", told(before), told(after))
				}
				return nil
			})
		})
	}
}

// TestShiftingAllTimesChangesNothing: a run on another day judges alike.
func TestShiftingAllTimesChangesNothing(t *testing.T) {
	eachCase(t, func(r *rand.Rand, s subject) error {
		before, moved := s.judge(), s.copied()
		shift := time.Duration(r.Int64N(int64(2000 * time.Hour)))
		moved.e.At = moved.e.At.Add(shift)
		for i := range moved.app {
			for _, reading := range []*compare.Reading{&moved.app[i], &moved.legacy[i]} {
				if !reading.Observed.IsZero() {
					reading.Observed = reading.Observed.Add(shift)
				}
			}
		}
		moved.compared()
		if after := moved.judge(); told(before) != told(after) {
			return fmt.Errorf("%s became %s", told(before), told(after))
		}
		return nil
	})
}

// TestTheOrderOfFindingsChangesNothing: signals and items come in any order.
func TestTheOrderOfFindingsChangesNothing(t *testing.T) {
	eachCase(t, func(r *rand.Rand, s subject) error {
		before, mixed := s.judge(), s.copied()
		r.Shuffle(len(mixed.e.Findings), func(i, j int) {
			mixed.e.Findings[i], mixed.e.Findings[j] = mixed.e.Findings[j], mixed.e.Findings[i]
		})
		if after := mixed.judge(); before.Verdict != after.Verdict || before.Proof != after.Proof || len(before.Causes) != len(after.Causes) {
			return fmt.Errorf("%s became %s", told(before), told(after))
		}
		return nil
	})
}

// TestAWaiverOnlyClearsWhatItNames: it never adds a cause, never makes what could not be measured ready, and a vehicle
// that is ready by it has no full proof.
func TestAWaiverOnlyClearsWhatItNames(t *testing.T) {
	eachCase(t, func(r *rand.Rand, s subject) error {
		before := s.judge()
		cause := pick(r, []Code{SignalLost, ValueDiffers, UnitSuspect, PermissionLost, StaleData, LegacyUnmeasured, VehicleMismatch, UserIDWrong, NotConnected})
		s.rules.Waivers = append(slices.Clone(s.rules.Waivers), rules.Waiver{ID: "W", Cause: string(cause)})
		after := s.judge()
		both := s.e.Legacy.Outcome == LegAnswered && s.e.App.Outcome == LegAnswered
		switch {
		case len(after.Causes) < len(before.Causes):
			return fmt.Errorf("causes vanished: %s became %s", told(before), told(after))
		case before.Verdict == Inconclusive && after.Verdict == Ready, after.Verdict == Ready && !both:
			return fmt.Errorf("not measured, and yet ready: %s became %s", told(before), told(after))
		case before.Verdict != Ready && after.Proof == ProofFull:
			return fmt.Errorf("a waiver proved: %s became %s", told(before), told(after))
		case before.Verdict == Blocked && after.Verdict == Ready && slices.ContainsFunc(before.Causes, func(c CauseRef) bool { return c.Code != cause }):
			return fmt.Errorf("a waiver for %s cleared %s", cause, told(before))
		}
		return nil
	})
}

// TestReadyMeansMeasured: both legs answered, no cause, and a required field that both served.
func TestReadyMeansMeasured(t *testing.T) {
	eachCase(t, func(_ *rand.Rand, s subject) error {
		j := s.judge()
		if (j.Verdict == Ready) != (j.Proof != ProofNone) {
			return fmt.Errorf("a proof without ready, or the reverse: %s", told(j))
		}
		if j.Verdict != Ready {
			if len(j.Causes) == 0 {
				return fmt.Errorf("%s without a cause", told(j))
			}
			return nil
		}
		both := slices.ContainsFunc(s.e.Findings, func(f compare.Finding) bool {
			return s.rules.Required(vehicleOf(s.entry, s.e), f) && f.Legacy.Status == compare.Served && f.App.Status == compare.Served
		})
		if s.e.Legacy.Outcome != LegAnswered || s.e.App.Outcome != LegAnswered || len(j.Causes) > 0 || !both || s.entry.UserID == "" {
			return fmt.Errorf("%s without having been measured", told(j))
		}
		return nil
	})
}

// TestCausesAreKnownAndInOrder: only the contract's codes, gravest first, none twice, the verdict among theirs.
func TestCausesAreKnownAndInOrder(t *testing.T) {
	eachCase(t, func(_ *rand.Rand, s subject) error {
		j := s.judge()
		places := make([]int, 0, len(j.Causes))
		for i, c := range j.Causes {
			place := slices.Index(contractCodes, c.Code)
			if place < 0 || slices.Contains(j.Causes[:i], c) {
				return fmt.Errorf("%q is no cause of the contract, or stands twice: %s", c.Code, told(j))
			}
			places = append(places, place)
		}
		if !slices.IsSorted(places) {
			return fmt.Errorf("not in the order of the table: %s", told(j))
		}
		if j.Verdict != Ready && !slices.ContainsFunc(j.Causes, func(c CauseRef) bool { return verdictOf(c.Code) == j.Verdict }) {
			return fmt.Errorf("no cause of the verdict's own kind: %s", told(j))
		}
		return nil
	})
}

// TestJudgeIsPure: the same arguments give the same judgement, and stay as they were.
func TestJudgeIsPure(t *testing.T) {
	eachCase(t, func(_ *rand.Rand, s subject) error {
		before, err := json.Marshal([]any{s.entry, s.e, s.facts, s.rules})
		if err != nil {
			return err
		}
		first, second := s.judge(), s.judge()
		after, err := json.Marshal([]any{s.entry, s.e, s.facts, s.rules})
		if err != nil || string(before) != string(after) {
			return fmt.Errorf("the judge changed its arguments (%v)", err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			return fmt.Errorf("judged twice, differently: %s", diff)
		}
		return nil
	})
}

// TestJudgedAlikeAfterTheLedger: evidence that went through the ledger's JSON is judged as before.
func TestJudgedAlikeAfterTheLedger(t *testing.T) {
	eachCase(t, func(_ *rand.Rand, s subject) error {
		packed, err := json.Marshal(s.e)
		if err != nil {
			return err
		}
		var again Evidence
		if err := json.Unmarshal(packed, &again); err != nil {
			return err
		}
		if diff := cmp.Diff(s.judge(), Judge(s.entry, again, s.facts, s.rules)); diff != "" {
			return fmt.Errorf("the ledger changed the judgement: %s", diff)
		}
		return nil
	})
}
