package compare

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Form is which member of a Value counts.
type Form uint8

// The forms a canonical value can take.
const (
	FormNone Form = iota
	FormNumber
	FormText
	FormFlag
	FormSet      // Items, sorted
	FormPosition // Lat, Lon in degrees; never marshalled
)

// Value is one canonical value: a number in the field's canonical unit, a word, a flag, an unordered set of words or a
// position. In JSON it is the bare number, string, boolean or array. A position marshals as null, so that no place
// where a car stood can reach a ledger or a report by way of a Reading (CONTRACT §8.6).
type Value struct {
	Form     Form
	Num      float64
	Text     string
	Flag     bool
	Items    []string
	Lat, Lon float64
}

// NumberValue, TextValue, FlagValue, SetValue and PositionValue make values of their form.
func NumberValue(n float64) Value { return Value{Form: FormNumber, Num: n} }

// TextValue is a word.
func TextValue(s string) Value { return Value{Form: FormText, Text: s} }

// FlagValue is true or false.
func FlagValue(b bool) Value { return Value{Form: FormFlag, Flag: b} }

// SetValue is an unordered set; the items are sorted and duplicates kept (two 90 kWh trims are two).
func SetValue(items []string) Value {
	sorted := slices.Clone(items)
	slices.Sort(sorted)
	return Value{Form: FormSet, Items: sorted}
}

// PositionValue is a place on earth in degrees.
func PositionValue(lat, lon float64) Value { return Value{Form: FormPosition, Lat: lat, Lon: lon} }

// MarshalJSON writes the bare value; see Value.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.Form {
	case FormNumber:
		if math.IsNaN(v.Num) || math.IsInf(v.Num, 0) {
			return []byte("null"), nil // JSON has no word for them
		}
		return strconv.AppendFloat(nil, round(v.Num), 'f', -1, 64), nil
	case FormText:
		return json.Marshal(v.Text)
	case FormFlag:
		return strconv.AppendBool(nil, v.Flag), nil
	case FormSet:
		return json.Marshal(append([]string{}, v.Items...))
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(b []byte) error {
	var raw any
	if err := json.Unmarshal(b, &raw); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	*v = Value{}
	switch t := raw.(type) {
	case float64:
		*v = NumberValue(t)
	case string:
		*v = TextValue(t)
	case bool:
		*v = FlagValue(t)
	case []any:
		items := make([]string, 0, len(t))
		for _, item := range t {
			items = append(items, fmt.Sprint(item))
		}
		*v = SetValue(items)
	}
	return nil
}

// String is the value for people; a position is never shown.
func (v Value) String() string {
	switch v.Form {
	case FormNumber:
		return strconv.FormatFloat(round(v.Num), 'f', -1, 64)
	case FormText:
		return v.Text
	case FormFlag:
		return strconv.FormatBool(v.Flag)
	case FormSet:
		return "{" + strings.Join(v.Items, ", ") + "}"
	case FormPosition:
		return "(position)"
	}
	return ""
}

// round keeps six decimals: finer digits are the float's, not the car's.
func round(n float64) float64 {
	if math.Abs(n) > 1e9 {
		return n
	}
	return math.Round(n*1e6) / 1e6
}

// equal reports whether two canonical values agree within the field's tolerance.
func (f *Field) equal(a, b Value) bool {
	if a.Form != b.Form {
		return false
	}
	switch a.Form {
	case FormNumber:
		return f.Tolerance.holds(a.Num, b.Num)
	case FormText:
		return strings.EqualFold(foldWord(a.Text), foldWord(b.Text))
	case FormFlag:
		return a.Flag == b.Flag
	case FormSet:
		return slices.Equal(a.Items, b.Items)
	case FormPosition:
		return Distance(a, b) <= f.Tolerance.Abs
	}
	return true
}

// same tells whether two values are one and the same number, word or flag: equal under every tolerance. NaN and infinity
// are the same as nothing.
func (v Value) same(w Value) bool {
	switch {
	case v.Form != w.Form:
		return false
	case v.Form == FormNumber:
		return v.Num-w.Num == 0
	case v.Form == FormText:
		return v.Text == w.Text
	}
	return v.Form == FormFlag && v.Flag == w.Flag
}

// foldWord makes "LAND_ROVER" and "Land Rover" one word.
func foldWord(s string) string { return wordSeparators.Replace(strings.TrimSpace(s)) }

var wordSeparators = strings.NewReplacer("_", " ", "-", " ")

// earthRadius is the mean radius in metres (IUGG).
const earthRadius = 6371008.8

// Distance is the great-circle distance of two positions in metres.
func Distance(a, b Value) float64 {
	rad := math.Pi / 180
	dLat, dLon := (b.Lat-a.Lat)*rad/2, (b.Lon-a.Lon)*rad/2
	h := math.Pow(math.Sin(dLat), 2) + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*math.Pow(math.Sin(dLon), 2)
	return 2 * earthRadius * math.Asin(math.Sqrt(math.Min(1, h)))
}

// Tolerance is how far apart two numbers may be and still be the same: the larger of an absolute part in the field's
// canonical unit and a relative part of the larger value (0.02 is 2 %).
type Tolerance struct{ Abs, Rel float64 }

func (t Tolerance) holds(a, b float64) bool {
	if math.IsNaN(a-b) || math.IsInf(a-b, 0) {
		return false
	}
	return math.Abs(a-b) <= t.of(a, b)+1e-9
}

// of is the tolerance for two values, in their unit.
func (t Tolerance) of(a, b float64) float64 {
	return math.Max(t.Abs, t.Rel*math.Max(math.Abs(a), math.Abs(b)))
}

// String says the tolerance in words ("±1 or 2 %"), "exact" where there is none.
func (t Tolerance) String() string {
	abs, rel := strconv.FormatFloat(t.Abs, 'f', -1, 64), strconv.FormatFloat(t.Rel*100, 'f', -1, 64)
	switch {
	case t.Abs > 0 && t.Rel > 0:
		return "±" + abs + " or " + rel + " %"
	case t.Abs > 0:
		return "±" + abs
	case t.Rel > 0:
		return "±" + rel + " %"
	}
	return "exact"
}
