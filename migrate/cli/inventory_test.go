package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

func TestInventoryCheckSendsNothing(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 3, Vehicles: 6})
	b.transport = nil // a request would go to the network, and fail
	if err := os.Mkdir(filepath.Join(b.dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := b.call("inventory", "check", "-i", b.path("inventory.yaml"))
	if code != 0 || stderr != "" {
		t.Fatalf("code %d, stderr %s\n%s", code, stderr, stdout)
	}
	for _, want := range []string{"holds tokens inside a git work tree", "1. generate a new API credential", "delete the compromised secret", "6 rows, 0 without userId", "0 problems", "Nothing was sent."} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not said:\n%s", want, stdout)
		}
	}
	for _, row := range b.world.Inventory() {
		if strings.Contains(stdout, row.AccessToken) || strings.Contains(stdout, row.RefreshToken) {
			t.Fatalf("a token is shown:\n%s", stdout)
		}
	}
	b.env["SMARTCAR_CLIENT_ID"] = "36ab27d0-0000-4455-823a-000000000003"
	code, stdout, stderr = b.call("inventory", "check", "-i", b.path("inventory.yaml"))
	if code != 2 || !strings.Contains(stdout, "problem: SMARTCAR_CLIENT_ID: holds a UUID: that is the Application ID") || !strings.Contains(stderr, "1 problem") {
		t.Errorf("code %d, stderr %s\n%s", code, stderr, stdout)
	}
}

func TestFlagsOfInnerCommandsMayStandAnywhere(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 3, Vehicles: 2})
	code, _, stderr := b.call("inventory", "check", "stray", "-i", b.path("inventory.yaml"))
	if code != 2 || !strings.Contains(stderr, `unexpected argument "stray"`) {
		t.Errorf("code %d, %s", code, stderr)
	}
	code, _, stderr = b.call("inventory", "chekc")
	if code != 2 || !strings.Contains(stderr, "unknown command") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func TestInventoryImport(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 3, Vehicles: 5})
	table := "id,owner,token,made\n"
	for _, r := range b.world.Inventory() {
		table += strings.Join([]string{r.VehicleID, r.UserID, r.AccessToken, "x"}, ",") + "\n"
	}
	b.write("t.csv", table)
	args := []string{"inventory", "import", "--csv", b.path("t.csv"), "-o", b.path("new.yaml"), "--map", "vehicleId=id,userId=owner,accessToken=token"}
	code, stdout, stderr := b.call(args...)
	if code != 0 || !strings.Contains(stdout, "5 rows written") || !strings.Contains(stdout, "columns not taken: made") {
		t.Fatalf("code %d, %s\n%s", code, stderr, stdout)
	}
	if info, err := os.Stat(b.path("new.yaml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if code, _, stderr := b.call(args...); code != 2 || !strings.Contains(stderr, "is there already (--overwrite replaces it)") {
		t.Errorf("code %d, %s", code, stderr)
	}
	if code, _, _ := b.call("inventory", "check", "-i", b.path("new.yaml")); code != 0 {
		t.Errorf("the check refuses what was imported")
	}
	b.write("t.csv", table+"van 5,,c0ffee,\n")
	code, _, stderr = b.call(append(args, "--overwrite")...)
	if code != 2 || !strings.Contains(stderr, "t.csv:7: vehicleId holds white space") || strings.Contains(stderr, "c0ffee") {
		t.Errorf("code %d, %s", code, stderr)
	}
	code, stdout, stderr = b.call(append(args, "--overwrite", "--keep-going")...)
	if code != 0 || !strings.Contains(stdout, "5 rows written, 1 row left out") || !strings.Contains(stderr, "t.csv:7:") {
		t.Errorf("code %d, %s\n%s", code, stderr, stdout)
	}
}

func TestInventoryImportRefusesItsFlags(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 3, Vehicles: 1})
	for want, args := range map[string][]string{
		"name one table":          {"-o", b.path("x.yaml")},
		"name the inventory":      {"--csv", "-"},
		"is not KEY=COLUMN":       {"--csv", "-", "-o", b.path("x.yaml"), "--map", "vehicleId"},
		"did you mean vehicleId?": {"--csv", "-", "-o", b.path("x.yaml"), "--map", "vehicle=id"},
		"is given twice":          {"--csv", "-", "-o", b.path("x.yaml"), "--map", "vehicleId=a", "--map", "vehicleId=b"},
		"no such file":            {"--jsonl", b.path("none.jsonl"), "-o", b.path("x.yaml")},
		"stdin:1: the file is em": {"--csv", "-", "-o", b.path("x.yaml")},
	} {
		code, _, stderr := b.call(append([]string{"inventory", "import"}, args...)...)
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: code %d, %s", args, code, stderr)
		}
	}
	if _, err := os.Stat(b.path("x.yaml")); err == nil {
		t.Error("something was written")
	}
}
