package cli_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// historyJSON is what report.json tells about the runs before.
type historyJSON struct {
	History *struct {
		Runs  []pastJSON `json:"runs"`
		Ended string     `json:"ended"`
	} `json:"history"`
}

type pastJSON struct {
	FinishedAt time.Time      `json:"finishedAt"`
	Verdicts   map[string]int `json:"verdicts"`
	Alike      bool           `json:"alike"`
	Unlike     []string       `json:"unlike"`
}

func (b *bench) history(file string) (h historyJSON) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.read(file)), &h); err != nil {
		b.t.Fatal(err)
	}
	return h
}

// blocked are the blocked vehicles of each earlier run.
func (h historyJSON) blocked() (list []int) {
	for _, r := range h.History.Runs {
		list = append(list, r.Verdicts["blocked"])
	}
	return list
}

// night measures into a directory, held against the night before; the next one is a minute later.
func (b *bench) night(want int, dir, before string, more ...string) {
	b.t.Helper()
	if before != "" {
		more = append(more, "--previous", b.path(before))
	}
	b.measure(want, dir, more...)
	b.clock.Sleep(b.ctx, time.Minute)
}

// fourNights are another fleet, a night of other fields, and two nights of one fleet of which one car was mended.
func fourNights(t *testing.T) *bench {
	b := newBench(t, lossy())
	all := []int{0, 1, 2, 3, 4, 5, 6, 7}
	b.write("inventory.yaml", b.rowsText(all, func(n int, row string) string {
		return strings.Replace(row, b.world.Inventory()[n].VehicleID, "00000000-0000-4000-8000-00000000000"+string(rune('0'+n)), 1)
	}))
	b.night(3, "strangers", "")
	b.write("inventory.yaml", b.inventory())
	b.night(3, "all-fields", "strangers", "--fields", "all")
	b.night(3, "first", "all-fields")
	lost := ""
	for _, v := range b.reportIn(b.path("first")).Vehicles {
		if v.Verdict == "blocked" {
			lost = v.VehicleID
		}
	}
	b.write("inventory.yaml", b.rowsText(all[:7], func(n int, row string) string {
		if b.world.Inventory()[n].VehicleID == lost {
			row += "    fields: [vin]\n"
		}
		return row
	}))
	b.night(3, "second", "first")
	return b
}

// TestHistoryOfSeveralRuns: each run knows the one before, so that the last one tells of all: by their ends, in every format,
// the same when rendered again. What cannot stand beside it is named with the reason, and not drawn.
func TestHistoryOfSeveralRuns(t *testing.T) {
	b := fourNights(t)
	b.night(3, "out", "second")
	h := b.history("out/report.json")
	if got := h.blocked(); h.History.Ended != "" || len(got) != 4 || !slices.Equal(got[1:], []int{2, 2, 1}) {
		t.Fatalf("blocked %v, ended %q", got, h.History.Ended)
	}
	if !slices.IsSortedFunc(h.History.Runs, func(a, b pastJSON) int { return a.FinishedAt.Compare(b.FinishedAt) }) {
		t.Error("not by their ends")
	}
	for i, want := range []string{"another fleet: of 8 vehicles looked for, none is in it now", "fields all then, standard now, another inventory", "another inventory", ""} {
		r := h.History.Runs[i]
		if got := strings.Join(r.Unlike, ", "); got != want || r.Alike != (i > 1) {
			t.Errorf("run %d: %q, alike %v, want %q", i, got, r.Alike, want)
		}
	}
	page := b.read("out/share/report.html")
	for _, text := range []string{"chart-burn-down", "another fleet: of 8 vehicles looked for, none is in it now", "fields all then, standard now"} {
		if !strings.Contains(page, text) {
			t.Errorf("share/report.html lacks %q", text)
		}
	}
	if n := strings.Count(page, `class="middle day`); n != 3 {
		t.Errorf("%d columns, want those of two earlier runs and this one", n)
	}
	before := b.reports("out")
	for path, text := range before {
		if strings.Contains(text, b.dir) && strings.Contains(path, "share") {
			t.Errorf("%s names a directory", path)
		}
	}
	if code, _, stderr := b.call("report", b.path("out")); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	b.wantSame(before, "out")
}

// TestHistoryEnds: where a run is gone, or is the report's own judged again, and where the runs lead back.
func TestHistoryEnds(t *testing.T) {
	b := fourNights(t)
	if err := os.Rename(b.path("strangers"), b.path("moved")); err != nil {
		t.Fatal(err)
	}
	render := func(dir, previous, ended string, runs ...int) {
		t.Helper()
		if code, _, stderr := b.call("report", b.path(dir), "-o", b.path("again"), "--previous", b.path(previous), "--format", "json"); code != 0 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		if h := b.history("again/report.json"); h.History == nil || h.History.Ended != ended || !slices.Equal(h.blocked(), runs) {
			t.Errorf("%s against %s: %+v, want %v and %q", dir, previous, h.History, runs, ended)
		}
	}
	render("second", "first", "the run before these is not where it was", 2, 2)
	if code, _, stderr := b.rejudge(b.path("second"), "-o", b.path("rejudged")); code != 3 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	render("rejudged", "second", "the run before these is not where it was", 2, 2)
	render("first", "second", "the runs lead back in a circle, which ends here", 1)
}
