//go:build race

package cli_test

// weekCars is less than a day's fleet: under the race detector every step costs ten times as much.
const weekCars = 200
