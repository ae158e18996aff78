package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signal is one entry of a v3 signals answer.
type Signal struct {
	Code    string
	Status  string // SUCCESS, ERROR, UNAVAILABLE
	Body    any    // nil unless SUCCESS: a body under an error is old (v2-to-v3-mapping.md §0.7)
	Failure *Failure
	meta    object
}

// Signals is a decoded signals answer.
type Signals struct {
	ByCode  map[string]Signal
	Vehicle object // included.vehicle.attributes with its id; nil where the answer has none
	Total   int    // meta.totalCount; -1 where it is not stated

	absent map[string]bool     // codes asked for singly and not in the store
	failed map[string]*Failure // codes asked for singly, and why they were not served
}

// Complete is false where the answer says that it holds fewer signals than the store (smartcar-v3.md §4.4). What is
// missing from an incomplete list is unmeasured, not absent, until it was asked for singly.
func (s Signals) Complete() bool { return s.Total <= len(s.ByCode) }

// Add takes over signals that were asked for singly.
func (s *Signals) Add(single Signals) { maps.Copy(s.ByCode, single.ByCode) }

// ConfirmAbsent notes that a signal asked for singly is not in the store (404 SIGNAL_NOT_FOUND).
func (s *Signals) ConfirmAbsent(code string) {
	if s.absent == nil {
		s.absent = map[string]bool{}
	}
	s.absent[code] = true
}

// Fail notes why a signal asked for singly was not served: its fields fail for that reason, and not because the list is
// incomplete.
func (s *Signals) Fail(code string, f Failure) {
	if s.failed == nil {
		s.failed = map[string]*Failure{}
	}
	s.failed[code] = &f
}

// ParseSignals decodes GET /v3/vehicles/{id}/signals: wrapped in data or a bare list, statuses with and without a
// value, errors of both generations (smartcar-v3.md §4.4–4.6, §5). An answer that is not of that shape is ErrMalformed.
func ParseSignals(body []byte) (Signals, error) {
	doc, err := parseBody(body)
	if err != nil {
		return Signals{}, err
	}
	list, ok := doc.([]any)
	if !ok {
		list, ok = toObject(doc)["data"].([]any)
	}
	if !ok {
		return Signals{}, fmt.Errorf("%w: no data[] in the signals answer", ErrMalformed)
	}
	s := Signals{ByCode: make(map[string]Signal, len(list)), Total: -1, Vehicle: includedVehicle(doc)}
	if total, ok := walk(doc, []string{"meta", "totalCount"}); ok {
		if n, is := toNumber(total); is {
			s.Total = int(min(n, maxNodes)) // more than a body may hold is more than came, and stays an int
		}
	}
	for _, entry := range list {
		if err := s.add(entry); err != nil {
			return Signals{}, err
		}
	}
	return s, nil
}

// ParseSignal decodes a single signal, wrapped or bare, into the same shape.
func ParseSignal(body []byte) (Signals, error) {
	doc, err := parseBody(body)
	if err != nil {
		return Signals{}, err
	}
	s := Signals{ByCode: map[string]Signal{}, Total: 1, Vehicle: includedVehicle(doc)}
	entry := doc
	if data, ok := toObject(doc)["data"]; ok {
		entry = data
	}
	return s, s.add(entry)
}

func (s *Signals) add(entry any) error {
	o := toObject(entry)
	attributes := toObject(o["attributes"])
	code := strings.ToLower(cmp.Or(toText(attributes["code"]), toText(o["id"])))
	if code == "" {
		return fmt.Errorf("%w: a signal without a code", ErrMalformed)
	}
	if _, twice := s.ByCode[code]; twice {
		return fmt.Errorf("%w: a signal stands twice", ErrMalformed)
	}
	meta := toObject(o["meta"])
	if meta == nil {
		meta = toObject(attributes["meta"])
	}
	s.ByCode[code] = s.newSignal(code, attributes, meta)
	return nil
}

func (s *Signals) newSignal(code string, attributes, meta object) Signal {
	sig := Signal{Code: code, Status: signalStatus(attributes["status"]), meta: meta}
	switch sig.Status {
	case "SUCCESS":
		sig.Body = attributes["body"]
		if toObject(sig.Body) == nil {
			sig.Failure = &Failure{Kind: KindMalformed, Note: "the signal has no body"}
		}
	case "ERROR":
		sig.Failure = signalFailure(attributes["status"])
	default:
		sig.Failure = &Failure{Kind: KindUpstream, Note: "the signal is marked unavailable"}
	}
	return sig
}

// signalStatus is the status' word. Very old captures have none on success (smartcar-v3.md §10).
func signalStatus(raw any) string {
	if raw == nil {
		return "SUCCESS"
	}
	word := toText(raw)
	if word == "" {
		word = toText(toObject(raw)["value"])
	}
	return strings.ToUpper(word)
}

// signalFailure reads the error within a signal's status.
func signalFailure(status any) *Failure {
	f := failureOf(0, nil, toObject(status)["error"], time.Time{})
	if f.Type == "" && f.Code == "" {
		f = Failure{Kind: KindUpstream, Note: "an error without type and code"}
	}
	f = f.OfSignal()
	return &f
}

func includedVehicle(doc any) object {
	v, _ := walk(doc, []string{"included", "vehicle"})
	o := toObject(v)
	attributes := toObject(o["attributes"])
	if attributes == nil {
		return nil
	}
	merged := maps.Clone(attributes)
	if id := toText(o["id"]); id != "" {
		merged["id"] = id
	}
	return merged
}

// Describe fills in the car's attributes for an answer that came without included.vehicle. Zero members stay absent.
func (s *Signals) Describe(id, vehicleMake, model string, year int) {
	if s.Vehicle != nil {
		return
	}
	s.Vehicle = object{"id": id}
	for name, text := range map[string]string{"make": vehicleMake, "model": model} {
		if text != "" {
			s.Vehicle[name] = text
		}
	}
	if year != 0 {
		s.Vehicle["year"] = json.Number(strconv.Itoa(year))
	}
}

// VehicleID is the id that the answer itself states, "" where it does not.
func (s Signals) VehicleID() string { return toText(s.Vehicle["id"]) }

// Codes are the codes that came, sorted.
func (s Signals) Codes() []string { return slices.Sorted(maps.Keys(s.ByCode)) }

// Unmapped are the codes that came and that no row of the catalogue reads: extra data, not lost data.
func (s Signals) Unmapped() []string {
	return slices.DeleteFunc(s.Codes(), func(code string) bool { return mappedCodes[code] })
}

var mappedCodes = appCodes(catalogue)

func appCodes(fields []*Field) map[string]bool {
	codes := map[string]bool{}
	for _, f := range fields {
		for _, src := range f.App {
			codes[src.Code] = true
		}
	}
	return codes
}

// Missing are the signal codes that the fields can be read from and that did not come.
func (s Signals) Missing(fields []*Field) []string {
	var missing []string
	for _, f := range fields {
		for _, src := range f.App {
			if _, came := s.ByCode[src.Code]; !came && src.Code != VehicleCode && src.Code != ConnectionCode && !slices.Contains(missing, src.Code) {
				missing = append(missing, src.Code)
			}
		}
	}
	return missing
}

// ReadApp turns a signals answer into one Reading per field, in the order of fields. Of several sources the first that
// came counts, whether it serves a value or says why not: another signal is no answer to a permission that is missing.
func ReadApp(fields []*Field, s Signals) []Reading {
	readings := make([]Reading, 0, len(fields))
	for _, f := range fields {
		readings = append(readings, readSignal(f, s))
	}
	return readings
}

func readSignal(f *Field, s Signals) Reading {
	r := Reading{Field: f.Name, Status: Absent}
	for _, src := range f.App {
		if r = src.read(f, s); r.Status != Absent {
			break
		}
	}
	return r
}

func (src AppSource) read(f *Field, s Signals) Reading {
	r := Reading{Field: f.Name, Status: Absent, Source: src.Code}
	if src.Code == VehicleCode && s.Vehicle == nil {
		r.fail("the answer does not describe the vehicle")
		return r
	}
	if src.Code == VehicleCode {
		if raw, ok := src.get(s.Vehicle); ok {
			r.take(f, raw, "")
		}
		return r
	}
	sig, ok := s.open(src.Code, &r)
	if !ok {
		return r
	}
	raw, ok := src.get(sig.Body)
	if !ok {
		r.Status = Empty
		return r
	}
	if src.Warning != "" {
		r.warn(src.Warning)
	}
	r.take(f, raw, toText(toObject(sig.Body)["unit"]))
	return r
}

// times takes the maker's time, else that of retrieval, else that of storing (smartcar-v3.md §5).
func (sig Signal) times(r *Reading) {
	got := parseTime(sig.meta["retrievedAt"])
	if got.IsZero() {
		got = parseTime(sig.meta["fetchedAt"])
	}
	r.observe(moment{timeMaker, parseTime(sig.meta["oemUpdatedAt"])}, moment{timeGot, got}, moment{timeStored, parseTime(sig.meta["ingestedAt"])})
}

// AllFailed reads the app leg that failed as a whole: every field carries the same failure.
func AllFailed(fields []*Field, f Failure) []Reading {
	readings := make([]Reading, 0, len(fields))
	for _, field := range fields {
		readings = append(readings, Reading{Field: field.Name, Status: Failed, Source: "signals", Failure: &f})
	}
	return readings
}

// Text and Number are attributes of the car as the answer states them, zero where it does not, or not in so few bytes as a
// word may have.
func (s Signals) Text(name string) string { return Brief(toText(s.Vehicle[name])) }

// Brief is a text from outside that is no longer than a word may be, "" for others.
func Brief(text string) string {
	if len(text) > MaxWord {
		return ""
	}
	return text
}

// Number reads an attribute that may come as number or as text (the year).
func (s Signals) Number(name string) int {
	n, ok := toNumber(s.Vehicle[name])
	if !ok {
		n, _ = toNumber(json.Number(toText(s.Vehicle[name])))
	}
	return int(n)
}
