package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"scmigrate/compare"
)

// Gate is one condition of the cut-over: COUNT OP NUMBER[%] [@ PERCENT] [in cohort NAME | in make NAME] (CONTRACT §3).
// Gates come from ParseGate alone; as text and in JSON a gate is its own source, in one spelling.
type Gate struct {
	Count      string  // one of GateCounts
	Field      string  // of "unverifiable of FIELD"
	Op         string  // == <= >= < >
	Number     float64 // whole vehicles, or with Percent 0 to 100 with four decimals
	Percent    bool
	Confidence float64 // 50 to 100: with a sample, the one-sided bound at this confidence must hold; 0: no bound is asked for
	Cohort     string  // the gate is about these vehicles alone, "" for all
	Make       string  // the same, compared without case
}

// DefaultGate is what must hold where neither the rules nor --require say anything.
const DefaultGate = "blocked == 0"

// GateCounts are the counts that a gate may name.
func GateCounts() []string {
	return []string{"ready", "blocked", "broken", "inconclusive", "proven", "waived", "new-blocked", "differs", "lost", "unverifiable"}
}

// Holds tells whether the condition is met by an observed count or percentage.
func (g Gate) Holds(observed float64) bool {
	const hair = 1e-12 // of float arithmetic; counts and percentages of four decimals never lie so close together
	switch g.Op {
	case "==":
		return observed <= g.Number+hair && observed >= g.Number-hair
	case "<=":
		return observed <= g.Number+hair
	case ">=":
		return observed >= g.Number-hair
	case "<":
		return observed < g.Number-hair
	}
	return observed > g.Number+hair
}

// Limits tells whether the gate is an upper limit: one that more vehicles cannot meet.
func (g Gate) Limits() bool { return g.Op == "<=" || g.Op == "<" || g.Op == "==" && g.Number == 0 }

// String is the gate in the grammar, in one spelling whatever it was written like.
func (g Gate) String() string {
	var b strings.Builder
	b.WriteString(g.Count)
	if g.Field != "" {
		b.WriteString(" of " + g.Field)
	}
	b.WriteString(" " + g.Op + " " + decimal(g.Number))
	if g.Percent {
		b.WriteByte('%')
	}
	if g.Confidence > 0 {
		b.WriteString(" @" + decimal(g.Confidence) + "%")
	}
	switch {
	case g.Cohort != "":
		b.WriteString(" in cohort " + quoted(g.Cohort))
	case g.Make != "":
		b.WriteString(" in make " + quoted(g.Make))
	}
	return b.String()
}

// MarshalText and UnmarshalText keep a gate as its text.
func (g Gate) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText: see MarshalText.
func (g *Gate) UnmarshalText(text []byte) (err error) {
	*g, err = ParseGate(string(text))
	return err
}

func decimal(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func quoted(name string) string {
	switch {
	case bareName.FindString(name) == name:
		return name
	case strings.Contains(name, `"`):
		return "'" + name + "'"
	}
	return `"` + name + `"`
}

var (
	gateWord   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*`)
	gateOp     = regexp.MustCompile(`^[=<>!]+`)
	gateNumber = regexp.MustCompile(`^\d{1,9}(\.\d{1,4})?`)
	bareName   = regexp.MustCompile(`^[^\s'"]+`)
	quotedName = regexp.MustCompile(`^(?:'([^']*)'|"([^"]*)")`)
)

// ParseGate reads a gate. Its error says what is wrong and what may stand there, and quotes nothing but short plain words.
func ParseGate(text string) (Gate, error) {
	g, c := parseGate(text)
	if c.none() {
		return g, nil
	}
	if c.hint != "" {
		return g, fmt.Errorf("%s (%s)", c.message, c.hint)
	}
	return g, fmt.Errorf("%s", c.message)
}

const gateShape = `write it like "blocked == 0" or "proven >= 95% in cohort pilot"`

func parseGate(text string) (Gate, complaint) {
	var g Gate
	s := &scanner{rest: text}
	if len(text) > 300 {
		return g, complaint{"a gate is longer than 300 bytes", gateShape}
	}
	for _, part := range []func(*scanner) complaint{g.readCount, g.readLimit, g.readConfidence, g.readScope} {
		if c := part(s); !c.none() {
			return g, c
		}
	}
	if s.space(); s.rest != "" {
		return g, complaint{"something follows the gate's end", gateShape + "; a name with spaces needs quotes"}
	}
	return g, complaint{}
}

// scanner takes a gate apart from the left.
type scanner struct{ rest string }

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t") }

// take gives the beginning that matches, "" where none does.
func (s *scanner) take(shape *regexp.Regexp) string {
	s.space()
	found := shape.FindString(s.rest)
	s.rest = s.rest[len(found):]
	return found
}

// skip takes a fixed beginning, if it is there.
func (s *scanner) skip(text string) bool {
	s.space()
	rest, ok := strings.CutPrefix(s.rest, text)
	s.rest = rest
	return ok
}

func (g *Gate) readCount(s *scanner) complaint {
	g.Count = s.take(gateWord)
	if !slices.Contains(GateCounts(), g.Count) {
		return unknownWord("count", g.Count, GateCounts())
	}
	ahead := *s
	if ahead.take(gateWord) != "of" {
		return complaint{}
	}
	*s = ahead
	if g.Count != "unverifiable" {
		return complaint{"only unverifiable takes a field", `write "unverifiable of FIELD", or leave "of" out`}
	}
	g.Field = s.take(gateWord)
	return fieldComplaint(g.Field)
}

func (g *Gate) readLimit(s *scanner) complaint {
	g.Op = s.take(gateOp)
	if !slices.Contains([]string{"==", "<=", ">=", "<", ">"}, g.Op) {
		return complaint{"a comparison is missing after the count", "one of == <= >= < >"}
	}
	number := s.take(gateNumber)
	if number == "" {
		return complaint{"a number is missing after the comparison", "vehicles, like 0, or a part of them, like 2.5%; up to four decimals"}
	}
	g.Number, _ = strconv.ParseFloat(number, 64) // cannot fail: see gateNumber
	g.Percent = s.skip("%")
	switch {
	case g.Percent && g.Number > 100:
		return complaint{"a percentage is over 100%", ""}
	case !g.Percent && strings.Contains(number, "."):
		return complaint{"vehicles are counted whole", "write a whole number, or add % for a part of them"}
	}
	return complaint{}
}

func (g *Gate) readConfidence(s *scanner) complaint {
	if !s.skip("@") {
		return complaint{}
	}
	number := s.take(gateNumber)
	g.Confidence, _ = strconv.ParseFloat(number, 64) // "" gives 0, which is refused
	if !s.skip("%") || g.Confidence < 50 || g.Confidence > 99.9999 {
		return complaint{"@ takes a confidence of 50% to 99.9999%", "write it like @95%"}
	}
	return complaint{}
}

func (g *Gate) readScope(s *scanner) complaint {
	ahead := *s
	if ahead.take(gateWord) != "in" {
		return complaint{}
	}
	*s = ahead
	kind, name := s.take(gateWord), ""
	if m := quotedName.FindStringSubmatch(strings.TrimLeft(s.rest, " \t")); m != nil {
		s.take(quotedName)
		name = m[1] + m[2]
	} else {
		name = s.take(bareName)
	}
	switch c := lineComplaint(name, maxName); {
	case kind != "cohort" && kind != "make":
		return complaint{`"in" takes "cohort NAME" or "make NAME"`, ""}
	case name == "":
		return complaint{"the name of the " + kind + " is missing", `write it like "in ` + kind + ` NAME", in quotes where it has spaces`}
	case !c.none():
		return complaint{"the name of the " + kind + " " + c.message, c.hint}
	case kind == "cohort":
		g.Cohort = name
	default:
		g.Make = name
	}
	return complaint{}
}

func fieldComplaint(name string) complaint {
	if len(name) > 100 || !fieldShape.MatchString(name) {
		return complaint{"a field's name is expected", "names look like odometer.distance; `scmigrate fields` lists them"}
	}
	if _, err := compare.Select(name); err != nil {
		return complaint{err.Error(), ""}
	}
	if name == "all" || name == "standard" {
		return complaint{"a field's name is expected, not a set of fields", "`scmigrate fields` lists them"}
	}
	return complaint{}
}
