package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRefreshStoreThatDoesNotAcknowledge: the pair is safe in the journal, nothing more is sent, and the same command goes on
// once the store works.
func TestRefreshStoreThatDoesNotAcknowledge(t *testing.T) {
	for fault, want := range map[string]string{"fails": "exited with status 1", "hangs": "did not answer in time", "is killed": "was ended by a signal", "keeps it and dies": "was ended by a signal"} {
		r := newQuietRotating(t, 3, time.Minute, "exec")
		t.Setenv(storeFault, fault)
		for range 2 { // the second time nothing is sent at all
			code, said := r.inProcess(append(r.arguments(), "--store-timeout", "700ms")...)
			if code != 1 || !strings.Contains(said, want) || !strings.Contains(said, "the pair is safe in ") || r.sends != 1 {
				t.Errorf("a store that %s: exit %d, %d sent: %s", fault, code, r.sends, said)
			}
			r.wantNobodyLockedOut("a store that "+fault, time.Hour)
		}
		t.Setenv(storeFault, "")
		r.later(3 * time.Hour)
		r.finish()
		r.wantWhole("a store that " + fault)
	}
}

// TestRefreshOfReferences: tokens that come from elsewhere can only be stored there. Rows whose sources give one token share
// its pair, and the store hears of each of them.
func TestRefreshOfReferences(t *testing.T) {
	for _, kind := range []string{"env", "file", "exec"} {
		r := newQuietRotating(t, 2, time.Minute, "exec")
		rows := r.world.Inventory()
		token := rows[0].RefreshToken
		r.write("token", token)
		ref := map[string]string{"env": "${REFRESH}", "file": "file:token", "exec": "exec:cat token"}[kind]
		ref2 := map[string]string{"env": "${REFRESH_2}", "file": "file:./token", "exec": "exec:cat ./token"}[kind]
		r.env = append(r.env, "REFRESH="+token, "REFRESH_2="+token)
		text := fmt.Sprintf("version: 1\nvehicles:\n  - {vehicleId: %s, userId: %s, grant: a, refreshToken: %q}\n  - {vehicleId: %s, userId: %s, grant: b, refreshToken: %q}\n",
			rows[0].VehicleID, rows[0].UserID, ref, rows[1].VehicleID, rows[1].UserID, ref2)
		r.write("old.yaml", text)
		if code, said := r.inProcess("scmigrate", "inventory", "refresh", "-i", r.path("old.yaml"), "-o", r.path("new.yaml"), "--store", "inventory"); code != 2 || !strings.Contains(said, "old.yaml:3: refreshToken comes from a reference") || !strings.Contains(said, "use --store exec:COMMAND") || r.sends > 0 {
			t.Errorf("%s, --store inventory: exit %d, %d sent: %s", kind, code, r.sends, said)
		}
		code, said := r.inProcess(r.arguments()...)
		kept := r.kept()
		if code != 0 || r.sends != 1 || !strings.Contains(kept, rows[0].VehicleID) || !strings.Contains(kept, rows[1].VehicleID) || strings.Contains(said, token) {
			t.Errorf("%s: exit %d, %d sent: %s\nstored: %s", kind, code, r.sends, said, kept)
		}
		if r.text("new.yaml") != text {
			t.Errorf("%s: the new inventory says\n%s", kind, r.text("new.yaml"))
		}
		// Once more, the sources still give the spent token: nothing is sent, and they are said to be out of date.
		if code, said := r.inProcess(append(r.arguments(), "--overwrite")...); code != 4 || r.sends != 1 || !strings.Contains(said, "the source of this row is out of date") {
			t.Errorf("%s, again: exit %d, %d sent: %s", kind, code, r.sends, said)
		}
		if n := strings.Count(kept, "\n"); n != 2 {
			t.Errorf("%s: the store was told %d times of the pair, want once for each source", kind, n)
		}
	}
}

func (r *rotating) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(r.path(name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rotating) text(name string) string {
	text, _ := os.ReadFile(r.path(name))
	return string(text)
}

// TestRefreshOfOneTokenUnderTwoGrants: a token works once whatever the rows call its grant.
func TestRefreshOfOneTokenUnderTwoGrants(t *testing.T) {
	for _, store := range []string{"inventory", "exec"} {
		r := newQuietRotating(t, 2, time.Minute, store)
		rows := r.world.Inventory()
		row := "  - {vehicleId: %s, userId: %s, grant: %s, refreshToken: %s}\n"
		r.write("old.yaml", "version: 1\nvehicles:\n"+fmt.Sprintf(row, rows[0].VehicleID, rows[0].UserID, "a", rows[0].RefreshToken)+fmt.Sprintf(row, rows[1].VehicleID, rows[1].UserID, "b", rows[0].RefreshToken))
		if code, said := r.inProcess(r.arguments()...); code != 0 || r.sends != 1 {
			t.Errorf("%s: exit %d, %d sent: %s", store, code, r.sends, said)
		}
		next := r.followed[rows[0].RefreshToken][0]
		if n := strings.Count(r.text("new.yaml"), next); n != 2 {
			t.Errorf("%s: the pair stands in %d rows, want 2", store, n)
		}
		if kept := r.kept(); !strings.Contains(kept, rows[0].VehicleID) || !strings.Contains(kept, rows[1].VehicleID) {
			t.Errorf("%s: the store has %s", store, kept)
		}
	}
}

// TestRefreshIntoAnotherFile: tokens that were spent by a run with another -o are not sent again, whether that run was
// interrupted or came to its end, and whatever the inventory is called.
func TestRefreshIntoAnotherFile(t *testing.T) {
	for _, store := range []string{"inventory", "exec"} {
		r := newRotating(t, 3, time.Minute, store)
		child := r.start(killStep + "=30") // behind the first pair
		_ = child.Wait()
		sent := r.sends
		if err := os.Symlink("old.yaml", r.path("link.yaml")); err != nil || sent == 0 {
			t.Fatal(sent, err)
		}
		other := r.arguments()
		other[6] = r.path("other.yaml")
		linked := append([]string{}, other...)
		linked[4] = r.path("link.yaml")
		for _, args := range [][]string{other, linked} {
			if code, said := r.inProcess(args...); code != 2 || r.sends != sent || !strings.Contains(said, "finish it first: -i "+r.path("old.yaml")) {
				t.Errorf("%s, interrupted: exit %d, %d sent: %s", store, code, r.sends-sent, said)
			}
		}
		r.finish()
		r.wantWhole(store)
		sent = r.sends
		want := map[string]string{"inventory": "is older than what was made of it", "exec": "was used by an earlier run"}[store]
		for _, args := range [][]string{other, linked, append(r.arguments(), "--overwrite")} {
			if code, said := r.inProcess(args...); code != map[string]int{"inventory": 2, "exec": 4}[store] || r.sends != sent || !strings.Contains(said, want) {
				t.Errorf("%s, finished: exit %d, %d sent: %s", store, code, r.sends-sent, said)
			}
			_ = os.Remove(r.path("other.yaml"))
		}
		if code, said := r.inProcess(r.arguments()...); code != 2 || !strings.Contains(said, "an earlier refresh wrote it and came to its end") {
			t.Errorf("%s, the same command again: exit %d: %s", store, code, said)
		}
	}
}

// TestRefreshOfAnotherInventoryKeepsStoredPairs: an interrupted run that goes on with an inventory that lacks a row would
// drop the pair that is stored for it.
func TestRefreshOfAnotherInventoryKeepsStoredPairs(t *testing.T) {
	r := newRotating(t, 3, time.Minute, "inventory")
	_ = r.start(killStep + "=40").Wait()
	whole := r.text("old.yaml")
	stored := strings.Count(r.text("new.yaml.rotation"), `"stored"`)
	rows := strings.SplitAfter(whole, "  - vehicleId: ")
	r.write("old.yaml", rows[0]+strings.Join(rows[2:], ""))
	if code, said := r.inProcess(r.arguments()...); code != 2 || stored == 0 || !strings.Contains(said, "holds a new pair that") {
		t.Errorf("%d stored, exit %d: %s", stored, code, said)
	}
	r.wantNobodyLockedOut("behind another inventory", time.Hour)
	r.write("old.yaml", whole)
	r.finish()
	r.wantWhole("behind another inventory")
}

// TestRefreshThroughLinks: the file that a link leads to gets the new tokens, and the link stays.
func TestRefreshThroughLinks(t *testing.T) {
	r := newQuietRotating(t, 2, time.Minute, "in place")
	if err := os.Rename(r.path("old.yaml"), r.path("real.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.yaml", r.path("old.yaml")); err != nil {
		t.Fatal(err)
	}
	if code, said := r.inProcess(r.arguments()...); code != 0 {
		t.Fatalf("exit %d: %s", code, said)
	}
	for _, next := range r.followed {
		if !strings.Contains(r.text("real.yaml"), next[0]) {
			t.Error("the inventory itself has the old tokens")
		}
	}
	if info, err := os.Lstat(r.path("old.yaml")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info.Mode(), err)
	}
}

// TestRefreshNeedsItsFilesFirst: what cannot be written is found before a token is sent; what breaks later loses none.
func TestRefreshNeedsItsFilesFirst(t *testing.T) {
	for _, name := range []string{"new.yaml.rotation", "new.yaml.tmp", "new.yaml.lock", "old.yaml.lock", "old.yaml.refreshed"} {
		r := newQuietRotating(t, 2, time.Minute, "inventory")
		if err := os.MkdirAll(filepath.Join(r.path(name), "in the way"), 0o700); err != nil {
			t.Fatal(err)
		}
		if code, said := r.inProcess(r.arguments()...); code != 2 || r.sends > 0 {
			t.Errorf("%s cannot be written: exit %d, %d sent: %s", name, code, r.sends, said)
		}
		if err := os.RemoveAll(r.path(name)); err != nil {
			t.Fatal(err)
		}
		r.finish()
		r.wantWhole(name)
	}
	r := newQuietRotating(t, 2, time.Minute, "inventory")
	r.step = func(name string) {
		if name == "refresh: answered" {
			_ = os.MkdirAll(filepath.Join(r.path("new.yaml.tmp"), "in the way"), 0o700)
		}
	}
	if code, said := r.inProcess(r.arguments()...); code != 1 || r.sends != 1 || !strings.Contains(said, "the pair is safe in ") {
		t.Errorf("a store that breaks: exit %d, %d sent: %s", code, r.sends, said)
	}
	r.wantNobodyLockedOut("a store that breaks", time.Hour)
	r.step = nil
	_ = os.RemoveAll(r.path("new.yaml.tmp"))
	r.finish()
	r.wantWhole("a store that broke")
	if files, _ := filepath.Glob(r.path("*.tmp")); len(files) > 0 {
		t.Errorf("it left %v", files)
	}
}

// TestRefreshAtOnce: a second one is refused however it names the inventory.
func TestRefreshAtOnce(t *testing.T) {
	r := newRotating(t, 2, time.Minute, "inventory")
	if err := os.Symlink("old.yaml", r.path("link.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".", r.path("here")); err != nil {
		t.Fatal(err)
	}
	waiting, release := make(chan struct{}), make(chan struct{})
	r.spent = func(n int) {
		if n == 1 {
			close(waiting)
			<-release
		}
	}
	first := r.start()
	<-waiting
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(wd, r.path("old.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{r.path("old.yaml"), r.path("link.yaml"), r.path("here/here/old.yaml"), relative} {
		args := r.arguments()
		args[4], args[6] = name, r.path("other.yaml")
		if code, said := r.inProcess(args...); code != 2 || !strings.Contains(said, "another inventory refresh is at work on it") {
			t.Errorf("%s: exit %d: %s", name, code, said)
		}
	}
	close(release)
	if err := first.Wait(); err != nil {
		t.Errorf("the first one: %v: %s", err, first.Stderr)
	}
	r.wantWhole("after all")
}
