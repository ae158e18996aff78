package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
)

// sampleOf says what a sample proves, nil where every vehicle was meant.
func sampleOf(h ledger.Header, frame *migrate.SampleFrame, c migrate.Counts) *Sample {
	if frame == nil {
		return nil
	}
	return &Sample{
		Asked: h.Sample, Seed: h.Seed, Vehicles: frame.Vehicles, Of: frame.Of, Users: frame.Users, LargestUser: frame.LargestUser,
		BlockedAtMost: bound(c.Blocked+c.Inconclusive, frame), Unseen: bound(0, frame),
	}
}

// bound is 0 to 1; a sample of everybody leaves nothing to guess.
func bound(x int, frame *migrate.SampleFrame) float64 {
	if !frame.Partial() && frame.Of > 0 {
		return float64(x) / float64(frame.Of)
	}
	return migrate.UpperBound(x, *frame, migrate.Confidence)
}

// sampleText says what a sample proves and what it does not, "" where there is none.
func (s Summary) sampleText() string {
	sample := s.Run.Sample
	if sample == nil {
		return ""
	}
	text := fmt.Sprintf("%s of %s were drawn (by whole users, seed %d): blocked %s of %s", count(sample.Vehicles), vehicles(sample.Of), sample.Seed,
		count(s.Verdicts.Blocked), count(sample.Vehicles))
	if n := s.Verdicts.Inconclusive; n > 0 {
		text += fmt.Sprintf(", %s could not be measured and count as blocked here", count(n))
	}
	return text + sample.boundText()
}

func (s Sample) boundText() string {
	if s.Vehicles >= s.Of {
		return "; that is every vehicle."
	}
	return "; " + s.atMostText() + ". A sample finds causes that hit many cars; " + s.unseenText() + ", and no vehicle outside the sample is proved."
}

func (s Sample) atMostText() string {
	if s.BlockedAtMost >= 1 {
		return fmt.Sprintf("that bounds nothing for the fleet (whole users are drawn, and one has %s)", vehicles(s.LargestUser))
	}
	return fmt.Sprintf("with 95 %% confidence at most %s of the fleet is blocked", percentUp(s.BlockedAtMost))
}

func (s Sample) unseenText() string {
	if s.Unseen >= 1 {
		return "this one may miss any"
	}
	return fmt.Sprintf("a cause that hits fewer than %s of cars may well be missed", percentUp(s.Unseen))
}

// percentUp is a share of 0 to 1 with at most one decimal, rounded up: a bound is never stated too low.
func percentUp(share float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(math.Ceil(share*1000-1e-9)/10, 'f', 1, 64), ".0") + " %"
}

func (s Sample) text() string {
	return fmt.Sprintf("%s of %s drawn (--sample %s, seed %d), %s; the rest was not looked at", count(s.Vehicles), vehicles(s.Of), s.Asked, s.Seed, counted(s.Users, "user"))
}

// drawn is "298 vehicles", or "298 drawn vehicles" where the rest was left out.
func (s Summary) drawn(n int) string {
	if s.Run.Sample == nil {
		return vehicles(n)
	}
	return counted(n, "drawn vehicle")
}

func (s Summary) goText() string {
	if s.Run.Baseline != nil && s.Run.Sample == nil {
		return s.servedText()
	}
	if s.Run.Sample == nil {
		return fmt.Sprintf("Every gate holds; %s can be switched.%s", vehicles(s.Verdicts.Ready), s.leftBehind())
	}
	return fmt.Sprintf("Every gate holds; %s of %s are ready.", count(s.Verdicts.Ready), s.drawn(s.Total))
}

// leftBehind says what a GO does not speak for.
func (s Summary) leftBehind() string {
	v := s.Verdicts
	if v.Blocked+v.Inconclusive == 0 {
		return ""
	}
	return fmt.Sprintf(" Not among them: %s blocked and %s not measured, which the gates allow.", count(v.Blocked), count(v.Inconclusive))
}

// inventoryText is the size of the inventory.
func (s Summary) inventoryText() string {
	if s.Run.Sample == nil {
		return vehicles(s.Total)
	}
	return vehicles(s.Run.Sample.Of)
}

// leftOut tells a vehicle that the sample did not draw and nobody knows anything about.
func (v Vehicle) leftOut() bool { return v.Undrawn && v.Verdict == string(migrate.Inconclusive) }

// part is the part of the page's list that a vehicle stands in: not ready, ready, left out.
func (v Vehicle) part() int {
	switch {
	case v.leftOut():
		return 2
	case v.Verdict == "ready":
		return 1
	}
	return 0
}
