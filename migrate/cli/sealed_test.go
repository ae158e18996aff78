package cli_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"scmigrate/fixtures"
	"scmigrate/migrate/cli"
	"scmigrate/migrate/report"
)

// secretOf is the secret that a request carries: a bearer token or, to IAM, the form with the client secret.
func secretOf(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// TestAPanicPrintsNoSecret: whatever panics, with whatever value, the run ends with exit code 1 and a stack, the ledger is
// closed, and the same command goes on once the bug is gone.
func TestAPanicPrintsNoSecret(t *testing.T) {
	for name, breaks := range map[string]func(b *bench){
		"in the legacy leg": func(b *bench) { b.panicsAt("/batch") },
		"in the app leg":    func(b *bench) { b.panicsAt("/signals") },
		"at the list":       func(b *bench) { b.panicsAt("/connections") },
		"at the token":      func(b *bench) { b.panicsAt("/oauth2/token") },
		"in the token command": func(b *bench) {
			b.serveTokens(newTokenShop(b.world))
			b.command = func(context.Context, []string) ([]byte, error) { panic(errors.New(b.world.Inventory()[0].AccessToken)) }
		},
		"in a wait": func(b *bench) {
			b.sleep = func(context.Context, time.Duration) { panic(b.env["SMARTCAR_CLIENT_SECRET"]) }
		},
		"in the environment": func(b *bench) { b.panicsOn = "SMARTCAR_CLIENT_SECRET" },
	} {
		t.Run(name, func(t *testing.T) {
			s := fixtures.HealthyScenario(12, 3)
			s.Defects = map[string]fixtures.Amount{"value-differs": {Count: 2}} // so that the run waits to ask again
			b := newBench(t, s)
			transport := b.transport
			breaks(b)
			code, stdout, stderr := b.run()
			if code != 1 || !strings.Contains(stderr, "a bug of scmigrate") || !strings.Contains(stderr, "goroutine ") {
				t.Errorf("exit %d: %s", code, stderr)
			}
			b.wantNoSecret(map[string]string{"stdout": stdout, "stderr": stderr})
			b.transport, b.command, b.sleep, b.panicsOn = transport, nil, nil, ""
			b.write("inventory.yaml", b.inventory())
			if code, _, stderr := b.run(); code != 3 {
				t.Errorf("afterwards: exit %d: %s", code, stderr)
			}
		})
	}
}

// panicsAt breaks the transport for requests whose path ends so, with the request's own secret in the panic.
func (b *bench) panicsAt(end string) {
	inner := b.transport
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, end) {
			panic("while sending " + secretOf(r) + " and " + b.env["SMARTCAR_CLIENT_SECRET"])
		}
		return inner.RoundTrip(r)
	})
}

// TestErrorsAndLogsPrintNoSecret: neither what the transport says of a failed call nor what libraries log.
func TestErrorsAndLogsPrintNoSecret(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(6, 3))
	inner, failed := b.transport, atomic.Int32{}
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		log.Printf("Unsolicited response received on idle HTTP channel starting with %q", secretOf(r)+b.env["SMARTCAR_CLIENT_SECRET"])
		if strings.HasSuffix(r.URL.Path, "/signals") && failed.Add(1) <= 2 {
			return nil, errors.New("proxy said no to " + r.Header.Get("Authorization"))
		}
		return inner.RoundTrip(r)
	})
	_, stdout, stderr := b.run()
	if !strings.Contains(stderr, "Unsolicited response received on idle HTTP channel starting with \"[secret]") {
		t.Errorf("the library's log did not pass: %s", stderr)
	}
	b.wantNoSecret(map[string]string{"stdout": stdout, "stderr": stderr})
}

// TestASecretInAReportFailsTheRun: somebody wrote a token into a cohort. A report of whatever format that would show it is not
// there, nor are the others of the run, and none in share/ either.
func TestASecretInAReportFailsTheRun(t *testing.T) {
	failed := map[string]bool{}
	for _, format := range report.Formats() {
		b := newBench(t, fixtures.HealthyScenario(2, 3))
		token := b.world.Inventory()[0].AccessToken
		b.write("inventory.yaml", regexp.MustCompile(`cohort: .*`).ReplaceAllString(b.inventory(), "cohort: "+token))
		code, stdout, stderr := b.run("--format", format, "--json-full")
		if strings.Contains(stdout+stderr, token) {
			t.Errorf("%s: a stream holds the token", format)
		}
		failed[format] = code == 1 && strings.Contains(stderr, "held a secret")
		eachFile(t, b.path("out"), func(path, text string) {
			_, name := filepath.Split(path)
			if strings.HasPrefix(name, "ledger.db") || name == ".lock" {
				return
			}
			if strings.Contains(text, token) || failed[format] {
				t.Errorf("%s: exit %d, and %s was left", format, code, path)
			}
		})
	}
	if !failed["html"] || !failed["json"] {
		t.Errorf("which runs failed: %v", failed)
	}
}

// TestAStreamThatFailsIsSaid: a command whose output could not be written has failed.
func TestAStreamThatFailsIsSaid(t *testing.T) {
	p := cli.Process{Stdout: brokenPipe{}, Stderr: io.Discard, LookupEnv: func(string) (string, bool) { return "", false }}
	if code := cli.Main(t.Context(), []string{"scmigrate", "fields"}, p); code != 1 {
		t.Errorf("exit %d", code)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
