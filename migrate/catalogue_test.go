package migrate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scmigrate/migrate/rules"
	"scmigrate/migrate/smartcar"
)

// errorTable is the whole error catalogue of both versions (smartcar-v2.md §5, smartcar-v3.md §7.2, and the oldest v3
// documents' codes without a type, §7.1), and answers that say nothing but their status. Columns: whose it is, type, code,
// status, whether the failure lasts or passes; then, for a car that is healthy but for this error, verdict and first cause
// where it is the answer to
//
//	the legacy call | one legacy item | every live legacy item | the app call | one app signal | every live app signal
//
// "=" is ready: the legacy leg does not have that field, so there is nothing to lose. The rules behind it (CONTRACT §6):
// what passes is inconclusive, on whichever leg; what lasts blocks only if the app leg says it; an account's trouble on the
// legacy leg is broken once no live item contradicts it; a signal's error that contradicts the list it stands in passes.
const errorTable = `
v2   VALIDATION                 -                           400 lasts   ?malformed-response       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
v2   VALIDATION                 PARAMETER                   400 lasts   ?malformed-response       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
v2   AUTHENTICATION             -                           401 passes  ?legacy-token-refused     ?legacy-unmeasured  ?legacy-token-refused     ?upstream-error               ?signal-unavailable           ?upstream-error
both PERMISSION                 -                           403 lasts   ?legacy-token-wrong       =                   =                         !not-connected                !signal-lost                  !signal-lost
both RESOURCE_NOT_FOUND         PATH                        404 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
both RESOURCE_NOT_FOUND         VERSION                     404 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
both VEHICLE_STATE              ASLEEP                      409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              CHARGING_IN_PROGRESS        409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
v2   VEHICLE_STATE              CHARGING_PLUG_CONNECTED     409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              CHARGING_PLUG_NOT_CONNECTED 409 lasts   ?vehicle-unreachable      =                   =                         ?vehicle-unreachable          ?signal-unavailable           ?signal-unavailable
both VEHICLE_STATE              DOOR_OPEN                   409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              FULLY_CHARGED               409 lasts   ?vehicle-unreachable      =                   =                         ?vehicle-unreachable          ?signal-unavailable           ?signal-unavailable
both VEHICLE_STATE              NOT_CHARGING                409 lasts   ?vehicle-unreachable      =                   =                         ?vehicle-unreachable          ?signal-unavailable           ?signal-unavailable
both VEHICLE_STATE              CHARGE_FAULT                409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              HOOD_OPEN                   409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              IGNITION_ON                 409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              IN_MOTION                   409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              REMOTE_ACCESS_DISABLED      409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              TRUNK_OPEN                  409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              UNREACHABLE                 409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              VEHICLE_OFFLINE_FOR_SERVICE 409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both VEHICLE_STATE              UNKNOWN                     409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
v2   VEHICLE_STATE              LOW_BATTERY                 409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?vehicle-unreachable
both RATE_LIMIT                 SMARTCAR_API                429 passes  ?rate-limited             ?legacy-unmeasured  ?rate-limited             ?rate-limited                 ?signal-unavailable           ?rate-limited
both RATE_LIMIT                 VEHICLE                     429 passes  ?rate-limited             ?legacy-unmeasured  ?rate-limited             ?rate-limited                 ?signal-unavailable           ?rate-limited
both BILLING                    VEHICLE_LIMIT               430 passes  ?quota-exhausted          ?legacy-unmeasured  ?quota-exhausted          ?quota-exhausted              ?signal-unavailable           ?quota-exhausted
both BILLING                    INVALID_PLAN                430 passes  ?quota-exhausted          ?legacy-unmeasured  ?quota-exhausted          ?quota-exhausted              ?signal-unavailable           ?quota-exhausted
both BILLING                    VEHICLE_REQUEST_LIMIT       430 passes  ?quota-exhausted          ?legacy-unmeasured  ?quota-exhausted          ?quota-exhausted              ?signal-unavailable           ?quota-exhausted
both BILLING                    ACCOUNT_SUSPENDED           430 passes  ?quota-exhausted          ?legacy-unmeasured  ?quota-exhausted          ?quota-exhausted              ?signal-unavailable           ?quota-exhausted
both CONNECTED_SERVICES_ACCOUNT ACCOUNT_ISSUE               400 lasts   -reauthentication-needed  ?legacy-unmeasured  -reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed
both CONNECTED_SERVICES_ACCOUNT AUTHENTICATION_FAILED       400 lasts   -reauthentication-needed  ?legacy-unmeasured  -reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed
both CONNECTED_SERVICES_ACCOUNT NO_VEHICLES                 400 lasts   -vehicle-gone             ?legacy-unmeasured  -vehicle-gone             !app-reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed
both CONNECTED_SERVICES_ACCOUNT PERMISSION                  400 lasts   -reauthentication-needed  ?legacy-unmeasured  -reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed
both CONNECTED_SERVICES_ACCOUNT SUBSCRIPTION                400 lasts   -reauthentication-needed  ?legacy-unmeasured  -reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed
both CONNECTED_SERVICES_ACCOUNT VEHICLE_MISSING             400 lasts   -vehicle-gone             ?legacy-unmeasured  -vehicle-gone             !app-reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed
both CONNECTED_SERVICES_ACCOUNT VIRTUAL_KEY_REQUIRED        400 lasts   -reauthentication-needed  ?legacy-unmeasured  -reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed  !app-reauthentication-needed
both SERVER                     INTERNAL                    500 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
both SERVER                     RECORD_NOT_FOUND            500 lasts   ?legacy-unmeasured        =                   =                         !signal-lost                  !signal-lost                  !signal-lost
both SERVER                     MULTIPLE_RECORDS_FOUND      500 lasts   ?legacy-unmeasured        =                   =                         !signal-lost                  !signal-lost                  !signal-lost
both COMPATIBILITY              MAKE_NOT_COMPATIBLE         501 lasts   ?legacy-unmeasured        =                   =                         !signal-lost                  !signal-lost                  !signal-lost
both COMPATIBILITY              SMARTCAR_NOT_CAPABLE        501 lasts   ?legacy-unmeasured        =                   =                         !signal-lost                  !signal-lost                  !signal-lost
both COMPATIBILITY              VEHICLE_NOT_CAPABLE         501 lasts   ?legacy-unmeasured        =                   =                         !signal-lost                  !signal-lost                  !signal-lost
both COMPATIBILITY              PLATFORM_NOT_CAPABLE        501 lasts   ?legacy-unmeasured        =                   =                         !signal-lost                  !signal-lost                  !signal-lost
both UPSTREAM                   INVALID_DATA                502 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
both UPSTREAM                   KNOWN_ISSUE                 502 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
both UPSTREAM                   NO_RESPONSE                 502 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
both UPSTREAM                   RATE_LIMIT                  502 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
both UPSTREAM                   UNKNOWN_ISSUE               502 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
v3   AUTHENTICATION             UNAUTHORIZED                401 passes  ?legacy-token-refused     ?legacy-unmeasured  ?legacy-token-refused     ?upstream-error               ?signal-unavailable           ?upstream-error
v3   AUTHENTICATION             ACCESS_DENIED               403 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-token-wrong       !not-connected                !signal-lost                  !not-connected
v3   VALIDATION                 INVALID_INPUT_FORMAT        400 lasts   ?malformed-response       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
v3   VALIDATION                 MISSING_PARAMETER           400 lasts   ?malformed-response       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
v3   RESOURCE_NOT_FOUND         VEHICLE_NOT_FOUND           404 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-unmeasured        !not-connected                ?signal-unavailable           ?upstream-error
v3   RESOURCE_NOT_FOUND         INVALID_PATH                404 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
v3   RESOURCE_NOT_FOUND         SIGNAL_NOT_FOUND            404 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           !signal-lost                  !signal-lost
none -                          -                           400 lasts   ?malformed-response       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
none -                          -                           401 passes  ?legacy-token-refused     ?legacy-unmeasured  ?legacy-token-refused     ?upstream-error               ?signal-unavailable           ?upstream-error
none -                          -                           403 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-token-wrong       !not-connected                ?signal-unavailable           ?upstream-error
none -                          -                           404 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-unmeasured        !not-connected                ?signal-unavailable           ?upstream-error
none -                          -                           409 passes  ?vehicle-unreachable      ?legacy-unmeasured  ?vehicle-unreachable      ?vehicle-unreachable          ?signal-unavailable           ?upstream-error
none -                          -                           410 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-unmeasured        !not-connected                ?signal-unavailable           ?upstream-error
none -                          -                           422 lasts   ?malformed-response       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
none -                          -                           429 passes  ?rate-limited             ?legacy-unmeasured  ?rate-limited             ?rate-limited                 ?signal-unavailable           ?upstream-error
none -                          -                           430 passes  ?quota-exhausted          ?legacy-unmeasured  ?quota-exhausted          ?quota-exhausted              ?signal-unavailable           ?upstream-error
none -                          -                           500 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
none -                          -                           501 lasts   ?legacy-unmeasured        =                   =                         !signal-lost                  ?signal-unavailable           ?upstream-error
none -                          -                           502 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
none -                          -                           503 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
none -                          -                           504 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
v3   -                          INTERNAL_ERROR              500 passes  ?upstream-error           ?legacy-unmeasured  ?upstream-error           ?upstream-error               ?signal-unavailable           ?upstream-error
v3   -                          BAD_REQUEST                 400 lasts   ?malformed-response       ?legacy-unmeasured  ?legacy-unmeasured        ?malformed-response           ?signal-unavailable           ?upstream-error
v3   -                          UNAUTHORIZED                401 passes  ?legacy-token-refused     ?legacy-unmeasured  ?legacy-token-refused     ?upstream-error               ?signal-unavailable           ?upstream-error
v3   -                          FORBIDDEN                   403 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-token-wrong       !not-connected                !signal-lost                  !not-connected
v3   -                          NOT_FOUND                   404 lasts   ?legacy-token-wrong       ?legacy-unmeasured  ?legacy-unmeasured        !not-connected                !signal-lost                  !signal-lost
`

// errorRow is one line of errorTable.
type errorRow struct {
	of, kind, code string
	status         int
	lasts          bool
	want           []string
}

func errorRows(t *testing.T) (rows []errorRow) {
	t.Helper()
	for line := range strings.Lines(strings.ReplaceAll(errorTable, " - ", " . ")) {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		if len(w) != 5+len(placesOfErrors) {
			t.Fatalf("a row of another form: %q", line)
		}
		status, err := strconv.Atoi(w[3])
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, errorRow{of: w[0], kind: strings.Trim(w[1], "."), code: strings.Trim(w[2], "."), status: status, lasts: w[4] == "lasts", want: w[5:]})
	}
	return rows
}

// placesOfErrors put an error in one place of a healthy car, in the order of errorTable's columns.
var placesOfErrors = []struct {
	name string
	put  func(*fakeCaller, errorRow)
}{
	{"the legacy call", func(c *fakeCaller, e errorRow) {
		c.batch = func(string, []string) smartcar.Answer { return e.answer() }
		c.get = func(string) smartcar.Answer { return e.answer() }
		c.user = e.answer
	}},
	{"one legacy item", func(c *fakeCaller, e errorRow) {
		c.batch = e.batch(func(path string) bool { return path == "/odometer" })
	}},
	{"every live legacy item", func(c *fakeCaller, e errorRow) {
		c.batch = e.batch(func(path string) bool { return path != "/" && path != "/vin" })
	}},
	{"the app call", func(c *fakeCaller, e errorRow) { c.signals = e.answer }},
	{"one app signal", func(c *fakeCaller, e errorRow) {
		c.signals = e.list(func(code string) bool { return code == "odometer-traveleddistance" })
	}},
	{"every live app signal", func(c *fakeCaller, e errorRow) {
		c.signals = e.list(func(code string) bool { return code != vinSignal })
	}},
}

func (e errorRow) answer() smartcar.Answer { return refused(e.status, e.kind, e.code) }

func (e errorRow) batch(fails func(path string) bool) func(string, []string) smartcar.Answer {
	return func(_ string, paths []string) smartcar.Answer {
		items := []any{}
		for _, path := range paths {
			if !fails(path) {
				items = append(items, item(path, nil))
				continue
			}
			items = append(items, map[string]any{"path": path, "code": e.status, "body": map[string]any{"type": e.kind, "code": e.code, "statusCode": e.status}})
		}
		return answered(map[string]any{"responses": items})
	}
}

func (e errorRow) list(fails func(code string) bool) func() smartcar.Answer {
	return func() smartcar.Answer {
		data := []any{}
		for _, code := range slices.Sorted(maps.Keys(signalBodies)) {
			signal := aSignal(code, "")
			if fails(code) {
				signal["attributes"] = map[string]any{"code": code, "status": map[string]any{"value": "ERROR", "error": map[string]any{"type": e.kind, "code": e.code}}}
			}
			data = append(data, signal)
		}
		return answered(map[string]any{"data": data, "meta": map[string]any{"totalCount": len(data)}})
	}
}

// marks are the verdicts as errorTable writes them.
var marks = map[Verdict]string{Ready: "=", Blocked: "!", Broken: "-", Inconclusive: "?"}

func TestTheWholeErrorCatalogue(t *testing.T) {
	for _, row := range errorRows(t) {
		if f := row.answer().Failure; f.Kind.Passing() == row.lasts {
			t.Errorf("%s/%s (%d): kind %s, passing %v", row.kind, row.code, row.status, f.Kind, f.Kind.Passing())
		}
		for i, place := range placesOfErrors {
			m, caller, _ := aMeter(t)
			place.put(caller, row)
			e, err := m.Measure(t.Context(), anEntry(), []Link{*aLink()}, true)
			if err != nil {
				t.Fatal(err)
			}
			j := Judge(anEntry(), e, Facts{}, rules.Rules{})
			got := marks[j.Verdict]
			if len(j.Causes) > 0 {
				got += string(j.Causes[0].Code)
			}
			if got != row.want[i] {
				t.Errorf("%s/%s (%d) as %s: %s, want %s", row.kind, row.code, row.status, place.name, got, row.want[i])
			}
			if again := !(Record{Entry: anEntry(), Evidence: e, Judgement: j}).Finished(); again != (j.Verdict == Inconclusive) {
				t.Errorf("%s/%s (%d) as %s: tried again on resume: %v", row.kind, row.code, row.status, place.name, again)
			}
		}
	}
}

// TestTheErrorTableIsComplete counts the rows of both references, none twice.
func TestTheErrorTableIsComplete(t *testing.T) {
	count, seen := map[string]int{}, map[string]bool{}
	for _, row := range errorRows(t) {
		key := fmt.Sprint(row.kind, "/", row.code, " ", row.status)
		if seen[key] {
			t.Errorf("two rows for %s", key)
		}
		seen[key] = true
		for _, version := range []string{"v2", "v3"} {
			if row.kind != "" && (row.of == version || row.of == "both") {
				count[version]++
			}
		}
	}
	if count["v2"] != 48 || count["v3"] != 50 {
		t.Errorf("%v rows, want the references' 48 of v2 and 50 of v3", count)
	}
}
