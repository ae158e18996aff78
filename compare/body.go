package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// Limits of a JSON body from outside: beyond them it is malformed, in bounded time and memory.
const (
	maxDepth = 48
	maxNodes = 200_000
)

// ErrMalformed marks a body that cannot be read: not JSON, cut short, too deep, too many nodes, a key twice, not UTF-8.
var ErrMalformed = errors.New("malformed body")

// object is a decoded JSON object; numbers stay json.Number.
type object = map[string]any

// parseBody decodes one JSON document strictly: valid UTF-8, no duplicate key (encoding/json lets the last win without
// a word), nothing after the document, bounded depth and size.
func parseBody(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	p := parser{dec: json.NewDecoder(bytes.NewReader(body))}
	p.dec.UseNumber()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the document", ErrMalformed)
	}
	return v, nil
}

type parser struct {
	dec   *json.Decoder
	nodes int
}

func (p *parser) value(depth int) (any, error) {
	tok, err := p.token()
	if err != nil {
		return nil, err
	}
	if p.nodes++; p.nodes > maxNodes || depth > maxDepth {
		return nil, fmt.Errorf("%w: too large or too deep", ErrMalformed)
	}
	switch tok {
	case json.Delim('{'):
		return p.object(depth)
	case json.Delim('['):
		return p.list(depth)
	}
	return tok, nil
}

func (p *parser) object(depth int) (any, error) {
	o := object{}
	for p.dec.More() {
		tok, err := p.token()
		if err != nil {
			return nil, err
		}
		key, ok := tok.(string)
		if _, twice := o[key]; !ok || twice {
			return nil, fmt.Errorf("%w: a key stands twice", ErrMalformed)
		}
		if o[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := p.token()
	return o, err
}

func (p *parser) list(depth int) (any, error) {
	l := []any{}
	for p.dec.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	_, err := p.token()
	return l, err
}

// token hides the decoder's text, which differs between Go versions and may quote the body.
func (p *parser) token() (json.Token, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("%w: not JSON, or cut short", ErrMalformed)
	}
	return tok, nil
}

// toNumber is a finite JSON number's value.
func toNumber(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

func toObject(v any) object {
	o, _ := v.(object)
	return o
}

func toText(v any) string {
	s, _ := v.(string)
	return s
}
