package compare

import "testing"

// TestWrongShapes: a value of another shape than the field's is unread, never turned into one.
func TestWrongShapes(t *testing.T) {
	tests := []struct{ name, legacy, want, reason string }{
		{"vin", `{"vin":7}`, "failed malformed", "a number is no word"},
		{"vin", `{"vin":["x"]}`, "failed malformed", "a list is no word"},
		{"security.isLocked", `{"isLocked":"true"}`, "failed malformed", "a text is no flag"},
		{"security.isLocked", `{"isLocked":1}`, "failed malformed", "a number is no flag"},
		{"security.isLocked", `{"isLocked":"UNKNOWN"}`, "empty", "UNKNOWN is no answer"},
		{"security.doors.frontLeft", `{"doors":[{"type":"FRONTLEFT","status":"open"}]}`, "OPEN", "case"},
		{"security.doors.frontLeft", `{"doors":[{"type":"frontLeft","status":"AJAR"}]}`, "failed malformed", "an unknown word"},
		{"security.doors.frontLeft", `{"doors":[{"type":"frontLeft","status":true}]}`, "failed malformed", "a flag is no word"},
		{"security.doors.frontLeft", `{"doors":[null,5,{"type":"frontRight","status":"OPEN"}]}`, "empty", "the door is not in the list"},
		{"security.doors.frontLeft", `{"doors":[]}`, "empty", "partial support"},
		{"security.sunroof", `{"sunroof":[{"status":"UNKNOWN"}]}`, "empty", "UNKNOWN is no answer"},
		{"battery.nominalCapacity", `{"capacity":null}`, "empty", "the object may be null"},
		{"battery.nominalCapacity", `{"capacity":{"nominal":null}}`, "empty", "so may its member"},
		{"battery.nominalCapacity.availableCapacities", `{"availableCapacities":{}}`, "failed malformed", "not a list"},
		{"battery.nominalCapacity.availableCapacities", `{"availableCapacities":[{"capacity":null,"description":null}]}`, "{(not stated)}", "both may be null"},
		{"battery.nominalCapacity.url", `{"url":"https://example.com/?token=canary"}`, "(WITHHELD)", "it carries a token"},
		{"diagnostics.dtcs", `{"activeCodes":[]}`, "empty", "[] is no answer"},
		{"diagnostics.dtcs", `{"activeCodes":null}`, "empty", "null is no answer"},
		{"diagnostics.dtcCount", `{"activeCodes":[{"code":"P1"},{"code":"P1"}]}`, "2", "counted as they are"},
		{"diagnostics.dtcCount", `{"activeCodes":null}`, "empty", "null is no answer"},
		{"location", `{"latitude":null,"longitude":1}`, "empty", "half a position is none"},
		{"location", `{"latitude":1}`, "empty", "half a position is none"},
		{"service.history", `{}`, "failed malformed", "v2's history is a bare array"},
		{"service.history", `[]`, "empty", "[] is no answer"},
		{"service.history", `[{"serviceDate":"2026-03-10","odometerDistance":null,"serviceCost":null,"serviceTasks":null}]`, "{2026-03-10T00:00||| }", "all but the date may be null"},
		{"charge.state", `{"state":"fully_charged"}`, "FULLY_CHARGED", "case"},
		{"tesla.charge.chargePortLatch", `{"chargePortLatch":"Sideways"}`, "failed malformed", "a word that is not in the table is no flag"},
		{"tesla.charge.chargePortLatch", `{"chargePortLatch":null}`, "empty", "null is no answer"},
		{"year", `{"year":"two thousand"}`, "failed malformed", "not a number"},
	}
	for _, tt := range tests {
		if got := say(legacyReading(t, tt.name, tt.legacy, noon)); got != tt.want {
			t.Errorf("%s %s (%s): %s, want %s", tt.name, tt.legacy, tt.reason, got, tt.want)
		}
	}
}

func TestTolerancesInWords(t *testing.T) {
	tests := []struct {
		t            Tolerance
		want, reason string
	}{
		{Tolerance{Abs: 1, Rel: 0.02}, "±1 or 2 %", "both"}, {Tolerance{Abs: 100}, "±100", "absolute"}, {Tolerance{Rel: 0.05}, "±5 %", "relative"}, {Tolerance{}, "exact", "none"},
	}
	for _, tt := range tests {
		if got := tt.t.String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.reason, got, tt.want)
		}
	}
}

// TestTolerancesOfTheMap are those of v2-to-v3-mapping.md §1.6, in canonical units.
func TestTolerancesOfTheMap(t *testing.T) {
	tests := []struct {
		name, want, reason string
	}{
		{"battery.percentRemaining", "±0.01", "state of charge"}, {"charge.limit", "±0.01", "limit"}, {"fuel.percentRemaining", "±0.01", "fuel"},
		{"engine.oil.lifeRemaining", "±0.01", "oil"}, {"battery.range", "±1 or 2 %", "ranges"}, {"fuel.range", "±1 or 2 %", "ranges"},
		{"odometer.distance", "±1", "km"}, {"location", "±100", "metres"}, {"tires.backRight", "±5", "kPa"}, {"battery.nominalCapacity", "exact", "nominal capacity"},
		{"vin", "exact", "an identity"}, {"year", "exact", "an identity"},
	}
	for _, tt := range tests {
		if got := field(t, tt.name).Tolerance.String(); got != tt.want {
			t.Errorf("%s (%s): %s, want %s", tt.name, tt.reason, got, tt.want)
		}
	}
}
