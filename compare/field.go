package compare

import (
	"fmt"
	"slices"
	"strings"
)

// Dynamics is how a field may change between two observations (DESIGN §3.3).
type Dynamics string

// The dynamics, from "never" to "at any moment".
const (
	Static     Dynamics = "static"    // equal, whatever the times
	Monotonic  Dynamics = "monotonic" // only grows, at a bounded rate
	Bounded    Dynamics = "bounded"   // changes at a bounded rate
	Positional Dynamics = "position"  // moves at a bounded speed
	Volatile   Dynamics = "volatile"  // may change at any moment
)

// Group is the part of the catalogue a field belongs to; --fields standard is the group Standard.
type Group string

// The groups. Location wakes some cars and notifies some owners (v2-to-v3-mapping.md §4.3 item 21), diagnostics and
// service history are long, make-specific endpoints cost a call each: all four are asked for by name only.
const (
	Standard     Group = "standard"
	Location     Group = "location"
	Diagnostics  Group = "diagnostics"
	Service      Group = "service"
	MakeSpecific Group = "make-specific"
	Account      Group = "account" // about tokens, users and permissions: examined by the identity proof and the connections list, never in a batch
)

// Field is one row of the catalogue: one v2 property and where v3 has it.
type Field struct {
	Name        string // the v2 path with dots and the property (CONTRACT §7)
	Row         string // row of v2-to-v3-mapping.md: "1" to "40" of §1, "1.2" or "1.4" for its other tables
	Group       Group
	Quantity    Quantity
	Dynamics    Dynamics
	Change      Change // of monotonic, bounded and positional fields
	Tolerance   Tolerance
	Permissions []string // the connection needs one of these
	Legacy      LegacySource
	App         []AppSource // in order of preference; empty: no counterpart in v3
	Makes       []string    // make-specific: the makes that have the endpoint, in lower case
	NoSuspect   bool        // ratios of unit factors prove nothing here (real driving reaches them)
	Note        string      // for `scmigrate fields`
}

// LegacySource is where v2 has a field: the batch path and the place in its body.
type LegacySource struct {
	Path string
	pick
}

// AppSource is where v3 has a field: a signal code and the place in attributes.body. Two codes are not signals:
// VehicleCode is included.vehicle.attributes, ConnectionCode the connection's attributes.
type AppSource struct {
	Code string
	pick
	Warning string // set on the Reading when this source serves it ("weaker")
}

// The pseudo signal codes of AppSource.
const (
	VehicleCode    = "included.vehicle"
	ConnectionCode = "connection"
)

// HasCounterpart tells whether v3 has the field at all.
func (f *Field) HasCounterpart() bool { return len(f.App) > 0 }

// LegacyPath is the batch path for a car of this make; "" where that make has no such endpoint, or the field is not
// data of a car. The make is put into make-specific paths in lower case, as v2 demands (smartcar-v2.md §2.4).
func (f *Field) LegacyPath(vehicleMake string) string {
	if f.Group != MakeSpecific {
		return f.Legacy.Path
	}
	name := strings.ToLower(vehicleMake)
	if !slices.Contains(f.Makes, name) {
		return ""
	}
	return strings.ReplaceAll(f.Legacy.Path, "{make}", name)
}

// Lookup finds a field by name.
func Lookup(name string) (*Field, bool) {
	f, ok := byName[name]
	return f, ok
}

// All is the whole catalogue in its order.
func All() []*Field { return slices.Clone(catalogue) }

// Select reads --fields: "standard", "all", or a list of field names separated by commas. The order is the catalogue's.
// Account rows are never selected: they are no data of a car.
func Select(spec string) ([]*Field, error) {
	switch spec = strings.TrimSpace(spec); spec {
	case "", "standard":
		return filter(func(f *Field) bool { return f.Group == Standard }), nil
	case "all":
		return filter(func(f *Field) bool { return f.Group != Account }), nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(spec, ",") {
		name = strings.TrimSpace(name)
		if f, ok := byName[name]; ok && f.Group == Account {
			return nil, fmt.Errorf("%q is a row about accounts: the identity proof examines it, it cannot be asked for", name)
		} else if !ok {
			return nil, fmt.Errorf("unknown field %q%s (see: scmigrate fields)", name, suggestion(name))
		}
		wanted[name] = true
	}
	return filter(func(f *Field) bool { return wanted[f.Name] }), nil
}

func filter(keep func(*Field) bool) []*Field {
	var fields []*Field
	for _, f := range catalogue {
		if keep(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// suggestion names the fields that end or begin like a mistyped name.
func suggestion(name string) string {
	last := strings.ToLower(name[strings.LastIndex(name, ".")+1:])
	for _, f := range catalogue {
		if last != "" && f.Group != Account && strings.Contains(strings.ToLower(f.Name), last) {
			return fmt.Sprintf(", did you mean %q?", f.Name)
		}
	}
	return ""
}

// Paths are the distinct batch paths that the fields need for a car of this make, in catalogue order.
func Paths(fields []*Field, vehicleMake string) []string {
	var paths []string
	for _, f := range fields {
		if p := f.LegacyPath(vehicleMake); p != "" && !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// index maps names to fields; two rows of one name are a mistake of the table, found by its test.
func index(fields []*Field) map[string]*Field {
	m := make(map[string]*Field, len(fields))
	for _, f := range fields {
		m[f.Name] = f
	}
	return m
}
