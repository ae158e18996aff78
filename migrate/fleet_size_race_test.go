//go:build race

package migrate

// healthyCars is smaller under the race detector, which makes a fleet ten times slower and finds nothing more in a larger one.
const healthyCars = 240
