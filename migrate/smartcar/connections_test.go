package smartcar

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
)

// list serves a connections list the way the table's rows want it.
type list struct {
	ids      []string
	old      bool                        // page/previous instead of pageNumber/prev
	noTotal  bool                        // meta without totalCount
	noLinks  bool                        // no links at all
	nextEver bool                        // links.next is never null
	before   func(l *list, number int)   // changes the list between pages
	page     func(body map[string]any)   // changes a page's body
	row      func(id string) (row any)   // nil: a plain row
	status   func(number, asked int) int // 0: 200
	asked    map[int]int
}

func plainRow(id string) any {
	return map[string]any{
		"id": "c-" + id, "type": "connection",
		"attributes":    map[string]any{"permissions": []string{"read_vin"}, "vehicle": map[string]any{"make": "TESLA", "model": "Model S", "year": 2014, "mode": "live", "powertrainType": "BEV"}},
		"relationships": map[string]any{"vehicle": map[string]any{"data": map[string]any{"id": "v-" + id}}, "user": map[string]any{"data": map[string]any{"id": "u-" + id}}},
		"meta":          map[string]any{"createdAt": "2025-05-03T02:45:45.349Z"},
	}
}

func (l *list) serve(r *http.Request) (*http.Response, error) {
	number, _ := strconv.Atoi(r.URL.Query().Get("page[number]"))
	size, _ := strconv.Atoi(r.URL.Query().Get("page[size]"))
	if l.asked == nil {
		l.asked = make(map[int]int)
	}
	l.asked[number]++
	if l.status != nil {
		if s := l.status(number, l.asked[number]); s != 0 {
			return answer(s, map[bool]string{true: `{"errors":[{"type":"AUTHENTICATION","code":"ACCESS_DENIED"}]}`}[s == 403]), nil
		}
	}
	if l.before != nil {
		l.before(l, number)
	}
	from, to := min((number-1)*size, len(l.ids)), min(number*size, len(l.ids))
	rows := []any{}
	for _, id := range l.ids[from:to] {
		if l.row != nil {
			rows = append(rows, l.row(id))
		} else {
			rows = append(rows, plainRow(id))
		}
	}
	body := map[string]any{"data": rows, "meta": l.meta(number, size), "links": l.links(to)}
	if l.noLinks {
		delete(body, "links")
	}
	if l.page != nil {
		l.page(body)
	}
	text, _ := json.Marshal(body)
	return answer(200, string(text)), nil
}

func (l *list) meta(number, size int) map[string]any {
	meta := map[string]any{"pageSize": size, "totalCount": len(l.ids), "pageNumber": number}
	if l.old {
		meta = map[string]any{"pageSize": size, "totalCount": len(l.ids), "page": number}
	}
	if l.noTotal {
		delete(meta, "totalCount")
	}
	return meta
}

func (l *list) links(to int) map[string]any {
	links := map[string]any{"next": nil, "prev": nil}
	if l.old {
		links = map[string]any{"next": nil, "previous": nil}
	}
	if to < len(l.ids) || l.nextEver {
		links["next"] = "https://evil.example/v3/connections?page%5Bnumber%5D=2"
	}
	return links
}

func numbered(n int) (ids []string) {
	for i := range n {
		ids = append(ids, strconv.Itoa(i))
	}
	return ids
}

func TestConnectionsPaging(t *testing.T) {
	gone := func(l *list, number int) { // one row leaves after the first page
		if number == 2 && len(l.ids) == 250 {
			l.ids = l.ids[1:]
		}
	}
	added := func(l *list, number int) {
		if number == 2 && len(l.ids) == 250 {
			l.ids = append([]string{"new"}, l.ids...)
		}
	}
	swapped := func(l *list, number int) { // one leaves, one comes: the total stays
		if number == 2 {
			l.ids = append([]string{"new"}, append(numbered(250)[:50:50], numbered(250)[51:]...)...)
		}
	}
	table := []struct {
		reason          string
		list            list
		pages, rows     int
		complete        bool
		why             string
		dups, requested int
	}{
		{reason: "empty", list: list{}, pages: 1, rows: 0, complete: true, requested: 1},
		{reason: "one page, full", list: list{ids: numbered(100)}, pages: 1, rows: 100, complete: true, requested: 1},
		{reason: "three pages", list: list{ids: numbered(250)}, pages: 3, rows: 250, complete: true, requested: 3},
		{reason: "three pages, older words", list: list{ids: numbered(250), old: true}, pages: 3, rows: 250, complete: true, requested: 3},
		{reason: "no links", list: list{ids: numbered(250), noLinks: true}, pages: 3, rows: 250, complete: true, requested: 3},
		{reason: "next is never null", list: list{ids: numbered(250), nextEver: true}, pages: 4, rows: 250, complete: true, requested: 4},
		{reason: "no total, next is null at the end", list: list{ids: numbered(250), noTotal: true}, pages: 3, rows: 250, complete: true, requested: 3},
		{reason: "neither total nor links", list: list{ids: numbered(150), noTotal: true, noLinks: true}, pages: 3, rows: 150, why: "does not say how many", requested: 3},
		{reason: "a row left while reading", list: list{ids: numbered(250), before: gone}, pages: 3, rows: 249, why: "from 250 to 249", requested: 3},
		{reason: "a row came while reading", list: list{ids: numbered(250), before: added}, pages: 4, rows: 250, why: "from 250 to 251", dups: 1, requested: 4},
		{reason: "one left and one came: nothing moved", list: list{ids: numbered(250), before: swapped}, pages: 3, rows: 250, complete: true, requested: 3},
		{reason: "fewer rows than counted", list: list{ids: numbered(150), page: func(b map[string]any) { b["meta"].(map[string]any)["totalCount"] = 151 }}, pages: 3, rows: 150, why: "150 rows came, the server counts 151", requested: 3},
		{reason: "the page number is ignored", list: list{ids: numbered(250), page: func(b map[string]any) {
			b["data"], b["meta"].(map[string]any)["pageNumber"] = []any{plainRow("0")}, 1
		}}, pages: 2, rows: 1, why: "a row came twice", dups: 1, requested: 2},
		{reason: "the same page again and again", list: list{ids: numbered(250), page: func(b map[string]any) {
			b["data"] = []any{plainRow("0")}
			delete(b, "meta")
		}}, pages: 2, rows: 1, why: "a row came twice", dups: 1, requested: 2},
		{reason: "a row without a vehicle", list: list{ids: numbered(3), row: func(id string) any {
			if id == "1" {
				return map[string]any{"id": "c-1"}
			}
			return plainRow(id)
		}}, pages: 1, rows: 2, why: "names no vehicle", requested: 1},
	}
	for _, row := range table {
		l := row.list
		w := serving(l.serve)
		seen := map[string]bool{}
		got, err := newTestClient(t, w).Connections(t.Context(), ConnectionsQuery{Mode: "live"}, func(p ConnectionsPage) error {
			for _, c := range p.Rows {
				seen[c.VehicleID] = true
			}
			return nil
		})
		if err != nil || got.Pages != row.pages || got.Rows != row.rows || len(seen) != row.rows || got.Complete != row.complete || got.Duplicates != row.dups {
			t.Errorf("%s: %v %+v, %d seen", row.reason, err, got, len(seen))
		}
		if !strings.Contains(got.Why, row.why) || (got.Why == "") != got.Complete {
			t.Errorf("%s: why %q, want …%s…", row.reason, got.Why, row.why)
		}
		if n := len(w.seen(false)); n != row.requested {
			t.Errorf("%s: %d requests, want %d", row.reason, n, row.requested)
		}
		for _, s := range w.seen(false) {
			if s.host != "vehicle.api.smartcar.com" || s.query.Get("filter[vehicle.mode]") != "live" || s.query.Get("page[size]") != "100" {
				t.Errorf("%s: asked %+v", row.reason, s)
			}
		}
	}
}

func TestConnectionForms(t *testing.T) {
	full := `{"id":"c","type":"connection","attributes":{"permissions":["read_vin","control_charge"],"vehicle":{"make":"VOLKSWAGEN","model":"ID.4","year":%s,"mode":"live","powertrainType":"BEV"},"user":{"id":"u-attr","externalId":"crm-1"}},
		"relationships":{"vehicle":{"data":{"id":"v"}}%s},"meta":{"createdAt":%s,"updatedAt":%s}}`
	user := `,"user":{"data":{"id":"u-rel"}}`
	iso, at := `"2025-05-03T02:45:45.349Z"`, time.Date(2025, 5, 3, 2, 45, 45, 349e6, time.UTC)
	table := []struct{ reason, row, user string }{
		{"newest", fmt.Sprintf(full, "2014", user, iso, iso), "u-rel"},
		{"user in the attributes only", fmt.Sprintf(full, "2014", "", iso, iso), "u-attr"},
		{"year as text", fmt.Sprintf(full, `"2014"`, user, iso, iso), "u-rel"},
		{"epoch milliseconds", fmt.Sprintf(full, "2014.0", user, "1746240345349", `"1746240345349"`), "u-rel"},
		{"each row wrapped in data", `{"data":` + fmt.Sprintf(full, "2014", user, iso, iso) + `}`, "u-rel"},
	}
	for _, row := range table {
		for _, body := range []string{`{"data":[` + row.row + `],"meta":{"totalCount":1},"links":{"next":null}}`, `[` + row.row + `]`} {
			page, err := decodePage([]byte(body))
			if err != nil || len(page.rows) != 1 {
				t.Errorf("%s: %v, %d rows", row.reason, err, len(page.rows))
				continue
			}
			c := page.rows[0]
			if c.ID != "c" || c.VehicleID != "v" || c.UserID != row.user || c.ExternalID != "crm-1" || c.Year != 2014 || c.Make != "VOLKSWAGEN" ||
				c.Powertrain != "BEV" || len(c.Permissions) != 2 || !c.CreatedAt.Equal(at) || !c.UpdatedAt.Equal(at) {
				t.Errorf("%s: %+v", row.reason, c)
			}
		}
	}
}

func TestPagesThatAreNoPages(t *testing.T) {
	for _, body := range []string{`{}`, `{"data":null}`, `{"data":{"id":"c"}}`, `{"data":"x"}`, `{"data":[],"meta":7}`} {
		w := serving(always(200, body))
		handed := 0
		got, err := newTestClient(t, w).Connections(t.Context(), ConnectionsQuery{}, func(ConnectionsPage) error { handed++; return nil })
		if err != nil || got.Complete || got.Failure == nil || got.Failure.Kind != compare.KindMalformed || handed != 0 {
			t.Errorf("%s: %v %+v, %d handed over", body, err, got, handed)
		}
	}
}

func TestFiltersAreCheckedOnOurSide(t *testing.T) {
	ignored := list{ids: numbered(150), row: func(id string) any {
		row := plainRow(id).(map[string]any)
		vehicle := row["attributes"].(map[string]any)["vehicle"].(map[string]any)
		switch id {
		case "7":
			vehicle["mode"] = "simulated"
		case "8":
			vehicle["mode"] = "TEST"
		case "9":
			delete(vehicle, "mode")
		}
		return row
	}}
	table := []struct {
		query ConnectionsQuery
		rows  int
	}{
		{ConnectionsQuery{Mode: "live"}, 148},
		{ConnectionsQuery{Mode: "simulated"}, 3}, // 7, 8 and the one without a mode
		{ConnectionsQuery{VehicleID: "v-120"}, 1},
		{ConnectionsQuery{UserID: "u-3"}, 1},
		{ConnectionsQuery{VehicleID: "V-120", UserID: "U-120"}, 1}, // ids differ in case only
		{ConnectionsQuery{UserID: "u-3", VehicleID: "v-4"}, 0},
	}
	for _, row := range table {
		l := ignored
		w := serving(l.serve)
		got, err := newTestClient(t, w).Connections(t.Context(), row.query, func(p ConnectionsPage) error { return nil })
		if err != nil || got.Rows != row.rows || got.Dropped != 150-row.rows || !got.Complete {
			t.Errorf("%+v: %v %+v", row.query, err, got)
		}
		q := w.seen(false)[0].query
		if q.Get("filter[vehicleId]") != row.query.VehicleID || q.Get("filter[userId]") != row.query.UserID {
			t.Errorf("%+v: asked %v", row.query, q)
		}
	}
}

func TestAPageIsTriedAgain(t *testing.T) {
	table := []struct {
		reason   string
		failures int
		status   int
		complete bool
		asked    int
	}{
		{"once down", 1, 502, true, 2},
		{"three times down", 3, 503, true, 4},
		{"down for good", 99, 502, false, 4},
		{"refused", 99, 403, false, 1},
		{"redirected", 99, 302, false, 1},
	}
	for _, row := range table {
		synctest.Test(t, func(t *testing.T) {
			l := list{ids: numbered(150), status: func(number, asked int) int {
				if number == 2 && asked <= row.failures {
					return row.status
				}
				return 0
			}}
			handed := 0
			got, err := newTestClient(t, serving(l.serve)).Connections(t.Context(), ConnectionsQuery{}, func(p ConnectionsPage) error { handed += len(p.Rows); return nil })
			if err != nil || got.Complete != row.complete || l.asked[2] != row.asked || (got.Failure == nil) != row.complete {
				t.Errorf("%s: %v %+v, page 2 asked %d times", row.reason, err, got, l.asked[2])
			}
			if !row.complete && (handed != 100 || !strings.HasPrefix(got.Why, "page 2 failed")) {
				t.Errorf("%s: %d handed over, why %q", row.reason, handed, got.Why)
			}
		})
	}
}

func TestPageFunctionCanStop(t *testing.T) {
	l := list{ids: numbered(250)}
	full := errors.New("disk full")
	w := serving(l.serve)
	got, err := newTestClient(t, w).Connections(t.Context(), ConnectionsQuery{}, func(ConnectionsPage) error { return full })
	if !errors.Is(err, full) || got.Complete || len(w.seen(false)) != 1 {
		t.Errorf("%v %+v", err, got)
	}
}

func TestOddIDInAQueryIsData(t *testing.T) {
	w := serving(always(200, `{}`))
	got, err := newTestClient(t, w).Connections(t.Context(), ConnectionsQuery{VehicleID: "a&b/c"}, func(ConnectionsPage) error { return nil })
	if err != nil || got.Complete || got.Failure == nil || got.Failure.Kind != compare.KindInvalid || len(w.sent) != 0 {
		t.Errorf("%v %+v", err, got)
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"data":[{"id":"c","attributes":{"vehicle":{"year":"2014"}}}],"meta":{"totalCount":"1"},"links":{"next":null}}`))
	f.Add([]byte(`[{"data":{}}]`))
	f.Add([]byte(`{"data":[null,7,"x",[]]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := decodePage(body)
		if err == nil && (page.total < -1 || page.number < 0) {
			t.Errorf("%q: %+v", body, page)
		}
	})
}
