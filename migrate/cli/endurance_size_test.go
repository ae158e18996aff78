//go:build !race

package cli_test

const (
	weekCars            = 5000 // take a week at the default limit
	killedCars          = 240
	killsDefault        = 10 // .ci/run asks for 100
	refreshKillsDefault = 100
	faultedCars         = 30
	loadedCars          = 200
	backfillCars        = 4700 // and 300 second users: 5,000 connections
	underRace           = false
)
