//go:build race

package cli

// accuracyDefault is smaller where every step costs ten times as much: the figures are measured without the race detector.
const accuracyDefault = 2
