package manifest

import (
	"slices"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

// Options say which waves to make, and how.
type Options struct {
	Waves  []Share
	Seed   uint64
	Canary string // a cohort whose users come first; "": none
}

// Plan finds out who may be switched when. It takes every record of the run once, as it is judged today, and then knows the
// wave of each; its size is that of the users.
type Plan struct {
	o       Options
	users   []user
	index   map[uint64]int32 // into users, by key
	cohorts map[string]int32
	met     map[string]bool // cohorts of all records
	holders map[int32]Held  // by user, of those who are held back
	counts  Counts
	waves   []Wave
	records int
}

// NewPlan starts a plan.
func NewPlan(o Options) *Plan {
	return &Plan{o: o, index: map[uint64]int32{}, cohorts: map[string]int32{}, met: map[string]bool{}, holders: map[int32]Held{}}
}

// Add takes a vehicle into account.
func (p *Plan) Add(rec migrate.Record) {
	p.records++
	p.met[rec.Entry.Cohort] = true
	if rec.Entry.UserID == "" {
		return // a car of nobody known: it goes nowhere, and holds nobody back
	}
	i := p.userOf(rec.Entry)
	u := &p.users[i]
	if named := namedBy(p.o.Waves, rec.Entry.Cohort); named > 0 && (u.named == 0 || named < u.named) {
		u.named = named
	}
	u.canary = u.canary || p.o.Canary != "" && rec.Entry.Cohort == p.o.Canary
	switch rec.Judgement.Verdict {
	case migrate.Ready:
		u.ready++
	case migrate.Broken: // it does not work today either, and is neither helped nor harmed
	default:
		if !u.held {
			u.held, p.holders[i] = true, Held{UserID: rec.Entry.UserID, By: rec.Entry.VehicleID}
		}
	}
}

func (p *Plan) userOf(e inventory.Entry) int32 {
	key := userKey(p.o.Seed, e.UserID)
	i, known := p.index[key]
	if !known {
		i = int32(len(p.users))
		p.index[key] = i
		p.users = append(p.users, user{key: key, cohort: p.cohortOf(e.Cohort)})
	}
	return i
}

// cohortOf numbers the cohorts. A user is of the cohort of the first vehicle.
func (p *Plan) cohortOf(name string) int32 {
	n, known := p.cohorts[name]
	if !known {
		n = int32(len(p.cohorts))
		p.cohorts[name] = n
	}
	return n
}

// Settle makes the waves. The counts are known then.
func (p *Plan) Settle() Counts {
	p.waves = waves(p.users, p.o.Waves)
	for _, u := range p.users {
		if u.goes() {
			p.counts.Users++
			p.counts.Vehicles += int(u.ready)
		} else if u.ready > 0 {
			p.counts.Held++
		}
	}
	p.counts.LeftOut = p.records - p.counts.Vehicles
	return p.counts
}

// Waves are the steps, after Settle.
func (p *Plan) Waves() []Wave { return slices.Clone(p.waves) }

// Unknown are the cohorts that were asked for and that no vehicle of the run is in.
func (p *Plan) Unknown() (names []string) {
	for _, s := range append([]Share{{cohort: p.o.Canary}}, p.o.Waves...) {
		if s.cohort != "" && !p.met[s.cohort] && !slices.Contains(names, s.cohort) {
			names = append(names, s.cohort)
		}
	}
	return names
}

// Held is a user who is left out although vehicles are ready, because another one is not.
type Held struct {
	UserID string
	By     string // the first of the vehicles that are blocked or could not be measured
	Ready  int
}

// Held are the first of the users who are held back, at most so many, in the order of the inventory.
func (p *Plan) Held(most int) (list []Held) {
	for i, u := range p.users {
		if u.held && u.ready > 0 && len(list) < most {
			h := p.holders[int32(i)]
			h.Ready = int(u.ready)
			list = append(list, h)
		}
	}
	return list
}

// place is the vehicle's wave, 0 where it is left out, and the vehicle that holds it back although it is ready itself.
func (p *Plan) place(rec migrate.Record) (wave int, heldBy string) {
	if rec.Judgement.Verdict != migrate.Ready || rec.Entry.UserID == "" {
		return 0, ""
	}
	i, known := p.index[userKey(p.o.Seed, rec.Entry.UserID)]
	if !known || p.users[i].held {
		return 0, p.holders[i].By
	}
	return int(p.users[i].wave), ""
}

// leftOut is the record of a vehicle that is not switched.
func leftOut(rec migrate.Record, heldBy string) LeftOut {
	out := LeftOut{VehicleID: rec.Entry.VehicleID, UserID: rec.Entry.UserID, Verdict: string(rec.Judgement.Verdict), HeldBy: heldBy}
	for _, c := range rec.Judgement.Causes {
		if !c.Waived {
			out.Cause, out.Field = string(c.Code), c.Field
			break
		}
	}
	return out
}

// waiversOf are the ids of the waivers by which a vehicle is ready, sorted.
func waiversOf(rec migrate.Record) []string {
	var ids []string
	for _, c := range rec.Judgement.Causes {
		if c.Waived && c.Waiver != "" {
			ids = append(ids, strings.Clone(c.Waiver))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
