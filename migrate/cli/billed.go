package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/rules"
)

// checkBilled refuses a batch that alone is over the cap: cutting it silently would leave fields unmeasured.
func (o *options) checkBilled() error {
	if reads := o.billed(); reads > o.maxBilled {
		return fmt.Errorf("one vehicle needs up to %d billed reads (one per v2 path, one for v3), over --max-billed-per-vehicle %d: raise it, or ask for fewer --fields", reads, o.maxBilled)
	}
	return nil
}

// billed is the most that a vehicle of any cohort can cost, with the fields that the rules require.
func (o *options) billed() int {
	most := 0
	for _, named := range append(slices.Collect(maps.Values(o.rules.Cohorts)), o.rules.Require) {
		most = max(most, o.reads(named))
	}
	return most
}

// reads is the most that a vehicle can cost of which these fields are required by name.
func (o *options) reads(named []string) int {
	fields := slices.Clone(o.fields)
	for _, name := range named {
		if f, ok := compare.Lookup(name); ok && !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	return billedReads(fields, o.legs, o.legacyAPI)
}

// readsOf is reads for each entry, with its own fields or those of its cohort; most of a fleet has the same.
func (o *options) readsOf() func(inventory.Entry) int {
	known := map[string]int{}
	return func(e inventory.Entry) int {
		named := o.rules.Named(rules.Vehicle{Fields: e.Fields, Cohort: e.Cohort})
		key := strings.Join(named, ",")
		if _, ok := known[key]; !ok {
			known[key] = o.reads(named)
		}
		return known[key]
	}
}

// billedReads is the most that one vehicle can cost: each path of a batch counts (smartcar-v2.md §3), and one signals call;
// two of those where both legs are v3, one where there is no legacy leg.
func billedReads(fields []*compare.Field, legs, legacyAPI string) int {
	switch {
	case legs == "connections":
		return 0
	case legs == "app" || legacyAPI == migrate.LegacyNone:
		return 1
	case legacyAPI == migrate.LegacyV3:
		return 2
	}
	vin, _ := compare.Lookup("vin")
	return len(compare.Paths(append(slices.Clone(fields), vin), "tesla")) + 1
}
