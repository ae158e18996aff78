package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"

	"scmigrate/compare"
	"scmigrate/migrate/document"
)

// MaxSize is the largest rules file taken, in bytes.
const MaxSize = 1 << 20

// Options are what the rules cannot know by themselves.
type Options struct {
	Causes []Cause // every cause there is
}

// Cause is a cause that a waiver may name, or may not.
type Cause struct {
	Code    string
	Refusal string // why it cannot be waived, "" where it can
}

// Parse reads a rules file; name is the file's in messages. The error is a *document.Problems with everything that is wrong
// as "file:line: message (hint)". It shows no value of the file but short plain words where a word is unknown.
func Parse(name string, text []byte, o Options) (Rules, error) {
	r := &reader{file: name, causes: o.Causes}
	if len(text) > MaxSize {
		r.at(&yaml.Node{}, "the file is larger than 1 MiB", "is this the rules file?")
		return Rules{}, r.sorted()
	}
	root, err := document.ParseOne(text)
	if bad := (document.SyntaxError{}); errors.As(err, &bad) {
		r.at(&yaml.Node{Line: max(bad.Line, 1)}, "not valid YAML here or a line or two away: "+bad.Why, "")
		return Rules{}, r.sorted()
	}
	if root == nil || root.Kind != yaml.MappingNode {
		r.at(&yaml.Node{Line: 1}, "the file does not start like rules", versionHint)
		return Rules{}, r.sorted()
	}
	r.read(root)
	if err := r.sorted(); err != nil {
		return Rules{}, err
	}
	return r.rules, nil
}

const versionHint = `start it with "version: 1"`

func (r *reader) read(root *yaml.Node) {
	versioned := false
	r.walk(root, "the file", []key{
		{"version", func(n *yaml.Node) { versioned = true; r.readVersion(n) }},
		{"retirement", func(n *yaml.Node) { r.rules.Retirement = r.date(n, "retirement") }},
		{"fields", r.readFields},
		{"permissions", r.readPermissions},
		{"tolerance", r.readTolerance},
		{"freshness", r.readFreshness},
		{"waivers", r.readWaivers},
		{"gates", r.readGates},
	})
	if !versioned {
		r.at(root, "version is missing", versionHint)
	}
}

func (r *reader) readVersion(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Value != "1" {
		r.at(n, "version must be 1", "this program knows no other; write the number without quotes")
	}
}

func (r *reader) readFields(n *yaml.Node) {
	r.walk(n, "fields", []key{
		{"require", func(n *yaml.Node) { r.rules.Require = r.fields(n, "require") }},
		{"ignore", func(n *yaml.Node) { r.rules.Ignore = r.fields(n, "ignore") }},
		{"cohorts", r.readCohorts},
	})
	for _, name := range r.rules.Names() {
		if slices.Contains(r.rules.Ignore, name) {
			r.at(n, "a field is both required and ignored: "+name, "take it out of one of them")
		}
	}
}

func (r *reader) readCohorts(n *yaml.Node) {
	r.each(n, "cohorts", func(name, value *yaml.Node) {
		cohort, ok := r.text(name, "the name of a cohort", nameComplaint)
		r.walk(value, "a cohort", []key{{"require", func(n *yaml.Node) {
			if list := r.fields(n, "require"); ok && len(list) > 0 {
				put(&r.rules.Cohorts, cohort, list)
			}
		}}})
	})
}

func put[V any](m *map[string]V, name string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[name] = value
}

func (r *reader) readPermissions(n *yaml.Node) {
	r.walk(n, "permissions", []key{{"require", func(n *yaml.Node) {
		r.rules.Permissions = r.texts(n, "permissions", func(s string) complaint {
			return permissionComplaint(s)
		})
	}}})
}

func (r *reader) readTolerance(n *yaml.Node) {
	r.each(n, "tolerance", func(name, value *yaml.Node) {
		field, ok := r.field(name)
		if !ok {
			return
		}
		known, _ := compare.Lookup(field)
		var t compare.Tolerance
		_, ok = r.text(value, "the tolerance of "+field, func(s string) complaint {
			var err error
			if t, err = compare.ParseTolerance(known, s); err != nil {
				return complaint{"cannot be used: " + err.Error(), ""}
			}
			return complaint{}
		})
		if ok {
			put(&r.rules.Tolerance, field, t)
		}
	})
}

func (r *reader) readFreshness(n *yaml.Node) {
	r.each(n, "freshness", func(name, value *yaml.Node) {
		if name.Value == "default" {
			r.rules.Freshness.Default = r.span(value, "the default freshness")
		} else if field, ok := r.field(name); ok {
			if d := r.span(value, "the freshness of "+field); d > 0 {
				put(&r.rules.Freshness.Fields, field, d)
			}
		}
	})
}

func (r *reader) readGates(n *yaml.Node) {
	r.items(n, "gates", `write it as ["blocked == 0"]`, func(item *yaml.Node) {
		var g Gate
		_, ok := r.text(item, "a gate", func(s string) (c complaint) {
			if g, c = parseGate(s); !c.none() {
				c.message = "cannot be read: " + c.message
			}
			return c
		})
		if ok {
			r.rules.Gates = append(r.rules.Gates, g)
		}
	})
}

// date reads a day, as its first moment in UTC.
func (r *reader) date(n *yaml.Node, what string) (day time.Time) {
	_, _ = r.text(n, what, func(s string) complaint {
		var err error
		if day, err = time.Parse(time.DateOnly, s); err != nil || day.Year() < 2015 || day.Year() > 2100 {
			return complaint{"must be a date", "write it as 2026-12-01"}
		}
		return complaint{}
	})
	return day
}

var daysShape = regexp.MustCompile(`^(\d{1,4})d(.*)$`)

const maxSpan = 366 * 24 * time.Hour

// span reads a duration, in which a day is 24 hours; 0 where it is faulty, which is said.
func (r *reader) span(n *yaml.Node, what string) (d time.Duration) {
	_, ok := r.text(n, what, func(s string) complaint {
		var err error
		if d, err = parseSpan(s); err != nil || d <= 0 || d > maxSpan {
			return complaint{"must be a duration of up to 366d", "write it as 36h or 2d"}
		}
		return complaint{}
	})
	if !ok {
		return 0
	}
	return d
}

func parseSpan(s string) (time.Duration, error) {
	m := daysShape.FindStringSubmatch(s)
	if m == nil {
		return time.ParseDuration(s)
	}
	days, _ := strconv.Atoi(m[1]) // cannot fail: see daysShape
	if m[2] == "" {
		return time.Duration(days) * 24 * time.Hour, nil
	}
	rest, err := time.ParseDuration(m[2])
	return time.Duration(days)*24*time.Hour + rest, err
}

// whole reads a whole number of at least low.
func (r *reader) whole(n *yaml.Node, what string, low, high int) (number int, ok bool) {
	_, ok = r.text(n, what, func(s string) complaint {
		var err error
		if number, err = strconv.Atoi(s); err != nil || n.Tag != "!!int" || number < low || number > high {
			return complaint{fmt.Sprintf("must be a whole number from %d to %d", low, high), ""}
		}
		return complaint{}
	})
	return number, ok
}
