package ledger

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scmigrate/migrate"
)

// TestTwoConnectionsOfOnePair: what any of the connections of a user and a vehicle grants is granted.
func TestTwoConnectionsOfOnePair(t *testing.T) {
	link := func(user, model string, permissions []string) migrate.Link {
		return migrate.Link{UserID: user, VehicleID: "c1", Permissions: permissions, Model: model}
	}
	for _, c := range []struct {
		reason string
		links  []migrate.Link
		want   migrate.Link
	}{
		{"granted by either", []migrate.Link{link("u1", "S", []string{"read_vin"}), link("u1", "3", []string{"read_odometer", "read_vin"})}, link("u1", "S", []string{"read_odometer", "read_vin"})},
		{"ids differ in case", []migrate.Link{link("u1", "S", []string{"read_vin"}), link("U1", "3", []string{"read_fuel"})}, link("u1", "S", []string{"read_fuel", "read_vin"})},
		{"one is silent: nothing is known to be missing", []migrate.Link{link("u1", "S", []string{"read_vin"}), link("u1", "3", nil)}, link("u1", "S", nil)},
		{"three", []migrate.Link{link("u1", "S", []string{"b"}), link("u1", "3", []string{"a"}), link("u1", "X", []string{"c"})}, link("u1", "S", []string{"a", "b", "c"})},
		{"none and none is none, not silence", []migrate.Link{link("u1", "S", []string{}), link("u1", "3", []string{})}, link("u1", "S", []string{})},
	} {
		t.Run(c.reason, func(t *testing.T) {
			l := create(t, t.TempDir())
			for range 2 { // a second reading replaces the first, and is joined with nothing of it
				if err := saveList(t.Context(), l, aList{Mode: "live", ReadAt: noon, Links: c.links}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := l.Links(t.Context(), "C1")
			if diff := cmp.Diff([]migrate.Link{c.want}, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestARowOfTheOtherModeIsReplaced: it is of an older reading, and what it granted is not what is granted now.
func TestARowOfTheOtherModeIsReplaced(t *testing.T) {
	l := create(t, t.TempDir())
	for mode, permission := range map[string]string{"simulated": "a", "live": "b"} {
		link := migrate.Link{UserID: "u1", VehicleID: "c1", Permissions: []string{permission}, Mode: mode}
		if err := saveList(t.Context(), l, aList{Mode: mode, ReadAt: noon, Links: []migrate.Link{link}}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := l.Links(t.Context(), "c1"); err != nil || len(got) != 1 || len(got[0].Permissions) != 1 {
		t.Errorf("%+v, %v: want the later reading alone", got, err)
	}
}

// TestNothingEchoedIsWritten: ids and reasons come from outside, and a server may put a token into them.
func TestNothingEchoedIsWritten(t *testing.T) {
	l := create(t, t.TempDir())
	l.Redact = func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("canary"), []byte("[…]")) }
	call := aCall(0)
	call.Path, call.VehicleID, call.RequestID = "/v3/vehicles/canary/signals", "canary", "canary"
	l.AddCall(call)
	link := migrate.Link{UserID: "u-canary", VehicleID: "c-canary", Make: "canary"}
	list := aList{Mode: "live", ReadAt: noon, Why: "page 1 says canary", Links: []migrate.Link{link, link}}
	if err := saveList(t.Context(), l, list); err != nil {
		t.Fatal(err)
	}
	var text string
	err := l.read.QueryRow(`SELECT (SELECT group_concat(path || vehicle_id || request_id) FROM calls) || (SELECT group_concat(vehicle_id || user_id || link) FROM links)
		|| (SELECT group_concat(why) FROM lists)`).Scan(&text)
	if err != nil || strings.Contains(text, "canary") || strings.Count(text, "[…]") < 6 {
		t.Errorf("%v: the ledger holds %q", err, text)
	}
	if got, err := l.Links(t.Context(), "c-canary"); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v: the vehicle is not found again", got, err)
	}
}

// TestOrphansOfAUser: the user's connections to vehicles that no entry has, ids compared without case; and what was asked
// about them is counted apart.
func TestOrphansOfAUser(t *testing.T) {
	l := create(t, t.TempDir())
	put(t, l, 1, fleet(2)...)
	link := func(user, car string) migrate.Link { return migrate.Link{UserID: user, VehicleID: car} }
	user := anEntry(0).UserID
	list := aList{Mode: "live", ReadAt: noon, Links: []migrate.Link{
		link(user, strings.ToUpper(anEntry(0).VehicleID)), link(user, "new-2"), link(strings.ToUpper(user), "new-1"), link("somebody", "new-3"), link("", "new-4")}}
	if err := saveList(t.Context(), l, list); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{user: 2, strings.ToUpper(user): 2, "somebody": 1, "": 0, "nobody": 0} {
		if got, err := l.OrphansOf(t.Context(), name); err != nil || len(got) != want {
			t.Errorf("%q: %+v, %v: want %d", name, got, err, want)
		}
	}
	for _, path := range []string{"/v3/vehicles/new-1/signals/vehicleidentification-vin", "/v3/vehicles/new-1/signals", "/v3/vehicles/" + anEntry(1).VehicleID + "/signals/vehicleidentification-vin"} {
		call := aCall(0)
		call.Host, call.Path, call.VehicleID = "app", path, strings.Split(path, "/")[3]
		l.AddCall(call)
	}
	save(t, l, aRecord(0, migrate.Ready)) // durable, and the calls before it
	if n, err := l.Looks(t.Context()); err != nil || n != 1 {
		t.Errorf("%d looks, %v: want 1", n, err)
	}
}
