package migrate

import "strings"

// grouping joins the fields of one signal (or one v2 path) that fail for one reason into one cause.
type grouping struct {
	order []groupKey
	names map[groupKey][]string
}

type groupKey struct {
	code           Code
	source, detail string
	waiver         string
}

func newGrouping() *grouping { return &grouping{names: map[groupKey][]string{}} }

func (g *grouping) add(ref CauseRef, source string) {
	key := groupKey{ref.Code, source, ref.Detail, ref.Waiver}
	if source == "" {
		key.source = ref.Field
	}
	if _, known := g.names[key]; !known {
		g.order = append(g.order, key)
	}
	g.names[key] = append(g.names[key], ref.Field)
}

func (g *grouping) each(accuse func(CauseRef)) {
	for _, key := range g.order {
		accuse(CauseRef{Code: key.code, Field: commonName(g.names[key]), Detail: key.detail, Waived: key.waiver != "", Waiver: key.waiver})
	}
}

// commonName is the field itself, or the common beginning of several: "tires.*".
func commonName(fields []string) string {
	if len(fields) == 1 {
		return fields[0]
	}
	common := strings.Split(fields[0], ".")
	for _, f := range fields[1:] {
		parts := strings.Split(f, ".")
		n := 0
		for n < len(common) && n < len(parts) && common[n] == parts[n] {
			n++
		}
		common = common[:n]
	}
	if len(common) == 0 {
		return strings.Join(fields, ", ")
	}
	return strings.Join(append(common, "*"), ".")
}
