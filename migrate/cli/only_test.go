package cli_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// TestOnlyCallsWhatIsChosen: the others are taken over with the time of their evidence, and the verdicts of all are counted.
func TestOnlyCallsWhatIsChosen(t *testing.T) {
	b := newBench(t, fixtures.DemoScenario(60, 3))
	if code, _, stderr := b.run("--recheck", "0"); code != 3 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	before := b.report()
	called := len(b.world.Requests())
	b.clock.Sleep(b.ctx, 3*time.Hour)
	code, _, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("second"), "--only", "inconclusive,unit-suspect", "--previous", b.path("out"), "--format", "json", "--limit", "unlimited", "--no-progress",
		"--timeout-legacy", "3s", "--timeout-app", "3s", "--negative-control", "0", "--recheck", "0")
	if code != 3 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	visited := map[string]bool{}
	for _, r := range b.world.Requests()[called:] {
		visited[idIn(r.Path)] = true
	}
	text := b.read("second/report.json")
	for _, want := range []string{`"only": "inconclusive,unit-suspect"`, `"carried": {`, `"code": "carried"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %s", want)
		}
	}
	was := map[string]string{}
	for _, v := range before.Vehicles {
		chosen := v.Verdict == "inconclusive"
		for _, c := range v.Causes {
			chosen = chosen || c.Code == "unit-suspect"
		}
		if visited[v.VehicleID] && !chosen {
			t.Errorf("%s is %s %+v and was called again", v.VehicleID, v.Verdict, v.Causes)
		}
		was[v.VehicleID] = v.Verdict
	}
	after := b.reportIn(b.path("second"))
	for _, v := range after.Vehicles {
		if before := was[v.VehicleID]; before != "inconclusive" && v.Verdict != before && before != "blocked" {
			t.Errorf("%s was %s and is %s", v.VehicleID, before, v.Verdict)
		}
	}
	_, status, _ := b.call("status", b.path("second"))
	if !strings.Contains(status, "taken over from an earlier run") {
		t.Errorf("status: %s", status)
	}
	if code, _, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("second"), "--format", "json", "--limit", "unlimited", "--no-progress", "--recheck", "0", "--timeout-legacy", "3s", "--timeout-app", "3s"); code != 3 {
		t.Errorf("resumed without the flags: exit %d\n%s", code, stderr)
	}
}

// idIn is the vehicle that a path is of, "" for others.
func idIn(path string) string {
	_, rest, _ := strings.Cut(path, "/vehicles/")
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// TestOnlyRefusesWhatItCannotCount.
func TestOnlyRefusesWhatItCannotCount(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(5, 3))
	if code, _, stderr := b.run(); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	sent := len(b.world.Requests())
	out, other := b.path("out"), b.path("other")
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--only", "blocked"}, "--only: give --previous DIR0, too"},
		{[]string{"--previous", b.path("nowhere")}, "no ledger here"},
		{[]string{"--only", "blokced", "--previous", out}, `did you mean "blocked"?`},
		{[]string{"--only", "blocked", "--previous", b.path("nowhere")}, "no ledger here"},
		{[]string{"--only", "blocked", "--previous", other}, "is the directory of this run"},
		{[]string{"--only", "blocked", "--previous", out, "--fields", "all"}, "was run with --fields standard"},
		{[]string{"--only", "blocked", "--previous", out, "--legs", "app"}, "was run with --legs both"},
		{[]string{"--only", "blocked", "--previous", out, "--sample", "3"}, "leave --sample and --shard out"},
	} {
		code, _, stderr := b.call(append([]string{"run", "-i", b.path("inventory.yaml"), "-o", other}, c.flags...)...)
		if code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, want %q in %s", c.flags, code, c.want, stderr)
		}
	}
	if n := len(b.world.Requests()); n != sent {
		t.Errorf("%d requests were sent", n-sent)
	}
}

// signalled counts the app legs of each vehicle in a part of the journal.
func signalled(log []fixtures.Request) map[string]int {
	called := map[string]int{}
	for _, r := range log {
		if strings.HasSuffix(r.Path, "/signals") {
			called[idIn(r.Path)]++
		}
	}
	return called
}

// TestOnlyUnderACorrectedInventory: rows that the earlier run does not have are called, and so are those with other fields.
func TestOnlyUnderACorrectedInventory(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(12, 4))
	rows := b.world.Inventory()
	b.write("inventory.yaml", b.rowsText([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, func(n int, row string) string {
		if n == 5 {
			return strings.Replace(row, rows[5].UserID, "218eda3b-0000-49a8-8f3d-00000000dead", 1)
		}
		return row
	}))
	flags := []string{"--recheck", "0", "--negative-control", "0", "--format", "json"}
	if code, _, stderr := b.run(flags...); code != 3 || b.report().Verdicts["blocked"] != 1 {
		t.Fatalf("exit %d, %v\n%s", code, b.report().Verdicts, stderr)
	}
	sent := len(b.world.Requests())
	b.write("inventory.yaml", b.rowsText([]int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2}, func(n int, row string) string {
		if n == 6 {
			return row + "    fields: [location, vin]\n"
		}
		return strings.Replace(row, rows[3].VehicleID, strings.ToUpper(rows[3].VehicleID), 1)
	}))
	code, _, stderr := b.call(append([]string{"run", "-i", b.path("inventory.yaml"), "-o", b.path("second"), "--only", "blocked", "--previous", b.path("out"), "--limit", "unlimited", "--no-progress"}, flags...)...)
	if code != 0 || !strings.Contains(stderr, "6 vehicles are taken over from ") || !strings.Contains(stderr, "4 are called") {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	called := signalled(b.world.Requests()[sent:])
	for n, row := range rows {
		want := 0
		if n == 5 || n == 6 || n >= 10 {
			want = 1
		}
		if called[row.VehicleID] != want {
			t.Errorf("row %d was called %d times, want %d", n, called[row.VehicleID], want)
		}
	}
	if r := b.reportIn(b.path("second")); len(r.Vehicles) != 10 || r.Verdicts["ready"] != 10 {
		t.Errorf("%d vehicles, %v", len(r.Vehicles), r.Verdicts)
	}
}

// TestOnlyOfAnUnfinishedRun: what was never called has nothing to take over, and is called only where somebody says so.
func TestOnlyOfAnUnfinishedRun(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(12, 4))
	if code, _, stderr := b.run("--max-requests", "14", "--negative-control", "0"); code != 4 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	sent := len(b.world.Requests())
	args := []string{"run", "-i", b.path("inventory.yaml"), "-o", b.path("second"), "--previous", b.path("out"), "--limit", "unlimited", "--no-progress", "--negative-control", "0", "--only"}
	code, _, stderr := b.call(append(args, "blocked")...)
	if code != 2 || !strings.Contains(stderr, "never called") || !strings.Contains(stderr, "--only blocked,not-run") || len(b.world.Requests()) != sent {
		t.Errorf("exit %d, %d requests\n%s", code, len(b.world.Requests())-sent, stderr)
	}
	if code, _, stderr := b.call(append(args, "blocked,not-run")...); code != 0 || b.reportIn(b.path("second")).Verdicts["ready"] != 12 {
		t.Errorf("exit %d\n%s", code, stderr)
	}
}

// TestOnlyAfterTheLegacyAPIEnded: that it worked in an earlier run hides nothing: a car whose token is refused like
// everybody's is no broken one.
func TestOnlyAfterTheLegacyAPIEnded(t *testing.T) {
	s := fixtures.HealthyScenario(12, 4)
	s.Defects = map[string]fixtures.Amount{"no-data-yet": {Count: 4}}
	b := newBench(t, s)
	if code, _, stderr := b.run("--negative-control", "0", "--recheck", "0"); code != 4 || b.report().Verdicts["ready"] != 8 {
		t.Fatalf("exit %d, %v\n%s", code, b.report().Verdicts, stderr)
	}
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Path, "/v2.0/") {
			return b.world.Transport().RoundTrip(r)
		}
		return &http.Response{StatusCode: 401, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: io.NopCloser(strings.NewReader(`{"type":"AUTHENTICATION","statusCode":401,"description":"no"}`))}, nil
	})
	code, _, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("second"), "--only", "inconclusive", "--previous", b.path("out"), "--limit", "unlimited", "--no-progress", "--negative-control", "0", "--recheck", "0", "--format", "json")
	r := b.reportIn(b.path("second"))
	if code != 4 || r.Verdicts["ready"] != 8 || r.Verdicts["inconclusive"] != 4 {
		t.Errorf("exit %d, %v\n%s", code, r.Verdicts, stderr)
	}
	for _, v := range r.Vehicles {
		if v.Verdict == "inconclusive" && v.Causes[0].Code != "legacy-retired" {
			t.Errorf("%s: %+v", v.VehicleID, v.Causes)
		}
	}
}

// TestACorrectedUserOfACarriedCarIsMeasured: what was taken over counts as finished, but a corrected userId leaves it without
// an answer, which the next run asks for.
func TestACorrectedUserOfACarriedCarIsMeasured(t *testing.T) {
	s := fixtures.HealthyScenario(12, 4)
	s.Defects = map[string]fixtures.Amount{"user-id-wrong": {Count: 2}, "no-data-yet": {Count: 1}}
	b := newBench(t, s)
	b.run("--negative-control", "0", "--recheck", "0")
	args := []string{"run", "-i", b.path("inventory.yaml"), "-o", b.path("second"), "--limit", "unlimited", "--no-progress", "--negative-control", "0", "--recheck", "0", "--format", "json"}
	b.call(append(args, "--only", "inconclusive", "--previous", b.path("out"))...)
	users := map[string]string{}
	for i, truth := range b.world.Truth() {
		if truth.Verdict == "blocked" {
			users[truth.VehicleID] = b.owner(i)
		}
	}
	if len(users) != 2 || b.reportIn(b.path("second")).Verdicts["blocked"] != 2 {
		t.Fatalf("%d users, %v", len(users), b.reportIn(b.path("second")).Verdicts)
	}
	b.correct("corrected.yaml", users)
	if code, stdout, stderr := b.call("rejudge", b.path("second"), "-i", b.path("corrected.yaml")); code != 4 || !strings.Contains(stdout, "2 vehicles were not measured with the corrected userId") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	args[2] = b.path("corrected.yaml")
	if code, _, stderr := b.call(args...); b.reportIn(b.path("second")).Verdicts["ready"] != 11 {
		t.Errorf("exit %d, %v\n%s", code, b.reportIn(b.path("second")).Verdicts, stderr)
	}
}
