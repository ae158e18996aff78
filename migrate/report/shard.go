package report

import (
	"fmt"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
)

// shardOf is the part of the fleet that a run was about, nil where it was the whole.
func shardOf(h ledger.Header) *Shard {
	s, err := migrate.ParseShard(h.Shard)
	if err != nil || s.N == 0 {
		return nil
	}
	return &Shard{K: s.K, N: s.N}
}

// shardText stands above everything else in the report of a shard, "" elsewhere: its decision is not the fleet's.
func (s Summary) shardText() string {
	if s.Run.Shard == nil {
		return ""
	}
	return fmt.Sprintf("Shard %d of %d: a part of the fleet; merge the shards for the answer.", s.Run.Shard.K, s.Run.Shard.N)
}

// because is the decision's reason in one sentence, of a shard told as its own.
func (s Summary) because() string {
	if s.Run.Shard == nil {
		return s.reason()
	}
	return "Of this shard alone: " + s.reason()
}
