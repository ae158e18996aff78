package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is how many characters of one string the formats for people show; report.json has it whole.
const maxText = 400

// plain is s as a single line that cannot steer what shows it: white space becomes blanks; control and bidirectional
// characters, which could recolour a terminal or turn a line around, and invalid bytes become U+FFFD, visibly; the rest
// beyond maxText is cut. Escaping for a format comes after it.
func plain(s string) string { return clip(singleLine(s), maxText) }

func singleLine(s string) string {
	if isPrintableASCII(s) {
		return s
	}
	return strings.Map(harmless, strings.ToValidUTF8(s, "\uFFFD"))
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func harmless(r rune) rune {
	switch {
	case r == '\n', r == '\t', r == '\r', r == '\u2028', r == '\u2029', r == '\u00a0':
		return ' '
	case r == '\u200c', r == '\u200d': // joiners that some scripts need
		return r
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return '\uFFFD'
	}
	return r
}

// clip is s cut to n characters, the last of them an ellipsis where something was cut.
func clip(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// count is n with thousands separated: "1,234,567".
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// vehicles is "1 vehicle" or "1,200 vehicles".
func vehicles(n int) string { return counted(n, "vehicle") }

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// percent is a share of 0 to 1 with one decimal, rounded down: only the whole is "100 %".
func percent(share float64) string {
	tenths := math.Floor(share*1000 + 1e-9)
	if tenths >= 1000 {
		return "100 %"
	}
	return strconv.FormatFloat(tenths/10, 'f', 1, 64) + " %"
}

// valueText is an observed value for people: numbers without an exponent, lists and objects as JSON.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool, int, int64, json.Number:
		return fmt.Sprint(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("(%T)", v)
	}
	return string(b)
}
