package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The field matrix shows this much at most.
const (
	matrixMakes  = 10
	matrixFields = 150
	matrixWords  = 60
)

// fieldMatrix tells which v2 field survives for which make.
type fieldMatrix struct {
	Makes []string
	Rows  []matrixRow
	Words []string // the fields that do not survive everywhere, in sentences
	Left  int      // fields beyond the page
}

type matrixRow struct {
	Field string
	Cells []matrixCell
}

// matrixCell is one field of one make. Class is served, lost, differs, unverifiable, waived, unmeasured, gained or none.
type matrixCell struct{ Class, Text string }

func matrixOf(s Summary) fieldMatrix {
	var m fieldMatrix
	makes := foldMakes(s.Makes, matrixMakes)
	for _, g := range makes {
		m.Makes = append(m.Makes, g.title("make"))
	}
	if len(makes) == 0 {
		return m
	}
	fields := slices.Sorted(maps.Keys(s.Outcomes))
	m.Left = max(len(fields)-matrixFields, 0)
	for _, field := range fields[:len(fields)-m.Left] {
		row := matrixRow{Field: field}
		var trouble []string
		for i, g := range makes {
			cell := cellOf(g.Outcomes[field])
			row.Cells = append(row.Cells, cell)
			if cell.fails() {
				trouble = append(trouble, m.Makes[i]+": "+cell.Text)
			}
		}
		m.Rows = append(m.Rows, row)
		if len(trouble) > 0 && len(m.Words) < matrixWords {
			m.Words = append(m.Words, field+" – "+strings.Join(trouble, "; "))
		}
	}
	return m
}

func (c matrixCell) fails() bool {
	return c.Class == "lost" || c.Class == "differs" || c.Class == "unverifiable"
}

// cellOf says the worst that happened to a field, with the number of vehicles whose v2 API has it.
func cellOf(n map[string]int) matrixCell {
	served := n["match"] + n["drift"]
	all := served + n["waived"] + n["lost"] + n["differs"] + n["unverifiable"] + n["unmeasured"]
	class := ""
	var words []string
	for _, outcome := range []string{"lost", "differs", "unverifiable", "waived"} {
		if n[outcome] == 0 {
			continue
		}
		words = append(words, outcome+" "+count(n[outcome]))
		if class == "" {
			class = outcome
		}
	}
	switch {
	case class != "":
		return matrixCell{class, strings.Join(words, ", ") + " of " + count(all)}
	case served > 0 && served == all:
		return matrixCell{"served", count(served)}
	case served > 0:
		return matrixCell{"served", fmt.Sprintf("%s of %s", count(served), count(all))}
	case all > 0:
		return matrixCell{"unmeasured", "not measured"}
	case n["gained"] > 0:
		return matrixCell{"gained", "v3 only"}
	case n["no-counterpart"] > 0:
		return matrixCell{"none", "no v3 form"}
	}
	return matrixCell{"none", "–"}
}
