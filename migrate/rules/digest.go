package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Digest names what the rules mean: comments, spelling and the order of lists do not change it. Rules that say nothing
// are "none".
func (r Rules) Digest() string {
	if reflect.ValueOf(r).IsZero() {
		return "none"
	}
	c := r
	c.Require, c.Ignore, c.Permissions = ordered(r.Require), ordered(r.Ignore), ordered(r.Permissions)
	c.Cohorts = make(map[string][]string, len(r.Cohorts))
	for name, fields := range r.Cohorts {
		c.Cohorts[name] = ordered(fields)
	}
	c.Waivers, c.Gates = slices.Clone(r.Waivers), slices.Clone(r.Gates)
	slices.SortFunc(c.Waivers, func(a, b Waiver) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Gates, func(a, b Gate) int { return strings.Compare(a.String(), b.String()) })
	text, _ := json.Marshal(c) // maps in the order of their keys; every type here has a form in JSON, so it cannot fail
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func ordered(list []string) []string { return slices.Sorted(slices.Values(list)) }
