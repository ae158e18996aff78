package compare

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// seed gives a fuzz target every file of testdata and every hostile body.
func seed(f *testing.F) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(names) == 0 {
		f.Fatal("no testdata")
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, h := range hostileBodies {
		f.Add([]byte(h.body))
	}
}

// sound holds what every Reading promises: exactly the served ones have a value, the failed ones a reason, and all of
// them are JSON that a ledger can keep.
func sound(t *testing.T, readings []Reading) {
	t.Helper()
	for _, r := range readings {
		if (r.Status == Served) != (r.Value.Form != FormNone) || (r.Status == Failed) != (r.Failure != nil) {
			t.Errorf("%s: %s, form %d, failure %v", r.Field, r.Status, r.Value.Form, r.Failure)
		}
		if r.Value.Form == FormNumber && (math.IsNaN(r.Value.Num) || math.IsInf(r.Value.Num, 0)) {
			t.Errorf("%s: %v is not a value", r.Field, r.Value.Num)
		}
		if r.Failure != nil && r.Failure.Kind == "" {
			t.Errorf("%s: a failure without a kind", r.Field)
		}
		roundTrip(t, r)
	}
}

func FuzzParseBody(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := parseBody(body)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("another error: %v", err)
		}
		if err == nil && (!json.Valid(body) || !utf8.Valid(body)) {
			t.Fatalf("taken for JSON: %q", body)
		}
		if err == nil {
			again, _ := json.Marshal(v)
			if _, err := parseBody(again); err != nil {
				t.Fatalf("%q written anew cannot be read: %v", again, err)
			}
		}
	})
}

func FuzzParseBatch(f *testing.F) {
	seed(f)
	fields := All()
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := ParseBatch(body, noon)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if len(b.Order) != len(b.Items) {
			t.Fatalf("%d items in the order %v", len(b.Items), b.Order)
		}
		readings := ReadLegacy(fields, "tesla", Paths(fields, "tesla"), b)
		sound(t, readings)
		Diff(fields, readings, readings)
	})
}

func FuzzParseSignals(f *testing.F) {
	seed(f)
	fields := carFields(f)
	legacy, _ := bothLegs(f, fields, "batch_metric.json", "signals.json")
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := ParseSignals(body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		readings := ReadApp(fields, s)
		sound(t, readings)
		for _, finding := range Diff(fields, legacy, readings) {
			roundTrip(t, finding)
		}
		s.Unmapped()
		s.Missing(fields)
	})
}

func FuzzParseSignal(f *testing.F) {
	seed(f)
	fields := carFields(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := ParseSignal(body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if len(s.ByCode) != 1 {
			t.Fatalf("a single signal became %v", s.Codes())
		}
		sound(t, ReadApp(fields, s))
	})
}

func FuzzDecodeFailure(f *testing.F) {
	for _, body := range []string{`{"type":"PERMISSION","code":null}`, `{"errors":[{"type":"SERVER"}]}`, `{"error":{"type":"BILLING"}}`, `{"error":"invalid_client"}`, `<html>`, ``} {
		f.Add(403, "120", []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, retry string, body []byte) {
		got := DecodeFailure(status, http.Header{"Retry-After": {retry}}, body, noon)
		if got.Kind == "" || got.RetryAfter < 0 || got.RetryAfter > maxRetryAfter {
			t.Fatalf("%+v", got)
		}
		for _, word := range []string{got.Type, got.Code, got.Resolution, got.RequestID} {
			if len(word) > 64 || strings.ContainsAny(word, " \n\t\x00<>\"'") || !utf8.ValidString(word) {
				t.Fatalf("kept %q", word)
			}
		}
		roundTrip(t, got)
	})
}

func FuzzParseUser(f *testing.F) {
	f.Add([]byte(`{"id":"e0514ef4-5226-11e8-8c13-8f6e8f02e27e"}`))
	f.Add([]byte(`{"id":null}`))
	f.Add([]byte(`[{"id":"x"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if id := ParseUser(body); id != "" && !json.Valid(body) {
			t.Fatalf("%q from %q", id, body)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-06-29T23:55:53.000Z", "1782777353", "1782777353000", "0", "NaN", "1e15", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, raw := range []any{s, json.Number(s)} {
			at := parseTime(raw)
			if y := at.Year(); !at.IsZero() && (y < earliest || y > 9999) {
				t.Fatalf("%q is in the year %d", s, y)
			}
			roundTrip(t, at)
		}
	})
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, s := range []string{"120", "0.5", "-1", "NaN", "Inf", "1e400", "Wed, 14 Oct 2026 12:01:00 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if wait := ParseRetryAfter(s, noon); wait < 0 || wait > maxRetryAfter {
			t.Fatalf("%q: %v", s, wait)
		}
	})
}
