package report

import (
	"fmt"

	"scmigrate/compare"
)

// Rechecks are what asking again about differences at the end cost, and what the differences turned out to be.
type Rechecks struct {
	Vehicles   int `json:"vehicles"`   // asked again
	Requests   int `json:"requests"`   // sent for it; Run.Requests counts them too
	Persistent int `json:"persistent"` // differences, from here
	Explained  int `json:"explained"`
	Flapped    int `json:"flapped"`
	Left       int `json:"left"` // not asked about again: they stand
}

// text says in a line what asking again came to.
func (r Rechecks) text() string {
	return fmt.Sprintf("%s (%s); differences: %s persistent, %s explained, %s flapped, %s not asked about again",
		vehicles(r.Vehicles), counted(r.Requests, "request"), count(r.Persistent), count(r.Explained), count(r.Flapped), count(r.Left))
}

// add counts a finding as its recheck left it.
func (r *Rechecks) add(f compare.Finding) {
	if f.Recheck == nil {
		return
	}
	switch f.Recheck.Result {
	case compare.Persistent:
		r.Persistent++
	case compare.Explained:
		r.Explained++
	case compare.Flapped:
		r.Flapped++
	case compare.NotAsked:
		r.Left++
	}
}
