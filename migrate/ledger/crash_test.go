package ledger

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"scmigrate/migrate"
)

// kills is how often TestKill kills its child: go test ./migrate/ledger -run Kill -kills 200.
var kills = flag.Int("kills", 10, "how often the ledger's writer is killed")

// childDir makes the test binary the child of TestKill: it saves records into this directory until it is killed.
const childDir = "SCMIGRATE_LEDGER_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := beKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beKilled saves what is pending with eight workers, as a run does, and says each ordinal after its Save returned.
func beKilled(dir string) error {
	l, err := Create(dir)
	if err != nil {
		return err
	}
	work, out := make(chan int), make(chan string, 8)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for n := range work {
				l.AddCall(aCall(n))
				if err := l.Save(context.Background(), aRecord(n, migrate.Ready)); err != nil {
					out <- "failed: " + err.Error()
					continue
				}
				out <- strconv.Itoa(n)
			}
		})
	}
	go func() {
		for e, err := range l.Pending(context.Background(), "both") {
			if err != nil {
				out <- "failed: " + err.Error()
				break
			}
			work <- e.Ordinal
		}
		close(work)
		workers.Wait()
		close(out)
	}()
	for line := range out {
		fmt.Println(line) // unbuffered: what stands there was acknowledged before any kill
	}
	return l.Close()
}

// killAfter starts a child, kills it with SIGKILL after so many acknowledged records and gives all that it acknowledged.
func killAfter(t *testing.T, dir string, acknowledged int) []int {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	child.Stderr = os.Stderr
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said []int
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			break
		}
		n, bad := strconv.Atoi(strings.TrimSpace(line))
		if err != nil || bad != nil {
			t.Fatalf("the child says %q (%v)", line, err)
		}
		if said = append(said, n); len(said) == acknowledged {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil && len(said) >= acknowledged {
		t.Log("the child ended by itself before it was killed")
	}
	return said
}

// TestKill: a run is killed again and again on one directory. Every record that was acknowledged is there with its call,
// none was saved twice, the file is sound, and the next run is let in and goes on where this one stopped.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	l, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, 1, fleet(60**kills)...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[int]int{}
	for kill := range *kills {
		for _, n := range killAfter(t, dir, 1+(kill*17)%50) {
			acknowledged[n]++
		}
		wantWhole(t, dir, acknowledged)
		if t.Failed() {
			t.Fatalf("after kill %d", kill+1)
		}
	}
	if len(acknowledged) < *kills {
		t.Errorf("only %d records in %d kills: the test proves nothing", len(acknowledged), *kills)
	}
}

// wantWhole checks a ledger after a kill.
func wantWhole(t *testing.T, dir string, acknowledged map[int]int) {
	t.Helper()
	l, err := Create(dir)
	if err != nil {
		t.Fatalf("the next run is not let in: %v", err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	var sound string
	if err := l.read.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("integrity: %q, %v", sound, err)
	}
	for _, r := range records(t, l) {
		n := r.Entry.Ordinal
		if acknowledged[n] > 0 && (r.Judgement.Verdict != migrate.Ready || len(r.Evidence.Findings) != 4) {
			t.Errorf("record %d was acknowledged and is lost", n)
		}
		if acknowledged[n] > 1 {
			t.Errorf("record %d was called again after it was finished", n)
		}
	}
	if n := countOf(t, l, "SELECT count(*) FROM vehicles WHERE verdict IS NOT NULL AND vehicle_id NOT IN (SELECT vehicle_id FROM calls)"); n > 0 {
		t.Errorf("%d records are there without their call", n)
	}
}
