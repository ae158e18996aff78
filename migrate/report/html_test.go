package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listOf is the data of a rendered page.
func listOf(t *testing.T, page []byte) vehicleList {
	t.Helper()
	var list vehicleList
	if err := json.Unmarshal(scripts.FindSubmatch(page)[1], &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestCausesKnowTheirVehicles: the list finds the vehicles of each cause of the page, in the order of the page.
func TestCausesKnowTheirVehicles(t *testing.T) {
	for name, r := range map[string]Report{"private": sample(), "share": Share(sample(), shareKey)} {
		list := listOf(t, rendered(t, "html", r, Options{}))
		got := map[string]int{}
		for i := range list.Rows {
			for _, c := range list.CauseOf[list.KindOf[i]] {
				got[list.Causes[c].Key]++
			}
		}
		want := map[string]int{}
		for _, c := range r.Causes {
			want[c.Fingerprint] = c.Vehicles
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: vehicles by cause (-want +got):\n%s", name, diff)
		}
	}
}

func TestCausesAreSortedByWhatTheyFree(t *testing.T) {
	causes := byUnblocked([]Cause{{Code: "many", Vehicles: 90}, {Code: "some", Vehicles: 5, Unblocks: 5, Who: "engineering"}, {Code: "most", Vehicles: 9, Unblocks: 7, Who: "nobody: run again"}})
	if got := causes[0].Code + " " + causes[1].Code + " " + causes[2].Code; got != "most some many" {
		t.Error(got)
	}
	if got := actorsText(causes); got != "run again 7, engineering 5" {
		t.Error(got)
	}
}

func TestCells(t *testing.T) {
	for _, c := range []struct {
		counts map[string]int
		want   matrixCell
	}{
		{nil, matrixCell{"none", "–"}},
		{map[string]int{"absent": 3}, matrixCell{"none", "–"}},
		{map[string]int{"match": 1000, "drift": 204}, matrixCell{"served", "1,204"}},
		{map[string]int{"match": 3, "unmeasured": 1}, matrixCell{"served", "3 of 4"}},
		{map[string]int{"unmeasured": 4}, matrixCell{"unmeasured", "not measured"}},
		{map[string]int{"gained": 4}, matrixCell{"gained", "v3 only"}},
		{map[string]int{"no-counterpart": 4}, matrixCell{"none", "no v3 form"}},
		{map[string]int{"match": 3, "lost": 2, "differs": 1}, matrixCell{"lost", "lost 2, differs 1 of 6"}},
		{map[string]int{"match": 3, "unverifiable": 2}, matrixCell{"unverifiable", "unverifiable 2 of 5"}},
		{map[string]int{"waived": 2}, matrixCell{"waived", "waived 2 of 2"}},
	} {
		if got := cellOf(c.counts); got != c.want {
			t.Errorf("%v is %+v, want %+v", c.counts, got, c.want)
		}
	}
}

// TestMatrixIsBounded: makes beyond the largest are one column, and every one is counted in it.
func TestMatrixIsBounded(t *testing.T) {
	s := Summary{Outcomes: map[string]map[string]int{"vin": {"match": 40}}}
	for n := range 40 {
		s.Makes = append(s.Makes, MakeGroup{Group{Name: fmt.Sprint("M", n), Vehicles: 1}, map[string]map[string]int{"vin": {"match": 1}}})
	}
	m := matrixOf(s)
	if last := len(m.Makes) - 1; last != matrixMakes || m.Makes[last] != "30 other makes" || m.Rows[0].Cells[last] != (matrixCell{"served", "30"}) {
		t.Errorf("%+v", m)
	}
}

func TestReadyDate(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 11, day, 23, 0, 0, 0, time.UTC) }
	now := Summary{Verdicts: Verdicts{Ready: 60, Blocked: 30, Inconclusive: 10}, Gates: []Gate{{"blocked == 0", "no", "30"}}, Run: Run{FinishedAt: at(25), Complete: true}}
	before := Changes{Previous: Previous{FinishedAt: at(20), Complete: true, Verdicts: Verdicts{Ready: 40, Blocked: 50, Inconclusive: 10}}}
	for name, c := range map[string]struct {
		change func(s *Summary, c *Changes)
		want   string
	}{
		"one run":  {func(s *Summary, _ *Changes) { s.Run.Retirement, s.Changes = "2026-12-01", nil }, "v2.0 ends on 2026-12-01, 6 days after this run; when the fleet will be ready cannot be told from one run (--previous)"},
		"too late": {func(s *Summary, _ *Changes) { s.Run.Retirement = "2026-12-01" }, "v2.0 ends on 2026-12-01, 6 days after this run; ready about 2026-12-05 if it goes on as since the earlier run (blocked or not measured: 60, then 40), 4 days too late"},
		"ended":    {func(s *Summary, _ *Changes) { s.Run.Retirement = "2026-11-24" }, "v2.0 ended on 2026-11-24, 1 day before this run; ready about 2026-12-05 if it goes on as since the earlier run (blocked or not measured: 60, then 40), 11 days too late"},
		"no day":   {func(*Summary, *Changes) {}, "ready about 2026-12-05 if it goes on as since the earlier run (blocked or not measured: 60, then 40)"},
		"worse":    {func(_ *Summary, c *Changes) { c.Previous.Verdicts.Blocked = 1 }, "no ready date: 40 are blocked or not measured, 11 were in the earlier run"},
		"slow": {func(_ *Summary, c *Changes) {
			c.Previous.Verdicts.Blocked, c.Previous.FinishedAt = 31, at(25).AddDate(-1, 0, 0)
		}, "no ready date within ten years at the pace since the earlier run"},
		"unlike": {func(_ *Summary, c *Changes) { c.Unlike = []string{"rules"} }, "when the fleet will be ready cannot be told: the two runs are not alike and whole"},
		"go": {func(s *Summary, _ *Changes) {
			s.Gates[0].Met, s.Verdicts.Blocked, s.Verdicts.Inconclusive = "yes", 0, 0
		}, "the fleet is ready now"},
		"left": {func(s *Summary, _ *Changes) { s.Gates[0].Met = "yes" }, "the gates hold now, with 40 vehicles left behind"},
	} {
		s, changes := now, before
		s.Gates, s.Changes = slices.Clone(now.Gates), &changes
		c.change(&s, &changes)
		if facts := s.readyDateFacts(); len(facts) != 1 || facts[0].Text != c.want {
			t.Errorf("%s: %+v, want %s", name, facts, c.want)
		}
	}
	if facts := (Summary{}).readyDateFacts(); facts != nil {
		t.Errorf("a day that nobody stated is held against the run: %+v", facts)
	}
}

// TestChartsHaveText: every drawing has a title, a description and a table with its figures.
func TestChartsHaveText(t *testing.T) {
	page := rendered(t, "html", sample(), Options{})
	drawings := regexp.MustCompile(`(?s)<svg[^>]*aria-labelledby="(\S+) (\S+)".*?</svg>`).FindAllSubmatch(page, -1)
	if len(drawings) != 7 {
		t.Fatalf("%d drawings", len(drawings))
	}
	for _, d := range drawings {
		for _, id := range d[1:] {
			if !bytes.Contains(d[0], fmt.Appendf(nil, ` id="%s">`, id)) {
				t.Errorf("%s is named and is not there", id)
			}
		}
	}
	if tables := bytes.Count(page, []byte("<summary>As a table</summary>")); tables != 6 {
		t.Errorf("%d tables", tables)
	}
}

// TestIDsStayReadable: equally long ids stand together, and each is found in the page as it is.
func TestIDsStayReadable(t *testing.T) {
	page := rendered(t, "html", fleetOf(50, nil, ""), Options{})
	if list := listOf(t, page); list.Wide != 36 || list.Rows != 50 || len(list.IDs) != 1 || len(list.IDs[0]) != 50*36 || !bytes.Contains(page, []byte(vehicleID(49))) {
		t.Errorf("%d rows, %d wide: %.200q", list.Rows, list.Wide, list.IDs)
	}
	shared := listOf(t, rendered(t, "html", Share(fleetOf(50, nil, ""), shareKey), Options{}))
	for n := range shared.Rows {
		if id := shared.IDs[0][n*shared.Wide:][:shared.Wide]; !strings.HasPrefix(id, "veh-") {
			t.Errorf("row %d of the shareable form is %s", n, id)
		}
	}
	odd := listBuilder{list: vehicleList{IDs: []string{"é", "ab"}}}
	if odd.joinIDs(); odd.list.Wide != 0 || len(odd.list.IDs) != 2 {
		t.Errorf("ids of two lengths are one text: %q", odd.list.IDs)
	}
}

// TestAPageHasRoomForLabels: a fleet of 100,000 with long labels and a hundred causes stays below 5 MB, and says what it left.
func TestAPageHasRoomForLabels(t *testing.T) {
	r := fleetOf(100_000, sampleFields(), "")
	plainFleet := r.Vehicles
	r.Vehicles = func() iter.Seq2[Vehicle, error] {
		return func(yield func(Vehicle, error) bool) {
			n := 0
			for v := range plainFleet() {
				n++
				v.Label = fmt.Sprintf("van <%d> of the depot & its yard", n)
				if !yield(v, nil) {
					return
				}
			}
		}
	}
	r.Causes = slices.Clone(r.Causes)
	for n := range maxCauses {
		r.Causes = append(r.Causes, Cause{Code: "signal-lost", Field: fmt.Sprintf("security.%d", n), Make: "TESLA", Fingerprint: fmt.Sprint(n), Vehicles: 8, Meaning: strings.Repeat("word ", 60), Action: strings.Repeat("word ", 60)})
	}
	page := rendered(t, "html", r, Options{})
	if len(page) > 5_000_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
	if list := listOf(t, page); list.Rows < 40_000 || list.Left() == 0 || !bytes.Contains(page, []byte("more are not listed here")) {
		t.Errorf("%d rows", list.Rows)
	}
}
