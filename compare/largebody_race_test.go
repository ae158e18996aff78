//go:build race

package compare

// largeBody is smaller under the race detector, which makes scanning thirty times slower and finds nothing there.
const largeBody = 3 << 20
