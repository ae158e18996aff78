package compare

// catalogue is the map from v2 to v3: v2-to-v3-mapping.md §1 (40 rows), §1.2 (system status) and §1.4 (make-specific).
// Tolerances are those of §1.6. A new field is one row here.
var catalogue = append(standardFields(), append(systemFields(), append(makeFields(), accountFields()...)...)...)

var byName = index(catalogue)

// Tolerances in the field's canonical unit, from v2-to-v3-mapping.md §1.6.
var (
	byFraction = Tolerance{Abs: 0.01}
	byRange    = Tolerance{Abs: 1, Rel: 0.02}
	byKm       = Tolerance{Abs: 1}
	byPressure = Tolerance{Abs: 5}
	exact      = Tolerance{}
)

func signal(code string, p pick) []AppSource { return []AppSource{{Code: code, pick: p}} }

func scope(names ...string) []string { return names }

func standardFields() []*Field {
	return []*Field{
		{Name: "odometer.distance", Row: "1", Group: Standard, Quantity: Length, Dynamics: Monotonic, Tolerance: byKm, Change: odometerChange, Permissions: scope("read_odometer"),
			Legacy: LegacySource{"/odometer", at("distance")}, App: signal("odometer-traveleddistance", at("value"))},
		{Name: "battery.percentRemaining", Row: "2", Group: Standard, Quantity: Fraction, Dynamics: Bounded, Tolerance: byFraction, Change: chargeChange, Permissions: scope("read_battery"),
			Legacy: LegacySource{"/battery", at("percentRemaining")}, App: signal("tractionbattery-stateofcharge", at("value"))},
		{Name: "battery.range", Row: "3", Group: Standard, Quantity: Length, Dynamics: Bounded, Tolerance: byRange, Change: batteryRangeChange, Permissions: scope("read_battery"), NoSuspect: true,
			Legacy: LegacySource{"/battery", at("range")}, App: signal("tractionbattery-range", at("value")),
			Note: "v3 picks estimated, then ideal, then rated range: it may differ from v2 on purpose"},
		{Name: "battery.nominalCapacity", Row: "4", Group: Standard, Quantity: Energy, Dynamics: Static, Tolerance: exact, Permissions: scope("read_battery"),
			Legacy: LegacySource{"/battery/nominal_capacity", at("capacity", "nominal")}, App: signal("tractionbattery-nominalcapacity", at("capacity")),
			Note: "capacity is an object in v2 and a number in v3"},
		{Name: "battery.nominalCapacity.source", Row: "5", Group: Standard, Quantity: Word, Dynamics: Static, Permissions: scope("read_battery"),
			Legacy: LegacySource{"/battery/nominal_capacity", at("capacity", "source")}, App: signal("tractionbattery-nominalcapacity", at("source"))},
		{Name: "battery.nominalCapacity.availableCapacities", Row: "6", Group: Standard, Quantity: Set, Dynamics: Static, Permissions: scope("read_battery"),
			Legacy: LegacySource{"/battery/nominal_capacity", set(at("availableCapacities"), capacityWord)},
			App:    signal("tractionbattery-nominalcapacity", set(at("availableCapacities"), capacityWord))},
		{Name: "battery.nominalCapacity.url", Row: "7", Group: Standard, Quantity: Word, Dynamics: Volatile, Permissions: scope("read_battery"),
			Legacy: LegacySource{"/battery/nominal_capacity", withheld(at("url"))}, Note: "carries a token: never kept; no v3 counterpart"},
		{Name: "battery.capacity", Row: "8", Group: Standard, Quantity: Energy, Dynamics: Static, Permissions: scope("read_battery"),
			Legacy: LegacySource{"/battery/capacity", at("capacity")}, App: signal("tractionbattery-nominalcapacity", at("capacity")),
			Note: "the older endpoint of the same number"},
		{Name: "charge.isPluggedIn", Row: "9", Group: Standard, Quantity: Flag, Dynamics: Volatile, Permissions: scope("read_charge"),
			Legacy: LegacySource{"/charge", at("isPluggedIn")}, App: signal("charge-ischargingcableconnected", at("value"))},
		{Name: "charge.state", Row: "10,11", Group: Standard, Quantity: Word, Dynamics: Volatile, Permissions: scope("read_charge"),
			Legacy: LegacySource{"/charge", at("state")},
			App: []AppSource{{Code: "charge-detailedchargingstatus", pick: at("value")},
				{Code: "charge-ischarging", pick: words(at("value"), map[string]any{"TRUE": "CHARGING", "FALSE": "NOT_CHARGING"}), Warning: WarnWeaker}},
			Note: "charge-ischarging is the fallback: it cannot tell FULLY_CHARGED from NOT_CHARGING"},
		{Name: "charge.limit", Row: "12", Group: Standard, Quantity: Fraction, Dynamics: Volatile, Tolerance: byFraction, Permissions: scope("read_charge"),
			Legacy: LegacySource{"/charge/limit", at("limit")}, App: signal("charge-chargelimits", chargeLimit())},
		{Name: "fuel.percentRemaining", Row: "13", Group: Standard, Quantity: Fraction, Dynamics: Bounded, Tolerance: byFraction, Change: fuelChange, Permissions: scope("read_fuel"),
			Legacy: LegacySource{"/fuel", at("percentRemaining")}, App: signal("internalcombustionengine-fuellevel", at("value"))},
		{Name: "fuel.amountRemaining", Row: "14", Group: Standard, Quantity: Volume, Dynamics: Bounded, Tolerance: Tolerance{Abs: 1, Rel: 0.02}, Change: litresChange, Permissions: scope("read_fuel"),
			Legacy: LegacySource{"/fuel", at("amountRemaining")}, App: signal("internalcombustionengine-amountremaining", at("value"))},
		{Name: "fuel.range", Row: "15", Group: Standard, Quantity: Length, Dynamics: Bounded, Tolerance: byRange, Change: fuelRangeChange, Permissions: scope("read_fuel"), NoSuspect: true,
			Legacy: LegacySource{"/fuel", at("range")}, App: signal("internalcombustionengine-range", at("value"))},
		{Name: "engine.oil.lifeRemaining", Row: "16", Group: Standard, Quantity: Fraction, Dynamics: Bounded, Tolerance: byFraction, Change: oilChange, Permissions: scope("read_engine_oil"),
			Legacy: LegacySource{"/engine/oil", at("lifeRemaining")}, App: signal("internalcombustionengine-oillife", at("value"))},
		{Name: "location", Row: "17", Group: Location, Quantity: Place, Dynamics: Positional, Tolerance: Tolerance{Abs: 100}, Change: positionChange, Permissions: scope("read_location"),
			Legacy: LegacySource{"/location", position()}, App: signal("location-preciselocation", position()), Note: "compared by distance in metres; positions are never kept"},
		tire("frontLeft", "18", 0, 0), tire("frontRight", "19", 0, 1), tire("backLeft", "20", -1, 0), tire("backRight", "21", -1, 1),
		{Name: "security.isLocked", Row: "22", Group: Standard, Quantity: Flag, Dynamics: Volatile, Permissions: scope("read_security"),
			Legacy: LegacySource{"/security", at("isLocked")}, App: signal("closure-islocked", at("value"))},
		opening("doors", "frontLeft", "23", 0, 0), opening("doors", "frontRight", "23", 0, 1), opening("doors", "backLeft", "23", 1, 0), opening("doors", "backRight", "23", 1, 1),
		opening("windows", "frontLeft", "24", 0, 0), opening("windows", "frontRight", "24", 0, 1), opening("windows", "backLeft", "24", 1, 0), opening("windows", "backRight", "24", 1, 1),
		closure("security.sunroof", "25", first("sunroof", "status"), AppSource{Code: "closure-sunroof", pick: openness(at("isOpen"))}),
		closure("security.storage.rear", "26", entry("storage", "type", "rear"), AppSource{Code: "closure-reartrunk", pick: openness(at("isOpen"))},
			AppSource{Code: "closure-tailgate", pick: openness(at("isOpen")), Warning: WarnOtherSource}),
		closure("security.storage.front", "27", entry("storage", "type", "front"), AppSource{Code: "closure-fronttrunk", pick: openness(at("isOpen"))},
			AppSource{Code: "closure-enginecover", pick: openness(at("isOpen")), Warning: WarnOtherSource}),
		{Name: "security.chargingPort", Row: "28", Group: Standard, Quantity: Closure, Dynamics: Volatile, Permissions: scope("read_security", "read_charge"),
			Legacy: LegacySource{"/security", first("chargingPort", "status")}, App: signal("charge-ischargingportflapopen", openness(at("value"))),
			Note: "which of read_security and read_charge governs it in v3 is not documented: either will do"},
		{Name: "vin", Row: "29", Group: Standard, Quantity: Word, Dynamics: Static, Permissions: scope("read_vin"),
			Legacy: LegacySource{"/vin", at("vin")}, App: signal("vehicleidentification-vin", at("value")),
			Note: "needs the VIN attribute in the dashboard besides read_vin"},
		attribute("id", Word), attribute("make", Name), attribute("model", Name), attribute("year", Count),
		{Name: "diagnostics.dtcs", Row: "32", Group: Diagnostics, Quantity: Set, Dynamics: Volatile, Permissions: scope("read_diagnostics"),
			Legacy: LegacySource{"/diagnostics/dtcs", set(at("activeCodes"), member("code"))}, App: signal("diagnostics-dtclist", set(at("values"), member("code")))},
		{Name: "diagnostics.dtcCount", Row: "33", Group: Diagnostics, Quantity: Count, Dynamics: Volatile, Permissions: scope("read_diagnostics"),
			Legacy: LegacySource{"/diagnostics/dtcs", length(at("activeCodes"))}, App: signal("diagnostics-dtccount", at("value"))},
		{Name: "service.history", Row: "35", Group: Service, Quantity: Set, Dynamics: Volatile, Permissions: scope("read_service_history"),
			Legacy: LegacySource{"/service/history", set(whole(), recordNames{"serviceDate", "odometerDistance", "serviceTasks", "taskDescription", "serviceCost", "totalCost"}.word)},
			App:    signal("service-records", set(at("values"), recordNames{"time", "odometer", "tasks", "description", "cost", "amount"}.word)),
			Note:   "ids and details are not compared: their pairing is not documented"},
	}
}

func tire(name, row string, axle, side int) *Field {
	return &Field{Name: "tires." + name, Row: row, Group: Standard, Quantity: Pressure, Dynamics: Bounded, Tolerance: byPressure, Change: tireChange, Permissions: scope("read_tires"),
		Legacy: LegacySource{"/tires/pressure", at(name)}, App: signal("wheel-tires", cell(axle, side, "tirePressure")),
		Note: "readings of 650 kPa and more are sensors without a reading; labels are tested against plausible pressures"}
}

func opening(list, place, row string, axle, side int) *Field {
	return closure("security."+list+"."+place, row, entry(list, "type", place),
		AppSource{Code: "closure-" + list, pick: openness(cell(axle, side, "isOpen"))})
}

func closure(name, row string, p pick, app ...AppSource) *Field {
	return &Field{Name: name, Row: row, Group: Standard, Quantity: Closure, Dynamics: Volatile, Permissions: scope("read_security"),
		Legacy: LegacySource{"/security", p}, App: app}
}

func attribute(name string, q Quantity) *Field {
	return &Field{Name: name, Row: "30", Group: Standard, Quantity: q, Dynamics: Static, Permissions: scope("read_vehicle_info"),
		Legacy: LegacySource{"/", at(name)}, App: signal(VehicleCode, at(name))}
}
