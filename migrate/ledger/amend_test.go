package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// amended is a ledger of three vehicles, two of them measured.
func amended(t *testing.T) *Ledger {
	t.Helper()
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(3)...)
	save(t, l, aRecord(0, migrate.Ready))
	save(t, l, aRecord(1, migrate.Blocked))
	if err := l.SetHeader(t.Context(), Header{RunID: "r", Seed: 1}); err != nil {
		t.Fatal(err)
	}
	return l
}

var otherRules = Amendment{Header: Header{RunID: "r", Seed: 1, RulesDigest: "sha256:x"}, Rules: rules.Rules{Ignore: []string{"vin"}}, Facts: migrate.Facts{LegacyRetired: true}}

// TestAmend: rules, facts, entries, evidence and judgements change together.
func TestAmend(t *testing.T) {
	l := amended(t)
	before := records(t, l)
	after := records(t, l)
	after[1].Judgement = migrate.Judgement{Verdict: migrate.Ready, Proof: migrate.ProofFull}
	after[0].Entry.UserID, after[0].Evidence.Identity.AskedAs = "someone-else", "someone-else"
	after[0].Judgement = migrate.Judgement{Verdict: migrate.Inconclusive, Causes: []migrate.CauseRef{{Code: migrate.NotRun}}}
	after[2].Entry.Label = "van 3"
	err := l.Amend(t.Context(), otherRules, func(put func(before, after migrate.Record) error) error {
		for i := range before {
			if err := put(before[i], after[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, records(t, l)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	r, errRules := l.Rules(t.Context())
	h, errHeader := l.Header(t.Context())
	if errRules != nil || errHeader != nil || len(r.Ignore) != 1 || h.RulesDigest != "sha256:x" {
		t.Errorf("rules %+v, header %+v", r, h)
	}
	if got := pending(t, l); !cmp.Equal(got, []int{2, 0}) { // the one that was never called first
		t.Errorf("pending %v, want 2 and 0", got)
	}
}

// TestAmendIsWholeOrNothing: trouble at the last vehicle leaves everything as it was.
func TestAmendIsWholeOrNothing(t *testing.T) {
	l := amended(t)
	before := records(t, l)
	trouble := errors.New("trouble")
	err := l.Amend(t.Context(), otherRules, func(put func(before, after migrate.Record) error) error {
		after := before[0]
		after.Judgement = migrate.Judgement{Verdict: migrate.Broken}
		return errors.Join(put(before[0], after), trouble)
	})
	if !errors.Is(err, trouble) {
		t.Errorf("%v", err)
	}
	r, errRules := l.Rules(t.Context())
	if diff := cmp.Diff(before, records(t, l)); diff != "" || errRules != nil || len(r.Ignore) != 0 {
		t.Errorf("rules %+v, records (-want +got):\n%s", r, diff)
	}
}

// TestWhatReadsIsWaitedFor: when the context of a job that reads from its caller ends, the job is over before the caller goes
// on, and nothing of it is kept.
func TestWhatReadsIsWaitedFor(t *testing.T) {
	l := amended(t)
	before := records(t, l)
	jobs := map[string]func(ctx context.Context, read func() error) error{
		"amend": func(ctx context.Context, read func() error) error {
			return l.Amend(ctx, otherRules, func(put func(before, after migrate.Record) error) error {
				return errors.Join(read(), put(before[2], before[2]))
			})
		},
		"entries": func(ctx context.Context, read func() error) error {
			return l.PutEntries(ctx, 1, func(add func(inventory.Entry) error) error { return errors.Join(read(), add(anEntry(7))) })
		},
		"elsewhere": func(ctx context.Context, read func() error) error {
			return l.SetElsewhere(ctx, func(func(string) error) error { return read() })
		},
	}
	for name, job := range jobs {
		ctx, cancel := context.WithCancel(t.Context())
		over := false // read without a lock: the race detector sees a job that goes on
		err := job(ctx, func() error {
			cancel()
			for range 1000 {
				runtime.Gosched()
			}
			over = true
			return nil
		})
		if !over || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: over %v, %v", name, over, err)
		}
	}
	r, err := l.Rules(t.Context())
	if diff := cmp.Diff(before, records(t, l)); diff != "" || err != nil || len(r.Ignore) != 0 {
		t.Errorf("rules %+v, %v, records (-want +got):\n%s", r, err, diff)
	}
}

// TestCopy: whole, private, under its name only when it is done, and never over another run.
func TestCopy(t *testing.T) {
	l := amended(t)
	dir := filepath.Join(t.TempDir(), "new", "copy")
	if err := l.Copy(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, FileName): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want %v", path, info, err, mode)
		}
	}
	if things, err := os.ReadDir(dir); err != nil || len(things) != 1 {
		t.Errorf("%v, %v", things, err)
	}
	other := create(t, dir)
	if diff := cmp.Diff(records(t, l), records(t, other)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if err := l.Copy(t.Context(), dir); !errors.Is(err, ErrTaken) {
		t.Errorf("over another run: %v", err)
	}
}
