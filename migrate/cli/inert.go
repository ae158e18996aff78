package cli

import (
	"io"
	"sync"
)

// inert is a stream on which no line is a command to whoever runs the process: a runner of GitHub obeys "::name::" where a
// line begins with it, blanks before it or not, and the older "##[name]" anywhere in a line, whoever printed it, and an id
// or a server's word may begin a line. Both are broken by a blank. What is meant as a command goes to Process.commands. It
// may be used from many goroutines.
type inert struct {
	mu sync.Mutex
	w  io.Writer

	behind bool // something other than blanks stands in this line
	colon  bool // its first colon has just passed
	hashes int  // so many # have just passed
}

// Write passes p on; the length is p's, whatever was put in.
func (n *inert) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]byte, 0, len(p)+1)
	for _, c := range p {
		if n.colon && c == ':' || n.hashes >= 2 && c == '[' {
			out = append(out, ' ')
		}
		out = append(out, c)
		n.pass(c)
	}
	if _, err := n.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// pass takes every byte that may be part of some blank for one: at worst a line gets a blank that it did not need.
func (n *inert) pass(c byte) {
	n.colon = c == ':' && !n.behind
	switch {
	case c == '\n', c == '\r':
		n.behind = false
	case c > ' ' && c < 0x7f:
		n.behind = true
	}
	if n.hashes++; c != '#' {
		n.hashes = 0
	}
}
