// Package crash turns a panic into an error at the top of the goroutine that it would end. Unrecovered, the runtime prints
// a panic's value past every writer that takes secrets out, and takes the process with it, with the ledger open.
package crash

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Error is a panic that was caught: a bug of this program. It is trouble of the tool, never of a vehicle.
type Error struct {
	what  string
	stack []byte
}

// Error says what happened and where. Of the value only what the runtime itself made is told (an index, a nil pointer): any
// other may hold text from outside, whole bodies or a secret that nobody knows of yet. Stacks hold addresses, no texts.
func (e *Error) Error() string {
	return fmt.Sprintf("a bug of scmigrate, please report it: panic: %s\n%s", e.what, e.stack)
}

// Catch is deferred at the top of a goroutine's function; it puts a panic in the place of what the function returns.
func Catch(err *error) {
	if value := recover(); value != nil { //nolint:revive // Catch is what is deferred
		*err = caught(value)
	}
}

// Do is do with its panic as an error.
func Do(do func() error) (err error) {
	defer Catch(&err)
	return do()
}

func caught(value any) *Error {
	what := fmt.Sprintf("a %T", value)
	if trouble, ok := value.(runtime.Error); ok {
		what = trouble.Error()
	}
	return &Error{what: what, stack: debug.Stack()}
}
