package compare

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

// hostileBodies are no answers of an API. Small enough to seed the fuzz targets.
var hostileBodies = []struct{ body, reason string }{
	{``, "nothing"}, {`   `, "blanks"}, {`nul`, "cut short"}, {`null`, "null"}, {`5`, "a number"}, {`"x"`, "a text"}, {`[1`, "cut short"},
	{`{"data":[`, "cut short"}, {`{"data":[]`, "cut short"}, {`{"data":[]}}`, "one bracket too many"}, {`{"data":[]} x`, "something follows"},
	{`{"data":[]}{"data":[]}`, "two documents"}, {`{"data":[],}`, "a comma too many"}, {`{"data" []}`, "no colon"}, {`{'data':[]}`, "not JSON"},
	{`{"data":[],"data":[]}`, "a key twice"}, {`{"data":[],"d\u0061ta":[]}`, "a key twice, once in disguise"},
	{`{"responses":[],"responses":[]}`, "a key twice"},
	{`{"data":[{"id":"a","attributes":{"body":{"value":1,"value":2}}}]}`, "a key twice, deep inside"},
	{`{"responses":[{"path":"/odometer","code":200,"body":{"distance":1,"distance":2}}]}`, "a key twice, deep inside"},
	{"{\"data\":[\"\xff\xfe\"]}", "not UTF-8"}, {"\xef\xbb\xbf{\"data\":[]}", "a byte order mark"}, {"\x1f\x8b\x08", "compressed"},
	{`{"data":{}}`, "data is no list"}, {`{"data":null}`, "data is null"}, {`{"data":[5]}`, "a signal that is a number"}, {`{"data":[{}]}`, "a signal without a code"},
	{`{"data":[{"id":"a"},{"id":"A"}]}`, "a signal twice"}, {`{"responses":null}`, "no list"}, {`{"responses":{}}`, "no list"}, {`{"responses":[5]}`, "an item that is a number"},
	{`{"responses":[{"path":5}]}`, "a path that is a number"}, {`{"responses":[{"path":"/","code":"200"}]}`, "a code that is a text"}, {`{"responses":[{"path":"/","code":2e2000}]}`, "no number"},
	{`{"data":[NaN]}`, "not JSON"}, {`{"data":[Infinity]}`, "not JSON"}, {`{"data":[01]}`, "not JSON"}, {`<!doctype html><title>504</title>`, "a gateway's page"},
}

func TestHostileBodies(t *testing.T) {
	for _, h := range hostileBodies {
		if _, err := ParseBatch([]byte(h.body), noon); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseBatch %q (%s): %v", h.body, h.reason, err)
		}
		if _, err := ParseSignals([]byte(h.body)); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseSignals %q (%s): %v", h.body, h.reason, err)
		}
		if _, err := ParseSignal([]byte(h.body)); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseSignal %q (%s): %v", h.body, h.reason, err)
		}
	}
}

// TestErrorsSayNothingOfTheBody: it may hold a token.
func TestErrorsSayNothingOfTheBody(t *testing.T) {
	for _, body := range []string{`{"canary"`, `canary`, `{"canary":1,"canary":2}`, `{"responses":"canary"}`} {
		if _, err := ParseBatch([]byte(body), noon); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestLargeBodies: bounded time and memory, whatever comes. The bounds are far above what is needed, and far below what
// an unbounded decoder would take.
func TestLargeBodies(t *testing.T) {
	wrap := func(inner string) string {
		return `{"data":[` + inner + `],"responses":[` + inner + `],"errors":[` + inner + `]}`
	}
	tests := []struct{ body, reason string }{
		{strings.Repeat("[", 200_000), "200k brackets"},
		{strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000), "200k brackets that close"},
		{strings.Repeat(`{"a":`, 200_000) + "1" + strings.Repeat("}", 200_000), "200k objects"},
		{strings.Repeat(`{"errors":[`, 5000) + strings.Repeat("]}", 5000), "errors within errors"},
		{strings.Repeat(" ", largeBody), "blanks"},
		{`"` + strings.Repeat("a", largeBody), "a text that never ends"},
		{strings.Repeat("9", largeBody), "a number that never ends"},
		{wrap(strings.Repeat("{},", largeBody/9) + "{}"), "millions of empty objects"},
		{wrap(strings.Repeat("1,", largeBody/6) + "1"), "millions of numbers"},
	}
	for _, tt := range tests {
		body, start, before := []byte(tt.body), time.Now(), allocated()
		if _, err := ParseBatch(body, noon); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseBatch: %s: %v", tt.reason, err)
		}
		if _, err := ParseSignals(body); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseSignals: %s: %v", tt.reason, err)
		}
		if f := DecodeFailure(502, nil, body, noon); f.Kind != KindUpstream || f.Type != "" {
			t.Errorf("DecodeFailure: %s: %+v", tt.reason, f)
		}
		if took, grew := time.Since(start), allocated()-before; took > 30*time.Second || grew > 1<<30 {
			t.Errorf("%s: %v, %d MiB", tt.reason, took, grew>>20)
		} else if testing.Verbose() {
			t.Logf("%s: %v, %d MiB", tt.reason, took, grew>>20)
		}
	}
}

// allocated is all that was ever allocated, in bytes: an upper bound of what was held.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestDepthAndSizeThatAreFine(t *testing.T) {
	tests := []struct{ body, reason string }{
		{strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), "as deep as allowed"},
		{"[" + strings.Repeat("1,", maxNodes-2) + "1]", "as many as allowed"},
	}
	for _, tt := range tests {
		if _, err := parseBody([]byte(tt.body)); err != nil {
			t.Errorf("%s: %v", tt.reason, err)
		}
	}
	for _, body := range []string{"[" + tests[0].body + "]", "[1," + tests[1].body[1:]} {
		if _, err := parseBody([]byte(body)); !errors.Is(err, ErrMalformed) {
			t.Errorf("one more than allowed: %v", err)
		}
	}
}
