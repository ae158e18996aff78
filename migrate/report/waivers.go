package report

import (
	"fmt"
	"strings"

	"scmigrate/migrate"
)

// mostWaivers is how many waivers a note names.
const mostWaivers = 20

// waiverNotes says which waivers waive nothing, or have nothing to waive: one note per reason, which names them.
func waiverNotes(facts []migrate.WaiverFact) (notes []Note) {
	for _, kind := range []struct {
		code migrate.Code
		text string
	}{
		{migrate.WaiverExpired, "waivers whose last day has passed: they waive nothing; repair what they let stand, or extend them with a reason"},
		{migrate.WaiverVoid, "waivers that match more vehicles than they may: they waive nothing; narrow them, or raise maxVehicles with a reason"},
		{migrate.WaiverUnused, "waivers that match no vehicle: remove them from the rules"},
	} {
		var named []string
		n := 0
		for _, w := range facts {
			if w.Code != kind.code {
				continue
			}
			if n++; n <= mostWaivers {
				named = append(named, w.ID+" "+w.Why)
			}
		}
		if rest := n - len(named); rest > 0 {
			named = append(named, fmt.Sprintf("and %d more", rest))
		}
		if n > 0 {
			notes = append(notes, Note{Code: string(kind.code), Count: n, Text: kind.text + " (" + strings.Join(named, "; ") + ")", Examples: []string{}})
		}
	}
	return notes
}
