package compare

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Item is one v2 answer: an entry of a batch, or a single GET in the same shape.
type Item struct {
	Path    string // with its leading slash
	Code    int    // HTTP status of the item
	Body    any    // decoded; nil when the item failed
	Failure *Failure
	header  map[string]string // keys in lower case
}

// Batch is a decoded batch answer, by path.
type Batch struct {
	Items map[string]Item
	Order []string // paths as they came
}

// ParseBatch decodes the answer of POST /vehicles/{id}/batch (smartcar-v2.md §3). Paths are matched with and without
// their leading slash, headers case-insensitively, their values as text or number. An answer that is not of that shape
// is ErrMalformed.
func ParseBatch(body []byte, now time.Time) (Batch, error) {
	decoded, err := parseBody(body)
	if err != nil {
		return Batch{}, err
	}
	responses, ok := toObject(decoded)["responses"].([]any)
	if !ok {
		return Batch{}, fmt.Errorf("%w: no responses[] in the batch answer", ErrMalformed)
	}
	b := Batch{Items: make(map[string]Item, len(responses))}
	for _, response := range responses {
		item, err := batchItem(response, now)
		if err != nil {
			return Batch{}, err
		}
		if _, twice := b.Items[item.Path]; twice { // which of the two counts is not ours to guess
			b.Items[item.Path] = Item{Path: item.Path, Failure: &Failure{Kind: KindMalformed, Note: "the path stands twice in the batch answer"}}
			continue
		}
		b.Items[item.Path] = item
		b.Order = append(b.Order, item.Path)
	}
	return b, nil
}

// batchItem reads one entry of responses[]. An error body is read like any other.
func batchItem(response any, now time.Time) (Item, error) {
	o, ok := response.(object)
	path, isText := o["path"].(string)
	headers, isObject := o["headers"].(object)
	code, isNumber := o["code"].(json.Number)
	status, err := strconv.Atoi(cmp.Or(string(code), "0"))
	if !ok || err != nil || !isText && o["path"] != nil || !isObject && o["headers"] != nil || !isNumber && o["code"] != nil {
		return Item{}, fmt.Errorf("%w: an entry of responses[] is no answer", ErrMalformed)
	}
	header := itemHeader(headers)
	if status >= 200 && status <= 299 {
		return newItem(path, status, header).with(o["body"]), nil
	}
	item, failure := newItem(path, status, header), failureOf(status, header, o["body"], now)
	item.Failure = &failure
	return item, nil
}

// NewItem makes an Item of a single answer, as the fallback to single GETs needs it.
func NewItem(path string, code int, header http.Header, body []byte, now time.Time) Item {
	item := newItem(path, code, header)
	if code < 200 || code > 299 {
		f := DecodeFailure(code, header, body, now)
		item.Failure = &f
		return item
	}
	decoded, err := parseBody(bytes.TrimSpace(body))
	if err != nil {
		decoded = nil
	}
	return item.with(decoded)
}

func newItem(path string, code int, header http.Header) Item {
	item := Item{Path: "/" + strings.TrimPrefix(path, "/"), Code: code, header: make(map[string]string, len(header))}
	for name := range header {
		item.header[strings.ToLower(name)] = header.Get(name)
	}
	return item
}

// with is the item with what was served; nothing is no answer.
func (i Item) with(decoded any) Item {
	if i.Body = decoded; decoded == nil {
		i.Failure = &Failure{Kind: KindMalformed, Status: i.Code, Note: "the body is missing or not JSON"}
	}
	return i
}

func itemHeader(raw map[string]any) http.Header {
	h := http.Header{}
	for name, v := range raw {
		if text := plainHeader(v); text != "" {
			h.Set(name, text)
		}
	}
	return h
}

func plainHeader(v any) string {
	switch t := v.(type) {
	case string:
		return t
	case json.Number:
		if n, ok := toNumber(t); ok {
			return NumberValue(n).String()
		}
	}
	return ""
}

// FailedBatch is the batch of a leg that failed as a whole: every path carries the same failure.
func FailedBatch(paths []string, f Failure) Batch {
	b := Batch{Items: map[string]Item{}, Order: paths}
	for _, p := range paths {
		b.Items[p] = Item{Path: p, Code: f.Status, Failure: &f}
	}
	return b
}

// ReadLegacy turns a batch into one Reading per field, in the order of fields. asked holds the paths that were in the
// request: a path that was asked and did not come back is malformed, one that was not asked is Unasked.
func ReadLegacy(fields []*Field, vehicleMake string, asked []string, b Batch) []Reading {
	sent := make(map[string]bool, len(asked))
	for _, p := range asked {
		sent[p] = true
	}
	readings := make([]Reading, 0, len(fields))
	for _, f := range fields {
		path := f.LegacyPath(vehicleMake)
		readings = append(readings, readItem(f, path, sent[path], b))
	}
	return readings
}

func readItem(f *Field, path string, asked bool, b Batch) Reading {
	r := Reading{Field: f.Name, Status: Unasked, Source: path}
	item, came := b.Items[path]
	switch {
	case path == "" || !asked:
	case !came:
		r.fail("the batch answer has no item for this path")
	case item.Failure != nil:
		r.Status, r.Failure = Failed, item.Failure
	default:
		item.read(f, &r)
	}
	return r
}

func (item Item) read(f *Field, r *Reading) {
	r.observe(moment{timeLegacy, parseTime(item.header["sc-data-age"])}, moment{timeFetched, parseTime(item.header["sc-fetched-at"])})
	raw, ok := f.Legacy.get(item.Body)
	if !ok && toObject(item.Body) == nil {
		r.fail("the body is not an object")
		return
	}
	if !ok {
		r.Status = Empty // 200 without the member: v2's way of "not available" (fuel of European cars)
		return
	}
	r.take(f, raw, legacyUnit(f.Quantity, item.header["sc-unit-system"]))
}

// legacyUnit is the unit that v2's unit system gives a quantity; metric is the default (smartcar-v2.md §0).
func legacyUnit(q Quantity, system string) string {
	if strings.EqualFold(system, "imperial") {
		if u, ok := imperial[q]; ok {
			return u
		}
	}
	return q.Unit
}

// ParseUser is the id in the answer of GET /v2.0/user, "" where it has none (smartcar-v2.md §8).
func ParseUser(body []byte) string {
	doc, err := parseBody(body)
	if err != nil {
		return ""
	}
	return toText(toObject(doc)["id"])
}
