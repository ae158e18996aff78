package cli_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"scmigrate/fixtures"
)

// between puts a test between the client and the simulator; answer nil passes the request on.
func (b *bench) between(answer func(r *http.Request) *http.Response) {
	inner := b.transport
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if a := answer(r); a != nil {
			return a, nil
		}
		return inner.RoundTrip(r)
	})
}

func answerWith(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}
}

// wholeList tells the reading of the list from a question about one vehicle.
func wholeList(r *http.Request) bool {
	return r.URL.Path == "/v3/connections" && r.URL.Query().Get("filter[vehicleId]") == ""
}

const serverError = `{"errors":[{"type":"SERVER","code":"INTERNAL"}]}`

// TestAnIncompleteListProvesNoOwner: the second page of the list never comes. The named user is on page one, another one,
// whose token the vehicle has, on page two: nobody may call that ready.
func TestAnIncompleteListProvesNoOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fixtures.HealthyScenario(150, 6)
		s.Defects = map[string]fixtures.Amount{"two-users": {Count: 40}, "user-id-missing": {Count: 10}, "user-id-ambiguous": {Count: 10}, "user-id-wrong": {Count: 10}}
		b := newBenchAt(t, s, shifted)
		b.between(func(r *http.Request) *http.Response {
			if wholeList(r) && r.URL.Query().Get("page[number]") == "2" {
				return answerWith(r, 500, serverError)
			}
			return nil
		})
		b.run()
		b.wantTruth()
	})
}

// TestRowsWithoutAUserProveNoAbsence: connections that name nobody are still connections.
func TestRowsWithoutAUserProveNoAbsence(t *testing.T) {
	s := fixtures.HealthyScenario(12, 3)
	s.Switches.NoAttributesUser, s.Switches.NoRelationshipsUser = true, true
	b := newBench(t, s)
	if code, _, stderr := b.run(); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestOnlyTheLiveListDecides: an application without simulated vehicles is not refused as a whole.
func TestOnlyTheLiveListDecides(t *testing.T) {
	for _, status := range []int{400, 403, 404} {
		b := newBench(t, fixtures.HealthyScenario(5, 3))
		b.between(func(r *http.Request) *http.Response {
			if r.URL.Query().Get("filter[vehicle.mode]") == "simulated" {
				return answerWith(r, status, fmt.Sprintf(`{"errors":[{"status":"%d"}]}`, status))
			}
			return nil
		})
		if code, _, stderr := b.run(); code != 0 {
			t.Errorf("%d: exit %d: %s", status, code, stderr)
		}
	}
}

// TestABreachOutlivesTheRun: no later run of the directory calls anybody, whatever its flags.
func TestABreachOutlivesTheRun(t *testing.T) {
	s := fixtures.HealthyScenario(10, 1)
	s.Defects = map[string]fixtures.Amount{"isolation-breach": {Count: 10}}
	b := newBench(t, s)
	for _, controls := range []string{"3", "0"} {
		if code, _, stderr := b.run("--negative-control", controls); code != 6 {
			t.Errorf("--negative-control %s: exit %d: %s", controls, code, stderr)
		}
	}
	r := b.report()
	if r.Verdicts["blocked"] != 2 || r.Run.Requests["legacy"] != 0 {
		t.Errorf("%v, %v: want the two served vehicles blocked and nobody called", r.Verdicts, r.Run.Requests)
	}
}

// TestABudgetIsSpentOnNewVehiclesFirst: what cannot be measured must not starve what was never called.
func TestABudgetIsSpentOnNewVehiclesFirst(t *testing.T) {
	s := fixtures.HealthyScenario(30, 8)
	s.Defects = map[string]fixtures.Amount{"no-data-yet": {Count: 15}}
	b := newBench(t, s)
	for run := range 6 {
		b.run("--max-requests", "20")
		if b.report().Run.Complete {
			return
		}
		if run == 5 {
			t.Errorf("after six runs of 20 requests: %v", b.report().Verdicts)
		}
	}
}

// TestARepairedRowStartsAnew: --keep-going set it aside, then it was corrected.
func TestARepairedRowStartsAnew(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(3, 2))
	good := b.inventory()
	b.write("inventory.yaml", strings.Replace(good, "accessTokenExpiresAt: 2", "accessTokenExpiresAt: nonsense2", 1))
	if code, _, stderr := b.run("--keep-going"); code != 4 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	b.write("inventory.yaml", good)
	if code, _, stderr := b.run("--keep-going"); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestAnEchoedTokenStaysNowhere: a server repeats the bearer token in everything it may say. The reports still come, without it.
func TestAnEchoedTokenStaysNowhere(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(8, 4))
	inner, seen := b.transport, map[string]bool{}
	var mu sync.Mutex
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		response, err := inner.RoundTrip(r)
		if err != nil || token == "" {
			return response, err
		}
		mu.Lock()
		seen[token] = true
		mu.Unlock()
		body, err := io.ReadAll(response.Body)
		echoed := bytes.ReplaceAll(body, []byte(`"model":"`), []byte(`"model":"`+token+` `))
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(echoed)), int64(len(echoed))
		response.Header.Set("Sc-Request-Id", token[:len(token)-2])
		return response, err
	})
	_, stdout, stderr := b.run("--json-full")
	check := func(where, text string) {
		for token := range seen {
			if strings.Contains(text, token[:len(token)-2]) {
				t.Errorf("%s holds a token", where)
			}
		}
	}
	check("stdout", stdout)
	check("stderr", stderr)
	eachFile(t, b.path("out"), check)
	if code, _, _ := b.call("report", b.path("out"), "-o", b.path("again"), "--format", "json"); code != 0 || len(seen) < 5 {
		t.Errorf("exit %d, %d tokens were echoed", code, len(seen))
	}
	eachFile(t, b.path("again"), check)
	check("the ledger's evidence", evidence(t, b.path("out/ledger.db")))
}

// evidence is the ledger's text columns; what it keeps compressed is read by `report`, above.
func evidence(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var text string
	err = db.QueryRow("SELECT group_concat(judgement || coalesce(make,'')) || (SELECT group_concat(request_id || path) FROM calls) || (SELECT group_concat(link) FROM links) FROM vehicles").Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestALongWaitEndsTheRun: one answer that asks everybody to wait for a day ends the run at once, to be resumed.
func TestALongWaitEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBenchAt(t, fixtures.HealthyScenario(40, 4), shifted)
		b.between(func(r *http.Request) *http.Response {
			if !strings.HasSuffix(r.URL.Path, "/signals") {
				return nil
			}
			a := answerWith(r, 429, `{"errors":[{"type":"RATE_LIMIT","code":"SMARTCAR_API"}]}`)
			a.Header.Set("Retry-After", "86400")
			return a
		})
		began := shifted()
		code, _, stderr := b.run("--negative-control", "0")
		if took := shifted().Sub(began); code != 4 || took > migrateMaxPause {
			t.Errorf("exit %d after %v: %s", code, took, stderr)
		}
	})
}

// TestADirectoryOfOthersIsNotClosed: -o on a shared folder would make it private behind its owner's back.
func TestADirectoryOfOthersIsNotClosed(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(1, 1))
	shared := filepath.Join(b.dir, "shared")
	if err := os.Mkdir(shared, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shared, "theirs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := b.run("-o", shared); code != 2 || !strings.Contains(stderr, "holds other files") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// migrateMaxPause is the longest wait the contract allows a run without a time box.
const migrateMaxPause = 15 * time.Minute
