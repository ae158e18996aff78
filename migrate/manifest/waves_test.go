package manifest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
)

func TestParseWaves(t *testing.T) {
	for text, want := range map[string]string{
		"1%,10%,100%": "", "100%": "", " 5 , 50 ,100% ": "", "0.1%,100%": "",
		"": "is no wave", "10%": "the last wave must be 100%", "10%,5%,100%": "5% after 10%", "50,50,100%": "50 after 50", "0,100%": "is no wave", "-1%,100%": "is no wave", "101%": "is no wave",
		"NaN%": "is no wave", "cohort:a,cohort:b,10%,100%": "", "cohort:": "is no wave", "cohort:a": "the last wave must be 100%", "cohort:a,cohort:a,100%": "cohort:a twice", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,100%": "at most 20",
	} {
		_, err := ParseWaves(text)
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && !contains(got, want) {
			t.Errorf("ParseWaves(%q): %s, want %q", text, got, want)
		}
	}
}

// aFleet is a random fleet of users with one to nine vehicles each, in random order, some of them not ready.
func aFleet(r *rand.Rand) (fleet []migrate.Record) {
	verdicts := []migrate.Verdict{migrate.Blocked, migrate.Broken, migrate.Inconclusive, ""}
	for u := range 1 + r.IntN(200) {
		for range 1 + r.IntN(1+r.IntN(9)) {
			e := inventory.Entry{VehicleID: fmt.Sprintf("v-%d", len(fleet)), UserID: fmt.Sprintf("u-%d", u), Cohort: []string{"", "pilot", "rest", "canary"}[r.IntN(4)]}
			if r.IntN(40) == 0 {
				e.UserID = ""
			}
			j := migrate.Judgement{Verdict: migrate.Ready, Proof: migrate.ProofFull}
			if r.IntN(15) == 0 {
				j = migrate.Judgement{Verdict: verdicts[r.IntN(len(verdicts))]}
			}
			fleet = append(fleet, migrate.Record{Entry: e, Judgement: j})
		}
	}
	r.Shuffle(len(fleet), func(i, j int) { fleet[i], fleet[j] = fleet[j], fleet[i] })
	return fleet
}

func planned(fleet []migrate.Record, o Options) *Plan {
	p := NewPlan(o)
	for _, rec := range fleet {
		p.Add(rec)
	}
	p.Settle()
	return p
}

// TestWavesHoldWholeUsers: properties of the waves of random fleets.
func TestWavesHoldWholeUsers(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		fleet := aFleet(r)
		text := []string{"1%,10%,100%", "100%", "3,30,100%", "0.5%,25%,50%,99%,100%", "200,5%,100%"}[r.IntN(5)]
		shares, err := ParseWaves(text)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Waves: shares, Seed: 1 + r.Uint64N(9), Canary: []string{"", "canary"}[r.IntN(2)]}
		p := planned(fleet, o)
		if why := brokenPromise(fleet, p); why != "" {
			t.Fatalf("seed %d, %s: %s", seed, text, why)
		}
		if again := planned(fleet, o); !slices.Equal(p.waves, again.waves) || !slices.Equal(placesOf(fleet, p), placesOf(fleet, again)) {
			t.Fatalf("seed %d: the same fleet and seed made other waves", seed)
		}
	}
}

func placesOf(fleet []migrate.Record, p *Plan) (places []int) {
	for _, rec := range fleet {
		wave, _ := p.place(rec)
		places = append(places, wave)
	}
	return places
}

// brokenPromise finds a promise of the waves that a plan does not keep, "" if there is none.
func brokenPromise(fleet []migrate.Record, p *Plan) string {
	wave, held, size := map[string]int{}, map[string]bool{}, map[string]int{}
	for _, rec := range fleet {
		if v := rec.Judgement.Verdict; v != migrate.Ready && v != migrate.Broken {
			held[rec.Entry.UserID] = true
		}
	}
	counts, total := make([]int, len(p.o.Waves)+1), 0
	for _, rec := range fleet {
		user, ready := rec.Entry.UserID, rec.Judgement.Verdict == migrate.Ready
		n, heldBy := p.place(rec)
		goes := ready && !held[user] && user != ""
		switch known, ok := wave[user]; {
		case goes != (n > 0):
			return fmt.Sprintf("vehicle %s of user %s (held %t, %s) is in wave %d", rec.Entry.VehicleID, user, held[user], rec.Judgement.Verdict, n)
		case ready && held[user] && user != "" && heldBy == "":
			return "it does not say what holds " + rec.Entry.VehicleID + " back"
		case !goes:
			continue
		case ok && known != n:
			return "user " + user + " is in two waves"
		}
		wave[user] = n
		size[user]++
		counts[n]++
		total++
	}
	largest := 0
	for _, n := range size {
		largest = max(largest, n)
	}
	cumulative := 0
	for i, share := range p.o.Waves {
		cumulative += counts[i+1]
		before := p.waves[max(0, i-1)].Vehicles
		switch want := share.reach(total); {
		case p.waves[i].Vehicles != cumulative || p.waves[i].Vehicles < before:
			return fmt.Sprintf("wave %d says %d vehicles and holds %d", i+1, p.waves[i].Vehicles, cumulative)
		case cumulative < want:
			return fmt.Sprintf("wave %d holds %d of %d, asked %d", i+1, cumulative, total, want)
		case i == 0 && want > 0 && cumulative >= want+largest, i > 0 && cumulative >= max(want, before)+largest && counts[i+1] > 0:
			return fmt.Sprintf("wave %d holds %d, asked %d, and no user has more than %d", i+1, cumulative, want, largest)
		}
	}
	if last := p.waves[len(p.waves)-1]; last.Vehicles != total || last.Users != len(wave) || p.counts.Users != len(wave) || p.counts.Vehicles != total || p.counts.LeftOut != len(fleet)-total {
		return fmt.Sprintf("%+v and %+v of %d vehicles of %d users", last, p.counts, total, len(wave))
	}
	return ""
}

// TestFirstWaveShowsEveryCohort: the cohorts are mixed in equal measure, and the canary's users come first.
func TestFirstWaveShowsEveryCohort(t *testing.T) {
	var fleet []migrate.Record
	sizes := map[string]int{"small": 20, "middle": 180, "large": 800}
	for _, cohort := range []string{"large", "middle", "small"} {
		for i := range sizes[cohort] {
			fleet = append(fleet, migrate.Record{Entry: inventory.Entry{VehicleID: fmt.Sprint(cohort, i), UserID: fmt.Sprint("user", cohort, i), Cohort: cohort}, Judgement: migrate.Judgement{Verdict: migrate.Ready}})
		}
	}
	shares, _ := ParseWaves("1%,10%,100%")
	p := planned(fleet, Options{Waves: shares, Seed: 7})
	for wave, part := range map[int]float64{1: 0.01, 2: 0.1} {
		for cohort, n := range inWave(fleet, p, wave) {
			if want := part * float64(sizes[cohort]); float64(n) < want-1 || float64(n) > want+2 {
				t.Errorf("wave %d holds %d of %d of cohort %s", wave, n, sizes[cohort], cohort)
			}
		}
		if n := len(inWave(fleet, p, wave)); n != 3 {
			t.Errorf("wave %d shows %d cohorts", wave, n)
		}
	}
	p = planned(fleet, Options{Waves: shares, Seed: 7, Canary: "small"})
	if got := inWave(fleet, p, 2); got["small"] != 20 || len(inWave(fleet, p, 1)) != 1 {
		t.Errorf("with a canary the waves are %v, %v", inWave(fleet, p, 1), got)
	}
	if other := planned(fleet, Options{Waves: shares, Seed: 8}); slices.Equal(placesOf(fleet, planned(fleet, Options{Waves: shares, Seed: 7})), placesOf(fleet, other)) {
		t.Error("another seed draws the same users")
	}
}

// TestWavesOfCohorts: a wave may be a cohort; it takes whole users, and the parts around it count on. An unknown cohort is
// named, or the first wave would be empty by a slip of the pen.
func TestWavesOfCohorts(t *testing.T) {
	for seed := range uint64(200) {
		fleet := aFleet(rand.New(rand.NewPCG(seed, 2)))
		shares, err := ParseWaves("cohort:pilot,50%,cohort:rest,100%")
		if err != nil {
			t.Fatal(err)
		}
		p := planned(fleet, Options{Waves: shares, Seed: 3, Canary: "canary"})
		member := map[string]map[string]bool{}
		for _, rec := range fleet {
			if member[rec.Entry.UserID] == nil {
				member[rec.Entry.UserID] = map[string]bool{}
			}
			member[rec.Entry.UserID][rec.Entry.Cohort] = true
		}
		users, last := map[string]int{}, 0
		for _, rec := range fleet {
			wave, _ := p.place(rec)
			if wave == 0 {
				continue
			}
			is := member[rec.Entry.UserID]
			if known := users[rec.Entry.UserID]; known > 0 && known != wave || is["pilot"] != (wave == 1) || wave == 4 && is["rest"] || wave == 3 && !is["rest"] {
				t.Fatalf("seed %d: a user of %v is in wave %d and %d", seed, is, wave, known)
			}
			users[rec.Entry.UserID], last = wave, last+1
		}
		if w := p.Waves(); w[3].Vehicles != last || w[1].Vehicles < shares[1].reach(last) || w[1].Vehicles < w[0].Vehicles {
			t.Fatalf("seed %d: %+v of %d", seed, w, last)
		}
	}
	shares, _ := ParseWaves("cohort:pilto,100%")
	if got := planned(aFleet(rand.New(rand.NewPCG(1, 2))), Options{Waves: shares, Seed: 1, Canary: "kanary"}).Unknown(); !slices.Equal(got, []string{"kanary", "pilto"}) {
		t.Errorf("unknown: %v", got)
	}
}

// inWave counts the vehicles up to a wave by cohort.
func inWave(fleet []migrate.Record, p *Plan, wave int) map[string]int {
	n := map[string]int{}
	for _, rec := range fleet {
		if w, _ := p.place(rec); w > 0 && cmp.Compare(w, wave) <= 0 {
			n[rec.Entry.Cohort]++
		}
	}
	return n
}
