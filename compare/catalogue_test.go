package compare

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// v3Codes are the 93 codes of smartcar-v3.md §6, typed from there and not from the catalogue.
var v3Codes = strings.Fields(`
charge-amperage charge-amperagemax charge-amperagerequested charge-chargelimits charge-chargeportstatuscolor charge-chargerate
charge-chargerecords charge-chargerphases charge-chargetimers charge-chargingconnectortype charge-detailedchargingstatus
charge-energyadded charge-fastchargertype charge-ischarging charge-ischargingcableconnected charge-ischargingcablelatched
charge-ischargingportflapopen charge-isfastchargerpresent charge-timetocomplete charge-voltage charge-wattage
climate-externaltemperature climate-internaltemperature
closure-doors closure-enginecover closure-fronttrunk closure-islocked closure-reartrunk closure-sunroof closure-tailgate closure-windows
connectivitysoftware-currentfirmwareversion connectivitystatus-isasleep connectivitystatus-isdigitalkeypaired connectivitystatus-isonline
diagnostics-abs diagnostics-activesafety diagnostics-airbag diagnostics-brakefluid diagnostics-driverassistance diagnostics-emissions
diagnostics-evbatteryconditioning diagnostics-evcharging diagnostics-evdriveunit diagnostics-evhvbattery diagnostics-lighting
diagnostics-mil diagnostics-oillife diagnostics-oilpressure diagnostics-oiltemperature diagnostics-telematics diagnostics-tirepressure
diagnostics-tirepressuremonitoring diagnostics-transmission diagnostics-washerfluid diagnostics-waterinfuel diagnostics-dtccount diagnostics-dtclist
hvac-cabintargettemperature hvac-iscabinhvacactive hvac-isfrontdefrosteractive hvac-isreardefrosteractive hvac-issteeringheateractive
internalcombustionengine-amountremaining internalcombustionengine-fuellevel internalcombustionengine-oillife internalcombustionengine-range
location-preciselocation location-isathome lowvoltagebattery-stateofcharge lowvoltagebattery-status motion-currentspeed
odometer-traveleddistance service-isinservice service-records surveillance-isenabled surveillance-brand
tractionbattery-isheateractive tractionbattery-maxrangechargecounter tractionbattery-nominalcapacity tractionbattery-range tractionbattery-stateofcharge
transmission-gearstate transmission-drivemode
vehicleidentification-vin vehicleidentification-nickname vehicleidentification-exteriorcolor vehicleidentification-trim vehicleidentification-packages
vehicleuseraccount-permissions vehicleuseraccount-role wheel-tires wheel-style`)

// permissions are the read scopes of smartcar-v2.md §2.5.
var permissions = strings.Fields(`read_alerts read_battery read_charge read_charge_locations read_charge_records read_charge_events
read_climate read_compass read_diagnostics read_engine_oil read_extended_vehicle_info read_fuel read_location read_odometer read_security
read_service_history read_speedometer read_thermometer read_tires read_user_profile read_vehicle_info read_vin`)

func TestTheListOfCodesHasAll93(t *testing.T) {
	if n := len(slices.Compact(slices.Sorted(slices.Values(v3Codes)))); n != 93 {
		t.Errorf("the test's own list has %d different codes, smartcar-v3.md §6 has 93", n)
	}
}

func TestCatalogueHasEveryRowOfTheMap(t *testing.T) {
	have := map[string]bool{}
	for _, f := range All() {
		for row := range strings.SplitSeq(f.Row, ",") {
			have[row] = true
		}
	}
	for row := 1; row <= 40; row++ {
		if !have[strconv.Itoa(row)] {
			t.Errorf("row %d of v2-to-v3-mapping.md §1 is in no field", row)
		}
	}
}

func TestCatalogueRowsAreSound(t *testing.T) {
	seen := map[string]bool{}
	pseudo := []string{VehicleCode, ConnectionCode, "(the whole list)"}
	for _, f := range All() {
		if seen[f.Name] {
			t.Errorf("%s stands twice", f.Name)
		}
		seen[f.Name] = true
		if found, ok := Lookup(f.Name); !ok || found != f {
			t.Errorf("%s is not found by its name", f.Name)
		}
		if !strings.HasPrefix(f.Legacy.Path, "/") || f.Legacy.get == nil || f.Legacy.Text == "" {
			t.Errorf("%s: no place in v2", f.Name)
		}
		if f.Group != Account && (len(f.Permissions) == 0 || f.Dynamics == "") {
			t.Errorf("%s: needs a permission and dynamics", f.Name)
		}
		for _, p := range f.Permissions {
			if !slices.Contains(permissions, p) {
				t.Errorf("%s: %q is no permission of smartcar-v2.md §2.5", f.Name, p)
			}
		}
		for _, src := range f.App {
			if !slices.Contains(v3Codes, src.Code) && !slices.Contains(pseudo, src.Code) {
				t.Errorf("%s: %q is no code of smartcar-v3.md §6", f.Name, src.Code)
			}
			if src.get == nil || src.Text == "" {
				t.Errorf("%s: no place in the body of %s", f.Name, src.Code)
			}
		}
	}
}

// TestSignalOfEachStandardField is §1 typed again: the v2 path, the v3 code and the permission of each field.
func TestSignalOfEachStandardField(t *testing.T) {
	for _, row := range strings.Split(strings.TrimSpace(standardRows), "\n") {
		w := strings.Fields(row)
		f := field(t, w[0])
		var codes []string
		for _, src := range f.App {
			codes = append(codes, src.Code)
		}
		got := []string{f.Name, f.Legacy.Path, strings.Join(codes, ","), f.Permissions[0]}
		if len(codes) == 0 {
			got[2] = "-"
		}
		if !slices.Equal(got, w) {
			t.Errorf("got  %v\nwant %v", got, w)
		}
	}
}

const standardRows = `
odometer.distance /odometer odometer-traveleddistance read_odometer
battery.percentRemaining /battery tractionbattery-stateofcharge read_battery
battery.range /battery tractionbattery-range read_battery
battery.nominalCapacity /battery/nominal_capacity tractionbattery-nominalcapacity read_battery
battery.nominalCapacity.source /battery/nominal_capacity tractionbattery-nominalcapacity read_battery
battery.nominalCapacity.availableCapacities /battery/nominal_capacity tractionbattery-nominalcapacity read_battery
battery.nominalCapacity.url /battery/nominal_capacity - read_battery
battery.capacity /battery/capacity tractionbattery-nominalcapacity read_battery
charge.isPluggedIn /charge charge-ischargingcableconnected read_charge
charge.state /charge charge-detailedchargingstatus,charge-ischarging read_charge
charge.limit /charge/limit charge-chargelimits read_charge
fuel.percentRemaining /fuel internalcombustionengine-fuellevel read_fuel
fuel.amountRemaining /fuel internalcombustionengine-amountremaining read_fuel
fuel.range /fuel internalcombustionengine-range read_fuel
engine.oil.lifeRemaining /engine/oil internalcombustionengine-oillife read_engine_oil
location /location location-preciselocation read_location
tires.frontLeft /tires/pressure wheel-tires read_tires
tires.frontRight /tires/pressure wheel-tires read_tires
tires.backLeft /tires/pressure wheel-tires read_tires
tires.backRight /tires/pressure wheel-tires read_tires
security.isLocked /security closure-islocked read_security
security.doors.frontLeft /security closure-doors read_security
security.doors.backRight /security closure-doors read_security
security.windows.frontRight /security closure-windows read_security
security.windows.backLeft /security closure-windows read_security
security.sunroof /security closure-sunroof read_security
security.storage.rear /security closure-reartrunk,closure-tailgate read_security
security.storage.front /security closure-fronttrunk,closure-enginecover read_security
security.chargingPort /security charge-ischargingportflapopen read_security
vin /vin vehicleidentification-vin read_vin
id / included.vehicle read_vehicle_info
make / included.vehicle read_vehicle_info
model / included.vehicle read_vehicle_info
year / included.vehicle read_vehicle_info
diagnostics.dtcs /diagnostics/dtcs diagnostics-dtclist read_diagnostics
diagnostics.dtcCount /diagnostics/dtcs diagnostics-dtccount read_diagnostics
service.history /service/history service-records read_service_history
`

// TestSystemStatus is §1.2: 21 signals, SYSTEM_ENGINE without one, two spellings of tire pressure monitoring.
func TestSystemStatus(t *testing.T) {
	codes := map[string]int{}
	for _, f := range All() {
		if !strings.HasPrefix(f.Name, "diagnostics.system_status.") {
			continue
		}
		if !f.HasCounterpart() {
			codes["none "+f.Name]++
			continue
		}
		codes[f.App[0].Code]++
	}
	for _, code := range v3Codes {
		if !strings.HasPrefix(code, "diagnostics-") || strings.HasPrefix(code, "diagnostics-dtc") {
			continue
		}
		want := 1
		if code == "diagnostics-tirepressuremonitoring" {
			want = 2
		}
		if codes[code] != want {
			t.Errorf("%s serves %d systems, want %d", code, codes[code], want)
		}
	}
	if len(codes) != 22 || codes["none diagnostics.system_status.engine"] != 1 {
		t.Errorf("want 21 codes and SYSTEM_ENGINE without one, got %v", codes)
	}
	for _, name := range []string{"tpms", "tire_pressure_monitoring"} {
		body := `{"systems":[{"systemId":"SYSTEM_` + strings.ToUpper(name) + `","status":"ALERT"}]}`
		if got := say(legacyReading(t, "diagnostics.system_status."+name, body, noon)); got != "ALERT" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestMakeSpecific is §1.4: which make has which endpoint, in lower case.
func TestMakeSpecific(t *testing.T) {
	tests := []struct{ name, make, path, code, reason string }{
		{"make.charge.ammeter.amperage", "TESLA", "/tesla/charge/ammeter", "charge-amperage", "the make is lowered in the path"},
		{"make.charge.ammeter.amperage", "CADILLAC", "", "charge-amperage", "no such endpoint for the make"},
		{"make.charge.voltmeter.voltage", "Cadillac", "/cadillac/charge/voltmeter", "charge-voltage", "GM and Tesla"},
		{"make.charge.wattmeter.wattage", "tesla", "/tesla/charge/wattmeter", "charge-wattage", "kW against W"},
		{"make.charge.completion.time", "CHEVROLET", "/chevrolet/charge/completion", "charge-timetocomplete", "a moment against minutes"},
		{"tesla.charge.chargeRate", "TESLA", "/tesla/charge", "charge-chargerate", "one large object"},
		{"tesla.charge.energyAdded", "TESLA", "/tesla/charge", "charge-energyadded", "one large object"},
		{"tesla.charge.socLimit", "TESLA", "/tesla/charge", "charge-chargelimits", "fraction"},
		{"tesla.charge.amperageMaxVehicle", "TESLA", "/tesla/charge", "charge-amperagemax", "one large object"},
		{"tesla.charge.fastChargerPresent", "TESLA", "/tesla/charge", "charge-isfastchargerpresent", "a flag"},
		{"tesla.charge.chargerPhases", "TESLA", "/tesla/charge", "charge-chargerphases", "a count"},
		{"tesla.charge.chargePortLatch", "TESLA", "/tesla/charge", "charge-ischargingcablelatched", "a word against a flag"},
		{"make.compass.heading", "TESLA", "/tesla/compass", "location-preciselocation", "inside the position"},
		{"make.compass.direction", "TESLA", "/tesla/compass", "location-preciselocation", "inside the position"},
		{"make.speedometer.speed", "TESLA", "/tesla/speedometer", "motion-currentspeed", "kph"},
		{"make.thermometer.exterior", "TESLA", "/tesla/thermometer/exterior", "climate-externaltemperature", "celsius"},
		{"make.thermometer.interior", "TESLA", "/tesla/thermometer/interior", "climate-internaltemperature", "celsius"},
		{"tesla.climate.cabin.status", "TESLA", "/tesla/climate/cabin", "hvac-iscabinhvacactive", "read only"},
		{"tesla.climate.defroster.front", "TESLA", "/tesla/climate/defroster", "hvac-isfrontdefrosteractive", "read only"},
		{"tesla.climate.defroster.rear", "TESLA", "/tesla/climate/defroster", "hvac-isreardefrosteractive", "read only"},
		{"tesla.climate.steering_wheel.status", "TESLA", "/tesla/climate/steering_wheel", "hvac-issteeringheateractive", "read only"},
		{"odometer.distance", "", "/odometer", "odometer-traveleddistance", "not make-specific: any make, even none"},
	}
	for _, tt := range tests {
		f := field(t, tt.name)
		if got := f.LegacyPath(tt.make); got != tt.path || f.App[0].Code != tt.code {
			t.Errorf("%s for %q (%s): %q %q, want %q %q", tt.name, tt.make, tt.reason, got, f.App[0].Code, tt.path, tt.code)
		}
	}
}
