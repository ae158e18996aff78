package rules

import (
	"fmt"
	"regexp"
	"slices"

	"scmigrate/migrate/document"
)

var permissionShape = regexp.MustCompile(`^(read|control)(_[a-z]{1,40}){1,6}$`)

// permissions are those that Smartcar's reference of both generations names (smartcar-v2.md, smartcar-v3.md).
var permissions = []string{
	"read_alerts", "read_battery", "read_charge", "read_charge_events", "read_charge_locations", "read_charge_records", "read_climate", "read_compass", "read_diagnostics", "read_engine_oil",
	"read_extended_vehicle_info", "read_fuel", "read_location", "read_odometer", "read_security", "read_service_history", "read_speedometer", "read_thermometer", "read_tires",
	"read_user_profile", "read_vehicle_info", "read_vin",
	"control_charge", "control_climate", "control_ignition", "control_navigation", "control_pin", "control_security", "control_trunk",
}

// permissionComplaint refuses what is no permission's name and what is a letter or two beside one that is known: every vehicle
// would be blocked for lack of it. Any other name is taken, for Smartcar may have new ones.
func permissionComplaint(name string) complaint {
	if !permissionShape.MatchString(name) {
		return complaint{"is not a permission's name", "names look like read_odometer or control_charge"}
	}
	if slices.Contains(permissions, name) {
		return complaint{}
	}
	for _, known := range permissions {
		if document.Edits(name, known) <= 2 {
			return complaint{"holds a permission that Smartcar does not have", fmt.Sprintf("did you mean %s?", known)}
		}
	}
	return complaint{}
}
