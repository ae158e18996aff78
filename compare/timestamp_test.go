package compare

import (
	"encoding/json"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	at := time.Date(2026, 6, 29, 23, 55, 53, 0, time.UTC)
	tests := []struct {
		in     any
		want   time.Time
		reason string
	}{
		{"2026-06-29T23:55:53.000Z", at, "ISO with milliseconds: REST of 2026, v2 headers"},
		{"2026-06-29T23:55:53Z", at, "ISO"},
		{"2026-06-30T01:55:53+02:00", at, "another zone"},
		{"2026-06-30T01:55:53+0200", at, "zone without a colon"},
		{"2026-06-29T23:55:53", at, "no zone: UTC"},
		{" 2026-06-29T23:55:53Z ", at, "blanks"},
		{"2026-06-29", at.Truncate(24 * time.Hour), "a day (service history)"},
		{json.Number("1782777353"), at, "epoch seconds of the oldest documents"},
		{json.Number("1782777353000"), at, "epoch milliseconds of SDK samples and webhooks"},
		{json.Number("1.782777353e12"), at, "any spelling of the number"},
		{"1782777353000", at, "digits as text"},
		{json.Number("0"), time.Time{}, "static signals of webhooks"},
		{json.Number("-5"), time.Time{}, "before all time"},
		{json.Number("1"), time.Time{}, "1970 is unknown"},
		{json.Number("1e300"), time.Time{}, "beyond all time"},
		{json.Number("1e400"), time.Time{}, "no number"},
		{"", time.Time{}, "absent"},
		{nil, time.Time{}, "null"},
		{true, time.Time{}, "not a time"},
		{"0001-01-01T00:00:00Z", time.Time{}, "Go's nought"},
		{"1970-01-01T00:00:00.000Z", time.Time{}, "the epoch"},
		{"1999-12-31T23:59:59Z", time.Time{}, "before the first cars of this kind"},
		{"2000-01-01T00:00:00Z", time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), "the first that counts"},
		{"9999-12-31T23:59:59Z", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), "far future is kept: the comparison deals with it"},
		{"9999-12-31T23:59:59-14:00", time.Time{}, "a year 10000 by its zone has no JSON form"},
		{"2000-01-01T00:00:00+14:00", time.Time{}, "1999 by its zone"},
		{"NaN", time.Time{}, "a number only to Go"}, {"Inf", time.Time{}, "a number only to Go"},
		{"yesterday", time.Time{}, "prose"},
	}
	for _, tt := range tests {
		got := parseTime(tt.in)
		if !got.Equal(tt.want) {
			t.Errorf("parseTime(%v) (%s): %v, want %v", tt.in, tt.reason, got, tt.want)
		}
		if _, err := json.Marshal(got); err != nil || got.Location() != time.UTC {
			t.Errorf("parseTime(%v): %v, %v", tt.in, got.Location(), err)
		}
	}
}

func TestTimesOfASignal(t *testing.T) {
	at := time.Date(2026, 6, 29, 23, 55, 53, 0, time.UTC)
	later := at.Add(8 * time.Minute)
	tests := []struct {
		meta, from        string
		observed, fetched time.Time
		reason            string
	}{
		{stamp("oemUpdatedAt", at) + "," + stamp("retrievedAt", later), "oemUpdatedAt", at, later, "the maker's time is the observation"},
		{stamp("retrievedAt", later), "retrievedAt", later, later, "else the retrieval"},
		{`"oemUpdatedAt":0,` + stamp("retrievedAt", later), "retrievedAt", later, later, "nought is unknown"},
		{`"oemUpdatedAt":1782777353000`, "oemUpdatedAt", at, time.Time{}, "milliseconds"},
		{`"oemUpdatedAt":1782777353,"fetchedAt":1782777833`, "oemUpdatedAt", at, later, "seconds and the webhook's name"},
		{stamp("ingestedAt", later), "ingestedAt", later, time.Time{}, "else the storing: the value is as old or older"},
		{"", "", time.Time{}, time.Time{}, "meta {}"},
	}
	for _, tt := range tests {
		body := signalsOf("odometer-traveleddistance", `{"value":"SUCCESS"}`, `{"value":1,"unit":"km"}`, tt.meta)
		r := ReadApp([]*Field{field(t, "odometer.distance")}, mustSignals(t, []byte(body)))[0]
		if r.TimeFrom != tt.from || !r.Observed.Equal(tt.observed) || !r.Fetched.Equal(tt.fetched) {
			t.Errorf("%s (%s): %q %v %v", tt.meta, tt.reason, r.TimeFrom, r.Observed, r.Fetched)
		}
	}
}

func TestTimesOfABatchItem(t *testing.T) {
	tests := []struct{ headers, reason string }{
		{`{"sc-data-age":"2026-10-14T12:00:00.000Z","sc-fetched-at":"2026-10-14T12:01:00.000Z"}`, "lower case, as recorded"},
		{`{"SC-Data-Age":"2026-10-14T12:00:00.000Z","Sc-Fetched-At":"2026-10-14T12:01:00.000Z"}`, "any case"},
		{`{"sc-data-age":1791979200000,"sc-fetched-at":1791979260000}`, "numbers"},
	}
	for _, tt := range tests {
		body := `{"responses":[{"path":"/odometer","code":200,"body":{"distance":1},"headers":` + tt.headers + `}]}`
		r := ReadLegacy([]*Field{field(t, "odometer.distance")}, "", []string{"/odometer"}, mustBatch(t, []byte(body)))[0]
		if !r.Observed.Equal(noon) || !r.Fetched.Equal(noon.Add(time.Minute)) || r.TimeFrom != "sc-data-age" {
			t.Errorf("%s (%s): %v %v %q", tt.headers, tt.reason, r.Observed, r.Fetched, r.TimeFrom)
		}
	}
}
