package cli_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// obeyed are the lines that a CI runner would take for a command.
func obeyed(text string) (lines []string) {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			lines = append(lines, line)
		}
	}
	return lines
}

// commandIDs are ids that would be commands where one begins a line.
var commandIDs = []string{"::add-mask::x", "::error::fleet", ":::warning:::x"}

// TestAnIDIsNoCommand: whatever command prints an id, or a server's word, at the beginning of a line.
func TestAnIDIsNoCommand(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 2})
	rows := b.world.Inventory()
	var hooks strings.Builder
	for _, id := range commandIDs {
		for _, event := range []string{"1", "2"} {
			hooks.WriteString(`{"eventId":"` + id + event + `","eventType":"VEHICLE_STATE","data":{"user":{"id":"` + id + `"},"vehicle":{"id":"` + rows[0].VehicleID + `","mode":"live"}},"meta":{"version":"4.0","mode":"LIVE","deliveredAt":1765157664581}}` + "\n")
		}
	}
	b.write("hooks.jsonl", hooks.String())
	b.write("inventory.yaml", "version: 1\nvehicles:\n  - vehicleId: "+rows[0].VehicleID+"\n")
	code, stdout, stderr := b.backfill("--from", "webhooks:"+b.path("hooks.jsonl"))
	if code != 4 || !strings.Contains(stdout, ": :add-mask::x  webhooks") {
		t.Fatalf("exit %d: %s\n%s", code, stderr, stdout)
	}
	if lines := obeyed(stdout + stderr); len(lines) > 0 {
		t.Errorf("backfill: %q", lines)
	}
	fleet := "version: 1\nvehicles:\n"
	for _, id := range commandIDs {
		fleet += `  - {vehicleId: "` + id + `", userId: "` + id + `u", label: "##[add-mask]` + id + `", cohort: "##[error]` + id + `", accessToken: "a-token-of-` + strings.Trim(id, ":#") + `"}` + "\n"
	}
	b.write("inventory.yaml", fleet)
	b.write("::error::.yaml", "version: 1\nvehicles:\n  - {vehicleId: [], x: 1}\n")
	b.run("--keep-going")
	for _, args := range [][]string{
		{"inventory", "check", "-i", b.path("inventory.yaml")}, {"plan", "-i", b.path("inventory.yaml")}, {"status", b.path("out")}, {"report", b.path("out")}, {"gate", b.path("out"), "--require", "ready == 5"},
		{"rejudge", b.path("out")}, {"diff", b.path("out"), b.path("out"), "--all"}, {"explain", "--in", b.path("out"), "::error::fleet"}, {"explain", "::error::x"}, {"::error::x"}, {"repro", b.path("out"), "::error::fleet"},
		{"manifest", b.path("out"), "-o", b.path("::error::m.yaml")}, {"preflight", "-i", b.path("inventory.yaml")},
	} {
		_, stdout, stderr := b.call(args...)
		if lines := obeyed(stdout + stderr); len(lines) > 0 || stdout+stderr == "" {
			t.Errorf("%q: %q", args, lines)
		}
	}
}

// TestFormulasInTables: no cell of what backfill writes for spreadsheets and SQL begins a formula.
func TestFormulasInTables(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 2})
	rows := b.world.Inventory()
	const user = "=cmd|'x'!A0"
	b.write("hooks.jsonl", `{"eventId":"1","eventType":"VEHICLE_STATE","data":{"user":{"id":"`+user+`"},"vehicle":{"id":"`+rows[0].VehicleID+`","mode":"live"}},"meta":{"version":"4.0","mode":"LIVE","deliveredAt":1765157664581}}`)
	b.write("inventory.yaml", "version: 1\nvehicles:\n  - vehicleId: "+rows[0].VehicleID+"\n")
	if code, _, stderr := b.backfill("--from", "webhooks:"+b.path("hooks.jsonl"), "--csv", b.path("users.csv")); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	f, err := os.Open(b.path("users.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if want := "'" + user; err != nil || len(records) != 2 || !slices.Equal(records[1], []string{rows[0].VehicleID, want}) {
		t.Errorf("%q, %v", records, err)
	}
}
