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
