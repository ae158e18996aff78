package migrate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"scmigrate/migrate/inventory"
)

func TestParseSample(t *testing.T) {
	for _, c := range []struct {
		text   string
		of     int
		least  int
		wrong  bool
		reason string
	}{
		{"", 100, 0, false, "none asked: every vehicle"},
		{"300", 12000, 300, false, "a number"},
		{"300", 40, 40, false, "more than there are: all"},
		{"5%", 12000, 600, false, "a share"},
		{"0.5%", 300, 2, false, "a share is rounded up"},
		{"1%", 3, 1, false, "at least one"},
		{"100%", 7, 7, false, "all, drawn"},
		{"0", 0, 0, true, "nobody drawn proves nothing"},
		{"-3", 0, 0, true, "below zero"},
		{"0%", 0, 0, true, "no share"},
		{"101%", 0, 0, true, "more than all"},
		{"NaN%", 0, 0, true, "no number"},
		{"2.5", 0, 0, true, "half a vehicle"},
		{"many", 0, 0, true, "a word"},
	} {
		s, err := ParseSample(c.text)
		if (err != nil) != c.wrong || err == nil && s.Least(c.of) != c.least {
			t.Errorf("%q of %d: %d, %v; want %d (%s)", c.text, c.of, s.Least(c.of), err, c.least, c.reason)
		}
	}
}

// TestDrawTakesWholeUsers: all of a user's vehicles or none, just as many users as it takes, and more of them for more.
func TestDrawTakesWholeUsers(t *testing.T) {
	var fleet []inventory.Entry
	for i := range 1000 {
		user := fmt.Sprintf("user-%d", i/4)
		if i%2 == 0 {
			user = strings.ToUpper(user)
		}
		if i >= 900 {
			user = ""
		}
		fleet = append(fleet, inventory.Entry{Ordinal: i, VehicleID: fmt.Sprint("car-", i), UserID: user})
	}
	inside := func(seed uint64, sample string) map[int]bool {
		d := NewDraw(seed)
		for _, e := range fleet {
			d.Add(e)
		}
		s, err := ParseSample(sample)
		if err != nil {
			t.Fatal(err)
		}
		d.Close(s)
		in := map[int]bool{}
		for _, e := range fleet {
			if d.Drawn(e) {
				in[e.Ordinal] = true
			}
		}
		return in
	}
	small, large, other := inside(1, "100"), inside(1, "20%"), inside(2, "100")
	for i := range 900 {
		if small[i] != small[i/4*4] {
			t.Fatalf("the user of car %d was torn apart", i)
		}
	}
	if n := len(small); n < 100 || n > 103 {
		t.Errorf("%d drawn, want 100 and what the last user has more", n)
	}
	common := 0
	for i := range small {
		if !large[i] {
			t.Errorf("car %d is in the small sample and not in the large one", i)
		}
		if other[i] {
			common++
		}
	}
	if common > 40 {
		t.Errorf("another seed draws %d of 100 the same", common)
	}
	if n := len(inside(1, "")); n != 1000 {
		t.Errorf("without a sample %d are drawn", n)
	}
}

// TestUpperBound: textbook values, and a user's vehicles counting as one.
func TestUpperBound(t *testing.T) {
	for _, c := range []struct {
		x      int
		frame  SampleFrame
		want   float64
		reason string
	}{
		{0, SampleFrame{Vehicles: 300, LargestUser: 1}, 0.009936, "1 − 0.05^(1/300)"},
		{3, SampleFrame{Vehicles: 300, LargestUser: 1}, 0.025641, "Clopper and Pearson, one-sided"},
		{0, SampleFrame{Vehicles: 300, LargestUser: 10}, 0.095034, "thirty users at the least"},
		{0, SampleFrame{Vehicles: 300, LargestUser: 400}, 1, "one user may hold them all"},
		{300, SampleFrame{Vehicles: 300, LargestUser: 1}, 1, "all of them"},
	} {
		if got := UpperBound(c.x, c.frame, 0.95); math.Abs(got-c.want) > 2e-4 {
			t.Errorf("%d of %+v: %.6f, want %.6f (%s)", c.x, c.frame, got, c.want, c.reason)
		}
	}
}
