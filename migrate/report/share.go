package report

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"strings"

	"scmigrate/migrate/internal/inorder"
)

// The kinds of pseudonym. The hex digits of one value are the same under every kind, so that an id that was replaced in
// a text by its shape alone ("id-…") can still be matched.
const (
	PseudonymVehicle = "veh"
	PseudonymUser    = "usr"
	PseudonymVIN     = "vin"
	PseudonymRequest = "req"
	pseudonymOfShape = "id"
)

// Pseudonym is the name that value has in shareable reports: kind, a dash, and the first 12 hex digits of HMAC-SHA256.
// It is stable for one key and cannot be turned back without it; "" stays "". VINs are taken in upper case.
func Pseudonym(key []byte, kind, value string) string {
	if value == "" {
		return ""
	}
	if kind == PseudonymVIN {
		value = strings.ToUpper(value)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return kind + "-" + hex.EncodeToString(mac.Sum(nil))[:12]
}

// Share is the report that may be forwarded (CONTRACT §8.6): vehicle, user and request ids and VINs are pseudonyms under
// key, labels and positions are left out; everything else, the run id too, stays. The result is lazy like r.
//
// Ids are replaced where a member holds one, and in every text of the report: as a whole word where this vehicle (or, in
// the summary, an example) has that id, and by shape for anything that looks like a UUID or a VIN. Members that hold words
// of ours, or name a group, lose shapes alone (see ownMembers): an id or a label that is such a word by chance takes nothing
// away. In free text an id that reads as a word of ours, as a number, or is shorter than minKnown stays for the same reason,
// and so would another vehicle's of no known shape: builders put ids into members, not into texts.
func Share(r Report, key []byte) Report {
	s := sharer{key: key}
	out := Report{Summary: s.summary(r.Summary)}
	out.Vehicles = func() iter.Seq2[Vehicle, error] {
		return inorder.Map(context.Background(), r.Vehicles(), func(v Vehicle) (Vehicle, error) { return s.vehicle(v), nil })
	}
	return out
}

type sharer struct{ key []byte }

func (s sharer) summary(in Summary) Summary {
	known := s.names()
	for _, c := range in.Causes {
		known.add(PseudonymVehicle, c.Example)
	}
	for _, n := range in.Notes {
		known.add(PseudonymVehicle, n.Examples...)
	}
	if in.Changes != nil {
		known.add(PseudonymVehicle, in.Changes.vehicleIDs()...)
	}
	out := rewriteApart(in, known.scrub, known.scrubShapes)
	out.Run.ID = in.Run.ID
	out.Run.InventoryDigest, out.Run.RulesDigest = in.Run.InventoryDigest, in.Run.RulesDigest
	for i, c := range in.Causes {
		out.Causes[i].Example = Pseudonym(s.key, PseudonymVehicle, c.Example)
		out.Causes[i].Fingerprint = c.Fingerprint
	}
	for i, n := range in.Notes {
		out.Notes[i].Examples = s.all(PseudonymVehicle, n.Examples)
	}
	if in.Changes != nil {
		s.changes(out.Changes, *in.Changes)
	}
	if in.History != nil {
		for i, p := range in.History.Runs {
			out.History.Runs[i].ID = p.ID
		}
	}
	return out
}

func (s sharer) vehicle(in Vehicle) Vehicle {
	known := s.names()
	known.add(PseudonymVehicle, in.VehicleID)
	known.add(PseudonymUser, in.UserID)
	if in.SuggestedUserID != nil {
		known.add(PseudonymUser, *in.SuggestedUserID)
	}
	if in.SuggestedVehicleID != nil {
		known.add(PseudonymVehicle, *in.SuggestedVehicleID)
	}
	known.add(PseudonymRequest, in.RequestIDs.Legacy...)
	known.add(PseudonymRequest, in.RequestIDs.App...)
	for _, f := range in.Fields {
		switch f.Field {
		case vinField:
			known.add(PseudonymVIN, textOf(f.Legacy), textOf(f.App))
		case idField: // another car's id, where the legs are two cars
			known.add(PseudonymVehicle, textOf(f.Legacy), textOf(f.App))
		}
	}
	known.replace(in.Label, "(label)")
	out := rewriteApart(in, known.scrub, known.scrubShapes)
	out.Label = ""
	out.VehicleID = Pseudonym(s.key, PseudonymVehicle, in.VehicleID)
	out.UserID = Pseudonym(s.key, PseudonymUser, in.UserID)
	if in.SuggestedUserID != nil {
		out.SuggestedUserID = new(Pseudonym(s.key, PseudonymUser, *in.SuggestedUserID))
	}
	if in.SuggestedVehicleID != nil {
		out.SuggestedVehicleID = new(Pseudonym(s.key, PseudonymVehicle, *in.SuggestedVehicleID))
	}
	out.RequestIDs = RequestIDs{s.all(PseudonymRequest, in.RequestIDs.Legacy), s.all(PseudonymRequest, in.RequestIDs.App)}
	out.Mode = modeOf(in.Mode)
	for i := range out.Fields {
		s.field(&out.Fields[i], in.Fields[i])
	}
	return out
}

// idField is the field that holds a vehicle id.
const idField = "id"

// modeOf lets Smartcar's modes through and nothing else.
func modeOf(mode string) string {
	if mode == "live" || mode == "simulated" || mode == "test" {
		return mode
	}
	return ""
}

// field drops positions and names VINs; the rest of the field was scrubbed already.
func (s sharer) field(out *Field, in Field) {
	for _, leg := range []struct{ out, in *Observation }{{out.Legacy, in.Legacy}, {out.App, in.App}} {
		switch {
		case leg.out == nil:
		case isPosition(in.Field):
			leg.out.Value = nil
		case in.Field == vinField:
			leg.out.Value = s.named(PseudonymVIN, leg.in.Value)
		case in.Field == idField:
			leg.out.Value = s.named(PseudonymVehicle, leg.in.Value)
		default:
			leg.out.Value = withoutPosition(leg.out.Value)
		}
	}
	if isPosition(in.Field) {
		out.Note = coordinate.ReplaceAllString(out.Note, "…")
	}
}

// named is the pseudonym of a value that is an id by its field, nil where it is no text.
func (s sharer) named(kind string, v any) any {
	if text, ok := decoded(v).(string); ok {
		return Pseudonym(s.key, kind, text)
	}
	return nil
}

func (s sharer) all(kind string, values []string) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, Pseudonym(s.key, kind, v))
	}
	return out
}

const vinField = "vin"

// isPosition tells whether a field's values say where the car is.
func isPosition(field string) bool {
	return field == "location" || strings.HasPrefix(field, "location.")
}

// withoutPosition is v, or nil where it is or holds an object with coordinates.
func withoutPosition(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if name := strings.ToLower(key); strings.HasPrefix(name, "lat") || strings.HasPrefix(name, "lon") || strings.HasPrefix(name, "lng") {
				return nil
			}
			v[key] = withoutPosition(inner)
		}
	case []any:
		for i := range v {
			v[i] = withoutPosition(v[i])
		}
	}
	return v
}

func textOf(o *Observation) string {
	if o == nil {
		return ""
	}
	text, _ := decoded(o.Value).(string)
	return text
}
