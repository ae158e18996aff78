package compare

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// noon is a moment in the tests' world; nothing here reads a clock.
var noon = time.Date(2026, 10, 14, 12, 0, 0, 0, time.UTC)

func field(t testing.TB, name string) *Field {
	t.Helper()
	f, ok := Lookup(name)
	if !ok {
		t.Fatalf("no field %q in the catalogue", name)
	}
	return f
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustBatch(t testing.TB, body []byte) Batch {
	t.Helper()
	b, err := ParseBatch(body, noon)
	if err != nil {
		t.Fatalf("ParseBatch: %v", err)
	}
	return b
}

func mustSignals(t testing.TB, body []byte) Signals {
	t.Helper()
	s, err := ParseSignals(body)
	if err != nil {
		t.Fatalf("ParseSignals: %v", err)
	}
	return s
}

// stamp writes a time as a JSON member, nothing for the zero time.
func stamp(key string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return fmt.Sprintf("%q:%q", key, at.Format(time.RFC3339Nano))
}

// legacyReading decodes one field of a v2 batch item; body may hold any JSON. at is sc-data-age, zero for none.
func legacyReading(t testing.TB, name, body string, at time.Time) Reading {
	t.Helper()
	f := field(t, name)
	path := f.LegacyPath(anyMake(f))
	text := fmt.Sprintf(`{"responses":[{"path":%q,"code":200,"body":%s,"headers":{%s}}]}`, path, body, stamp("sc-data-age", at))
	return ReadLegacy([]*Field{f}, anyMake(f), []string{path}, mustBatch(t, []byte(text)))[0]
}

func anyMake(f *Field) string {
	if len(f.Makes) > 0 {
		return f.Makes[0]
	}
	return "any"
}

// appReading decodes one field of a v3 signal of first choice. at is oemUpdatedAt, zero for none.
func appReading(t testing.TB, name, body string, at time.Time) Reading {
	t.Helper()
	f := field(t, name)
	return appReadingOf(t, f, f.App[0].Code, body, at)
}

func appReadingOf(t testing.TB, f *Field, code, body string, at time.Time) Reading {
	t.Helper()
	if code == VehicleCode {
		text := fmt.Sprintf(`{"data":[],"included":{"vehicle":{"attributes":%s}}}`, body)
		return ReadApp([]*Field{f}, mustSignals(t, []byte(text)))[0]
	}
	return ReadApp([]*Field{f}, mustSignals(t, []byte(signalsOf(code, `{"value":"SUCCESS"}`, body, stamp("oemUpdatedAt", at)))))[0]
}

// signalsOf is a whole answer with one signal; an empty body is left out.
func signalsOf(code, status, body, meta string) string {
	member := ""
	if body != "" {
		member = `,"body":` + body
	}
	return fmt.Sprintf(`{"data":[{"id":%q,"attributes":{"code":%q,"status":%s%s},"meta":{%s}}]}`, code, code, status, member, meta)
}

// diffOne compares one field.
func diffOne(t testing.TB, name string, legacy, app Reading) Finding {
	t.Helper()
	return Diff([]*Field{field(t, name)}, []Reading{legacy}, []Reading{app})[0]
}

// say is a Reading in a few words: its status, its value with a "!" for each warning, or its failure.
func say(r Reading) string {
	words := string(r.Status)
	switch r.Status {
	case Served:
		words = r.Value.String()
	case Failed:
		words += " " + string(r.Failure.Kind)
	}
	for _, w := range r.Warnings {
		words += " !" + w
	}
	return strings.TrimSpace(words)
}
