package cli_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// TestACarUnderAnotherVehicleID: the inventory holds an old id of a car that its user has connected anew. One VIN signal
// proves it, the report names the new id, and what may be forwarded does not.
func TestACarUnderAnotherVehicleID(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(4, 3))
	const old = "deadbeef-0000-4000-8000-00000000000a"
	moved := b.world.Truth()[2].VehicleID
	b.write("inventory.yaml", strings.Replace(b.inventory(), moved, old, 1))
	if code, _, stderr := b.run("--format", "json,html,markdown"); code != 3 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var suggested struct {
		Vehicles []struct {
			SuggestedVehicleID *string `json:"suggestedVehicleId"`
			Causes             []struct{ Code, Detail string }
		}
	}
	text, err := os.ReadFile(b.path("out/report.json"))
	if err != nil || json.Unmarshal(text, &suggested) != nil {
		t.Fatal(err)
	}
	v, r := suggested.Vehicles[2], b.report()
	if len(v.Causes) != 1 || v.Causes[0].Code != "vehicle-id-changed" || v.SuggestedVehicleID == nil || *v.SuggestedVehicleID != moved {
		t.Errorf("%+v", v)
	}
	if r.Verdicts["blocked"] != 1 || r.Verdicts["ready"] != 3 || r.Run.Controls["looks"] != 1 {
		t.Errorf("%v, %v", r.Verdicts, r.Run.Controls)
	}
	eachFile(t, b.path("out/share"), func(where, text string) {
		if strings.Contains(text, moved) || strings.Contains(text, old) {
			t.Errorf("%s names a vehicle", where)
		}
	})
}
