package compare

import "strings"

// systems pairs v2's systemId (without SYSTEM_) with the v3 signal (v2-to-v3-mapping.md §1.2). An empty code has no
// counterpart. Two spellings of v2 stand for tire pressure monitoring.
var systems = []struct{ name, code string }{
	{"ABS", "abs"}, {"ACTIVE_SAFETY", "activesafety"}, {"AIRBAG", "airbag"}, {"BRAKE_FLUID", "brakefluid"},
	{"DRIVER_ASSISTANCE", "driverassistance"}, {"EMISSIONS", "emissions"}, {"ENGINE", ""},
	{"EV_BATTERY_CONDITIONING", "evbatteryconditioning"}, {"EV_CHARGING", "evcharging"}, {"EV_DRIVE_UNIT", "evdriveunit"},
	{"EV_HV_BATTERY", "evhvbattery"}, {"LIGHTING", "lighting"}, {"MIL", "mil"}, {"OIL_LIFE", "oillife"},
	{"OIL_PRESSURE", "oilpressure"}, {"OIL_TEMPERATURE", "oiltemperature"}, {"TELEMATICS", "telematics"},
	{"TIRE_PRESSURE", "tirepressure"}, {"TIRE_PRESSURE_MONITORING", "tirepressuremonitoring"}, {"TPMS", "tirepressuremonitoring"},
	{"TRANSMISSION", "transmission"}, {"WASHER_FLUID", "washerfluid"}, {"WATER_IN_FUEL", "waterinfuel"},
}

// systemFields is row 34: one v2 list, up to 21 separate v3 signals.
func systemFields() []*Field {
	var fields []*Field
	for _, s := range systems {
		f := &Field{Name: "diagnostics.system_status." + strings.ToLower(s.name), Row: "34,1.2", Group: Diagnostics, Quantity: Word, Dynamics: Volatile,
			Permissions: scope("read_diagnostics"),
			Legacy:      LegacySource{"/diagnostics/system_status", entry("systems", "systemId", "SYSTEM_"+s.name)}}
		if s.code != "" {
			f.App = signal("diagnostics-"+s.code, at("status"))
		}
		fields = append(fields, f)
	}
	return fields
}

// The makes that have an endpoint, as smartcar-v2.md §2.4 lists them.
var (
	tesla   = []string{"tesla"}
	gmTesla = []string{"cadillac", "chevrolet", "tesla"}
)

var onOff = map[string]any{"ON": true, "OFF": false, "ACTIVE": true, "INACTIVE": false, "ENGAGED": true, "DISENGAGED": false}

// makeFields is §1.4: endpoints that go away with v2 and their nearest signals.
func makeFields() []*Field {
	charge := func(name, key string, q Quantity, code string) *Field {
		return specific("tesla.charge."+name, "/{make}/charge", at(key), row14{q, "read_charge", tesla, signal(code, at("value"))})
	}
	gauge := func(name, path, key string, r row14) *Field { return specific(name, path, at(key), r) }
	return []*Field{
		gauge("make.charge.ammeter.amperage", "/{make}/charge/ammeter", "amperage", row14{Current, "read_charge", tesla, signal("charge-amperage", at("value"))}),
		gauge("make.charge.voltmeter.voltage", "/{make}/charge/voltmeter", "voltage", row14{Voltage, "read_charge", gmTesla, signal("charge-voltage", at("value"))}),
		gauge("make.charge.wattmeter.wattage", "/{make}/charge/wattmeter", "wattage", row14{Power, "read_charge", tesla, signal("charge-wattage", at("value"))}),
		gauge("make.charge.completion.time", "/{make}/charge/completion", "time", row14{Instant, "read_charge", gmTesla, signal("charge-timetocomplete", at("value"))}),
		charge("chargeRate", "chargeRate", Speed, "charge-chargerate"),
		charge("energyAdded", "energyAdded", Energy, "charge-energyadded"),
		specific("tesla.charge.socLimit", "/{make}/charge", at("socLimit"), row14{Fraction, "read_charge", tesla, signal("charge-chargelimits", chargeLimit())}),
		charge("amperageMaxVehicle", "amperageMaxVehicle", Current, "charge-amperagemax"),
		charge("fastChargerPresent", "fastChargerPresent", Flag, "charge-isfastchargerpresent"),
		charge("chargerPhases", "chargerPhases", Count, "charge-chargerphases"),
		specific("tesla.charge.chargePortLatch", "/{make}/charge", words(at("chargePortLatch"), onOff), row14{Flag, "read_charge", tesla, signal("charge-ischargingcablelatched", at("value"))}),
		gauge("make.compass.heading", "/{make}/compass", "heading", row14{Angle, "read_compass", tesla, signal("location-preciselocation", at("heading"))}),
		gauge("make.compass.direction", "/{make}/compass", "direction", row14{Word, "read_compass", tesla, signal("location-preciselocation", at("direction"))}),
		gauge("make.speedometer.speed", "/{make}/speedometer", "speed", row14{Speed, "read_speedometer", tesla, signal("motion-currentspeed", at("value"))}),
		gauge("make.thermometer.exterior", "/{make}/thermometer/exterior", "temperature", row14{Temperature, "read_thermometer", tesla, signal("climate-externaltemperature", at("value"))}),
		gauge("make.thermometer.interior", "/{make}/thermometer/interior", "temperature", row14{Temperature, "read_thermometer", tesla, signal("climate-internaltemperature", at("value"))}),
		climate("cabin.status", "cabin", "status", "hvac-iscabinhvacactive"),
		climate("defroster.front", "defroster", "frontStatus", "hvac-isfrontdefrosteractive"),
		climate("defroster.rear", "defroster", "rearStatus", "hvac-isreardefrosteractive"),
		climate("steering_wheel.status", "steering_wheel", "status", "hvac-issteeringheateractive"),
	}
}

// row14 is what differs between rows of §1.4.
type row14 struct {
	quantity   Quantity
	permission string
	makes      []string
	app        []AppSource
}

// byQuantity are tolerances for gauges nobody documents one for: what two roundings of one reading can differ by.
var byQuantity = map[Quantity]Tolerance{
	Current: {Abs: 1}, Voltage: {Abs: 5}, Power: {Abs: 0.1, Rel: 0.02}, Speed: {Abs: 1}, Energy: {Abs: 0.1, Rel: 0.02},
	Temperature: {Abs: 0.5}, Angle: {Abs: 1}, Fraction: byFraction, Instant: {Abs: 2},
}

func specific(name, path string, p pick, r row14) *Field {
	return &Field{Name: name, Row: "1.4", Group: MakeSpecific, Quantity: r.quantity, Dynamics: Volatile, Tolerance: byQuantity[r.quantity],
		Permissions: scope(r.permission), Makes: r.makes, Legacy: LegacySource{path, p}, App: r.app}
}

func climate(name, path, key, code string) *Field {
	return specific("tesla.climate."+name, "/{make}/climate/"+path, words(at(key), onOff),
		row14{Flag, "read_climate", tesla, signal(code, at("value"))})
}

// accountFields are the rows that are not data of a car. The identity proof examines the first two; the others are
// listed so that a reader of `scmigrate fields` finds every row of the map.
func accountFields() []*Field {
	return []*Field{
		{Name: "permissions", Row: "31", Group: Account, Quantity: Set, Legacy: LegacySource{"/permissions", set(at("permissions"), plain)},
			App:  signal(ConnectionCode, set(at("permissions"), plain)),
			Note: "what the legacy leg serves is held against the connection's permissions, per field; no call is spent on the list"},
		{Name: "user.id", Row: "36", Group: Account, Quantity: Word, Legacy: LegacySource{"/user", at("id")}, App: signal(ConnectionCode, at("user", "id")),
			Note: "the value of sc-user-id; proved per vehicle by the connections list"},
		{Name: "vehicles", Row: "37", Group: Account, Quantity: Set, Legacy: LegacySource{"/vehicles", at("vehicles")}, App: signal(ConnectionCode, at("vehicle", "id")),
			Note: "all pages, live and simulated apart"},
		{Name: "management.connections", Row: "38", Group: Account, Quantity: Set, Legacy: LegacySource{"/management/connections", at("connections")}, App: signal(ConnectionCode, at("vehicle", "id")),
			Note: "a second source of the vehicle to user table"},
		{Name: "compatibility", Row: "39", Group: Account, Quantity: Flag, Legacy: LegacySource{"/compatibility", at("compatible")},
			Note: "v3 answers another question (make, model, region): no counterpart"},
		{Name: "batch", Row: "40", Group: Account, Quantity: Set, Legacy: LegacySource{"/batch", at("responses")}, App: signal("(the whole list)", at("data")),
			Note: "GET /v3/vehicles/{id}/signals; the list cannot be narrowed"},
	}
}
