package report

import (
	"encoding/json"
	"reflect"
	"time"
)

// rewrite is a deep copy of v with f applied to every string in it, map keys included, and with every nil list and map
// made empty (CONTRACT §7: lists are never null). It goes by reflection so that a member added later is covered without
// being thought of. Times and json.Number are kept as they are.
func rewrite[T any](v T, f func(string) string) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	rewriteInto(out, reflect.ValueOf(&v).Elem(), f)
	return out.Interface().(T)
}

func rewriteInto(out, in reflect.Value, f func(string) string) {
	switch in.Interface().(type) {
	case time.Time, json.Number:
		out.Set(in)
		return
	}
	switch in.Kind() {
	case reflect.String:
		out.SetString(f(in.String()))
	case reflect.Struct:
		for i := range in.NumField() {
			rewriteInto(out.Field(i), in.Field(i), f)
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(in.Type(), in.Len(), in.Len()))
		for i := range in.Len() {
			rewriteInto(out.Index(i), in.Index(i), f)
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(in.Type(), in.Len()))
		for _, key := range in.MapKeys() {
			out.SetMapIndex(rewritten(key, f), rewritten(in.MapIndex(key), f))
		}
	case reflect.Pointer, reflect.Interface:
		if in.IsNil() {
			return
		}
		inner := rewritten(in.Elem(), f)
		if in.Kind() == reflect.Interface {
			out.Set(inner)
			return
		}
		out.Set(reflect.New(in.Type().Elem()))
		out.Elem().Set(inner)
	default:
		out.Set(in)
	}
}

func rewritten(in reflect.Value, f func(string) string) reflect.Value {
	out := reflect.New(in.Type()).Elem()
	rewriteInto(out, in, f)
	return out
}
