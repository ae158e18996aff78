package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// canonicalText writes a decoded value so that equal values have equal texts and unequal ones unequal texts: members
// sorted, numbers normalised, elements of sets sorted, what is left out left out. It is for comparing and for people, and
// not meant to be parsed. With shown, what must not be kept (isPrivate) is withheld; the text then compares nothing.
func canonicalText(v any, path []string, shown bool) string {
	switch t := v.(type) {
	case object:
		return "{" + strings.Join(memberTexts(t, path, shown), ",") + "}"
	case []any:
		return "[" + strings.Join(elementTexts(t, path, shown), ",") + "]"
	}
	return scalarText(v)
}

func memberTexts(o object, path []string, shown bool) []string {
	texts := make([]string, 0, len(o))
	for _, name := range slices.Sorted(maps.Keys(o)) {
		inner := below(path, name)
		switch {
		case ruleOf(inner) == leftOut:
		case shown && isPrivate(name):
			texts = append(texts, quoted(name)+":"+withheldText)
		default:
			texts = append(texts, quoted(name)+":"+canonicalText(o[name], inner, shown))
		}
	}
	return texts
}

func elementTexts(list []any, path []string, shown bool) []string {
	texts := make([]string, 0, len(list))
	for _, element := range list {
		texts = append(texts, canonicalText(element, below(path, "*"), shown))
	}
	if ruleOf(path) == setOf {
		slices.Sort(texts)
	}
	return texts
}

func scalarText(v any) string {
	switch t := v.(type) {
	case nil:
		return "null"
	case json.Number:
		return canonicalNumber(string(t))
	case string:
		return quoted(t)
	}
	return fmt.Sprint(v) // true, false
}

func quoted(s string) string { return strconv.Quote(s) }

// maxPlain is how many digits a number may take before it is written with an exponent.
const maxPlain = 21

// canonicalNumber writes a JSON number so that 1, 1.0 and 10e-1 are one text; no digit of a long one is lost. An exponent
// of more digits than any value has is left as it is.
func canonicalNumber(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	mantissa, exponent := digits, "0"
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		mantissa, exponent = digits[:i], digits[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	significant := strings.TrimLeft(whole+fraction, "0")
	if significant == "" {
		return "0"
	}
	exp, err := strconv.ParseInt(exponent, 10, 32)
	if err != nil {
		return strings.ToLower(text)
	}
	trimmed := strings.TrimRight(significant, "0")
	scale := int(exp) - len(fraction) + len(significant) - len(trimmed)
	if negative {
		return "-" + scaled(trimmed, scale)
	}
	return scaled(trimmed, scale)
}

// scaled writes digits times ten to the power of scale.
func scaled(digits string, scale int) string {
	point := len(digits) + scale
	switch {
	case scale >= 0 && point <= maxPlain:
		return digits + strings.Repeat("0", scale)
	case scale < 0 && point > 0:
		return digits[:point] + "." + digits[point:]
	case scale < 0 && point > -maxPlain:
		return "0." + strings.Repeat("0", -point) + digits
	}
	return digits + "e" + strconv.Itoa(scale)
}

// withheldText stands for what is compared and never kept.
const withheldText = "(withheld)"

// maxText and maxPointer bound what is kept of an answer for people, in characters.
const (
	maxText    = 200
	maxPointer = 80
)

var (
	privateNames    = []string{"lat", "lon", "lng", "long", "location", "condition", "place", "position", "street", "city", "zip", "postalcode", "url", "href", "vin", "nickname"}
	privateParts    = []string{"latitude", "longitude", "coordinate", "address", "geo", "token", "secret", "password"}
	shortestPrivate = 3
	// coordinatePart is a number with so many decimals that it may say where a car stood.
	coordinatePart = regexp.MustCompile(`-?\d{1,3}\.\d{4,}`)
)

// isPrivate tells members that may say where somebody is, or open something: compared, and never kept (CONTRACT §8.6).
func isPrivate(name string) bool {
	if len(name) < shortestPrivate {
		return false
	}
	name = strings.ToLower(name)
	return slices.Contains(privateNames, name) || slices.ContainsFunc(privateParts, func(part string) bool { return strings.Contains(name, part) })
}

// brief is a text as it may be kept: without coordinates, and short.
func brief(text string, limit int) string {
	if len(text) > 64*limit { // a multiple that leaves the cut far behind what is kept
		text = strings.ToValidUTF8(text[:64*limit], "")
	}
	text = coordinatePart.ReplaceAllString(text, "…")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
