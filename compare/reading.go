package compare

import (
	"cmp"
	"strings"
	"time"
)

// Leg is one side of the comparison.
type Leg string

// The legs, always in this order and with these words.
const (
	Legacy Leg = "legacy" // v2.0 with the vehicle's opaque token
	App    Leg = "app"    // v3 with the application's token and sc-user-id
)

// Status is what became of one field on one leg.
type Status string

// The statuses of a Reading. Only Served carries a value that may be compared.
const (
	Served  Status = "served"
	Empty   Status = "empty"   // answered without a value: null, [], UNKNOWN, a sensor's "no reading"
	Failed  Status = "failed"  // an error, in Failure; a body under an error is never read
	Absent  Status = "absent"  // the answer is whole and does not hold it (a signal that is not in the store)
	Unasked Status = "unasked" // never asked for
)

// Warnings of a Reading: doubts that travel with the value.
const (
	WarnWeaker      = "weaker-source"     // the fallback signal knows less than v2's field
	WarnOtherSource = "other-signal"      // served by the second-choice signal
	WarnUnitMissing = "unit-missing"      // no unit label; the canonical unit was taken
	WarnUnitLabel   = "unit-implausible"  // the label gives an impossible value, the bare number a plausible one
	WarnScale       = "scale-ambiguous"   // fraction or percent: cannot be told, is never guessed
	WarnClock       = "clock-implausible" // observed after it was fetched: the fetching counts
	WarnLocked      = "door-locked"       // v2 said LOCKED where OPEN and CLOSED are documented
)

// Reading is one field of one leg: what was said, in canonical units, when it was observed and when fetched, each with
// the source of the time.
type Reading struct {
	Field    string    `json:"field"`
	Status   Status    `json:"status"`
	Value    Value     `json:"value"`
	Raw      string    `json:"raw,omitempty"`  // the number as it came, where its unit is in doubt
	Unit     string    `json:"unit,omitempty"` // the unit as labelled; metric or imperial on the legacy leg
	Source   string    `json:"source,omitempty"`
	Observed time.Time `json:"observed,omitzero"` // when the car or its maker recorded it; zero: unknown
	Fetched  time.Time `json:"fetched,omitzero"`  // when Smartcar fetched it from the maker
	TimeFrom string    `json:"timeFrom,omitempty"`
	Failure  *Failure  `json:"failure,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
}

func (r *Reading) warn(w string) { r.Warnings = append(r.Warnings, w) }

// Warned tells whether the Reading carries a warning.
func (r *Reading) Warned(w string) bool {
	for _, have := range r.Warnings {
		if have == w {
			return true
		}
	}
	return false
}

// fail turns the Reading into a failure below the API: something came that cannot be read.
func (r *Reading) fail(note string) {
	r.Status, r.Value = Failed, Value{}
	r.Failure = &Failure{Kind: KindMalformed, Note: note}
}

// Bounds of what is kept of text from outside, in bytes: of a unit's label, of a word or a name, of a whole set. What is
// longer is nothing that Smartcar documents, and would make a vehicle's evidence too large to be read again.
const (
	maxLabel = 24
	MaxWord  = 1 << 10
	maxSet   = 256 << 10
)

// take reads a raw value of the field's quantity into the Reading. label is the unit as the answer states it, "" for
// none. Whatever is not of the quantity's shape becomes a failure with a note, never a guess.
func (r *Reading) take(f *Field, raw any, label string) {
	r.Status, r.Unit = Served, label
	if len(label) > maxLabel {
		r.Unit = strings.ToValidUTF8(label[:maxLabel], "") // kept shorter; converted whole, or a long label could pass for a known one
	}
	if raw == (notNow{}) {
		r.Status, r.Failure = Failed, &Failure{Kind: KindNotApplicable, Note: "null in the car's present state"}
		return
	}
	if isEmpty(raw) {
		r.Status = Empty
		return
	}
	switch f.Quantity {
	case Word, Name:
		r.takeWord(f, raw)
	case Flag:
		r.takeFlag(raw)
	case Closure:
		r.takeClosure(raw)
	case Set:
		r.takeSet(raw)
	case Place:
		r.takePlace(raw)
	case Instant:
		r.takeInstant(raw, label)
	default:
		r.takeNumber(f, raw, label)
	}
}

// isEmpty tells the answers that are none: null, "", UNKNOWN and [] (CONTRACT §6).
func isEmpty(raw any) bool {
	switch v := raw.(type) {
	case nil:
		return true
	case string:
		v = strings.TrimSpace(v)
		return v == "" || strings.EqualFold(v, "UNKNOWN")
	case []any:
		return len(v) == 0
	case []string:
		return len(v) == 0
	}
	return false
}

func (r *Reading) takeWord(f *Field, raw any) {
	s, ok := raw.(string)
	if !ok {
		r.fail("not a text")
		return
	}
	if f.Quantity == Word && f.Name != "id" {
		s = strings.ToUpper(s)
	}
	if s = strings.TrimSpace(s); len(s) > MaxWord {
		r.fail("a text longer than any of its kind")
		return
	}
	r.Value = TextValue(s)
}

func (r *Reading) takeFlag(raw any) {
	b, ok := raw.(bool)
	if !ok {
		r.fail("not true or false")
		return
	}
	r.Value = FlagValue(b)
}

// takeClosure reads OPEN and CLOSED; LOCKED, seen in samples, is a closed door (smartcar-v2.md §2.2).
func (r *Reading) takeClosure(raw any) {
	word := strings.ToUpper(toText(raw))
	if word == "LOCKED" {
		r.warn(WarnLocked)
		word = "CLOSED"
	}
	if word != "OPEN" && word != "CLOSED" {
		r.fail("not OPEN or CLOSED")
		return
	}
	r.Value = TextValue(word)
}

func (r *Reading) takeSet(raw any) {
	items, ok := raw.([]string)
	if !ok {
		r.fail("not a list")
		return
	}
	size := 0
	for _, item := range items {
		if size += len(item) + 1; size > maxSet {
			r.fail("a list longer than any of its kind")
			return
		}
	}
	r.Value = SetValue(items)
}

func (r *Reading) takePlace(raw any) {
	pair, _ := raw.([2]any)
	lat, okLat := toNumber(pair[0])
	lon, okLon := toNumber(pair[1])
	if !okLat || !okLon || lat < -90 || lat > 90 || lon < -180 || lon > 180 {
		r.fail("not a position")
		return
	}
	r.Value = PositionValue(lat, lon)
}

// takeInstant reads a point in time as minutes since 1970: v2 states it, v3 the minutes that remain, counted from the
// observation (v2-to-v3-mapping.md §1.4).
func (r *Reading) takeInstant(raw any, label string) {
	if n, ok := toNumber(raw); ok && !r.Observed.IsZero() {
		if n, ok = canonical(n, Duration, cmp.Or(label, Duration.Unit)); !ok {
			r.fail("a unit that is not known for " + Duration.Name)
			return
		}
		r.Value = NumberValue(float64(r.Observed.Unix())/60 + n)
		return
	}
	at := parseTime(raw)
	if at.IsZero() {
		r.fail("not a time")
		return
	}
	r.Value = NumberValue(float64(at.Unix()) / 60)
}
