package cli_test

import (
	"regexp"
	"strings"
	"testing"

	"scmigrate/fixtures"
	"scmigrate/migrate/ledger"
)

var suggested = regexp.MustCompile(`"vehicleId":"([^"]+)","userId":"[^"]*","suggestedUserId":"([^"]+)"`)

// correct writes another inventory, in which the vehicles have these userIds.
func (b *bench) correct(name string, users map[string]string) {
	b.t.Helper()
	var out []string
	vehicle := ""
	for line := range strings.Lines(b.inventory()) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "- vehicleId: "); ok {
			vehicle = strings.Trim(id, `"`)
			out = append(out, line)
			if user := users[vehicle]; user != "" {
				out = append(out, "    userId: "+user+"\n")
			}
			continue
		}
		if strings.Contains(line, "userId:") && users[vehicle] != "" {
			continue
		}
		out = append(out, line)
	}
	b.write(name, strings.Join(out, ""))
}

// TestRejudgeClearsASuggestedUserID: a car that was measured with the only user connected to it is judged by that evidence
// once the inventory names him.
func TestRejudgeClearsASuggestedUserID(t *testing.T) {
	b := measured(t, fixtures.Scenario{Seed: 5, Vehicles: 30, Defects: map[string]fixtures.Amount{"user-id-missing": {Count: 3}}})
	users := map[string]string{}
	for _, m := range suggested.FindAllStringSubmatch(b.read("out/report.json"), -1) {
		users[m[1]] = m[2]
	}
	if len(users) != 3 {
		t.Fatalf("%d suggestions, want 3", len(users))
	}
	b.correct("corrected.yaml", users)
	code, stdout, stderr := b.rejudge(b.path("out"), "-i", b.path("corrected.yaml"))
	if code != 0 || !strings.Contains(stdout, "corrects 3 userIds") || !strings.Contains(stdout, "blocked      -> ready        3") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	for _, v := range b.report().Vehicles {
		if v.Verdict != "ready" {
			t.Errorf("%s is %s %v", v.VehicleID, v.Verdict, v.Causes)
		}
	}
	b.resumes("corrected.yaml", 0)
}

// resumes goes on with a corrected inventory: the ledger knows it, and calls so many vehicles.
func (b *bench) resumes(inventory string, vehicles int) {
	b.t.Helper()
	before := b.world.Requests()
	code, stdout, stderr := b.call("run", "-i", b.path(inventory), "-o", b.path("out"), "--limit", "unlimited", "--negative-control", "0")
	if code != 0 {
		b.t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	called := map[string]bool{}
	for _, r := range b.world.Requests()[len(before):] {
		if r.VehicleID != "" {
			called[r.VehicleID] = true
		}
	}
	if len(called) != vehicles {
		b.t.Errorf("%d vehicles were called again, want %d", len(called), vehicles)
	}
}

// TestRejudgeCannotJudgeAnotherUser: evidence of one user says nothing about another. The vehicle is not ready until it is
// measured, and the next run does that.
func TestRejudgeCannotJudgeAnotherUser(t *testing.T) {
	b := measured(t, fixtures.Scenario{Seed: 6, Vehicles: 30, Defects: map[string]fixtures.Amount{"user-id-wrong": {Count: 2}}})
	users := map[string]string{}
	for i, truth := range b.world.Truth() {
		if truth.Verdict != "ready" {
			users[truth.VehicleID] = b.owner(i)
		}
	}
	b.correct("corrected.yaml", users)
	code, stdout, stderr := b.rejudge(b.path("out"), "-i", b.path("corrected.yaml"))
	if code != 4 || !strings.Contains(stdout, "blocked      -> inconclusive 2") || !strings.Contains(stdout, "2 vehicles were not measured with the corrected userId") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	for _, v := range b.report().Vehicles {
		if users[v.VehicleID] != "" && (v.Verdict != "inconclusive" || len(v.Causes) != 1 || v.Causes[0].Code != "not-run") {
			t.Errorf("%s is %s %v", v.VehicleID, v.Verdict, v.Causes)
		}
	}
	b.resumes("corrected.yaml", 2)
}

// owner is who is connected to the i-th vehicle, by the list that the run read.
func (b *bench) owner(i int) string {
	b.t.Helper()
	l, err := ledger.Open(b.path("out"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer l.Close()
	links, err := l.Links(b.ctx, b.world.Inventory()[i].VehicleID)
	if err != nil || len(links) != 1 {
		b.t.Fatalf("%d users, %v", len(links), err)
	}
	return links[0].UserID
}

// TestRejudgeRefusesOtherRows: it corrects rows and measures none.
func TestRejudgeRefusesOtherRows(t *testing.T) {
	b := measured(t, fixtures.DemoScenario(40, 4))
	rows := strings.Split(b.inventory(), "- vehicleId:")
	before := b.reports("out")
	for _, c := range []struct {
		text   string
		want   []string
		reason string
	}{
		{strings.Join(append(rows[:1:1], rows[2:]...), "- vehicleId:"), []string{"added: none", "removed: 1 (" + b.world.Inventory()[0].VehicleID + ")", "scmigrate run -i"}, "a row is gone"},
		{b.inventory() + "  - vehicleId: c0ffee00-0000-4000-8000-000000000001\n", []string{"added: 1 (c0ffee00-0000-4000-8000-000000000001)", "removed: none"}, "a row is new"},
		{strings.Join(append(append(rows[:1:1], rows[2], rows[1]), rows[3:]...), "- vehicleId:"), []string{"another order"}, "two rows changed places"},
	} {
		b.write("other.yaml", c.text)
		code, stdout, stderr := b.rejudge(b.path("out"), "-i", b.path("other.yaml"))
		if code != 2 {
			t.Errorf("%s: exit %d\n%s%s", c.reason, code, stdout, stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: it does not say %q:\n%s", c.reason, want, stderr)
			}
		}
		b.wantSame(before, "out")
	}
}

// TestRejudgeTakesLabelsAndFields: what the inventory says beside the ids is taken over; a field that was never asked for is
// unmeasured.
func TestRejudgeTakesLabelsAndFields(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(3, 4))
	b.run("--fields", "odometer.distance")
	text := strings.Replace(b.inventory(), "label: van 1\n", "label: the first van\n    fields: [tires.frontLeft]\n", 1)
	if text == b.inventory() {
		text = strings.Replace(b.inventory(), `label: "van 1"`, "label: the first van\n    fields: [tires.frontLeft]", 1)
	}
	b.write("corrected.yaml", text)
	code, stdout, stderr := b.rejudge(b.path("out"), "-i", b.path("corrected.yaml"))
	if code != 4 || !strings.Contains(stdout, "ready        -> inconclusive 1") || !strings.Contains(b.read("out/report.json"), "the first van") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	if v := b.report().Vehicles[0]; v.Causes[0].Code != "legacy-unmeasured" || v.Causes[0].Field != "tires.frontLeft" {
		t.Errorf("%+v", v)
	}
}
