package migrate

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"scmigrate/migrate/inventory"
)

// MaxShards is the most parts that a fleet may be cut into.
const MaxShards = 10_000

// Shard is part K of N of a fleet, 1 ≤ K ≤ N ≤ MaxShards, by whole users. The zero Shard is the whole fleet.
type Shard struct{ K, N int }

// ParseShard reads "2/4". "" is the zero Shard.
func ParseShard(text string) (Shard, error) {
	if text == "" {
		return Shard{}, nil
	}
	first, second, _ := strings.Cut(text, "/")
	k, errK := strconv.Atoi(first)
	n, errN := strconv.Atoi(second)
	s := Shard{k, n}
	if errK != nil || errN != nil || k < 1 || n < k || n > MaxShards || s.String() != text {
		return Shard{}, fmt.Errorf("%q is no shard: give K/N with K from 1 to N, like 2/4, and N up to %d", text, MaxShards)
	}
	return s, nil
}

// String is what ParseShard reads.
func (s Shard) String() string {
	if s.N == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.K, s.N)
}

// Has tells whether an entry is of this part.
func (s Shard) Has(e inventory.Entry) bool { return s.N == 0 || ShardOf(e, s.N) == s.K }

// ShardOf is the part, 1 to n, that an entry falls into: 1 + SHA-256(id) mod n. id is the userId, or the vehicleId where
// the entry has no userId, in UTF-8 with A to Z as a to z and nothing else changed, because the ledger takes ids that
// differ in that alone for one. The digest's 32 bytes are one number, the first byte the highest. An entry with neither id
// hashes the empty text. In Python: 1 + int(hashlib.sha256(id.encode()).hexdigest(), 16) % n.
func ShardOf(e inventory.Entry, n int) int {
	rest := 0
	for _, b := range sha256.Sum256([]byte(lowerASCII(cmp.Or(e.UserID, e.VehicleID)))) {
		rest = (rest<<8 | int(b)) % n
	}
	return rest + 1
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// Part is this shard's share of a number of requests that all shards may send together; the parts add up to it.
func (s Shard) Part(requests int) int {
	if s.N == 0 {
		return requests
	}
	part := requests / s.N
	if s.K <= requests%s.N {
		part++
	}
	return part
}
