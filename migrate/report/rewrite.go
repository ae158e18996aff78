package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"scmigrate/compare"
)

// rewrite is a deep copy of v with f applied to every string in it, map keys included, and with every nil list and map
// made empty (CONTRACT §7: lists are never null). It goes by reflection so that a member added later is covered without
// being thought of. Times and json.Number are kept as they are.
func rewrite[T any](v T, f func(string) string) T { return rewriting{free: f}.copied(v).(T) }

// rewriteApart is rewrite with another function for the members that hold words of ours.
func rewriteApart[T any](v T, free, own func(string) string) T {
	return rewriting{free: free, own: own}.copied(v).(T)
}

// rewriting is what becomes of strings. own is nil where all are treated alike.
type rewriting struct{ free, own func(string) string }

func (f rewriting) copied(v any) any { return f.value(reflect.ValueOf(v)).Interface() }

var timeType, numberType = reflect.TypeFor[time.Time](), reflect.TypeFor[json.Number]()

func (f rewriting) into(out, in reflect.Value) {
	if in.Type() == timeType || in.Type() == numberType {
		out.Set(in)
		return
	}
	switch in.Kind() {
	case reflect.String:
		out.SetString(f.free(in.String()))
	case reflect.Struct:
		f.members(out, in)
	case reflect.Slice:
		out.Set(reflect.MakeSlice(in.Type(), in.Len(), in.Len()))
		for i := range in.Len() {
			f.into(out.Index(i), in.Index(i))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(in.Type(), in.Len()))
		for _, key := range in.MapKeys() {
			out.SetMapIndex(f.value(key), f.value(in.MapIndex(key)))
		}
	case reflect.Interface:
		if value := decoded(in.Interface()); value != nil {
			out.Set(f.value(reflect.ValueOf(value)))
		}
	case reflect.Pointer:
		if !in.IsNil() {
			out.Set(reflect.New(in.Type().Elem()))
			f.into(out.Elem(), in.Elem())
		}
	default:
		out.Set(in)
	}
}

func (f rewriting) members(out, in reflect.Value) {
	var own []bool
	if f.own != nil {
		own = ownMembers()[in.Type()]
	}
	for i := range in.NumField() {
		if i < len(own) && own[i] {
			rewriting{free: f.own}.into(out.Field(i), in.Field(i))
		} else {
			f.into(out.Field(i), in.Field(i))
		}
	}
}

func (f rewriting) value(in reflect.Value) reflect.Value {
	out := reflect.New(in.Type()).Elem()
	f.into(out, in)
	return out
}

// decoded is an observed value in the form that decoding its JSON gives, whatever type the builder put there: nil, a
// string, a boolean, a number, []any or map[string]any. What JSON has no form for (NaN) becomes text, so that one odd
// value never costs a whole report.
func decoded(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int, json.Number:
		return v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
		return v
	case compare.Value:
		if form, ok := decodedValue(v); ok {
			return form
		}
	}
	return throughJSON(v)
}

// decodedValue is what throughJSON makes of a canonical value, of which a report has millions; false where the JSON would
// say something else.
func decodedValue(v compare.Value) (form any, ok bool) {
	switch v.Form {
	case compare.FormNone, compare.FormPosition:
		return nil, true
	case compare.FormNumber:
		return json.Number(v.String()), !math.IsNaN(v.Num) && !math.IsInf(v.Num, 0)
	case compare.FormText:
		return v.Text, utf8.ValidString(v.Text)
	case compare.FormFlag:
		return v.Flag, true
	case compare.FormSet:
		items := make([]any, 0, len(v.Items))
		for _, item := range v.Items {
			items = append(items, item)
		}
		return items, utf8.ValidString(strings.Join(v.Items, ""))
	}
	return nil, false
}

func throughJSON(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("(%T)", v)
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	var out any
	if err := decoder.Decode(&out); err != nil {
		return fmt.Sprintf("(%T)", v)
	}
	return out
}
