//go:build !race

package inventory

// memoryFleet is how many vehicles the memory test streams.
const memoryFleet = 100_000
