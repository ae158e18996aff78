package migrate

import (
	"scmigrate/compare"
	"scmigrate/migrate/inventory"
)

// LegacyPaths are the batch paths that a visit of the entry asks for, where these are the connections of its vehicle: they
// name the make, and some paths are a make's own.
func (m *Meter) LegacyPaths(entry inventory.Entry, links []Link) []string {
	e := Evidence{Identity: identify(entry, links, false)}
	e.describe(links)
	return compare.Paths(m.fieldsOf(entry), e.Make)
}
