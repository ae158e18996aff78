package cli_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"scmigrate/fixtures"
	"scmigrate/migrate/report"
)

// TestPurgeKeepsShareAlone: whatever a run wrote, of every format, is gone; what may be forwarded stays as it was.
func TestPurgeKeepsShareAlone(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(20, 4))
	b.run("--format", strings.Join(report.Formats(), ","))
	b.write("out/.scmigrate-1.tmp", "left by a crash")
	b.write("out/ledger.db-wal", "left by a crash")
	shared := map[string]string{}
	eachFile(t, b.path("out/share"), func(path, text string) { shared[path] = text })
	code, stdout, stderr := b.call("purge", b.path("out"))
	if code != 0 || !strings.Contains(stdout, "deleted "+b.path("out/ledger.db")+"\n") || !strings.Contains(stdout, "deleted "+b.path("out/report.html")+"\n") || !strings.Contains(stdout, "kept    "+b.path("out/share")+"\n") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	if left := namesIn(t, b.path("out")); !slices.Equal(left, []string{".lock", "share"}) {
		t.Errorf("left: %v", left)
	}
	eachFile(t, b.path("out/share"), func(path, text string) {
		if shared[path] != text {
			t.Errorf("%s was changed", path)
		}
		delete(shared, path)
	})
	if len(shared) > 0 {
		t.Errorf("gone from share/: %v", shared)
	}
	if code, _, stderr := b.call("purge", b.path("out")); code != 2 || !strings.Contains(stderr, "holds no run") {
		t.Errorf("again: exit %d: %s", code, stderr)
	}
}

// TestPurgeRefusesWhatIsNotItsOwn: and then nothing is deleted.
func TestPurgeRefusesWhatIsNotItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(b *bench)
		want    string
	}{
		"no directory":        {func(b *bench) { _ = os.Rename(b.path("out"), b.path("elsewhere")) }, "holds no run"},
		"no ledger":           {func(b *bench) { _ = os.Remove(b.path("out/ledger.db")) }, "holds no run"},
		"a ledger by name":    {func(b *bench) { b.write("out/ledger.db", "not SQLite's at all, but long enough") }, "holds no run"},
		"a ledger by a link":  {func(b *bench) { b.link("out/ledger.db") }, "not a plain file"},
		"a lock by a link":    {func(b *bench) { b.link("out/.lock") }, "not a plain file"},
		"used by another run": {func(b *bench) { b.hold("out/.lock") }, "using this directory"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, fixtures.HealthyScenario(1, 1))
			b.run()
			c.prepare(b)
			before := strings.Join(namesBelow(t, b.dir), "\n")
			if code, stdout, stderr := b.call("purge", b.path("out")); code != 2 || !strings.Contains(stderr, c.want) || stdout != "" {
				t.Errorf("exit %d: %s%s", code, stdout, stderr)
			}
			if after := strings.Join(namesBelow(t, b.dir), "\n"); after != before {
				t.Errorf("files before\n%s\nafter\n%s", before, after)
			}
		})
	}
}

// TestPurgeFollowsNoLink: a link in the place of a report goes, what it points to stays.
func TestPurgeFollowsNoLink(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(1, 1))
	b.run()
	b.link("out/report.html")
	b.link("out/.merge.partial")
	if code, _, stderr := b.call("purge", b.path("out")); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	for _, target := range []string{"out/report.html", "out/.merge.partial"} {
		if _, err := os.Lstat(b.path(target)); err == nil {
			t.Errorf("%s is still there", target)
		}
		if text, err := os.ReadFile(b.path("target/" + filepath.Base(target) + "/inside")); err != nil || len(text) == 0 {
			t.Errorf("what %s pointed to is gone: %v", target, err)
		}
	}
}

// link puts a link to a directory with a file in the place of name.
func (b *bench) link(name string) {
	b.t.Helper()
	target := b.path("target/" + filepath.Base(name))
	if err := os.MkdirAll(target, 0o700); err != nil {
		b.t.Fatal(err)
	}
	b.write("target/"+filepath.Base(name)+"/inside", "somebody's")
	_ = os.Remove(b.path(name))
	if err := os.Symlink(target, b.path(name)); err != nil {
		b.t.Fatal(err)
	}
}

// hold takes the lock as another run would.
func (b *bench) hold(name string) {
	b.t.Helper()
	lock := flock.New(b.path(name))
	if held, err := lock.TryLock(); err != nil || !held {
		b.t.Fatal(held, err)
	}
	b.t.Cleanup(func() { _ = lock.Unlock() })
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	things, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, thing := range things {
		names = append(names, thing.Name())
	}
	return names
}

// namesBelow are the paths of all files and links below dir.
func namesBelow(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
