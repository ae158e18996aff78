package migrate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scmigrate/compare"
	"scmigrate/migrate/rules"
)

// BenchmarkVehicle is what a vehicle costs once its two answers are decoded: reading both legs into canonical values,
// comparing and judging, for 40 fields that both legs serve. Beside it, in the same run, plain go-cmp over the two decoded
// bodies of the same size; the last line of each run is the ratio.
//
//	go test ./migrate -run '^$' -bench Vehicle -benchmem
func BenchmarkVehicle(b *testing.B) {
	fields := fortyFields(b)
	batch, asked := legacyBody(b, fields)
	signals := appBody(b, fields)
	var plain, ours float64
	b.Run("go-cmp on the decoded bodies", func(b *testing.B) {
		left, right := decoded(b, appJSON(fields, 0)), decoded(b, appJSON(fields, 3))
		b.ReportAllocs()
		for b.Loop() {
			if cmp.Equal(left, right, cmp.Reporter(&counting{})) {
				b.Fatal("the bodies differ")
			}
		}
		plain = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	})
	b.Run("read, compare and judge", func(b *testing.B) {
		entry, e := anEntry(), healthy()
		e.Make, e.At = "TESLA", noon
		b.ReportAllocs()
		for b.Loop() {
			legacy := compare.ReadLegacy(fields, e.Make, asked, batch)
			app := compare.ReadApp(fields, signals)
			e.Findings = compare.Diff(fields, legacy, app)
			if j := Judge(entry, e, Facts{}, rules.Rules{}); j.Verdict != Ready {
				b.Fatalf("judged %s", told(j))
			}
		}
		ours = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
		if plain > 0 {
			b.ReportMetric(plain/ours, "×faster-than-go-cmp")
		}
	})
}

// counting is a cmp.Reporter that walks the whole comparison, as any use of its result would.
type counting struct{ unequal int }

func (c *counting) PushStep(cmp.PathStep) {}
func (c *counting) PopStep()              {}
func (c *counting) Report(r cmp.Result) {
	if !r.Equal() {
		c.unequal++
	}
}

// fortyFields are fields that one car can serve on both legs.
func fortyFields(tb testing.TB) []*compare.Field {
	tb.Helper()
	var fields []*compare.Field
	for _, f := range compare.All() {
		if f.HasCounterpart() && f.Group != compare.Account && f.Quantity != compare.Set && f.App[0].Code != compare.VehicleCode && len(fields) < 40 {
			fields = append(fields, f)
		}
	}
	if len(fields) != 40 {
		tb.Fatalf("%d fields", len(fields))
	}
	return fields
}

func decoded(tb testing.TB, text string) (v any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		tb.Fatal(err)
	}
	return v
}

func legacyBody(tb testing.TB, fields []*compare.Field) (compare.Batch, []string) {
	tb.Helper()
	asked := compare.Paths(fields, "tesla")
	var items []string
	for _, p := range asked {
		items = append(items, fmt.Sprintf(`{"path":%q,"code":200,"body":%s,"headers":{"sc-data-age":"2026-11-01T12:00:00.000Z","sc-unit-system":"metric"}}`, p, carOnLegacy[p]))
	}
	batch, err := compare.ParseBatch([]byte(`{"responses":[`+strings.Join(items, ",")+`]}`), noon)
	if err != nil {
		tb.Fatal(err)
	}
	return batch, asked
}

func appBody(tb testing.TB, fields []*compare.Field) compare.Signals {
	tb.Helper()
	s, err := compare.ParseSignals([]byte(appJSON(fields, 0)))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// appJSON is a signals answer that holds every field; in the first so many signals the value is another one.
func appJSON(fields []*compare.Field, others int) string {
	var signals []string
	done := map[string]bool{}
	for _, f := range fields {
		code := f.App[0].Code
		if done[code] {
			continue
		}
		done[code] = true
		body := carOnApp[code]
		if len(signals) < others {
			body = strings.Replace(body, `"value":`, `"value":1`, 1)
		}
		signals = append(signals, fmt.Sprintf(`{"id":%q,"type":"signal","attributes":{"code":%q,"name":"N","group":"G","status":{"value":"SUCCESS"},"body":%s},`+
			`"meta":{"ingestedAt":"2026-11-01T12:00:03.000Z","retrievedAt":"2026-11-01T12:00:02.000Z","oemUpdatedAt":%q},"links":{"self":"https://x/%s"}}`,
			code, code, body, noon.Format(time.RFC3339), code))
	}
	return `{"data":[` + strings.Join(signals, ",") + `]}`
}

// carOnLegacy and carOnApp are one car, as the two worlds write it.
var carOnLegacy = map[string]string{
	"/odometer": `{"distance":62041.5}`, "/battery": `{"percentRemaining":0.68,"range":311.4}`,
	"/battery/nominal_capacity": `{"capacity":{"nominal":75,"source":"SMARTCAR"},"availableCapacities":[{"capacity":75,"description":null}],"url":null}`,
	"/battery/capacity":         `{"capacity":75}`, "/charge": `{"isPluggedIn":true,"state":"NOT_CHARGING"}`, "/charge/limit": `{"limit":0.8}`,
	"/fuel": `{"percentRemaining":0.5,"amountRemaining":30,"range":400}`, "/engine/oil": `{"lifeRemaining":0.7}`, "/location": `{"latitude":52.5,"longitude":13.4}`,
	"/tires/pressure": `{"frontLeft":240.5,"frontRight":241,"backLeft":242,"backRight":243}`, "/vin": `{"vin":"5YJSA1CN5DFP00101"}`,
	"/security": `{"isLocked":true,"doors":[{"type":"frontLeft","status":"CLOSED"},{"type":"frontRight","status":"CLOSED"},{"type":"backLeft","status":"CLOSED"},{"type":"backRight","status":"CLOSED"}],` +
		`"windows":[{"type":"frontLeft","status":"CLOSED"},{"type":"frontRight","status":"CLOSED"},{"type":"backLeft","status":"CLOSED"},{"type":"backRight","status":"CLOSED"}],` +
		`"sunroof":[{"type":"sunroof","status":"CLOSED"}],"storage":[{"type":"rear","status":"CLOSED"},{"type":"front","status":"CLOSED"}],"chargingPort":[{"type":"chargingPort","status":"CLOSED"}]}`,
	"/diagnostics/dtcs": `{"activeCodes":[{"code":"P0456","timestamp":null}]}`,
	"/diagnostics/system_status": `{"systems":[{"systemId":"SYSTEM_ABS","status":"OK"},{"systemId":"SYSTEM_ACTIVE_SAFETY","status":"OK"},{"systemId":"SYSTEM_AIRBAG","status":"OK"},` +
		`{"systemId":"SYSTEM_BRAKE_FLUID","status":"OK"},{"systemId":"SYSTEM_DRIVER_ASSISTANCE","status":"OK"},{"systemId":"SYSTEM_EMISSIONS","status":"OK"},` +
		`{"systemId":"SYSTEM_EV_BATTERY_CONDITIONING","status":"OK"},{"systemId":"SYSTEM_EV_CHARGING","status":"OK"}]}`,
}

const openCells = `{"values":[{"row":0,"column":1,"isOpen":false},{"row":0,"column":0,"isOpen":false},{"row":1,"column":0,"isOpen":false},{"row":1,"column":1,"isOpen":false}],"rowCount":2,"columnCount":2}`

var carOnApp = map[string]string{
	"odometer-traveleddistance": `{"value":62041.5,"unit":"km"}`, "tractionbattery-stateofcharge": `{"value":68,"unit":"percent"}`,
	"tractionbattery-range":           `{"value":311.4,"unit":"km","type":"DEFAULT","additionalValues":[]}`,
	"tractionbattery-nominalcapacity": `{"capacity":75,"unit":"kWh","source":"SMARTCAR","availableCapacities":[{"capacity":75,"description":null}]}`,
	"charge-ischargingcableconnected": `{"value":true}`, "charge-detailedchargingstatus": `{"value":"NOT_CHARGING"}`,
	"charge-chargelimits":                `{"values":[{"type":"GLOBAL","limit":80}],"activeLimit":80,"unit":"percent"}`,
	"internalcombustionengine-fuellevel": `{"value":50,"unit":"percent"}`, "internalcombustionengine-amountremaining": `{"value":30,"unit":"liters"}`,
	"internalcombustionengine-range": `{"value":400,"unit":"km"}`, "internalcombustionengine-oillife": `{"value":70,"unit":"percent"}`,
	"location-preciselocation": `{"latitude":52.5,"longitude":13.4,"locationType":"LAST_PARKED"}`,
	"wheel-tires": `{"values":[{"row":0,"column":1,"tirePressure":241},{"row":0,"column":0,"tirePressure":240.5},{"row":1,"column":0,"tirePressure":242},{"row":1,"column":1,"tirePressure":243}],` +
		`"rowCount":2,"columnCount":2,"unit":"kPa"}`,
	"closure-islocked": `{"value":true}`, "closure-doors": openCells, "closure-windows": openCells,
	"closure-sunroof": `{"isOpen":false}`, "closure-reartrunk": `{"isOpen":false,"isLocked":true}`, "closure-fronttrunk": `{"isOpen":false,"isLocked":true}`,
	"charge-ischargingportflapopen": `{"value":false}`, "vehicleidentification-vin": `{"value":"5YJSA1CN5DFP00101"}`, "diagnostics-dtccount": `{"value":1,"unit":"count"}`,
	"diagnostics-abs": `{"status":"OK","description":null}`, "diagnostics-activesafety": `{"status":"OK","description":null}`, "diagnostics-airbag": `{"status":"OK","description":null}`,
	"diagnostics-brakefluid": `{"status":"OK","description":null}`, "diagnostics-driverassistance": `{"status":"OK","description":null}`,
	"diagnostics-emissions": `{"status":"OK","description":null}`, "diagnostics-evbatteryconditioning": `{"status":"OK","description":null}`, "diagnostics-evcharging": `{"status":"OK","description":null}`,
}
