package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unusedCohorts notes which cohorts the rules name, for the fields that they require, that no vehicle of the whole inventory
// is in: what the rules demand there is demanded of nobody. (A gate on such a cohort is undecided, and a waiver unused.)
func (s *summing) unusedCohorts() []Note {
	if s.header.Sample != "" || s.header.Shard != "" || len(s.groups.cohorts) >= heldCohorts {
		return nil // vehicles that were not counted here may be in them
	}
	var unused []string
	for _, name := range slices.Sorted(maps.Keys(s.rules.Cohorts)) {
		if s.groups.cohorts[name] == nil {
			unused = append(unused, name)
		}
	}
	if len(unused) == 0 {
		return nil
	}
	named := strings.Join(unused[:min(len(unused), mostWaivers)], ", ")
	return []Note{{Code: "cohort-unused", Count: len(unused), Examples: []string{},
		Text: fmt.Sprintf("cohorts that the rules require fields of and that no vehicle is in (%s): nothing is required there; compare the name with cohort: in the inventory", named)}}
}
