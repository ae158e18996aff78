package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// maxOutput bounds what a token command may print, in bytes.
const maxOutput = 64 << 10

// errTooMuch is the end of a command that prints more than maxOutput.
var errTooMuch = errors.New("printed more than 64 KiB")

// runIn gives the runner that starts programs in dir, without a shell, with the environment of this process, and gives
// their standard output. Standard error is dropped: it may hold what the command was about to print.
func runIn(dir string) func(context.Context, []string) ([]byte, error) {
	return func(ctx context.Context, argv []string) ([]byte, error) {
		var out bounded
		cmd := exec.CommandContext(ctx, program(dir, argv[0]), argv[1:]...)
		cmd.Dir, cmd.Stdout = dir, &out
		cmd.WaitDelay = time.Second // a grandchild that keeps the pipe open must not hold the run
		err := cmd.Run()
		if out.full {
			err = errTooMuch
		}
		return out.text.Bytes(), err
	}
}

// program makes a relative path count from dir, like every path of the inventory; bare names are looked for in PATH.
func program(dir, name string) string {
	if filepath.IsAbs(name) || !strings.ContainsAny(name, `/\`) {
		return name
	}
	if abs, err := filepath.Abs(filepath.Join(dir, name)); err == nil {
		return abs
	}
	return name
}

// unstartable says why a program could not be started, without starting it.
func unstartable(dir, name string) string {
	_, err := exec.LookPath(program(dir, name))
	switch {
	case err == nil:
		return ""
	case errors.Is(err, fs.ErrPermission):
		return "is not executable (chmod +x)"
	}
	return "was not found"
}

// bounded keeps the first maxOutput bytes and fails behind them.
type bounded struct {
	text bytes.Buffer // not embedded: its ReadFrom would go round the bound
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > maxOutput {
		b.full = true
		return 0, errTooMuch
	}
	return b.text.Write(p)
}

// filled gives argv with its placeholders filled in. No shell sees it, so no value can become more than one argument.
func filled(argv []string, req TokenRequest) []string {
	r := strings.NewReplacer("{vehicleId}", req.VehicleID, "{grant}", req.Grant)
	list := make([]string, len(argv))
	for i, arg := range argv {
		list[i] = r.Replace(arg)
	}
	return list
}

// ask runs a token command once, as one of at most Concurrency, and reads its answer. The time-out starts with the program,
// not with the wait for its turn.
func (r *Resolver) ask(ctx context.Context, argv []string, req TokenRequest) (Token, error) {
	select {
	case r.turns <- struct{}{}:
		defer func() { <-r.turns }()
	case <-ctx.Done():
		return Token{}, ctx.Err()
	}
	timed, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	out, err := r.o.Run(timed, filled(argv, req))
	what := fmt.Sprintf("command %q", filepath.Base(argv[0]))
	switch {
	case ctx.Err() != nil:
		return Token{}, ctx.Err()
	case timed.Err() != nil:
		return Token{}, &TokenError{VehicleID: req.VehicleID, Source: what, Reason: fmt.Sprintf("did not answer within %s", r.timeout), TimedOut: true}
	case err != nil:
		return Token{}, &TokenError{VehicleID: req.VehicleID, Source: what, Reason: exitReason(err)}
	}
	t, c := parseAnswer(string(out))
	if !c.none() {
		return Token{}, &TokenError{VehicleID: req.VehicleID, Source: what, Reason: c.message, Hint: c.hint}
	}
	return t, nil
}

// exitReason says how a command failed, without anything it wrote.
func exitReason(err error) string {
	var exit *exec.ExitError
	switch {
	case errors.Is(err, errTooMuch):
		return errTooMuch.Error()
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return fmt.Sprintf("exited with status %d", exit.ExitCode())
	case errors.As(err, &exit):
		return "was ended by a signal"
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "is not executable (chmod +x)"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		return "was not found"
	}
	return "could not be started"
}

// RunStore starts a program without a shell, hands it stdin, and returns once it ended: nil for exit status 0 alone. What it
// writes is dropped, and no error holds any of it. A relative path counts from the working directory.
func RunStore(ctx context.Context, argv []string, stdin []byte) error {
	cmd := exec.CommandContext(ctx, program(".", argv[0]), argv[1:]...)
	cmd.Stdin, cmd.WaitDelay = bytes.NewReader(stdin), time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return errors.New("did not answer in time")
	case err != nil:
		return errors.New(exitReason(err))
	}
	return nil
}
