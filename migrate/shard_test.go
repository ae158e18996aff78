package migrate

import (
	"strings"
	"testing"

	"scmigrate/migrate/inventory"
)

// TestShardOfIsWhatOthersCompute: the vectors are Python's, 1 + int(hashlib.sha256(id.encode()).hexdigest(), 16) % n.
func TestShardOfIsWhatOthersCompute(t *testing.T) {
	const user, car = "218eda3b-0000-49a8-8f3d-000000000002", "36ab27d0-0000-4455-823a-000000000003"
	for _, c := range []struct {
		entry  inventory.Entry
		want   [5]int // of 1, 2, 4, 7 and 10,000
		reason string
	}{
		{inventory.Entry{UserID: user, VehicleID: car}, [5]int{1, 2, 4, 7, 9004}, "by user"},
		{inventory.Entry{UserID: user, VehicleID: "another", Ordinal: 9}, [5]int{1, 2, 4, 7, 9004}, "whole users"},
		{inventory.Entry{UserID: strings.ToUpper(user)}, [5]int{1, 2, 4, 7, 9004}, "ids are compared without case"},
		{inventory.Entry{VehicleID: car}, [5]int{1, 2, 2, 4, 3734}, "by vehicle where no user is known"},
		{inventory.Entry{}, [5]int{1, 2, 2, 2, 6550}, "a faulty row has a place too"},
	} {
		for i, n := range []int{1, 2, 4, 7, MaxShards} {
			if got := ShardOf(c.entry, n); got != c.want[i] {
				t.Errorf("%+v in %d shards: %d, want %d (%s)", c.entry, n, got, c.want[i], c.reason)
			}
		}
	}
}

func TestParseShard(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   Shard
		wrong  bool
		reason string
	}{
		{"", Shard{}, false, "the whole fleet"},
		{"1/1", Shard{1, 1}, false, "one part"},
		{"4/4", Shard{4, 4}, false, "the last"},
		{"10000/10000", Shard{10000, 10000}, false, "the most"},
		{"0/4", Shard{}, true, "counted from 1"},
		{"5/4", Shard{}, true, "beyond the last"},
		{"1/10001", Shard{}, true, "too many"},
		{"1", Shard{}, true, "no N"},
		{"1/0", Shard{}, true, "no part"},
		{"-1/4", Shard{}, true, "below zero"},
		{"+1/4", Shard{}, true, "one spelling only: ledgers compare it"},
		{"01/4", Shard{}, true, "one spelling only"},
		{"1/4/2", Shard{}, true, "too much"},
		{"a/b", Shard{}, true, "no numbers"},
	} {
		got, err := ParseShard(c.text)
		if (err != nil) != c.wrong || got != c.want || err == nil && got.String() != c.text {
			t.Errorf("%q: %v, %v; want %v (%s)", c.text, got, err, c.want, c.reason)
		}
	}
}

func TestPartsAddUp(t *testing.T) {
	for _, requests := range []int{4, 5, 7, 100, 103} {
		sum := 0
		for k := range 4 {
			sum += Shard{k + 1, 4}.Part(requests)
		}
		if sum != requests {
			t.Errorf("4 parts of %d add up to %d", requests, sum)
		}
	}
	if (Shard{}).Part(7) != 7 {
		t.Error("the whole fleet has all of it")
	}
}
