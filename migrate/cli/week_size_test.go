//go:build !race

package cli_test

// weekCars is the fleet that takes a week at the default limit.
const weekCars = 5000
