//go:build race

package inventory

// memoryFleet is smaller under the race detector, which multiplies the time and does not change what is kept.
const memoryFleet = 5_000
