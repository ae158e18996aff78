package manifest

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Share is how far a wave reaches, as asked for: a part of the vehicles or a number of them.
type Share struct {
	text     string
	part     float64 // of all; 0: vehicles counts
	vehicles int
	cohort   string // all users of it; neither of the others counts
}

// ParseWaves reads "1%,10%,100%", "50,500,100%" or "cohort:eu-pilot,cohort:eu,100%": each wave reaches further than the one
// before, the last to the end.
func ParseWaves(text string) ([]Share, error) {
	var shares []Share
	for word := range strings.SplitSeq(text, ",") {
		s, err := parseShare(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		shares = append(shares, s)
	}
	if len(shares) > MaxWaves {
		return nil, fmt.Errorf("%d waves, at most %d are possible", len(shares), MaxWaves)
	}
	for i := 1; i < len(shares); i++ {
		if a, b := shares[i-1], shares[i]; a.part > 0 && b.part > 0 && a.part >= b.part || a.vehicles > 0 && b.vehicles > 0 && a.vehicles >= b.vehicles {
			return nil, fmt.Errorf("%s after %s: waves are cumulative, each reaches further than the one before", b.text, a.text)
		}
	}
	for i, s := range shares {
		if s.cohort != "" && namedBy(shares, s.cohort) != int8(i+1) {
			return nil, fmt.Errorf("%s twice: a wave holds the whole cohort", s.text)
		}
	}
	if shares[len(shares)-1].part != 1 {
		return nil, fmt.Errorf("%q: the last wave must be 100%% (verify those you want with --wave N)", text)
	}
	return shares, nil
}

func parseShare(word string) (Share, error) {
	if cohort, named := strings.CutPrefix(word, "cohort:"); named && cohort != "" {
		return Share{text: word, cohort: cohort}, nil
	}
	number, percent := strings.CutSuffix(word, "%")
	if n, err := strconv.Atoi(number); !percent && err == nil && n > 0 {
		return Share{text: word, vehicles: n}, nil
	}
	if part, err := strconv.ParseFloat(number, 64); percent && err == nil && part > 0 && part <= 100 {
		return Share{text: word, part: part / 100}, nil
	}
	return Share{}, fmt.Errorf("%q is no wave: give parts up to 100%%, like 1%%,10%%,100%%, numbers of vehicles, or cohort:NAME", word)
}

// reach is how many of so many vehicles the wave must hold at the least.
func (s Share) reach(total int) int {
	if s.vehicles > 0 {
		return min(s.vehicles, total)
	}
	return min(int(math.Ceil(s.part*float64(total)-1e-9)), total)
}

// userKey is a user's place among those of a cohort: a hash, so that any prefix is a random sample, the same for one
// seed. It stands for the user too: that two of a million share a key has a chance of 1 in 36 million, and would only
// hold both back together.
func userKey(seed uint64, userID string) uint64 {
	sum := sha256.Sum256([]byte(strconv.FormatUint(seed, 16) + "/wave/" + strings.ToLower(userID)))
	return binary.BigEndian.Uint64(sum[:8])
}

// user is one user while the waves are made.
type user struct {
	key    uint64
	ready  int32 // vehicles
	cohort int32
	wave   int8    // 0: none
	held   bool    // a vehicle that is blocked or inconclusive holds all of them back
	canary bool    // a vehicle is in the canary cohort
	named  int8    // the first wave of a cohort in which a vehicle is; 0: none
	before float32 // how much of the cohort comes before; the cohorts' users are shuffled into each other by it
}

func (u *user) goes() bool { return !u.held && u.ready > 0 }

// waves gives every user who goes a wave. The canary's users come first, then those of all cohorts in equal measure, so
// that the first wave shows something of each; a wave ends with the user who fills it. The wave of a cohort takes all who
// have a vehicle in it and are in no wave yet.
func waves(users []user, shares []Share) []Wave {
	order, total := turns(users)
	list := make([]Wave, len(shares))
	for i, s := range shares {
		list[i] = Wave{Wave: i + 1, Share: s.text}
	}
	var sum Wave
	for n, share := range shares {
		for _, i := range order {
			if share.cohort == "" && sum.Vehicles >= share.reach(total) {
				break
			}
			if u := &users[i]; u.wave == 0 && (share.cohort == "" || u.named == int8(n+1)) {
				u.wave = int8(n + 1)
				sum.Users++
				sum.Vehicles += int(u.ready)
			}
		}
		list[n].Users, list[n].Vehicles = sum.Users, sum.Vehicles
	}
	return list
}

// namedBy is the first wave of a cohort's own, 0 if there is none.
func namedBy(shares []Share, cohort string) int8 {
	for i, s := range shares {
		if s.cohort != "" && s.cohort == cohort {
			return int8(i + 1)
		}
	}
	return 0
}

// turns are the indices of the users who go, in their order, and how many vehicles they have.
func turns(users []user) (order []int32, total int) {
	cohorts := map[int32]int{} // vehicles
	for i := range users {
		if u := &users[i]; u.goes() {
			order = append(order, int32(i))
			cohorts[u.cohort] += int(u.ready)
			total += int(u.ready)
		}
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(users[a].key, users[b].key) })
	before := map[int32]int{}
	for _, i := range order {
		u := &users[i]
		u.before = float32(before[u.cohort]) / float32(cohorts[u.cohort])
		before[u.cohort] += int(u.ready)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		x, y := &users[a], &users[b]
		if x.canary != y.canary {
			if x.canary {
				return -1
			}
			return 1
		}
		return cmp.Compare(x.before, y.before)
	})
	return order, total
}
