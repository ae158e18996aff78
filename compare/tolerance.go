package compare

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var toleranceShape = regexp.MustCompile(`^(\d{1,9}(?:\.\d{1,9})?) ?(\D.*)?$`)

// ParseTolerance reads a tolerance of a field as people write it: an amount in a unit of the field ("1km", "5 kPa"), a bare
// number in its canonical unit ("0.5"), a relative part of the larger value ("2%"), or an amount and a part ("1km or 2%",
// of which the larger counts). A percent sign is always relative, also where the field itself is a fraction: two percentage
// points of charge are "0.02" or "2 points". Errors name no text of the file.
func ParseTolerance(f *Field, text string) (Tolerance, error) {
	var t Tolerance
	if !f.measured() {
		return t, fmt.Errorf("%s is no number: its values are equal or not", f.Name)
	}
	parts := strings.Split(text, " or ")
	if len(parts) > 2 {
		return t, errors.New("a tolerance is one amount, one percentage, or \"AMOUNT or PERCENT%\"")
	}
	for _, part := range parts {
		m := toleranceShape.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return t, errors.New("a tolerance is a number of 0 or more, with a unit or %")
		}
		n, _ := strconv.ParseFloat(m[1], 64) // cannot fail: see toleranceShape
		if err := t.add(f, n, strings.TrimSpace(m[2])); err != nil {
			return Tolerance{}, err
		}
	}
	if len(parts) == 2 && (t.Abs == 0 || t.Rel == 0) {
		return Tolerance{}, errors.New("\"or\" stands between an amount and a percentage, both above 0")
	}
	return t, nil
}

// measured tells fields whose values can be close to each other.
func (f *Field) measured() bool {
	return f.Quantity.Unit != "" || f.Quantity == Count || f.Quantity == Place
}

func (t *Tolerance) add(f *Field, n float64, unit string) error {
	if unit == "%" {
		if n > 100 {
			return errors.New("a tolerance over 100% lets everything be equal")
		}
		if t.Rel = n / 100; f.Quantity == Place {
			return errors.New("positions are compared in metres: there is no percentage of a place")
		}
		return nil
	}
	factor, ok := f.Quantity.span(unit)
	if !ok {
		return fmt.Errorf("the unit does not fit %s (%s)", f.Name, f.Quantity.unitHint())
	}
	if t.Abs = n * factor; f.Quantity == Fraction && t.Abs > 1 {
		return errors.New("a fraction runs from 0 to 1: two percentage points are 0.02 or \"2 points\"")
	}
	return nil
}

// span is the factor of a difference in some unit to the quantity's canonical one; a difference knows no offset, so a
// degree Fahrenheit is 5/9 of one Celsius. "" is the canonical unit itself.
func (q Quantity) span(label string) (factor float64, ok bool) {
	label = strings.ToLower(label)
	u, known := units[label]
	switch {
	case label == "":
		return 1, true
	case q == Fraction && (label == "points" || label == "point"):
		return 0.01, true
	case q == Fraction && label != "fraction": // "percent" could mean either
		return 0, false
	case q == Length && label == "m":
		return 0.001, true
	case q == Place && label == "m":
		return 1, true
	case q == Place && known && u.quantity == Length:
		return u.factor * 1000, true
	case known && u.quantity == q:
		return u.factor, true
	}
	return 0, false
}

func (q Quantity) unitHint() string {
	switch {
	case q == Fraction:
		return "write 0.02 or \"2 points\" for two percentage points, 2% for a part of the value"
	case q == Place:
		return "positions are compared in metres: 100m"
	case q.Unit == "":
		return "write a bare number"
	}
	return "its values are kept in " + q.Unit
}
