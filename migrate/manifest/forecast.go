package manifest

import (
	"cmp"
	"math"
	"slices"

	"scmigrate/migrate"
)

// What a manifest has that asks for nothing else.
const (
	DefaultWaves = "1%,10%,100%"
	DefaultSeed  = 1
)

// Forecast tells which waves a manifest would have, in numbers: those of a Plan of the same options, which names no canary. It
// names nobody and keeps no vehicle; a user takes some 20 bytes.
type Forecast struct {
	o       Options
	users   crowd
	cohorts map[string]uint32
}

// Outlook is what comes of a forecast.
type Outlook struct {
	Waves  []Wave // cumulative
	Counts Counts // of those who go; Held are the users who are held back. LeftOut is not counted
	Ready  int    // vehicles of the users who are held back that are ready themselves
}

// NewForecast starts a forecast.
func NewForecast(o Options) *Forecast { return &Forecast{o: o, cohorts: map[string]uint32{}} }

// Add takes a vehicle into account, as it is judged.
func (f *Forecast) Add(rec migrate.Record) {
	if rec.Entry.UserID == "" {
		return // as in a plan
	}
	key := userKey(f.o.Seed, rec.Entry.UserID)
	u := f.users.of(key)
	if u.key == 0 {
		u.key, u.cohort = key, f.cohortOf(rec.Entry.Cohort)
	}
	switch rec.Judgement.Verdict {
	case migrate.Ready:
		u.ready++
	case migrate.Broken:
	default:
		u.cohort |= held
	}
}

func (f *Forecast) cohortOf(name string) uint32 {
	n, known := f.cohorts[name]
	if !known {
		n = uint32(len(f.cohorts))
		f.cohorts[name] = n
	}
	return n
}

// Settle makes the waves, after which nothing can be added.
func (f *Forecast) Settle() (o Outlook) {
	for u := range f.users.all() {
		switch {
		case u.ready == 0:
		case u.cohort&held != 0:
			o.Counts.Held++
			o.Ready += int(u.ready)
		default:
			o.Counts.Users++
			o.Counts.Vehicles += int(u.ready)
		}
	}
	going := make([]person, 0, o.Counts.Users)
	for u := range f.users.drain() {
		if u.ready > 0 && u.cohort&held == 0 {
			going = append(going, u)
		}
	}
	inTurn(going)
	o.Waves = f.waves(going, o.Counts)
	return o
}

// inTurn sorts those who go as a plan's turns do. Their cohorts are lost by it.
func inTurn(going []person) {
	slices.SortFunc(going, func(a, b person) int { return cmp.Or(cmp.Compare(a.cohort, b.cohort), cmp.Compare(a.key, b.key)) })
	for from := 0; from < len(going); {
		to, total := from, 0
		for ; to < len(going) && going[to].cohort == going[from].cohort; to++ {
			total += int(going[to].ready)
		}
		before := 0
		for i := range going[from:to] {
			u := &going[from+i]
			u.cohort = math.Float32bits(float32(before) / float32(total)) // of numbers that are not negative, the bits are in the same order
			before += int(u.ready)
		}
		from = to
	}
	slices.SortFunc(going, func(a, b person) int { return cmp.Or(cmp.Compare(a.cohort, b.cohort), cmp.Compare(a.key, b.key)) })
}

// waves are filled one after the other; the last holds everybody.
func (f *Forecast) waves(going []person, all Counts) []Wave {
	list := make([]Wave, 0, len(f.o.Waves))
	users, vehicles := 0, 0
	for i, share := range f.o.Waves {
		last := i == len(f.o.Waves)-1
		for users < len(going) && (last || vehicles < share.reach(all.Vehicles)) {
			vehicles += int(going[users].ready)
			users++
		}
		list = append(list, Wave{Wave: i + 1, Share: share.text, Users: users, Vehicles: vehicles})
	}
	return list
}
