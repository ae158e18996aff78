package cli_test

import (
	"errors"
	"path/filepath"
	"strconv"
	"testing"

	"scmigrate/fixtures"
	"scmigrate/migrate/ledger"
)

// TestAKilledRunOwesWhatItSent: answers that were on their way when it was killed are on nobody's record; their requests have
// left the bucket all the same, and the next process has only what is left. No clock moves here, so that no bucket fills again.
func TestAKilledRunOwesWhatItSent(t *testing.T) {
	const bucket, answered, workers = 60, 30, 16
	p := newPlatform(t, fixtures.HealthyScenario(100, 8), killedAt)
	held, release := make(chan struct{}), make(chan struct{})
	p.waiting(func(n int64) {
		if n == answered+20 {
			close(held)
		}
		if n > answered {
			<-release
		}
	})
	dir := filepath.Join(t.TempDir(), "out")
	args := []string{"run", "-i", p.inventory, "-o", dir, "--limit", "60+1/h", "--limit-share", "100%", "--concurrency", strconv.Itoa(workers), "--no-progress"}
	first := p.child(t, nil, args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	select {
	case <-held:
	case err := <-ended:
		t.Fatalf("it ended by itself: %v: %s", err, first.Stderr)
	}
	_ = first.Process.Kill()
	<-ended
	sent := int(p.requests.Load())
	close(release)
	recorded, owed := departed(t, dir)
	if recorded > answered || owed < sent || owed > sent+2*workers {
		t.Errorf("%d requests were sent, %d are on record, %d are owed", sent, recorded, owed)
	}
	second := p.child(t, nil, append(args, "--time-box", "10s")...)
	if err := second.Run(); second.ProcessState.ExitCode() != 4 { // the bucket is empty long before the fleet is measured
		t.Fatalf("%v: %s", err, second.Stderr)
	}
	after, _ := departed(t, dir)
	if more := after - recorded; p.requests.Load() > bucket || owed+more > bucket || owed+more < bucket-2 {
		t.Errorf("%d requests of a bucket of %d: %d were owed, %d came after them", p.requests.Load(), bucket, owed, more)
	}
}

// departed are the requests that a ledger has on record, and those that left the bucket.
func departed(t *testing.T, dir string) (recorded, owed int) {
	t.Helper()
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = l.EachCall(t.Context(), func(ledger.Departure) { owed++ })
	sums, trouble := l.Requests(t.Context())
	if err := errors.Join(err, trouble, l.Close()); err != nil {
		t.Fatal(err)
	}
	return sums["app"] + sums["legacy"] + sums["iam"], owed
}
