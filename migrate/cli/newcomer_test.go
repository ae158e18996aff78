package cli_test

import (
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// TestNewcomersSlips: what somebody does wrong who has just met the tool is answered by one sentence that says what to do, by
// exit code 2, and leaves nothing behind.
func TestNewcomersSlips(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 3, Vehicles: 4})
	b.transport = nil // nothing may be sent
	b.write("table.yaml", "vehicle_id;user_id\n1;2\n")
	b.write("list.yaml", "- vehicleId: 116d7c1e-5d8f-48d0-a5d8-16b1d0246756\n")
	b.write("tokens.yaml", "version: 1\nlegacyTokens:\n  - vehicleId: 116d7c1e-5d8f-48d0-a5d8-16b1d0246756\n")
	b.write("table.csv", "car\n1\n")
	b.write("mine.yaml", "version: 1\nvehicles: []\n")
	before := b.files("")
	for _, c := range []struct {
		slip string
		args []string
		want string
	}{
		{"a table as an inventory", []string{"run", "-i", b.path("table.yaml"), "-o", b.path("out")}, "(a table becomes an inventory with: scmigrate inventory import --csv FILE -o FILE2)"},
		{"a bare list", []string{"run", "-i", b.path("list.yaml"), "-o", b.path("out")}, `(put "version: 1" and "vehicles:" above the list)`},
		{"a list under another key", []string{"run", "-i", b.path("tokens.yaml"), "-o", b.path("out")}, "legacyTokens must be a mapping, not a list (the list of vehicles stands under vehicles:)"},
		{"no such folder, import", []string{"inventory", "import", "--csv", b.path("table.csv"), "-o", b.path("no/such.yaml")}, "(make it first: mkdir -p "},
		{"no such folder, backfill", []string{"inventory", "backfill", "-i", b.path("inventory.yaml"), "-o", b.path("no/such.yaml")}, "(make it first: mkdir -p "},
		{"what is refused is no failure to write", []string{"inventory", "import", "--csv", b.path("table.csv"), "-o", b.path("new.yaml")}, "scmigrate: " + b.path("table.csv") + " was refused, nothing was written"},
		{"a flag of an inner command", []string{"inventory", "import", "-i", b.path("table.csv")}, "(see: scmigrate inventory import --help)"},
		{"a flag of a command", []string{"run", "--inventori", "x"}, "(see: scmigrate run --help)"},
		{"a time without its unit", []string{"run", "--time-box", "30"}, "(a time has its unit: 90s, 30m, 5h30m; see: scmigrate run --help)"},
		{"a number that is none", []string{"run", "--concurrency", "many"}, "for flag -concurrency: parse error (see: scmigrate run --help)"},
		{"a flag of no command", []string{"--inventori", "x"}, "(see: scmigrate --help)"},
		{"a simulated inventory over a real one", []string{"simulate", "--addr", "127.0.0.1:0", "--write-inventory", b.path("mine.yaml")}, "is there already, and is not of the simulator's making (name another file, or remove it)"},
	} {
		code, stdout, stderr := b.call(c.args...)
		if code != 2 || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("%s: code %d, want 2 and %q\n%s%s", c.slip, code, c.want, stdout, stderr)
		}
		if now := b.files(""); now != before {
			t.Errorf("%s: left something behind:\n%s\nbefore\n%s", c.slip, now, before)
		}
	}
}

// TestAnotherInventoryIsNoFailureOfTheLedger: the question of what to do with a directory that was begun with another inventory comes first.
func TestAnotherInventoryIsNoFailureOfTheLedger(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 3, Vehicles: 4})
	if code, _, stderr := b.run("--no-progress"); code != 0 {
		t.Fatalf("code %d, %s", code, stderr)
	}
	rows := strings.SplitAfter(b.inventory(), "\n  - vehicleId")
	b.write("inventory.yaml", strings.TrimSuffix(strings.Join(rows[:len(rows)-1], ""), "  - vehicleId"))
	if code, _, stderr := b.run("--no-progress"); code != 2 || !strings.HasPrefix(stderr, "scmigrate: "+b.path("out")+" was begun with another inventory:\n") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

// TestHelpOnInnerCommands: help of a command inside another is its own.
func TestHelpOnInnerCommands(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 3, Vehicles: 1})
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"help preflight", 0, "scmigrate preflight - "},
		{"help inventory", 0, "scmigrate inventory - "},
		{"help inventory refresh", 0, "scmigrate inventory refresh - spend"},
		{"help manifest verify", 0, "scmigrate manifest verify - prove"},
		{"help nosuch", 2, `unknown command "nosuch" (see: scmigrate --help)`},
		{"help manifest nosuch", 2, `unknown command "manifest nosuch" (see: scmigrate --help)`},
	} {
		if code, stdout, stderr := b.call(strings.Fields(c.args)...); code != c.code || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%s: code %d, want %d and %q\n%s%s", c.args, code, c.code, c.want, stdout, stderr)
		}
	}
}
