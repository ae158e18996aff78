//go:build race

package cli_test

// Under the race detector every step costs ten times as much: the same tests with less of everything.
const (
	weekCars     = 150
	killedCars   = 80
	killsDefault = 6
	faultedCars  = 10
	underRace    = true
)
