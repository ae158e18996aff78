package cli_test

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
)

// TestSimulateExportsATable: what a database would export is imported with its columns named, and is what the YAML holds.
func TestSimulateExportsATable(t *testing.T) {
	now := time.Now()
	b := newBenchAt(t, fixtures.Scenario{Seed: 3, Vehicles: 6}, func() time.Time { return now }) // both fleets end their tokens alike
	ended, end := context.WithCancel(t.Context())
	end()
	b.ctx = ended
	for _, name := range []string{"export.csv", "fleet.yaml"} {
		if code, _, stderr := b.call("simulate", "--addr", "127.0.0.1:0", "--write-inventory", b.path(name)); code != 0 {
			t.Fatalf("code %d, %s", code, stderr)
		}
	}
	b.ctx = t.Context()
	columns := "vehicleId=vehicle_id,userId=user_id,accessToken=access_token,accessTokenExpiresAt=expires_at,refreshToken=refresh_token,grant=token_row,cohort=cohort"
	if code, _, stderr := b.call("inventory", "import", "--csv", b.path("export.csv"), "-o", b.path("new.yaml"), "--map", columns); code != 0 {
		t.Fatalf("code %d, %s", code, stderr)
	}
	imported, original := b.read("new.yaml"), b.read("fleet.yaml")
	for line := range strings.Lines(original) {
		key, value, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(line, "- ", "")), ": ")
		if key == "vin" || key == "label" || strings.HasPrefix(key, "#") { // a database has more than it exports
			continue
		}
		if !strings.Contains(imported, strings.Trim(value, "\n\"")) {
			t.Errorf("%s %s is not in\n%s", key, value, imported)
		}
	}
}

// TestSimulateSaysWhoMayHoldThePort: the commonest slip of whoever starts it twice.
func TestSimulateSaysWhoMayHoldThePort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	b := newBench(t, fixtures.Scenario{Seed: 3, Vehicles: 1})
	code, stdout, stderr := b.call("simulate", "--addr", listener.Addr().String(), "--write-inventory", b.path("fleet.yaml"))
	if code != 2 || stdout != "" || !strings.Contains(stderr, "perhaps an earlier simulator, or take any free port: --addr 127.0.0.1:0") {
		t.Errorf("code %d\n%s%s", code, stdout, stderr)
	}
	if _, err := os.Stat(b.path("fleet.yaml")); err == nil {
		t.Error("it wrote the inventory of a fleet that nobody serves")
	}
}
