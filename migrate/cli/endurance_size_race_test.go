//go:build race

package cli_test

// Under the race detector every step costs ten times as much: the same tests with less of everything.
const (
	weekCars            = 120
	killedCars          = 40
	killsDefault        = 4
	refreshKillsDefault = 10
	faultedCars         = 10
	loadedCars          = 60
	backfillCars        = 470
	underRace           = true
)
