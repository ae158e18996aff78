//go:build linux

package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"scmigrate/fixtures"
)

// canned answers for any fleet without thinking: what the simulator says of a few cars, with other ids in it.
type canned struct {
	vehicles int
	world    http.Handler
	token    []byte
	moulds   []*mould
	refusal  []byte
}

// cannedFleet is the argument of a canned server.
type cannedFleet struct{ Vehicles int }

func playCanned(arguments []byte) error {
	var f cannedFleet
	if err := json.Unmarshal(arguments, &f); err != nil {
		return err
	}
	world, err := fixtures.New(fixtures.HealthyScenario(8, 3), fixtures.Options{})
	if err != nil {
		return err
	}
	c := &canned{vehicles: f.Vehicles, world: world.Handler()}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {world.ClientID()}, "client_secret": {world.ClientSecrets()[0]}}
	c.token = c.ask("POST", "/oauth2/token", form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	var app struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(c.token, &app); err != nil {
		return err
	}
	rows := world.Inventory()
	for i, row := range rows {
		c.moulds = append(c.moulds, newMould(c, row, app.AccessToken))
		if i == 0 {
			c.refusal = c.ask("GET", "/v3/vehicles/"+row.VehicleID+"/signals", "", http.Header{"Authorization": {"Bearer " + app.AccessToken}, "Sc-User-Id": {rows[1].UserID}})
		}
	}
	return serve(c.mux(), func(url string) any { return simulator{url, world.ClientID(), world.ClientSecrets()[0]} })
}

func (c *canned) ask(method, uri, body string, header http.Header) []byte {
	request := httptest.NewRequest(method, uri, strings.NewReader(body))
	request.Header = header
	heard := httptest.NewRecorder()
	c.world.ServeHTTP(heard, request)
	return heard.Body.Bytes()
}

func (c *canned) mux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", func(out http.ResponseWriter, _ *http.Request) { reply(out, 200, 0, c.token) })
	mux.HandleFunc("GET /v3/connections", c.connections)
	mux.HandleFunc("GET /v3/vehicles/{id}/signals", c.signals)
	mux.HandleFunc("POST /v2.0/vehicles/{id}/batch", c.batch)
	return mux
}

func reply(out http.ResponseWriter, status, n int, body []byte) {
	h := out.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Sc-Request-Id", requestID(n))
	out.WriteHeader(status)
	_, _ = out.Write(body)
}

func (c *canned) signals(out http.ResponseWriter, r *http.Request) {
	n, ok := numberOf(r.PathValue("id"))
	switch m := c.moulds[n%len(c.moulds)]; {
	case !ok || r.Header.Get("Sc-User-Id") != userID(n):
		reply(out, http.StatusForbidden, n, c.refusal)
	case losing(n):
		reply(out, http.StatusOK, n, m.without.cast(n))
	default:
		reply(out, http.StatusOK, n, m.signals.cast(n))
	}
}

func (c *canned) batch(out http.ResponseWriter, r *http.Request) {
	n, _ := numberOf(r.PathValue("id"))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	reply(out, http.StatusOK, n, c.moulds[n%len(c.moulds)].batch(c, string(body)).cast(n))
}

// connections is one page of the list; the fleet is connected in mode live.
func (c *canned) connections(out http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	size, _ := strconv.Atoi(q.Get("page[size]"))
	page, _ := strconv.Atoi(q.Get("page[number]"))
	total := c.vehicles
	if q.Get("filter[vehicle.mode]") != "live" {
		total = 0
	}
	rows := []byte(`{"data":[`)
	for n := (page - 1) * size; n < min(total, page*size); n++ {
		if n > (page-1)*size {
			rows = append(rows, ',')
		}
		rows = append(rows, c.moulds[n%len(c.moulds)].connection.cast(n)...)
	}
	next := "null"
	if page*size < total {
		q.Set("page[number]", strconv.Itoa(page+1))
		next = strconv.Quote("https://vehicle.api.smartcar.com/v3/connections?" + q.Encode())
	}
	rows = fmt.Appendf(rows, `],"meta":{"pageNumber":%d,"pageSize":%d,"totalCount":%d,"orderBy":"createdAt","orderDirection":"DESC"},"links":{"next":%s}}`, page, size, total, next)
	reply(out, http.StatusOK, page, rows)
}

// mould is a simulated car whose answers are cast for others.
type mould struct {
	row                          fixtures.Row
	vin, connectionID            string
	connection, signals, without form

	mu      sync.Mutex
	batches map[string]form // by body
}

func newMould(c *canned, row fixtures.Row, token string) *mould {
	m := &mould{row: row, batches: map[string]form{}}
	header := http.Header{"Authorization": {"Bearer " + token}, "Sc-User-Id": {row.UserID}}
	all := c.ask("GET", "/v3/vehicles/"+row.VehicleID+"/signals", "", header)
	text, vin := served(all, "")
	m.vin = vin
	m.signals = m.form(text)
	text, _ = served(all, "odometer-traveleddistance")
	m.without = m.form(text)
	var list struct {
		Data []json.RawMessage `json:"data"`
	}
	page := c.ask("GET", "/v3/connections?filter%5Bvehicle.mode%5D=live&filter%5BvehicleId%5D="+row.VehicleID, "", header)
	if err := json.Unmarshal(page, &list); err != nil || len(list.Data) == 0 {
		panic(fmt.Sprintf("no connection of %s: %v: %s", row.VehicleID, err, page))
	}
	var id struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(list.Data[0], &id); err != nil {
		panic(err)
	}
	m.connectionID = id.ID
	m.connection = m.form(list.Data[0])
	return m
}

// served is a signals answer that holds the signals that have a value, but for one, and the VIN in it.
func served(body []byte, but string) (text []byte, vin string) {
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		panic(err)
	}
	data, _ := answer["data"].([]any)
	data = slices.DeleteFunc(data, func(v any) bool {
		attributes, _ := v.(map[string]any)["attributes"].(map[string]any)
		if attributes["code"] == "vehicleidentification-vin" {
			vin = fmt.Sprint(attributes["body"].(map[string]any)["value"])
		}
		return attributes["code"] == but || attributes["status"].(map[string]any)["value"] != "SUCCESS"
	})
	answer["data"] = data
	if meta, ok := answer["meta"].(map[string]any); ok {
		meta["totalCount"], meta["pageSize"] = len(data), len(data)
	}
	delete(answer, "included")
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	return text, vin
}

// batch is the answer to a batch, by its body.
func (m *mould) batch(c *canned, body string) form {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, known := m.batches[body]
	if !known {
		header := http.Header{"Authorization": {"Bearer " + m.row.AccessToken}, "Content-Type": {"application/json"}, "Sc-Unit-System": {"metric"}}
		f = m.form(c.ask("POST", "/v2.0/vehicles/"+m.row.VehicleID+"/batch", body, header))
		m.batches[body] = f
	}
	return f
}

// form is a text with gaps for ids.
type form struct {
	texts [][]byte
	gaps  []func(int) string // one after each text but the last
}

func (m *mould) form(body []byte) (f form) {
	known := map[string]func(int) string{m.row.VehicleID: vehicleID, m.row.UserID: userID}
	if m.vin != "" {
		known[m.vin] = vin
	}
	if m.connectionID != "" {
		known[m.connectionID] = requestID
	}
	if _, rest, ok := bytes.Cut(body, []byte(`"requestId":"`)); ok {
		known[string(rest[:36])] = requestID
	}
	for {
		at, length := -1, 0
		var gap func(int) string
		for text, fill := range known {
			if i := bytes.Index(body, []byte(text)); i >= 0 && (at < 0 || i < at) {
				at, length, gap = i, len(text), fill
			}
		}
		if at < 0 {
			f.texts = append(f.texts, body)
			return f
		}
		f.texts, f.gaps = append(f.texts, body[:at]), append(f.gaps, gap)
		body = body[at+length:]
	}
}

func (f form) cast(n int) []byte {
	var out []byte
	for i, text := range f.texts {
		out = append(out, text...)
		if i < len(f.gaps) {
			out = append(out, f.gaps[i](n)...)
		}
	}
	return out
}
