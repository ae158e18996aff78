package report

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"regexp"
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
// Ids are replaced where a member holds one, and in every text of the report: by value where this vehicle (or, in
// the summary, an example) has that id, and by shape for anything that looks like a UUID or a VIN. A text that names
// another vehicle by an id of some other shape would get through: builders put ids into members, not into texts.
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
	digests := [2]string{in.Run.InventoryDigest, in.Run.RulesDigest}
	out := rewrite(in, known.scrub)
	out.Run.ID = in.Run.ID
	out.Run.InventoryDigest, out.Run.RulesDigest = digests[0], digests[1]
	for i, g := range in.Cohorts {
		out.Cohorts[i].Name = s.names().scrub(g.Name) // as of a vehicle
	}
	for i, g := range in.Makes {
		out.Makes[i].Name = s.names().scrub(g.Name)
	}
	for i, c := range in.Causes {
		out.Causes[i].Code, out.Causes[i].Field, out.Causes[i].Make = s.names().scrub(c.Code), s.names().scrub(c.Field), s.names().scrub(c.Make)
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
	label := in.Label
	if strings.TrimSpace(label) != "" {
		known.replace(label, "(label)")
	}
	cohort := in.Cohort
	out := rewrite(in, known.scrub)
	out.Cohort = s.names().scrub(cohort) // a cohort may be part of an id or label by chance; it groups, so only shapes go
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
	out.Verdict, out.Make, out.Model, out.Mode = in.Verdict, s.names().scrub(in.Make), s.names().scrub(in.Model), modeOf(in.Mode)
	s.refs(out.Causes, in.Causes)
	s.refs(out.Notes, in.Notes)
	for i := range out.Fields {
		s.field(&out.Fields[i], in.Fields[i])
	}
	return out
}

// refs keep their codes and fields, which are ours: a label that is a part of one by chance does not take it away.
func (s sharer) refs(out, in []CauseRef) {
	for i := range out {
		out[i].Code, out[i].Field = s.names().scrub(in[i].Code), s.names().scrub(in[i].Field)
	}
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
	out.Field, out.Outcome = in.Field, in.Outcome
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

var (
	uuidShape   = regexp.MustCompile(`[0-9A-Za-z_]*[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}[0-9A-Za-z_]*`)
	vinShape    = regexp.MustCompile(`\b[A-HJ-NPR-Za-hj-npr-z0-9]{17}\b`)
	threeDigits = regexp.MustCompile(`[0-9].*[0-9].*[0-9]`)
	coordinate  = regexp.MustCompile(`-?[0-9]{1,3}\.[0-9]{3,}`)
	coordinates = regexp.MustCompile(`-?[0-9]{1,3}\.[0-9]{3,}\s*[,;/ ]\s*-?[0-9]{1,3}\.[0-9]{3,}`)
)

// names replaces the ids that are known to belong to what is being written, then whatever has an id's shape.
type names struct {
	sharer
	pairs []string // old, new, old, new …: strings.NewReplacer's form
	built *strings.Replacer
}

func (s sharer) names() *names { return &names{sharer: s} }

func (n *names) add(kind string, values ...string) {
	for _, v := range values {
		if len(v) >= minKnown {
			n.replace(v, Pseudonym(n.key, kind, v))
		}
	}
}

func (n *names) replace(old, by string) {
	n.pairs, n.built = append(n.pairs, old, by), nil
}

// minKnown keeps an id of a letter or two from being replaced inside every word.
const minKnown = 4

func (n *names) scrub(text string) string {
	if len(text) < minKnown {
		return text
	}
	if n.built == nil && len(n.pairs) > 0 {
		n.built = strings.NewReplacer(n.pairs...)
	}
	if n.built != nil {
		text = n.built.Replace(text)
	}
	return n.scrubShapes(text)
}

// The shortest texts that the shapes match: looking for them in shorter ones costs most of a report's time.
const (
	shortestUUID = 36
	shortestVIN  = 17
)

func (n *names) scrubShapes(text string) string {
	if len(text) < 15 {
		return text
	}
	if len(text) >= shortestUUID && strings.Contains(text, "-") {
		text = uuidShape.ReplaceAllStringFunc(text, func(id string) string { return Pseudonym(n.key, pseudonymOfShape, id) })
	}
	if len(text) >= shortestVIN {
		text = vinShape.ReplaceAllStringFunc(text, func(word string) string {
			if !threeDigits.MatchString(word) {
				return word
			}
			return Pseudonym(n.key, PseudonymVIN, word)
		})
	}
	if strings.Contains(text, ".") {
		text = coordinates.ReplaceAllString(text, "(position)")
	}
	return text
}
