package compare

import "strings"

// treatment is how a part of an answer takes part in the comparison of documents.
type treatment string

const (
	ordered treatment = "ordered"  // as it stands: members by name, elements by index
	setOf   treatment = "set"      // a list whose order means nothing
	leftOut treatment = "left out" // not compared
)

// documentRule says how one part of an answer is treated. A pattern is a list of member names; * is any name or element,
// ** at its beginning any place.
type documentRule struct {
	pattern string
	how     treatment
	why     string
}

// documentRules are read from the top, the first that matches counts; a list that none matches is ordered. What is left out
// here is left out by design and said in the documentation of --legacy-api v3.
var documentRules = []documentRule{
	{"/data/*/links", leftOut, "addresses, not data"},
	{"/links", leftOut, "addresses, not data"},
	{"/data/*/meta", leftOut, "times: they tell when a value was observed and are no value themselves"},
	{"/included/vehicle/attributes", ordered, "make, model and year of the car"},
	{"/included/vehicle", ordered, ""},
	{"/included/vehicle/*", leftOut, "the request's own id and addresses"},
	{"/included/*", leftOut, "no data of the car"},
	{"/data", setOf, "signals come in any order (smartcar-v3.md §4.4)"},
	{"**/body/values", setOf, "wheels, doors, limits and records come in any order (smartcar-v3.md §6)"},
	{"**/availableCapacities", setOf, "a choice of batteries"},
	{"**/additionalValues", setOf, "ranges by their type"},
	{"**/schedules", setOf, "timers"},
	{"**/departureTimers", setOf, "timers"},
	{"**/days", setOf, "days of the week"},
	{"**/tasks", setOf, "what was done in one service"},
	{"**/details", setOf, "what was done in one service"},
	{"**/permissions", setOf, "scopes"},
}

// elementNames are the members that name an element of a set, in order of preference; all elements must have them, and no
// two the same.
var elementNames = [][]string{{"row", "column"}, {"id"}, {"code"}, {"type"}}

type compiledRule struct {
	path     []string
	anywhere bool
	how      treatment
}

var compiledRules = compiled(documentRules)

func compiled(rules []documentRule) []compiledRule {
	out := make([]compiledRule, 0, len(rules))
	for _, r := range rules {
		tail, anywhere := strings.CutPrefix(r.pattern, "**/")
		out = append(out, compiledRule{strings.Split(strings.TrimPrefix(tail, "/"), "/"), anywhere, r.how})
	}
	return out
}

func ruleOf(path []string) treatment {
	for _, r := range compiledRules {
		if r.matches(path) {
			return r.how
		}
	}
	return ordered
}

func (r compiledRule) matches(path []string) bool {
	if extra := len(path) - len(r.path); extra < 0 || extra > 0 && !r.anywhere {
		return false
	} else if extra > 0 {
		path = path[extra:]
	}
	for i, name := range r.path {
		if name != "*" && name != path[i] {
			return false
		}
	}
	return true
}

// elementKeys names the elements of a list by their own members, nil where they cannot be told apart that way.
func elementKeys(list []any) []string {
	for _, names := range elementNames {
		if keys := keysBy(list, names); keys != nil {
			return keys
		}
	}
	return nil
}

func keysBy(list []any, names []string) []string {
	keys, taken := make([]string, 0, len(list)), make(map[string]bool, len(list))
	for _, element := range list {
		key := keyOf(toObject(element), names)
		if key == "" || taken[key] {
			return nil
		}
		taken[key], keys = true, append(keys, key)
	}
	return keys
}

// keyOf is "row=0,column=1", or the bare text where one member is the name.
func keyOf(o object, names []string) string {
	var parts []string
	for _, name := range names {
		word := toText(o[name])
		if _, number := toNumber(o[name]); number {
			word = scalarText(o[name])
		}
		if word == "" {
			return ""
		}
		if len(names) > 1 {
			word = name + "=" + word
		}
		parts = append(parts, word)
	}
	return strings.Join(parts, ",")
}
