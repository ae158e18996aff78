package cli_test

import (
	"path/filepath"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// TestAKilledRunOwesWhatItSent: answers that were on their way when it was killed are on nobody's record; their requests have
// left the application's bucket all the same. No clock moves here, so that no bucket fills again.
func TestAKilledRunOwesWhatItSent(t *testing.T) {
	const bucket, answered = 60, 30
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
	args := []string{"run", "-i", p.inventory, "-o", dir, "--limit", "60+1/h", "--limit-share", "100%", "--concurrency", "16", "--no-progress"}
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
	p.waiting(nil)
	close(release)
	p.busy.Wait()

	second := p.child(t, nil, args...)
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	for before := int64(-1); before < p.requests.Load(); { // until it waits for the bucket
		before = p.requests.Load()
		time.Sleep(2 * time.Second)
	}
	_ = second.Process.Kill()
	_ = second.Wait()
	if n := p.requests.Load(); n > bucket || n < bucket-2 {
		t.Errorf("%d requests of a bucket of %d", n, bucket)
	}
}
