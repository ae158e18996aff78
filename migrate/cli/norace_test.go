//go:build !race

package cli

const accuracyDefault, accuracyMost = 20, 1_000_000
