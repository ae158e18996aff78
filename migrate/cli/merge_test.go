package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scmigrate/fixtures"
	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
)

// TestMergeRefuses what is not one fleet, with directory and value, before anything is written.
func TestMergeRefuses(t *testing.T) {
	b := standing(t, fixtures.HealthyScenario(12, 4))
	dirs := b.shards(3)
	b.run() // not a shard
	for dir, more := range map[string][]string{
		"other-n": {"--shard", "2/5"}, "other-rules": {"--shard", "2/3", "--require", "blocked <= 3"}, "other-api": {"--shard", "2/3", "--legacy-api", "v3"},
		"other-legs": {"--shard", "2/3", "--legs", "app"}, "other-fields": {"--shard", "2/3", "--fields", "vin"}, "other-sample": {"--shard", "2/3", "--sample", "4"},
		"other-seed": {"--shard", "2/3", "--sample-seed", "7"},
	} {
		b.run(append([]string{"-o", b.path(dir)}, more...)...)
	}
	inventory := b.inventory()
	b.write("inventory.yaml", inventory+"  - vehicleId: deadbeef-0000-4000-8000-00000000000a\n    userId: deadbeef-0000-4000-8000-00000000000b\n")
	b.run("-o", b.path("other-inventory"), "--shard", "2/3")
	if err := os.Symlink(dirs[0], b.path("link")); err != nil {
		t.Fatal(err)
	}
	old, err := ledger.Create(b.path("begun")) // killed in pass 1
	if err != nil || old.Close() != nil {
		t.Fatal(err)
	}
	one, two, three := dirs[0], dirs[1], dirs[2]
	for _, c := range []struct {
		dirs []string
		want []string
	}{
		{[]string{one, three}, []string{"shard 2/3 is missing"}},
		{[]string{two}, []string{"shards are missing: 1/3, 3/3"}},
		{[]string{one, two, three, two}, []string{"shard-2 and ", "are the same directory"}},
		{[]string{one, two, three, b.path("link")}, []string{"link are the same directory"}},
		{[]string{one, two, b.path("out")}, []string{"out is not a shard"}},
		{[]string{one, two, b.path("begun")}, []string{"begun holds no run that began"}},
		{[]string{one, two, b.path("nothing")}, []string{"nothing: no ledger here"}},
		{[]string{one, b.path("other-n"), three}, []string{"other-n are not of one run: the number of shards is 3 here and 5 there"}},
		{[]string{one, b.path("other-inventory"), three}, []string{"the inventory is sha256:", "its length is 12 here and 13 there"}},
		{[]string{one, b.path("other-rules"), three}, []string{"the digest of the rules is"}},
		{[]string{one, b.path("other-api"), three}, []string{"--legacy-api is v2 here and v3 there"}},
		{[]string{one, b.path("other-legs"), three}, []string{"--legs is both here and app there"}},
		{[]string{one, b.path("other-fields"), three}, []string{"--fields is standard here and vin there"}},
		{[]string{one, b.path("other-sample"), three}, []string{"--sample is none here and 4 there"}},
		{[]string{one, b.path("other-seed"), three}, []string{"the seed is 1 here and 7 there"}},
		{[]string{one, two, three, b.path("other-rules")}, []string{"shard 2/3 is there twice: ", "other-rules and "}},
		{nil, []string{"give the directories of all shards"}},
	} {
		code, _, stderr := b.merge(c.dirs, b.path("merged"))
		for _, want := range c.want {
			if code != 2 || !strings.Contains(stderr, want) {
				t.Errorf("%v: exit %d, want 2 and %q:\n%s", c.dirs, code, want, stderr)
			}
		}
		if _, err := os.Stat(b.path("merged")); err == nil {
			t.Fatalf("%v: something was written", c.dirs)
		}
	}
	for out, want := range map[string]string{two: "is one of the shards", b.path("out"): "holds a run already"} {
		if code, _, stderr := b.merge(dirs, out); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("-o %s: exit %d: %s", out, code, stderr)
		}
	}
}

// TestMergeWaitsForNobody: a shard that a run holds is refused, and nothing is left behind.
func TestMergeWaitsForNobody(t *testing.T) {
	b := standing(t, fixtures.HealthyScenario(8, 4))
	dirs := b.shards(2)
	held, err := ledger.Create(dirs[1])
	if err != nil {
		t.Fatal(err)
	}
	code, _, stderr := b.merge(dirs, b.path("merged"))
	if code != 2 || !strings.Contains(stderr, dirs[1]+": another scmigrate run is using this directory") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	// What a killed merge leaves is cleared away.
	partial := filepath.Join(b.path("merged"), ".merge.partial")
	if err := os.MkdirAll(partial, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(partial, ledger.FileName), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := b.merge(dirs, b.path("merged")); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if _, err := os.Stat(partial); err == nil {
		t.Error("the partial directory is still there")
	}
}

// TestMergeOfUnfinishedShards takes what there is, says what is missing, and is undecided.
func TestMergeOfUnfinishedShards(t *testing.T) {
	b := standing(t, fixtures.HealthyScenario(40, 4))
	dirs := b.shards(2, "--max-requests", "40")
	code, stdout, stderr := b.merge(dirs, b.path("merged"))
	r := b.reportIn(b.path("merged"))
	if code != 4 || r.Run.Complete || r.Total != 40 || r.Verdicts["ready"] == 0 || r.Verdicts["inconclusive"] == 0 || !strings.Contains(stdout, "COULD NOT TELL") {
		t.Errorf("exit %d, complete %v, %v of %d", code, r.Run.Complete, r.Verdicts, r.Total)
	}
	for _, dir := range dirs {
		if !strings.Contains(stderr, dir+" is not finished (stopped: the budget of requests is used up)") {
			t.Errorf("%s is not named:\n%s", dir, stderr)
		}
	}
	b.shards(2) // the rest
	if code, _, stderr := b.merge(dirs, b.path("whole")); code != 0 || stderr != "" {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestABreachInOneShardIsTheFleets: its exit code and its cars' verdicts outlive the merge.
func TestABreachInOneShardIsTheFleets(t *testing.T) {
	s := fixtures.HealthyScenario(12, 4)
	s.Defects = map[string]fixtures.Amount{"isolation-breach": {Count: 12}}
	b := standing(t, s)
	var dirs []string
	for k, controls := range []string{"3", "0"} { // only one of them looks
		dirs = append(dirs, b.path("shard-"+string(rune('1'+k))))
		b.run("-o", dirs[k], "--shard", string(rune('1'+k))+"/2", "--negative-control", controls)
	}
	if code, stdout, _ := b.merge(dirs, b.path("merged")); code != 6 || !strings.Contains(stdout, "isolation-breach") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

// TestABreachOfTwoShardsIsTheFleets: each of them saw one car, which confirms nothing; together they confirm it, whatever the
// gates are about.
func TestABreachOfTwoShardsIsTheFleets(t *testing.T) {
	b := standing(t, fixtures.HealthyScenario(12, 4))
	dirs := b.shards(2, "--negative-control", "0", "--require", "ready >= 1")
	for _, dir := range dirs {
		car := b.reportIn(dir).Vehicles[0].VehicleID
		l, err := ledger.Create(dir)
		if err == nil {
			err = errors.Join(l.SaveControls(t.Context(), migrate.Controls{Tried: 1, Served: 1, Vehicles: []string{car}}), l.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if code, stdout, stderr := b.merge(dirs, b.path("merged")); code != 6 || !strings.Contains(stdout, "isolation-breach") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	for _, command := range []string{"gate", "rejudge"} {
		if code, stdout, stderr := b.call(command, b.path("merged")); code != 6 {
			t.Errorf("%s: exit %d: %s%s", command, code, stdout, stderr)
		}
	}
}
