package migrate

import (
	"slices"

	"scmigrate/compare"
	"scmigrate/migrate/rules"
)

// Needs are the permissions that a measured vehicle must keep for its cut-over to stay proved: those of its required fields
// that the app leg served, and the rules'. Of several that serve one field alike it names the first that is granted. Nothing
// where the connections list did not say what is granted: then nothing can be missed later either. Sorted.
func Needs(rec Record, r rules.Rules) []string {
	listed := rec.Evidence.Identity.Listed
	if !listed.states() {
		return nil
	}
	var needs []string
	vehicle := vehicleOf(rec.Entry, rec.Evidence)
	for _, f := range rec.Evidence.Findings {
		field, known := compare.Lookup(f.Field)
		if !known || f.App.Status != compare.Served || !r.Required(vehicle, f) {
			continue
		}
		if i := slices.IndexFunc(field.Permissions, func(p string) bool { return slices.Contains(listed.Permissions, p) }); i >= 0 {
			needs = append(needs, field.Permissions[i])
		}
	}
	for _, p := range r.Permissions {
		if slices.Contains(listed.Permissions, p) {
			needs = append(needs, p)
		}
	}
	slices.Sort(needs)
	return slices.Compact(needs)
}
