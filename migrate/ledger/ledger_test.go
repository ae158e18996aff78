package ledger

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/migrate"
	"scmigrate/migrate/smartcar"
)

// TestHeaderFactsControls survive closing; a new ledger has none.
func TestHeaderFactsControls(t *testing.T) {
	dir := t.TempDir()
	l, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := l.Header(t.Context()); err != nil || h != (Header{}) {
		t.Errorf("a new ledger says %+v, %v", h, err)
	}
	header := Header{RunID: "r", StartedAt: "then", Complete: true, InventoryDigest: "sha256:1", Seed: 1<<63 + 5, ShareKey: "00ff", Legs: "both"}
	facts, controls := migrate.Facts{AppNotEnabled: true}, migrate.Controls{Tried: 3, Refused: 2, Undecided: 1}
	if err := errors.Join(l.SetHeader(t.Context(), header), l.SetFacts(t.Context(), facts), l.SaveControls(t.Context(), controls), l.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	gotHeader, err1 := r.Header(t.Context())
	gotFacts, err2 := r.Facts(t.Context())
	gotControls, err3 := r.Controls(t.Context())
	if err := errors.Join(err1, err2, err3); err != nil || gotHeader != header || !reflect.DeepEqual(gotFacts, facts) || !reflect.DeepEqual(gotControls, controls) {
		t.Errorf("%+v %+v %+v, %v", gotHeader, gotFacts, gotControls, err)
	}
}

// TestLinks: a new reading of one mode replaces the old one and leaves the other mode alone.
func TestLinks(t *testing.T) {
	l := create(t, t.TempDir())
	link := func(user, car, mode string, permissions []string) migrate.Link {
		return migrate.Link{UserID: user, VehicleID: car, Permissions: permissions, Make: "TESLA", Mode: mode}
	}
	live := aList{Mode: "live", ReadAt: noon, Pages: 2, Complete: true, Links: []migrate.Link{link("u2", "c1", "live", []string{"read_vin"}), link("u1", "c1", "live", []string{}), link("u1", "c2", "live", nil)}}
	simulated := aList{Mode: "simulated", ReadAt: noon.Add(time.Hour), Pages: 1, Why: "a page was missing", Links: []migrate.Link{link("u1", "c3", "simulated", nil)}}
	for _, list := range []aList{live, simulated} {
		if err := saveList(t.Context(), l, list); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Links(t.Context(), "c1")
	if diff := cmp.Diff([]migrate.Link{live.Links[1], live.Links[0]}, got); err != nil || diff != "" {
		t.Errorf("%v: permissions that are none and permissions that are not known are two things\n%s", err, diff)
	}
	if got, _ := l.Links(t.Context(), "c2"); len(got) != 1 || got[0].Permissions != nil {
		t.Errorf("c2: %+v", got)
	}
	lists, err := l.LinkLists(t.Context())
	if diff := cmp.Diff([]migrate.LinkList{live.list(), simulated.list()}, lists); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	live.Links = []migrate.Link{link("u9", "c9", "live", nil)}
	if err := saveList(t.Context(), l, live); err != nil {
		t.Fatal(err)
	}
	all, err := l.SampleLinks(t.Context(), 10)
	if err != nil || len(all) != 2 {
		t.Errorf("%+v, %v: want the new live link and the simulated one", all, err)
	}
	put(t, l, 1, fleet(1)...)
	if n, named, err := l.Orphans(t.Context()); n != 2 || len(named) != 2 || err != nil {
		t.Errorf("%d orphans %v, %v", n, named, err)
	}
}

// TestTwoRunsExcludeEachOther: the second one is refused, readers are not, and the end of the first lets others in.
func TestTwoRunsExcludeEachOther(t *testing.T) {
	dir := t.TempDir()
	first, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Create(dir); !errors.Is(err, ErrBusy) || second != nil {
		t.Errorf("a second run was let in: %v", err)
	}
	if err := Remove(dir); !errors.Is(err, ErrBusy) {
		t.Errorf("a ledger in use was removed: %v", err)
	}
	reader, err := Open(dir)
	if err != nil {
		t.Fatalf("a reader was kept out: %v", err)
	}
	if err := errors.Join(reader.Close(), first.Close()); err != nil {
		t.Fatal(err)
	}
	third, err := Create(dir)
	if err != nil {
		t.Fatalf("the lock outlived its run: %v", err)
	}
	if err := errors.Join(third.Close(), Remove(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrNone) {
		t.Errorf("after Remove: %v", err)
	}
}

// TestGroupCommit: 64 goroutines save at once, each record is there when its Save returns, and the calls with it.
func TestGroupCommit(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	const workers, each = 64, 8
	put(t, l, 1, fleet(workers*each)...)
	reader, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := range each {
				n := w*each + i
				l.AddCall(aCall(n))
				if err := l.Save(t.Context(), aRecord(n, migrate.Ready)); err != nil {
					t.Error(err)
				}
			}
			if got := countOf(t, reader, "SELECT count(*) FROM vehicles WHERE finished = 1 AND ordinal / ? = ?", each, w); got != each {
				t.Errorf("worker %d: %d of %d are durable after Save", w, got, each)
			}
		})
	}
	wait.Wait()
	if got := countOf(t, reader, "SELECT count(*) FROM calls"); got != workers*each {
		t.Errorf("%d calls, want %d", got, workers*each)
	}
	requests, err := l.Requests(t.Context())
	if err != nil || requests["legacy"] != workers*each {
		t.Errorf("%v, %v", requests, err)
	}
}

func countOf(t *testing.T, l *Ledger, query string, args ...any) (n int) {
	t.Helper()
	if err := l.read.QueryRow(query, args...).Scan(&n); err != nil {
		t.Error(err)
	}
	return n
}

// TestOneBadJobFailsAlone: what is committed together does not fail together. A vehicle that is not in the ledger and a
// list whose run was interrupted are their own trouble, not that of the records beside them.
func TestOneBadJobFailsAlone(t *testing.T) {
	l, err := Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, 1, fleet(20)...)
	gate := make(chan struct{})
	l.writer.put(func(*sql.Tx) error { <-gate; return nil }) // everything below is one group
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := saveList(ended, l, aList{Mode: "live", ReadAt: noon}); !errors.Is(err, context.Canceled) {
		t.Errorf("a list after the end: %v", err)
	}
	var wait sync.WaitGroup
	for n := range 21 {
		l.AddCall(aCall(n))
		wait.Go(func() {
			if err := l.Save(t.Context(), aRecord(n, migrate.Ready)); (err != nil) != (n == 20) {
				t.Errorf("vehicle %d: %v", n, err)
			}
		})
	}
	close(gate)
	wait.Wait()
	if saved, calls := countOf(t, l, "SELECT count(*) FROM vehicles WHERE finished = 1"), countOf(t, l, "SELECT count(*) FROM calls"); saved != 20 || calls != 21 {
		t.Errorf("%d records and %d calls, want 20 and 21", saved, calls)
	}
	if err := l.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// TestCloseFlushes: calls that nobody waited for are there after Close; after it nothing is taken.
func TestCloseFlushes(t *testing.T) {
	dir := t.TempDir()
	l, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1200 { // more than two groups
		l.AddCall(aCall(n))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(t.Context(), aRecord(0, migrate.Ready)); !errors.Is(err, errClosed) {
		t.Errorf("saved after the end: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	calls, err := departures(t, r)
	if err != nil || len(calls) != 1200 || !calls[1190].At.Equal(noon.Add(1190*time.Second)) || !slices.IsSortedFunc(calls, func(a, b Departure) int { return a.At.Compare(b.At) }) {
		t.Errorf("%d calls, want 1200 in order: %v", len(calls), err)
	}
}

func departures(t *testing.T, l *Ledger) (calls []Departure, err error) {
	t.Helper()
	err = l.EachCall(t.Context(), func(d Departure) { calls = append(calls, d) })
	return calls, err
}

// TestCallsAreOfTheHostTheyWentTo: v3 calls with opaque tokens count as the legacy leg's, and were v3's to serve.
func TestCallsAreOfTheHostTheyWentTo(t *testing.T) {
	l := create(t, t.TempDir())
	opaque := aCall(1)
	opaque.Path = "/v3/vehicles/" + opaque.VehicleID + "/signals"
	token := aCall(2)
	token.Host, token.Path = smartcar.HostIAM, "/oauth2/token"
	for _, c := range []smartcar.Call{aCall(0), opaque, token} {
		l.AddCall(c)
	}
	put(t, l, 1, fleet(1)...) // calls become durable with the next commit
	calls, err := departures(t, l)
	want := []Departure{{noon, smartcar.HostLegacy}, {noon.Add(time.Second), smartcar.HostApp}, {noon.Add(2 * time.Second), smartcar.HostIAM}}
	if err != nil || !slices.EqualFunc(calls, want, func(a, b Departure) bool { return a.Host == b.Host && a.At.Equal(b.At) }) {
		t.Errorf("%v, %v; want %v", calls, err, want)
	}
}

// TestModes: the directory is 0700 and every file in it 0600, whatever the umask and whoever made the directory.
func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "run?a=1 #x%20")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l := create(t, dir)
	put(t, l, 1, fleet(10)...)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory is %v, %v", info.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, %v", f.Name(), info.Mode(), err)
		}
		names = append(names, f.Name())
	}
	if want := []string{".lock", FileName, FileName + "-shm", FileName + "-wal"}; !slices.Equal(names, want) {
		t.Errorf("the directory holds %q, want %q", names, want)
	}
}

// TestOpenRefuses: no ledger, no directory, something else under its name, another version. Nothing is made or changed.
func TestOpenRefuses(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), FileName)
	db, err := sql.Open("sqlite", foreign)
	if err == nil {
		_, err = db.Exec("CREATE TABLE photos (name TEXT)")
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	for reason, content := range map[string][]byte{"text": []byte(strings.Repeat("not a ledger\n", 999)), "empty": {}, "cut short": picture[:100], "another program's database": picture} {
		dir := t.TempDir()
		path := filepath.Join(dir, FileName)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := Open(dir); err == nil {
			t.Errorf("%s: opened %v", reason, l.Dir())
		} else if strings.Contains(err.Error(), "not a ledger\n") {
			t.Errorf("%s: the error quotes the file: %v", reason, err)
		}
	}
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "nowhere")} {
		if _, err := Open(dir); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if files, _ := os.ReadDir(empty); len(files) != 0 {
		t.Errorf("opening made %v", files)
	}
}

// TestAnotherVersionIsRefused, by readers and by runs: a shape that is not known is never guessed at.
func TestAnotherVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	l, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Set(t.Context(), "schema", "0"), l.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a reader took another version")
	}
	if l, err := Create(dir); err == nil {
		t.Error("a run took another version", l.Close())
	}
}

// TestCreateRefuses: a file in the directory's place, a foreign file under the ledger's name.
func TestCreateRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(file); err == nil {
		t.Error("made a ledger in a file")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("a letter\n", 999)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir); err == nil {
		t.Error("made a ledger of a letter")
	}
	if text, _ := os.ReadFile(filepath.Join(dir, FileName)); !strings.HasPrefix(string(text), "a letter\n") {
		t.Error("the letter was overwritten")
	}
	if err := Remove(dir); err != nil { // the failed Create must not have kept the lock
		t.Errorf("the lock outlived a failed Create: %v", err)
	}
}
