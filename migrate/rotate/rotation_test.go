package rotate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// host is an authorisation host that answers by the number of the request.
type host struct {
	sent   []string
	answer func(n int) smartcar.Refreshed
}

func (h *host) AdmitRefresh(ctx context.Context) error { return ctx.Err() }

func (h *host) Refresh(_ context.Context, token secret.Secret) (smartcar.Refreshed, error) {
	h.sent = append(h.sent, inventory.DiscloseToken(token))
	return h.answer(len(h.sent)), nil
}

func came(refresh string) smartcar.Refreshed {
	return smartcar.Refreshed{Result: smartcar.RefreshCame, Pair: smartcar.Pair{Access: secret.New("access-" + refresh), Refresh: secret.New(refresh), ExpiresAt: time.Unix(1_800_000_000, 0)}}
}

// rotated runs a rotation of an inventory with one token per given refresh token, into new.yaml.
func rotated(t *testing.T, dir string, h *host, change func(*Rotation), tokens ...string) (*Rotation, error) {
	t.Helper()
	text := "version: 1\nvehicles:\n"
	for _, token := range tokens {
		text += "  - {vehicleId: vehicle-of-" + token + ", userId: user-of-" + token + ", refreshToken: " + token + "}\n"
	}
	path := filepath.Join(dir, "old.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := inventory.Open(path, inventory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	resolver, err := inventory.NewResolver(file, inventory.ResolverOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "new.yaml")
	r, err := Begin(Options{Journal: out + ".rotation", Origin: Origin{Application: "a", Store: "inventory", Inventory: path}, API: h, Lookup: resolver.RefreshToken,
		Now: time.Now, Pause: func(context.Context, time.Duration) {}, Say: t.Logf})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if change != nil {
		change(r)
	}
	plan, err := NewPlan(t.Context(), file, path)
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.NewText(t.Context(), file, plan, out, true)
	if err == nil {
		err = r.Match(list)
	}
	if err == nil {
		err = r.Rotate(t.Context(), plan, list, nil)
	}
	if err == nil {
		err = r.Finish()
	}
	return r, err
}

// A disk without room for the journal is found before a token is sent.
func TestRotationNeedsRoomFirst(t *testing.T) {
	dir, h := t.TempDir(), &host{answer: func(int) smartcar.Refreshed { return came("next") }}
	_, err := rotated(t, dir, h, func(r *Rotation) { r.journal.file = full(t, r.journal.path) }, "first")
	if err == nil || !strings.Contains(err.Error(), "nothing was sent") || len(h.sent) > 0 {
		t.Errorf("%v, %d sent", err, len(h.sent))
	}
	if _, err := rotated(t, dir, h, nil, "first"); err != nil || len(h.sent) != 1 {
		t.Errorf("with room again: %v, %d sent", err, len(h.sent))
	}
}

// full is the journal on a disk that takes nothing more.
func full(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// While the journal cannot take a pair that came, the process keeps it and goes on trying; it is never asked for again.
func TestRotationKeepsThePairUntilItCanBeWritten(t *testing.T) {
	var r *Rotation
	var works *os.File
	dir := t.TempDir()
	h := &host{}
	h.answer = func(int) smartcar.Refreshed {
		works, r.journal.file = r.journal.file, full(t, r.journal.path)
		return came("next")
	}
	waits := 0
	_, err := rotated(t, dir, h, func(made *Rotation) {
		r = made
		r.o.Pause = func(context.Context, time.Duration) {
			if waits++; waits == 5 {
				r.journal.file = works
			}
		}
	}, "first")
	text, _ := os.ReadFile(filepath.Join(dir, "new.yaml"))
	if err != nil || waits != 5 || len(h.sent) != 1 || !strings.Contains(string(text), "next") {
		t.Errorf("%v, %d waits, %d sent: %s", err, waits, len(h.sent), text)
	}
}

// A host that gives the same refresh token again has not spent it: the inventory is not older than what was made of it.
func TestRotationOfATokenThatStays(t *testing.T) {
	dir, h := t.TempDir(), &host{answer: func(int) smartcar.Refreshed { return came("the-same") }}
	for n := 1; n <= 2; n++ {
		if r, err := rotated(t, dir, h, nil, "the-same"); err != nil || len(h.sent) != n || r.Refreshed() != 1 {
			t.Errorf("time %d: %v, %d sent", n, err, len(h.sent))
		}
	}
}

// What the host refused to another application says nothing about this one.
func TestRotationForAnotherApplication(t *testing.T) {
	dir := t.TempDir()
	h := &host{answer: func(n int) smartcar.Refreshed {
		if n == 1 {
			return smartcar.Refreshed{Result: smartcar.RefreshDead}
		}
		return smartcar.Refreshed{Result: smartcar.RefreshCredentials}
	}}
	if _, err := rotated(t, dir, h, nil, "first", "second"); err == nil {
		t.Fatal("the refusal was lost")
	}
	h.answer = func(n int) smartcar.Refreshed { return came("next-" + string(rune('a'+n))) }
	r, err := rotated(t, dir, h, func(r *Rotation) {
		if err := r.journal.add(record{Event: eventBegin, Origin: &Origin{Application: "b", Store: "inventory"}}); err != nil {
			t.Fatal(err)
		}
	}, "first", "second")
	if err != nil || r.Refreshed() != 2 || len(r.Reconnect()) != 0 {
		t.Errorf("%v: %d refreshed, %d lost", err, r.Refreshed(), len(r.Reconnect()))
	}
}

// An inventory that names several tokens for one grant is refused, as a whole, and shows none of them.
func TestPlanOfSeveralTokensForOneGrant(t *testing.T) {
	path := filepath.Join(t.TempDir(), "i.yaml")
	text := "version: 1\nvehicles:\n  - {vehicleId: a, grant: g, refreshToken: canary-1}\n  - {vehicleId: b, grant: h, refreshToken: canary-2}\n  - {vehicleId: c, grant: g, refreshToken: canary-2}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := inventory.Open(path, inventory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := NewPlan(t.Context(), file, path); err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), ":5: ") && !strings.Contains(err.Error(), ":4: ") {
		t.Errorf("%v", err)
	}
}
