//go:build !race

package cli

const accuracyDefault = 20
