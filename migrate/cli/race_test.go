//go:build race

package cli

// Under the race detector, where every step costs ten times as much, one small fleet: the figures are measured without it.
const accuracyDefault, accuracyMost = 1, 150
