//go:build !race

package compare

// largeBody is the size of a body nobody should send.
const largeBody = 50 << 20
