package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"scmigrate/migrate/cli"
)

// asChild makes the test binary a process of its own that runs one command: its arguments as JSON.
const asChild = "SCMIGRATE_TEST_CHILD"

// childNow is the time at which the child's clock stands still, RFC 3339; not set: its clock runs.
const childNow = "SCMIGRATE_TEST_NOW"

// TestMain is the whole program where a test started this binary as a child. Else it runs the tests, and fails if one of them
// leaves a goroutine behind.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == storeArgument {
		os.Exit(keepPair(os.Args[2]))
	}
	if args := os.Getenv(asChild); args != "" {
		os.Exit(child(args))
	}
	if os.Getenv(asCurl) != "" {
		os.Exit(curl(os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

func child(encoded string) int {
	var args []string
	if err := json.Unmarshal([]byte(encoded), &args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p := cli.System()
	p.Step = stepper()
	if at, err := time.Parse(time.RFC3339, os.Getenv(childNow)); err == nil {
		p.Now, p.Sleep = func() time.Time { return at }, func(context.Context, time.Duration) {}
	}
	return cli.Main(context.Background(), args, p)
}
