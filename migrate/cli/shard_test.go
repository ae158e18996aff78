package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/fixtures"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
)

// standing is a world in which it is always the same moment, so that it matters to no answer when it is asked for.
func standing(t *testing.T, s fixtures.Scenario) *bench {
	t.Helper()
	moment := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	b := newBenchAt(t, s, func() time.Time { return moment })
	b.sleep = func(context.Context, time.Duration) {}
	return b
}

// shards runs the fleet in n shards and returns their directories.
func (b *bench) shards(n int, more ...string) (dirs []string) {
	b.t.Helper()
	for k := 1; k <= n; k++ {
		dir := b.path(fmt.Sprintf("shard-%d", k))
		if code, _, stderr := b.run(append([]string{"-o", dir, "--shard", fmt.Sprintf("%d/%d", k, n), "--format", "json"}, more...)...); code != 0 && code != 3 && code != 4 {
			b.t.Fatalf("shard %d: exit %d: %s", k, code, stderr)
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

func (b *bench) merge(dirs []string, out string) (code int, stdout, stderr string) {
	b.t.Helper()
	return b.call(append(append([]string{"merge"}, dirs...), "-o", out)...)
}

// answerOf is what a report says, without who made it, when, and the ids of single requests.
func answerOf(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for _, v := range r["vehicles"].([]any) {
		delete(v.(map[string]any), "requestIds")
	}
	for _, name := range []string{"run", "tool", "schema"} {
		delete(r, name)
	}
	return r
}

// mixedFleet has users with several cars, entries without a userId, orphans, every kind of the demo's defects, and cars that
// stand in the inventory under two users, whose entries may fall into different shards.
func mixedFleet(t *testing.T) *bench {
	t.Helper()
	s := fixtures.DemoScenario(160, 21)
	s.Defects["two-users"], s.Orphans = fixtures.Amount{Count: 6}, 5
	b := standing(t, s)
	b.write("inventory.yaml", b.inventory()+b.secondUsers())
	return b
}

// secondUsers are entries of the cars that two users have, as the other one. A car of General Motors is not among them: its
// two entries are read half an hour apart, which in a world that stands still is never.
func (b *bench) secondUsers() string {
	b.t.Helper()
	scout := b.path("scout")
	b.run("-o", scout, "--legs", "connections")
	l, err := ledger.Open(scout)
	if err != nil {
		b.t.Fatal(err)
	}
	defer l.Close()
	var more strings.Builder
	n, apart := 0, 0
	for _, row := range b.world.Inventory() {
		links, err := l.Links(b.t.Context(), row.VehicleID)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, link := range links {
			if row.UserID == "" || len(links) != 2 || link.UserID == row.UserID || slices.Contains([]string{"CHEVROLET", "BUICK", "CADILLAC", "GMC"}, link.Make) {
				continue
			}
			fmt.Fprintf(&more, "  - vehicleId: %s\n    userId: %s\n    accessToken: %q\n", row.VehicleID, link.UserID, row.AccessToken)
			n++
			if migrate.ShardOf(inventory.Entry{UserID: row.UserID}, 4) != migrate.ShardOf(inventory.Entry{UserID: link.UserID}, 4) {
				apart++
			}
		}
	}
	if n < 4 || apart == 0 {
		b.t.Fatalf("%d cars under two users, %d of them in two shards: the test shows nothing", n, apart)
	}
	return more.String()
}

// TestFourShardsSayWhatOneRunSays: the same fleet as one run and as four shards that are merged. Time-outs pass in virtual
// time; to the world it is always the same moment.
func TestFourShardsSayWhatOneRunSays(t *testing.T) { synctest.Test(t, fourShardsSayWhatOneRunSays) }

func fourShardsSayWhatOneRunSays(t *testing.T) {
	b := mixedFleet(t)
	oneCode, _, stderr := b.run()
	if oneCode != 3 {
		t.Fatalf("exit %d: %s", oneCode, stderr)
	}
	dirs := b.shards(4)
	code, stdout, stderr := b.call("merge", dirs[2], dirs[0], dirs[3], dirs[1], "-o", b.path("merged"))
	if code != oneCode {
		t.Fatalf("merge: exit %d, want %d\n%s%s", code, oneCode, stdout, stderr)
	}
	want, got := answerOf(t, b.path("out/report.json")), answerOf(t, b.path("merged/report.json"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("one run (-), four shards merged (+):\n%s", diff)
	}
	users := map[string]int{}
	for k, dir := range dirs {
		shard := answerOf(t, filepath.Join(dir, "report.json"))
		if ours, theirs := orphans(want), orphans(shard); ours == nil || ours != theirs {
			t.Errorf("%v orphans in one run, %v in shard %d: the others' cars are none", ours, theirs, k+1)
		}
		for _, v := range shard["vehicles"].([]any) {
			user := strings.ToLower(v.(map[string]any)["userId"].(string))
			if other, ok := users[user]; user != "" && ok && other != k {
				t.Errorf("user %s is in shards %d and %d", user, other+1, k+1)
			}
			users[user] = k
		}
	}
	b.wantSameBytes(dirs)
}

// orphans is the count of the note about cars that the inventory lacks, nil where there is none.
func orphans(report map[string]any) any {
	for _, n := range report["notes"].([]any) {
		if note := n.(map[string]any); note["code"] == "orphan-connection" {
			return note["count"]
		}
	}
	return nil
}

// wantSameBytes merges in another order and compares every file.
func (b *bench) wantSameBytes(dirs []string) {
	b.t.Helper()
	b.call("merge", dirs[3], dirs[2], dirs[1], dirs[0], "-o", b.path("again"))
	first := map[string]string{}
	eachFile(b.t, b.path("merged"), func(path, text string) { first[strings.TrimPrefix(path, b.path("merged"))] = text })
	n := 0
	eachFile(b.t, b.path("again"), func(path, text string) {
		name := strings.TrimPrefix(path, b.path("again"))
		if first[name] != text {
			b.t.Errorf("%s is not the same bytes in another order of the arguments", name)
		}
		n++
	})
	if n != len(first) || n < 8 {
		b.t.Errorf("%d files, then %d", len(first), n)
	}
}

func TestAMergedRunIsARunLikeAnyOther(t *testing.T) { synctest.Test(t, aMergedRunIsARunLikeAnyOther) }

func aMergedRunIsARunLikeAnyOther(t *testing.T) {
	b := mixedFleet(t)
	dirs := b.shards(4)
	merged := b.path("merged")
	b.merge(dirs, merged)
	before := answerOf(t, filepath.Join(merged, "report.json"))
	if code, stdout, stderr := b.call("rejudge", merged, "--dry-run"); code != 3 || !strings.HasPrefix(stdout, "0 of ") {
		t.Errorf("rejudge: exit %d: %s%s", code, stdout, stderr)
	}
	if code, stdout, _ := b.call("status", merged); code != 0 || strings.Contains(stdout, "shard") {
		t.Errorf("status: exit %d: %s", code, stdout)
	}
	finished, entries := map[string]int{}, map[string]int{}
	for _, v := range b.reportIn(merged).Vehicles {
		entries[v.VehicleID]++
		if v.Verdict != "inconclusive" {
			finished[v.VehicleID] = b.sent(v.VehicleID)
		}
	}
	if code, _, stderr := b.run("-o", merged); code != 3 {
		t.Fatalf("resumed: exit %d: %s", code, stderr)
	}
	for _, v := range b.reportIn(merged).Vehicles {
		if n, ok := finished[v.VehicleID]; ok && v.Verdict == "inconclusive" || ok && b.sent(v.VehicleID) != n && entries[v.VehicleID] == 1 {
			t.Errorf("%s was finished and was called again", v.VehicleID)
		}
	}
	if diff := cmp.Diff(before, answerOf(t, filepath.Join(merged, "report.json"))); diff != "" {
		t.Errorf("before (-) and after (+) a resumed run:\n%s", diff)
	}
}

// TestShardsOfASample: their union is the very sample that one run draws.
func TestShardsOfASample(t *testing.T) {
	b := standing(t, fixtures.HealthyScenario(120, 5))
	b.run("--sample", "30")
	one := b.report()
	dirs := b.shards(3, "--sample", "30")
	if code, _, stderr := b.merge(dirs, b.path("merged")); code != 4 {
		t.Fatalf("exit %d, want 4 like one run: %s", code, stderr)
	}
	if diff := cmp.Diff(one.Run.Sample, b.reportIn(b.path("merged")).Run.Sample); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(answerOf(t, b.path("out/report.json")), answerOf(t, b.path("merged/report.json"))); diff != "" {
		t.Error(diff)
	}
}

// TestAnEmptyShard: nobody falls into it; it ends at once, says why, and is merged like the others.
func TestAnEmptyShard(t *testing.T) {
	b := standing(t, fixtures.HealthyScenario(2, 4))
	calls := 0
	for k := 1; k <= 6; k++ {
		before := len(b.world.Requests())
		code, stdout, stderr := b.run("-o", b.path(fmt.Sprint("shard-", k)), "--shard", fmt.Sprintf("%d/6", k))
		if sent := len(b.world.Requests()) - before; sent == 0 {
			calls++
			if code != 4 || !strings.Contains(stderr, fmt.Sprintf("falls into shard %d/6", k)) || !strings.Contains(stdout, "No user falls into it") {
				t.Errorf("exit %d: %s%s", code, stdout, stderr)
			}
		}
	}
	if calls < 4 {
		t.Fatalf("%d of 6 shards are empty", calls)
	}
	dirs, _ := filepath.Glob(b.path("shard-*"))
	if code, _, stderr := b.merge(dirs, b.path("merged")); code != 0 {
		t.Errorf("merge: exit %d: %s", code, stderr)
	}
}

// TestAShardSaysSo in everything that a person reads, and in what a machine does.
func TestAShardSaysSo(t *testing.T) {
	b := standing(t, fixtures.HealthyScenario(20, 4))
	_, stdout, _ := b.run("--shard", "2/4")
	const says = "Shard 2 of 4: a part of the fleet; merge the shards for the answer."
	if !strings.HasPrefix(stdout, says) {
		t.Errorf("the terminal begins with %.80q", stdout)
	}
	for _, name := range []string{"report.html", "report.md", "share/report.html", "share/report.md"} {
		if text, err := os.ReadFile(b.path("out/" + name)); err != nil || !strings.Contains(string(text), says) {
			t.Errorf("%s does not say that it is a shard's (%v)", name, err)
		}
	}
	if text, err := os.ReadFile(b.path("out/report.json")); err != nil || !strings.Contains(strings.Join(strings.Fields(string(text)), ""), `"shard":{"k":2,"n":4}`) {
		t.Errorf("report.json does not (%v)", err)
	}
	if _, stdout, _ := b.call("status", b.path("out")); !strings.Contains(stdout, "shard 2/4: a part of the fleet of 20 vehicles") {
		t.Error(stdout)
	}
	for _, more := range [][]string{{"--shard", "1/4"}, {"--shard", "2/5"}, {}} {
		if code, _, stderr := b.run(more...); code != 2 || !strings.Contains(stderr, "was begun as shard 2/4") {
			t.Errorf("gone on with %v: exit %d: %s", more, code, stderr)
		}
	}
	if code, _, stderr := b.call("rejudge", b.path("out"), "-i", b.path("inventory.yaml")); code != 2 || !strings.Contains(stderr, "merge the shards first") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestTheShardOfAnIndexedJob: Kubernetes gives the index alone; without the number of indexes nobody runs the whole fleet.
func TestTheShardOfAnIndexedJob(t *testing.T) {
	b := standing(t, fixtures.HealthyScenario(20, 4))
	for _, c := range []struct {
		index, completions, flag string
		want                     string
		code                     int
	}{
		{"1", "4", "", "shard               2 of 4: ", 0},
		{"0", "4", "", "shard               1 of 4: ", 0},
		{"1", "4", "3/5", "shard               3 of 5: ", 0},
		{"1", "", "3/5", "shard               3 of 5: ", 0},
		{"1", "", "", "set JOB_COMPLETIONS to the job's spec.completions, or give --shard K/N", 2},
		{"4", "4", "", "counts from 0 and stays below", 2},
		{"x", "4", "", "counts from 0 and stays below", 2},
		{"", "4", "", "vehicles            20 to call", 0},
		{"", "", "61/61", "give at most 60 shards", 2},
		{"", "", "2/1", "is no shard", 2},
	} {
		b.env["JOB_COMPLETION_INDEX"], b.env["JOB_COMPLETIONS"] = c.index, c.completions
		args := []string{"plan", "-i", b.path("inventory.yaml")}
		if c.flag != "" {
			args = append(args, "--shard", c.flag)
		}
		if code, stdout, stderr := b.call(args...); code != c.code || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%+v: exit %d: %s%s", c, code, stdout, stderr)
		}
	}
	if code, _, stderr := b.call("plan", "-i", b.path("inventory.yaml"), "--shard", "1/4", "--max-requests", "3"); code != 2 || !strings.Contains(stderr, "for all shards together") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
