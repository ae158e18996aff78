package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/migrate/secret"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// told is a token command made of a function; it counts its runs.
type told struct {
	mu   sync.Mutex
	runs []string
	say  func(n int, argv []string) (string, error) // n counts from 1
}

func (c *told) run(_ context.Context, argv []string) ([]byte, error) {
	c.mu.Lock()
	c.runs = append(c.runs, strings.Join(argv, " "))
	n := len(c.runs)
	c.mu.Unlock()
	out, err := c.say(n, argv)
	return []byte(out), err
}

const commanded = "version: 1\nlegacyTokens: {command: [get, \"{vehicleId}\", \"--grant={grant}\"]}\nvehicles:\n"

// fleetOf opens an inventory and gives a resolver over it with a clock that stands at noon, and a request per entry.
func fleetOf(t *testing.T, text string, o ResolverOptions) (*Resolver, []TokenRequest) {
	t.Helper()
	f, err := openText(t, text, options())
	if err != nil {
		t.Fatal(err)
	}
	o.AllowExec = true
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	r, err := NewResolver(f, o)
	if err != nil {
		t.Fatal(err)
	}
	var list []TokenRequest
	for _, e := range entriesOf(t, f) {
		list = append(list, TokenRequest{VehicleID: e.VehicleID, Grant: e.Grant, Offset: e.Offset, Length: e.Length, ExpiresAt: e.ExpiresAt})
	}
	return r, list
}

func token(t *testing.T, r *Resolver, req TokenRequest) Token {
	t.Helper()
	got, err := r.Token(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantToken(t *testing.T, got Token, want string) {
	t.Helper()
	if !got.Secret.Equal(secret.New(want)) || got.Gone != "" || got.Missing || got.Dead {
		t.Errorf("got %+v, not the token %s", got, want)
	}
}

func TestOneAnswerPerGrant(t *testing.T) {
	c := &told{say: func(n int, _ []string) (string, error) { return fmt.Sprintf("token-%d\n", n), nil }}
	r, reqs := fleetOf(t, commanded+"  - {vehicleId: a, grant: g}\n  - {vehicleId: b, grant: g}\n  - {vehicleId: c}\n  - {vehicleId: d}\n", ResolverOptions{Run: c.run})
	for range 2 {
		wantToken(t, token(t, r, reqs[0]), "token-1")
		wantToken(t, token(t, r, reqs[1]), "token-1")
		wantToken(t, token(t, r, reqs[2]), "token-2")
		wantToken(t, token(t, r, reqs[3]), "token-3")
	}
	if got := strings.Join(c.runs, ";"); got != "get a --grant=g;get c --grant=;get d --grant=" {
		t.Errorf("ran %s", got)
	}
}

func TestAnswerIsKeptUntilItExpires(t *testing.T) {
	now := noon
	c := &told{say: func(n int, _ []string) (string, error) {
		return fmt.Sprintf(`{"accessToken":"token-%d","expiresAt":%q,"other":1}`, n, now.Add(2*time.Hour).Format(time.RFC3339)), nil
	}}
	r, reqs := fleetOf(t, commanded+"  - {vehicleId: a, grant: g}\n", ResolverOptions{Run: c.run, Now: func() time.Time { return now }})
	got := token(t, r, reqs[0])
	wantToken(t, got, "token-1")
	if !got.ExpiresAt.Equal(noon.Add(2 * time.Hour)) {
		t.Errorf("expires at %v", got.ExpiresAt)
	}
	now = noon.Add(2*time.Hour - time.Second)
	wantToken(t, token(t, r, reqs[0]), "token-1")
	now = noon.Add(2 * time.Hour)
	wantToken(t, token(t, r, reqs[0]), "token-2")
}

func TestDeadAnswerIsNotHandedOut(t *testing.T) {
	c := &told{say: func(int, []string) (string, error) {
		return `{"accessToken":"old","expiresAt":"2026-11-23T11:59:59Z"}`, nil
	}}
	r, reqs := fleetOf(t, commanded+"  - {vehicleId: a}\n", ResolverOptions{Run: c.run})
	if got := token(t, r, reqs[0]); !got.Dead || !got.Secret.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func TestAskedAgainOnceAfterARefusal(t *testing.T) {
	answer := "first"
	c := &told{say: func(int, []string) (string, error) { return answer, nil }}
	r, reqs := fleetOf(t, commanded+"  - {vehicleId: a, grant: g}\n  - {vehicleId: b, grant: g}\n", ResolverOptions{Run: c.run})
	after := func(i int, refused string) TokenRequest {
		req := reqs[i]
		req.After = secret.New(refused)
		return req
	}
	wantToken(t, token(t, r, reqs[0]), "first")
	wantToken(t, token(t, r, after(0, "first")), "first") // run 2: nothing better
	wantToken(t, token(t, r, after(1, "first")), "first") // known: no run
	if n := len(c.runs); n != 2 {
		t.Fatalf("%d runs, want 2", n)
	}
	answer = "second"
	wantToken(t, token(t, r, reqs[1]), "second")           // run 3: a refused token is not good enough to start with
	wantToken(t, token(t, r, after(0, "first")), "second") // no run: it is another one already
	wantToken(t, token(t, r, reqs[0]), "second")
	if n := len(c.runs); n != 3 {
		t.Errorf("%d runs, want 3", n)
	}
}

func TestGone(t *testing.T) {
	c := &told{say: func(int, []string) (string, error) {
		return `{"gone":"disconnected on 2026-11-02\nby owner, last token 7f3a9b52-0d1e-4c66-9999-c4n4ry000000"}`, nil
	}}
	r, reqs := fleetOf(t, commanded+"  - {vehicleId: a, grant: g}\n", ResolverOptions{Run: c.run})
	for range 2 {
		got := token(t, r, reqs[0])
		if got.Gone != "disconnected on 2026-11-02 by owner, last token […]" || !got.Secret.IsZero() {
			t.Errorf("got %+v", got)
		}
	}
	if len(c.runs) != 1 {
		t.Errorf("%d runs", len(c.runs))
	}
}

func TestBadAnswers(t *testing.T) {
	for _, c := range []struct {
		out  string
		err  error
		want string
	}{
		{"<html>error</html>", nil, "no bearer token"},
		{"", nil, "gave nothing"},
		{" \n", nil, "gave nothing"},
		{"c4n4ry and more", nil, "no token: it holds white space"},
		{"one-c4n4ry\ntwo", nil, "no token: it holds white space"},
		{`{"accessToken":"c4n4ry"`, nil, "starts like JSON"},
		{`{"accessToken":17}`, nil, "starts like JSON"},
		{`{"token":"c4n4ry"}`, nil, "without accessToken or gone"},
		{`{"accessToken":"c4n4ry","gone":"x"}`, nil, "both accessToken and gone"},
		{`{"accessToken":"c4n4ry","expiresAt":"soon"}`, nil, "expiresAt that is not a time"},
		{"eyJc4n4ry.eyJc4n4ry.c4n4ry", nil, "holds a JWT"},
		{strings.Repeat("c4n4ry", 10_000), nil, "longer than"},
		{"c4n4ry", errors.New("c4n4ry"), "could not be started"},
		{"c4n4ry", errTooMuch, "printed more than 64 KiB"},
	} {
		cmd := &told{say: func(int, []string) (string, error) { return c.out, c.err }}
		r, reqs := fleetOf(t, commanded+"  - {vehicleId: a1, grant: g}\n", ResolverOptions{Run: cmd.run})
		for range 2 {
			got, err := r.Token(context.Background(), reqs[0])
			var failed *TokenError
			if !errors.As(err, &failed) || !got.Secret.IsZero() {
				t.Fatalf("%q: got %v, %v", c.out, got, err)
			}
			text := err.Error()
			if !strings.Contains(text, c.want) || !strings.Contains(text, `vehicle "a1"`) || !strings.Contains(text, `"get"`) || strings.Contains(text, canary) {
				t.Errorf("got %s, want %s", text, c.want)
			}
		}
		if len(cmd.runs) != 2 {
			t.Errorf("%q: a failure was remembered", c.out)
		}
	}
}

func TestOwnTokenWinsOverTheCommand(t *testing.T) {
	c := &told{say: func(int, []string) (string, error) { return "commanded", nil }}
	text := commanded + `  - {vehicleId: a, accessToken: own}
  - {vehicleId: b, accessToken: own, accessTokenExpiresAt: "2026-11-23T12:00:00Z"}
  - {vehicleId: c, accessToken: own, accessTokenExpiresAt: "2026-11-23T12:00:01Z"}
  - {vehicleId: d}
  - {vehicleId: e, accessToken: "${TOKEN_ONE}"}
`
	r, reqs := fleetOf(t, text, ResolverOptions{Run: c.run, Getenv: env})
	refused := reqs[0]
	refused.After = secret.New("own")
	for _, one := range []struct {
		req  TokenRequest
		want string
	}{{reqs[0], "own"}, {refused, "commanded"}, {reqs[1], "commanded"}, {reqs[2], "own"}, {reqs[3], "commanded"}, {reqs[4], "opaque-token-of-the-first-car"}} {
		wantToken(t, token(t, r, one.req), one.want)
	}
}

func TestWithoutACommand(t *testing.T) {
	r, reqs := fleetOf(t, `version: 1
vehicles:
  - {vehicleId: a}
  - {vehicleId: b, accessToken: own, accessTokenExpiresAt: "2026-11-23T11:00:00Z"}
  - {vehicleId: c, accessToken: own}
`, ResolverOptions{})
	if got := token(t, r, reqs[0]); !got.Missing {
		t.Errorf("got %+v", got)
	}
	if got := token(t, r, reqs[1]); !got.Dead || !got.Secret.IsZero() || got.ExpiresAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	again := reqs[2]
	again.After = secret.New("own")
	wantToken(t, token(t, r, again), "own") // the caller sees that it is the same
}

func TestFileIsReadAtEachUse(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("tok", "one\n")
	put("inv.yaml", "version: 1\nvehicles:\n  - {vehicleId: a, accessToken: 'file:tok', accessTokenExpiresAt: 2026-11-23T11:00:00Z}\n")
	f := mustOpen(t, filepath.Join(dir, "inv.yaml"), options())
	r, err := NewResolver(f, ResolverOptions{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	e := entriesOf(t, f)[0]
	req := TokenRequest{VehicleID: e.VehicleID, Offset: e.Offset, Length: e.Length, ExpiresAt: e.ExpiresAt}
	wantToken(t, token(t, r, req), "one")
	put("tok", "\xEF\xBB\xBF two \n")
	wantToken(t, token(t, r, req), "two")
	put("tok", `{"accessToken":"three","expiresAt":"2026-11-23T11:59:00Z"}`)
	if got := token(t, r, req); !got.Dead {
		t.Errorf("got %+v", got)
	}
	put("tok", "c4n4ry c4n4ry")
	if _, err := r.Token(context.Background(), req); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
	_ = os.Remove(filepath.Join(dir, "tok"))
	if _, err := r.Token(context.Background(), req); err == nil || !strings.Contains(err.Error(), "cannot read the file") {
		t.Errorf("got %v", err)
	}
}

func TestExecReference(t *testing.T) {
	c := &told{say: func(n int, _ []string) (string, error) { return fmt.Sprintf("token-%d", n), nil }}
	r, reqs := fleetOf(t, "version: 1\nvehicles:\n  - {vehicleId: a, accessToken: \"exec:pass show 'my cars/one' {vehicleId}\"}\n", ResolverOptions{Run: c.run})
	wantToken(t, token(t, r, reqs[0]), "token-1")
	again := reqs[0]
	again.After = secret.New("token-1")
	wantToken(t, token(t, r, again), "token-2")
	if c.runs[0] != "pass show my cars/one a" {
		t.Errorf("ran %q", c.runs)
	}
}

func TestSingleFlightAndConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most, runs atomic.Int32
		run := func(ctx context.Context, argv []string) ([]byte, error) {
			runs.Add(1)
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer running.Add(-1)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			return []byte("token" + argv[2]), ctx.Err()
		}
		var text strings.Builder
		for i := range 200 {
			fmt.Fprintf(&text, "  - {vehicleId: v%d, grant: g%d}\n", i, i%20)
		}
		r, reqs := fleetOf(t, commanded+text.String(), ResolverOptions{Run: run, Now: time.Now, Concurrency: 4})
		var wg sync.WaitGroup
		start := time.Now()
		for _, req := range reqs {
			wg.Go(func() {
				if got, err := r.Token(context.Background(), req); err != nil || !got.Secret.Equal(secret.New("token--grant="+req.Grant)) {
					t.Errorf("%s: %v %v", req.VehicleID, got, err)
				}
			})
		}
		wg.Wait()
		if runs.Load() != 20 || most.Load() != 4 || time.Since(start) != 5*time.Second {
			t.Errorf("%d runs, %d at a time, %s", runs.Load(), most.Load(), time.Since(start))
		}
	})
}

func TestTimeoutAndCancelledLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		run := func(ctx context.Context, _ []string) ([]byte, error) {
			if runs++; runs == 3 {
				return []byte("late-token"), nil
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		r, reqs := fleetOf(t, commanded+"  - {vehicleId: a, grant: g}\n", ResolverOptions{Run: run, Now: time.Now})
		start := time.Now()
		_, err := r.Token(context.Background(), reqs[0])
		var failed *TokenError
		if !errors.As(err, &failed) || !failed.TimedOut || time.Since(start) != DefaultCommandTimeout {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.Token(ctx, reqs[0]); !errors.Is(err, context.Canceled) {
				t.Errorf("the leader got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if got, err := r.Token(context.Background(), reqs[0]); err != nil || !got.Secret.Equal(secret.New("late-token")) {
				t.Errorf("the follower got %v, %v", got, err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}

func TestRealCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		return
	}
	dir := t.TempDir()
	script := "#!/bin/sh\ncase $1 in\nok) echo \"token-$2-$(pwd | wc -l | tr -d ' ')\";;\nbad) echo c4n4ry; echo c4n4ry >&2; exit 3;;\nbig) head -c 100000 /dev/zero;;\nkill) kill -9 $$;;\nesac\n"
	if err := os.WriteFile(filepath.Join(dir, "tok.sh"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	run := runIn(dir)
	if out, err := run(context.Background(), []string{"./tok.sh", "ok", "$(id)"}); err != nil || strings.TrimSpace(string(out)) != "token-$(id)-1" {
		t.Errorf("got %s, %v", out, err)
	}
	for arg, want := range map[string]string{"bad": "exited with status 3", "big": "printed more than 64 KiB", "kill": "was ended by a signal"} {
		if _, err := run(context.Background(), []string{"./tok.sh", arg}); err == nil || exitReason(err) != want {
			t.Errorf("%s: %v", arg, err)
		}
	}
	if _, err := run(context.Background(), []string{"./not-there"}); err == nil || exitReason(err) != "was not found" {
		t.Errorf("got %v", err)
	}
	var exit *exec.ExitError
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := run(ctx, []string{"sleep", "30"}); !errors.As(err, &exit) {
		t.Errorf("got %v", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	a := answers{byKey: map[string]*slot{}}
	a.slot("kept").flight = &flight{}
	for i := range maxAnswers + 100 {
		a.slot(fmt.Sprint(i))
	}
	if len(a.byKey) != maxAnswers || len(a.order) != maxAnswers || a.byKey["kept"] == nil {
		t.Errorf("%d answers, %d in order", len(a.byKey), len(a.order))
	}
}
