package compare

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// pick finds one raw value in a decoded body. Text says where, for people ("values[row=0,column=1].tirePressure").
// ok is false where the body has no such member; a member that is null is found, as nil.
type pick struct {
	Text string
	get  func(body any) (raw any, ok bool)
}

// at walks members: at("capacity", "nominal").
func at(keys ...string) pick {
	return pick{strings.Join(keys, "."), func(body any) (any, bool) { return walk(body, keys) }}
}

func walk(body any, keys []string) (any, bool) {
	for i, key := range keys {
		v, ok := toObject(body)[key]
		if !ok {
			return nil, false
		}
		if v == nil && i < len(keys)-1 {
			return nil, true // {"capacity": null} answers "no capacity" for everything below
		}
		body = v
	}
	return body, true
}

// entry takes the status of the list's element whose discriminating member equals a word, ignoring case and order.
func entry(list, key, word string) pick {
	return pick{fmt.Sprintf("%s[%s=%s].status", list, key, word), func(body any) (any, bool) {
		return find(toObject(body)[list], "status", func(o object) bool { return strings.EqualFold(toText(o[key]), word) })
	}}
}

// first takes a member of the list's first element.
func first(list, member string) pick {
	return pick{list + "[0]." + member, func(body any) (any, bool) {
		return find(toObject(body)[list], member, func(object) bool { return true })
	}}
}

// cell takes a member of the element at a place of the car: row 0 is the front, column 0 the left
// (v2-to-v3-mapping.md §1 row 18). The array's order means nothing. Row -1 is the last axle.
func cell(row, column int, member string) pick {
	return pick{fmt.Sprintf("values[row=%d,column=%d].%s", max(row, 0), column, member), func(body any) (any, bool) {
		o := toObject(body)
		return find(o["values"], member, func(c object) bool { return isCell(c, rowNumber(o, row), column) })
	}}
}

// rowNumber resolves the last axle by rowCount, 1 where it is not stated.
func rowNumber(body object, row int) int {
	if row >= 0 {
		return row
	}
	if n, ok := toNumber(body["rowCount"]); ok && n >= 2 {
		return int(n) - 1
	}
	return 1
}

func isCell(c object, row, column int) bool {
	r, okR := toNumber(c["row"])
	k, okC := toNumber(c["column"])
	return okR && okC && r == float64(row) && k == float64(column)
}

func find(list any, member string, wanted func(object) bool) (any, bool) {
	elements, _ := list.([]any)
	for _, e := range elements {
		if o := toObject(e); o != nil && wanted(o) {
			v, ok := o[member]
			return v, ok
		}
	}
	return nil, false
}

// chargeLimit is values[type=GLOBAL without condition].limit, else activeLimit: three of four real recordings have
// values [] and only the latter (v2-to-v3-mapping.md §1 row 12).
func chargeLimit() pick {
	return pick{"values[type=GLOBAL].limit, else activeLimit", func(body any) (any, bool) {
		limit, ok := find(toObject(body)["values"], "limit", func(o object) bool {
			return strings.EqualFold(toText(o["type"]), "GLOBAL") && o["condition"] == nil
		})
		if ok && limit != nil {
			return limit, true
		}
		active, ok := walk(body, []string{"activeLimit"})
		if ok && active == nil {
			return notNow{}, true // null while not plugged in (v2-to-v3-mapping.md §1 row 12)
		}
		return active, ok
	}}
}

// notNow is a value that the car's state withholds, as the error NOT_CHARGING does.
type notNow struct{}

// openness turns isOpen into v2's words.
func openness(p pick) pick {
	return pick{p.Text, func(body any) (any, bool) {
		raw, ok := p.get(body)
		if open, is := raw.(bool); is {
			return map[bool]string{true: "OPEN", false: "CLOSED"}[open], ok
		}
		return raw, ok
	}}
}

// words maps an enumeration onto another kind of value; a word that is not in the table is passed on as it is and then
// refused by the field's quantity.
func words(p pick, table map[string]any) pick {
	return pick{p.Text, func(body any) (any, bool) {
		raw, ok := p.get(body)
		if v, known := table[strings.ToUpper(fmt.Sprint(raw))]; known {
			return v, ok
		}
		return raw, ok
	}}
}

// position takes latitude and longitude together.
func position() pick {
	return pick{"latitude, longitude", func(body any) (any, bool) {
		o := toObject(body)
		lat, okLat := o["latitude"]
		lon, okLon := o["longitude"]
		if !okLat || !okLon {
			return nil, false
		}
		if lat == nil || lon == nil {
			return nil, true
		}
		return [2]any{lat, lon}, true
	}}
}

// withheld notes that a value is there without keeping it: nominal_capacity.url carries a token (CONTRACT §8.6).
func withheld(p pick) pick {
	return pick{p.Text, func(body any) (any, bool) {
		raw, ok := p.get(body)
		if raw == nil {
			return nil, ok
		}
		return "(withheld)", true
	}}
}

// set makes a set of words of a list, one word per element. A list with an element that has no word is passed on as it
// is and then refused: two elements nobody can read are not two equal ones.
func set(p pick, word func(any) string) pick {
	return pick{p.Text + "[]", func(body any) (any, bool) {
		raw, ok := p.get(body)
		elements, is := raw.([]any)
		if !is {
			return raw, ok
		}
		items := make([]string, 0, len(elements))
		for _, e := range elements {
			w := word(e)
			if w == "" {
				return raw, ok
			}
			items = append(items, w)
		}
		return items, true
	}}
}

// length counts a list's elements.
func length(p pick) pick {
	return pick{"count of " + p.Text, func(body any) (any, bool) {
		raw, ok := p.get(body)
		if elements, is := raw.([]any); is {
			return json.Number(strconv.Itoa(len(elements))), true
		}
		return nil, ok && raw == nil
	}}
}

// whole is the body itself (v2's service history is a bare array).
func whole() pick { return pick{"(body)", func(body any) (any, bool) { return body, body != nil }} }

// plain is a JSON scalar as a word.
func plain(v any) string {
	switch t := v.(type) {
	case nil:
		return ""
	case json.Number:
		if f, ok := toNumber(t); ok {
			return NumberValue(f).String()
		}
	}
	return fmt.Sprint(v)
}

// member is a function that takes one member of each element as its word.
func member(key string) func(any) string {
	return func(v any) string { return plain(toObject(v)[key]) }
}

// capacityWord is one trim of availableCapacities. Both members may be null (smartcar-v2.md §2.2): that is a trim, too.
func capacityWord(v any) string {
	o := toObject(v)
	if capacity, ok := o["capacity"]; ok && capacity == nil && o["description"] == nil {
		return "(not stated)"
	}
	return strings.TrimSpace(plain(o["capacity"]) + " " + plain(o["description"]))
}

// recordNames are the members of a service record in one of the two worlds (v2-to-v3-mapping.md §1 row 35). Ids are
// left out: numbers or null in v2, strings in v3.
type recordNames struct{ time, odometer, tasks, task, cost, total string }

func (n recordNames) word(v any) string {
	o := toObject(v)
	var tasks []string
	if list, ok := o[n.tasks].([]any); ok {
		for _, t := range list {
			tasks = append(tasks, plain(toObject(t)[n.task]))
		}
	}
	when := parseTime(o[n.time])
	if when.IsZero() {
		return "" // the one member that no source lets be null: without it this is no service record
	}
	cost := toObject(o[n.cost])
	return fmt.Sprintf("%s|%s|%s|%s %s", when.Format("2006-01-02T15:04"), wholeNumber(o[n.odometer]),
		strings.Join(SetValue(tasks).Items, ","), plain(cost[n.total]), plain(cost["currency"]))
}

func wholeNumber(v any) string {
	if f, ok := toNumber(v); ok {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return ""
}
