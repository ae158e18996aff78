package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/smartcar"
)

const shardName = "shard"

// The environment of a Kubernetes Indexed Job. The index is counted from 0 and set by Kubernetes; how many there are is not,
// so the manifest has to say it.
const (
	jobIndex       = "JOB_COMPLETION_INDEX"
	jobCompletions = "JOB_COMPLETIONS"
)

// shardGiven is the shard as the flag or its variable gives it, else that of the job this process is a part of. A job of
// which only the index is known is refused: each of its processes would run the whole fleet.
func shardGiven(flag string, lookup func(string) (string, bool)) (string, error) {
	index, _ := lookup(jobIndex)
	if flag != "" || index == "" {
		return flag, nil
	}
	completions, _ := lookup(jobCompletions)
	if completions == "" {
		return "", fmt.Errorf("%s is set, and %s is not: every process of the job would run the whole fleet (set %s to the job's spec.completions, or give --shard K/N)", jobIndex, jobCompletions, jobCompletions)
	}
	k, errK := strconv.Atoi(index)
	n, errN := strconv.Atoi(completions)
	if errK != nil || errN != nil || k < 0 || k >= n {
		return "", fmt.Errorf("%s %q and %s %q: the index counts from 0 and stays below the completions", jobIndex, index, jobCompletions, completions)
	}
	return migrate.Shard{K: k + 1, N: n}.String(), nil
}

// cutLimits leaves this shard its part of what all of them may take.
func (o *options) cutLimits() error {
	n := o.shard.N
	if n < 2 {
		return nil
	}
	if whole := smartcar.NewLimiter(o.bucket); !o.bucket.Unlimited && whole.Burst() < n {
		return fmt.Errorf("--shard %s: the bucket holds %d requests (--limit %s, --limit-share %s), so %d shards with one request each would take more than that: give at most %d shards", o.shard, whole.Burst(), o.limit, o.limitShare, n, whole.Burst())
	}
	if o.maxRequests > 0 && o.maxRequests < n {
		return fmt.Errorf("--shard %s: --max-requests %d is for all shards together and less than one request for each of %d", o.shard, o.maxRequests, n)
	}
	o.bucket.Share /= float64(n)
	o.bucket.MaxRequests = o.shard.Part(o.maxRequests)
	return nil
}

// sameShard refuses to go on with a directory as another part of the fleet than it was begun as.
func (o *options) sameShard(h ledger.Header) error {
	switch ours := o.shard.String(); {
	case h.Shard == ours:
		return nil
	case h.Shard == "":
		return usagef("%s was begun over the whole inventory, not as shard %s: use a new -o DIR", o.out, ours)
	case ours == "":
		return usagef("%s was begun as shard %s: give --shard %s, or a new -o DIR", o.out, h.Shard, h.Shard)
	default:
		return usagef("%s was begun as shard %s, not %s: use a new -o DIR for each shard", o.out, h.Shard, ours)
	}
}

// putEntries writes the entries that are this run's, with their ordinals in the whole inventory; of those of other shards it
// keeps the vehicleIds.
func (f *fleet) putEntries(ctx context.Context, seed uint64) error {
	err := f.ledger.PutEntries(ctx, seed, f.own(ctx))
	if err != nil || f.o.shard.N < 2 {
		return err
	}
	return f.ledger.SetElsewhere(ctx, func(put func(vehicleID string) error) error {
		return f.file.Each(ctx, func(e inventory.Entry) error {
			if f.o.shard.Has(e) || e.VehicleID == "" {
				return nil
			}
			return put(e.VehicleID)
		})
	})
}

// emptyShard says why there is nothing to measure.
func (f *fleet) emptyShard() error {
	return fmt.Errorf("no user that is to be called falls into shard %s: nothing was called, and nothing is ready (merge takes this directory like the others)", f.o.shard)
}

// shardText says that a ledger is a part of a fleet, "" where it is not.
func shardText(h ledger.Header) string {
	if h.Shard == "" {
		return ""
	}
	return fmt.Sprintf("shard %s: a part of the fleet of %d vehicles; scmigrate merge joins the shards\n", h.Shard, h.Length)
}

// errWholeOnly is why a shard is not judged under another inventory: a corrected userId may move a vehicle to another shard.
var errWholeOnly = errors.New("a shard cannot be judged under a corrected inventory, which may move vehicles to other shards (merge the shards first, then: scmigrate rejudge MERGED -i FILE)")
