package owners

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// Deliveries is what came of recorded webhooks. Only Used ones said anything.
type Deliveries struct {
	Used     int
	Repeated int      // the same event again: deliveries are at least once
	Sample   int      // of mode TEST: the dashboard's samples carry random ids
	Verify   int      // challenges, which name nobody
	Older    int      // of another version than 4: they name no user
	Unsigned int      // left out because there is no signature to check
	Forged   int      // left out because the signature is not the application's
	Faulty   []string // file:line: why, the first few
	More     int      // faulty ones beside them
}

const mostFaulty = 20

func (d *Deliveries) faulty(place, why string) {
	if len(d.Faulty) >= mostFaulty {
		d.More++
		return
	}
	d.Faulty = append(d.Faulty, place+": "+why)
}

// recorder reads recorded payloads into a book.
type recorder struct {
	book   *Book
	token  secret.Secret // the application management token; zero: signatures are not looked at
	events map[string]bool
	done   Deliveries
}

// envelope is a line of a log that keeps a delivery's headers beside its body.
type envelope struct {
	Headers map[string]json.RawMessage `json:"headers"`
	Body    json.RawMessage            `json:"body"`
}

// payload is what a backfill needs of payload version 4.0 (smartcar-v3.md §10).
type payload struct {
	EventID   string `json:"eventId"`
	EventType string `json:"eventType"`
	Version   string `json:"version"`   // of version 2.0, which has no meta
	VehicleID string `json:"vehicleId"` // older renderings of the documentation
	Data      struct {
		User struct {
			ID         string  `json:"id"`
			ExternalID *string `json:"externalId"`
		} `json:"user"`
		Vehicle struct {
			ID   string `json:"id"`
			Mode string `json:"mode"`
		} `json:"vehicle"`
	} `json:"data"`
	Meta struct {
		Version     string          `json:"version"`
		Mode        string          `json:"mode"`
		DeliveredAt json.RawMessage `json:"deliveredAt"`
	} `json:"meta"`
}

// take reads one record: a payload, or an envelope around one. signature is that of the file, where it has one.
func (r *recorder) take(place string, record []byte, signature string) {
	body, headers, err := opened(record)
	if err != nil {
		r.done.faulty(place, err.Error())
		return
	}
	if s := signatureOf(headers); s != "" {
		signature = s
	}
	var p payload
	if json.Unmarshal(body, &p) != nil {
		r.done.faulty(place, "it is no webhook payload")
		return
	}
	switch {
	case p.EventType == "VERIFY": // not signed
		r.done.Verify++
	case !strings.HasPrefix(p.Meta.Version, "4"):
		r.older(place, p)
	case !r.token.IsZero() && signature == "":
		r.done.Unsigned++
	case !r.token.IsZero() && !smartcar.VerifyWebhook(r.token, body, signature):
		r.done.Forged++
	case strings.EqualFold(p.Meta.Mode, "TEST"):
		r.done.Sample++
	default:
		r.state(place, p)
	}
}

// older tells payloads of version 2.0 from what is no payload at all.
func (r *recorder) older(place string, p payload) {
	if p.Version == "" && p.Meta.Version == "" {
		r.done.faulty(place, "it is no webhook payload")
		return
	}
	r.done.Older++
}

func (r *recorder) state(place string, p payload) {
	vehicle := p.Data.Vehicle.ID
	if vehicle == "" {
		vehicle = p.VehicleID
	}
	switch {
	case p.EventType != "VEHICLE_STATE" && p.EventType != "VEHICLE_ERROR":
		r.done.faulty(place, "the eventType is not one that names a user")
		return
	case vehicle == "" || p.Data.User.ID == "":
		r.done.faulty(place, "it names no user or no vehicle")
		return
	case p.EventID != "" && r.events[p.EventID]:
		r.done.Repeated++
		return
	}
	if p.EventID != "" && r.book.vehicles[key(vehicle)] != nil {
		r.events[p.EventID] = true
	}
	s := Sighting{Source: Webhooks, UserID: p.Data.User.ID, At: millis(p.Meta.DeliveredAt), Mode: p.Data.Vehicle.Mode}
	if p.Data.User.ExternalID != nil {
		s.ExternalID = *p.Data.User.ExternalID
	}
	r.book.Add(vehicle, s)
	r.done.Used++
}

// opened gives the body as it was signed, and the headers if they were kept.
func opened(record []byte) ([]byte, map[string]json.RawMessage, error) {
	var e envelope
	if err := json.Unmarshal(record, &e); err != nil {
		return nil, nil, errors.New("it is not a JSON object")
	}
	if len(e.Body) == 0 {
		return record, e.Headers, nil
	}
	var text string
	if json.Unmarshal(e.Body, &text) == nil {
		return []byte(text), e.Headers, nil
	}
	return e.Body, e.Headers, nil
}

// signatureOf finds SC-Signature, whatever its case, as a text or a list of one.
func signatureOf(headers map[string]json.RawMessage) string {
	for name, value := range headers {
		if !strings.EqualFold(name, "SC-Signature") {
			continue
		}
		var one string
		var list []string
		if json.Unmarshal(value, &one) == nil {
			return one
		}
		if json.Unmarshal(value, &list) == nil && len(list) == 1 {
			return list[0]
		}
	}
	return ""
}

// millis reads epoch milliseconds or ISO 8601, zero for anything else.
func millis(raw json.RawMessage) time.Time {
	text := strings.Trim(string(raw), `"`)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		return time.UnixMilli(n).UTC()
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// String says in one line what was left out, and why; "" for nothing.
func (d Deliveries) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		text string
	}{
		{d.Repeated, "repeated"}, {d.Verify, "VERIFY"}, {d.Sample, "TEST samples"}, {d.Older, "of version 2.0, which name no user"},
		{d.Unsigned, "without a signature to check"}, {d.Forged, "with a signature that is not the application's"}, {len(d.Faulty) + d.More, "faulty"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	return strings.Join(parts, ", ")
}
