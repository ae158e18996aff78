package compare

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestIncompleteList: fewer signals than the store holds prove no absence until each was asked for (smartcar-v3.md §4.4).
func TestIncompleteList(t *testing.T) {
	tests := []struct{ total, want, reason string }{
		{`{"totalCount":1}`, "absent", "whole"},
		{`{"totalCount":2}`, "failed malformed", "one is missing, and it may be this one"},
		{`{"totalCount":1e19}`, "failed malformed", "a number beyond int is not below one"},
		{`{}`, "absent", "not stated: taken as whole"},
		{`{"totalCount":null}`, "absent", "not stated"},
	}
	fields := []*Field{field(t, "vin")}
	for _, tt := range tests {
		body := `{"data":[{"id":"odometer-traveleddistance","attributes":{"status":{"value":"SUCCESS"},"body":{"value":1}}}],"meta":` + tt.total + `}`
		s := mustSignals(t, []byte(body))
		if got := say(ReadApp(fields, s)[0]); got != tt.want {
			t.Errorf("%s (%s): %s, want %s", tt.total, tt.reason, got, tt.want)
		}
	}
}

func TestSinglesCompleteAList(t *testing.T) {
	fields := []*Field{field(t, "vin"), field(t, "security.isLocked"), field(t, "make")}
	list := mustSignals(t, []byte(`{"data":[],"meta":{"totalCount":9}}`))
	if got := strings.Join(list.Missing(fields), " "); got != "closure-islocked vehicleidentification-vin" && got != "vehicleidentification-vin closure-islocked" {
		t.Errorf("missing: %s", got)
	}
	single, err := ParseSignal(testdata(t, "signal_single.json"))
	if err != nil {
		t.Fatal(err)
	}
	list.Add(single)
	list.ConfirmAbsent("closure-islocked")
	readings := ReadApp(fields, list)
	if got := say(readings[0]) + ", " + say(readings[1]); got != "SALTEST0000000042, absent" {
		t.Errorf("got %s", got)
	}
}

func TestSignalStatuses(t *testing.T) {
	const body = `{"value":"SALTEST0000000042"}`
	tests := []struct{ status, body, want, reason string }{
		{`{"value":"SUCCESS"}`, body, "SALTEST0000000042", "today"},
		{`"success"`, body, "SALTEST0000000042", "a bare word"},
		{`null`, body, "SALTEST0000000042", "very old captures have none on success"},
		{`{"value":"SUCCESS"}`, ``, "failed malformed", "success without a body"},
		{`{"value":"SUCCESS"}`, `null`, "failed malformed", "success without a body"},
		{`{"value":"SUCCESS"}`, `"SALTEST0000000042"`, "failed malformed", "the body is an object"},
		{`{"value":"SUCCESS"}`, `{"value":null}`, "empty", "null is no answer"},
		{`{"value":"SUCCESS"}`, `{"value":" unknown "}`, "empty", "UNKNOWN is no answer, blanks or not"},
		{`{"value":"SUCCESS"}`, `{"value":"  "}`, "empty", "a blank is no answer"},
		{`{"value":"ERROR","error":{"type":"PERMISSION","code":null}}`, body, "failed not-permitted", "an old body under an error is never read"},
		{`{"value":"ERROR"}`, body, "failed upstream", "an error that says nothing"},
		{`{"value":"ERROR","error":"text"}`, body, "failed upstream", "an error that is prose"},
		{`{"value":"UNAVAILABLE"}`, body, "failed upstream", "documented, never seen"},
		{`{"value":"TOMORROW"}`, body, "failed upstream", "an unknown status is no success"},
		{`{}`, body, "failed upstream", "a status without a value is no success"},
		{`[]`, body, "failed upstream", "no status at all"},
	}
	for _, tt := range tests {
		s := mustSignals(t, []byte(signalsOf("vehicleidentification-vin", tt.status, tt.body, "")))
		if got := say(ReadApp([]*Field{field(t, "vin")}, s)[0]); got != tt.want {
			t.Errorf("%s %s (%s): %s, want %s", tt.status, tt.body, tt.reason, got, tt.want)
		}
	}
}

// TestFallbackSignals: the second choice counts only where the first did not come at all.
func TestFallbackSignals(t *testing.T) {
	const first, second = "charge-detailedchargingstatus", "charge-ischarging"
	entry := func(code, status, body string) string {
		return `{"id":"` + code + `","attributes":{"status":{"value":"` + status + `","error":{"type":"PERMISSION","code":null}},"body":` + body + `}}`
	}
	off := entry(second, "SUCCESS", `{"value":false}`)
	tests := []struct{ data, want, reason string }{
		{entry(first, "SUCCESS", `{"value":"FULLY_CHARGED"}`) + "," + off, "FULLY_CHARGED", "the first choice"},
		{off, "NOT_CHARGING !weaker-source", "the second, marked"},
		{entry(second, "SUCCESS", `{"value":true}`), "CHARGING !weaker-source", "the second, marked"},
		{entry(first, "ERROR", `{}`) + "," + off, "failed not-permitted", "another signal is no answer to a missing permission"},
		{entry(first, "SUCCESS", `{"value":null}`) + "," + off, "empty", "the first came and says nothing"},
	}
	for _, tt := range tests {
		s := mustSignals(t, []byte(`{"data":[`+tt.data+`]}`))
		if got := say(ReadApp([]*Field{field(t, "charge.state")}, s)[0]); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.reason, got, tt.want)
		}
	}
}

func TestBatchItems(t *testing.T) {
	tests := []struct{ items, want, reason string }{
		{`{"path":"/odometer","code":200,"body":{"distance":5}}`, "5", "no headers: metric, no time"},
		{`{"path":"odometer","code":200,"body":{"distance":5}}`, "5", "without the slash"},
		{`{"path":"/odometer","code":200,"body":{"distance":5},"headers":null}`, "5", "headers null"},
		{`{"path":"/odometer","code":200,"body":{"distance":5},"headers":{"SC-Unit-System":"Imperial"}}`, "8.04672", "imperial in any case"},
		{`{"path":"/odometer","code":200,"body":{"distance":null}}`, "empty", "null"},
		{`{"path":"/odometer","code":200,"body":{}}`, "empty", "a member that is not there"},
		{`{"path":"/odometer","code":200,"body":"5"}`, "failed malformed", "a body that is no object is not an empty answer"},
		{`{"path":"/odometer","code":200,"body":[5]}`, "failed malformed", "a list is not an empty answer"},
		{`{"path":"/odometer","code":200,"body":null}`, "failed malformed", "no body"},
		{`{"path":"/odometer","code":204}`, "failed malformed", "no body"},
		{`{"path":"/odometer","code":501,"body":{"distance":5}}`, "failed not-capable", "a body under an error is never read"},
		{`{"path":"/odometer","code":0,"body":{"distance":5}}`, "failed malformed", "no code is no success"},
		{`{"path":"/battery","code":200,"body":{"range":5}}`, "failed malformed", "the path that was asked for did not come"},
		{`{"path":"/odometer","code":200,"body":{"distance":5}},{"path":"odometer","code":200,"body":{"distance":6}}`, "failed malformed", "twice: which one is not guessed"},
		{`{"path":"/odometer","code":500},{"path":"/odometer","code":200,"body":{"distance":6}}`, "failed malformed", "twice"},
	}
	fields := []*Field{field(t, "odometer.distance")}
	for _, tt := range tests {
		b := mustBatch(t, []byte(`{"responses":[`+tt.items+`]}`))
		if got := say(ReadLegacy(fields, "", []string{"/odometer"}, b)[0]); got != tt.want {
			t.Errorf("%s (%s): %s, want %s", tt.items, tt.reason, got, tt.want)
		}
	}
}

func TestRetryAfterOfAnItem(t *testing.T) {
	for _, header := range []string{`"Retry-After":120`, `"retry-after":"120"`} {
		b := mustBatch(t, []byte(`{"responses":[{"path":"/odometer","code":429,"body":{"type":"RATE_LIMIT","code":"VEHICLE"},"headers":{`+header+`}}]}`))
		if f := b.Items["/odometer"].Failure; f.Kind != KindVehicleLimit || f.RetryAfter != 2*time.Minute {
			t.Errorf("%s: %+v", header, f)
		}
	}
}

func TestWholeLegs(t *testing.T) {
	fields := carFields(t)
	paths := Paths(fields, "")
	down := Failure{Kind: KindTimeout}
	for _, r := range ReadLegacy(fields, "", paths, FailedBatch(paths, down)) {
		if r.Status != Failed && r.Source != "" {
			t.Errorf("%s: %s", r.Field, say(r))
		}
	}
	for _, r := range AllFailed(fields, down) {
		if say(r) != "failed timeout" {
			t.Errorf("%s: %s", r.Field, say(r))
		}
	}
	for _, r := range ReadLegacy(fields, "TESLA", nil, mustBatch(t, testdata(t, "batch.json"))) {
		if r.Status != Unasked {
			t.Errorf("%s was never asked for: %s", r.Field, say(r))
		}
	}
}

// TestSingleGets: the fallback where batch is refused reads the same as a batch.
func TestSingleGets(t *testing.T) {
	header := http.Header{"Sc-Unit-System": {"imperial"}, "Sc-Data-Age": {noon.Format(time.RFC3339)}}
	item := NewItem("odometer", 200, header, []byte(` {"distance":5} `), noon)
	b := Batch{Items: map[string]Item{item.Path: item}}
	r := ReadLegacy([]*Field{field(t, "odometer.distance")}, "", []string{"/odometer"}, b)[0]
	if say(r) != "8.04672" || !r.Observed.Equal(noon) {
		t.Errorf("%s at %v", say(r), r.Observed)
	}
}

func TestParseUser(t *testing.T) {
	tests := []struct{ body, want, reason string }{
		{`{"id":"e0514ef4-5226-11e8-8c13-8f6e8f02e27e"}`, "e0514ef4-5226-11e8-8c13-8f6e8f02e27e", "documented"},
		{`{"id":"a","id":"b"}`, "", "two ids are none: this decides whose car it is"},
		{`{"id":7}`, "", "not a text"}, {`{}`, "", "none"}, {`null`, "", "none"}, {``, "", "none"}, {`"x"`, "", "none"},
	}
	for _, tt := range tests {
		if got := ParseUser([]byte(tt.body)); got != tt.want {
			t.Errorf("%s (%s): %q", tt.body, tt.reason, got)
		}
	}
}

// TestDescribe: an answer without included.vehicle proves no loss of the car's attributes.
func TestDescribe(t *testing.T) {
	fields := []*Field{field(t, "id"), field(t, "make"), field(t, "year")}
	says := func(s Signals) string {
		var words []string
		for _, r := range ReadApp(fields, s) {
			words = append(words, say(r))
		}
		return strings.Join(words, ", ")
	}
	s := mustSignals(t, []byte(`{"data":[]}`))
	if got := says(s); got != "failed malformed, failed malformed, failed malformed" {
		t.Errorf("nobody describes the car: %s", got)
	}
	s.Describe("v-1", "KIA", "", 2024)
	if got := says(s); got != "v-1, KIA, 2024" {
		t.Errorf("the list of connections describes it: %s", got)
	}
	s.Describe("v-2", "FORD", "", 1999)
	if got := says(s); got != "v-1, KIA, 2024" {
		t.Errorf("described twice: %s", got)
	}
}
