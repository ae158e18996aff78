package smartcar

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// rawPage is a page of the list, whichever vocabulary it came in.
type rawPage struct {
	rows   []Connection
	number int // 0: not stated
	total  int // -1: not stated
	next   link
}

// link is what a page says about the one after it.
type link int

const (
	linkAbsent link = iota // links.next is not there at all
	linkNull               // it is there and null or empty
	linkThere
)

type jsonPage struct {
	Data json.RawMessage `json:"data"`
	Meta struct {
		PageNumber flexInt `json:"pageNumber"`
		Page       flexInt `json:"page"` // the older word
		TotalCount flexInt `json:"totalCount"`
	} `json:"meta"`
	Links map[string]json.RawMessage `json:"links"`
}

// decodePage reads {"data":[…],"meta":…,"links":…} and the bare list (smartcar-v3.md §4.1).
func decodePage(body []byte) (rawPage, error) {
	page := jsonPage{Data: body}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		page.Data = nil
		if json.Unmarshal(body, &page) != nil {
			return rawPage{}, errors.New("the page is not of the documented form")
		}
	}
	items, err := listItems(page.Data)
	if err != nil {
		return rawPage{}, err
	}
	out := rawPage{total: -1, next: nextOf(page.Links)}
	if page.Meta.TotalCount.set {
		out.total = page.Meta.TotalCount.n
	}
	if out.number = page.Meta.PageNumber.n; !page.Meta.PageNumber.set {
		out.number = page.Meta.Page.n
	}
	for _, item := range items {
		out.rows = append(out.rows, decodeConnection(item))
	}
	return out, nil
}

// maxItems is far more than a page was asked to hold: what is over it is no page of connections.
const maxItems = 10 * pageSize

// listItems splits a list one element at a time, so that a body of millions of tiny ones ends early.
func listItems(list json.RawMessage) ([]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(list))
	if start, err := dec.Token(); err != nil || start != json.Delim('[') {
		return nil, errors.New("the page has no list of connections")
	}
	items := []json.RawMessage{}
	for dec.More() {
		var item json.RawMessage
		if dec.Decode(&item) != nil {
			return nil, errors.New("the page has no list of connections")
		}
		if items = append(items, item); len(items) > maxItems {
			return nil, errors.New("the page holds more rows than any page may")
		}
	}
	return items, nil
}

func nextOf(links map[string]json.RawMessage) link {
	switch next, ok := links["next"]; {
	case !ok:
		return linkAbsent
	case string(next) == "null" || string(next) == `""`:
		return linkNull
	}
	return linkThere
}

type jsonReference struct {
	Data struct {
		ID string `json:"id"`
	} `json:"data"`
}

type jsonConnection struct {
	ID         string `json:"id"`
	Attributes struct {
		Permissions []string `json:"permissions"`
		Vehicle     struct {
			ID         string  `json:"id"`
			Make       string  `json:"make"`
			Model      string  `json:"model"`
			Year       flexInt `json:"year"`
			Mode       string  `json:"mode"`
			Powertrain string  `json:"powertrainType"`
		} `json:"vehicle"`
		User struct {
			ID         string  `json:"id"`
			ExternalID *string `json:"externalId"`
		} `json:"user"`
	} `json:"attributes"`
	Relationships struct {
		Vehicle jsonReference `json:"vehicle"`
		User    jsonReference `json:"user"`
	} `json:"relationships"`
	Meta struct {
		CreatedAt flexTime `json:"createdAt"`
		UpdatedAt flexTime `json:"updatedAt"`
	} `json:"meta"`
}

// decodeConnection reads one row, wrapped in data or bare. A row of another shape gives an empty Connection, which the
// caller counts as unreadable.
func decodeConnection(item json.RawMessage) Connection {
	var wrapped struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(item, &wrapped) == nil && len(wrapped.Data) > 0 {
		item = wrapped.Data
	}
	var j jsonConnection
	if json.Unmarshal(item, &j) != nil {
		return Connection{}
	}
	c := Connection{
		ID: j.ID, VehicleID: firstOf(j.Relationships.Vehicle.Data.ID, j.Attributes.Vehicle.ID),
		UserID: firstOf(j.Relationships.User.Data.ID, j.Attributes.User.ID),
		Make:   j.Attributes.Vehicle.Make, Model: j.Attributes.Vehicle.Model, Year: j.Attributes.Vehicle.Year.n,
		Mode: j.Attributes.Vehicle.Mode, Powertrain: j.Attributes.Vehicle.Powertrain, Permissions: j.Attributes.Permissions,
		CreatedAt: j.Meta.CreatedAt.Time, UpdatedAt: j.Meta.UpdatedAt.Time,
	}
	if j.Attributes.User.ExternalID != nil {
		c.ExternalID = *j.Attributes.User.ExternalID
	}
	return c
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// flexInt reads 2014, 2014.0 and "2014"; anything else is not set.
type flexInt struct {
	n   int
	set bool
}

// UnmarshalJSON never fails: one odd number must not cost the row.
func (i *flexInt) UnmarshalJSON(raw []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err == nil && f >= 0 && f <= 1e9 {
		i.n, i.set = int(f), true
	}
	return nil
}

// flexTime reads ISO 8601 and epoch seconds or milliseconds; anything else is the zero time.
type flexTime struct{ time.Time }

// UnmarshalJSON never fails, for the same reason.
func (t *flexTime) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		t.Time = at.UTC()
		return nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		if n < 1e11 { // seconds: a year before 5138
			n *= 1000
		}
		t.Time = time.UnixMilli(n).UTC()
	}
	return nil
}
