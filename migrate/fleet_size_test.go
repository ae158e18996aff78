//go:build !race

package migrate

// healthyCars is how large the simulated fleets are that must raise no alarm.
const healthyCars = 2000
