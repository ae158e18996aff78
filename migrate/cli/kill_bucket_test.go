package cli_test

import (
	"path/filepath"
	"strconv"
	"testing"

	"scmigrate/fixtures"
	"scmigrate/migrate/ledger"
)

// TestAKilledRunOwesWhatItSent: answers that were on their way when it was killed are on nobody's record; their requests have
// left the bucket all the same.
func TestAKilledRunOwesWhatItSent(t *testing.T) {
	const answered, workers = 30, 16
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
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	owed := 0
	if err := l.EachCall(t.Context(), func(ledger.Departure) { owed++ }); err != nil {
		t.Fatal(err)
	}
	recorded, err := l.Requests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := recorded["app"] + recorded["legacy"] + recorded["iam"]; n > answered || owed < sent || owed > sent+2*workers {
		t.Errorf("%d requests were sent, %d are on record, %d are owed", sent, n, owed)
	}
}
