package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
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
// a word), nothing after the document, bounded depth and size. Half a surrogate pair is no letter, and read as one that
// could not be (U+FFFD), as encoding/json does it: it costs nobody the answer.
func parseBody(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	// jsontext takes the bytes of a bytes.Buffer as they are. Names are looked up once, in the object's own map.
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	p := parser{dec: dec, body: string(body)}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the document", ErrMalformed)
	}
	return v, nil
}

// parser reads one document. Texts and numbers are parts of body, so that a document is one allocation and not thousands.
type parser struct {
	dec   *jsontext.Decoder
	body  string
	nodes int
}

func (p *parser) value(depth int) (any, error) {
	if p.nodes++; p.nodes > maxNodes || depth > maxDepth {
		return nil, fmt.Errorf("%w: too large or too deep", ErrMalformed)
	}
	switch p.dec.PeekKind() {
	case jsontext.KindBeginObject:
		return p.object(depth)
	case jsontext.KindBeginArray:
		return p.list(depth)
	case jsontext.KindString:
		return p.text()
	case jsontext.KindNumber:
		raw, err := p.scalar()
		return json.Number(raw), err
	}
	switch raw, err := p.scalar(); raw {
	case "true", "false":
		return raw == "true", err
	default:
		return nil, err
	}
}

func (p *parser) object(depth int) (any, error) {
	if err := p.step(); err != nil {
		return nil, err
	}
	o := object{}
	for p.dec.PeekKind() != jsontext.KindEndObject {
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if _, twice := o[key]; twice {
			return nil, fmt.Errorf("%w: a key stands twice", ErrMalformed)
		}
		if o[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return o, p.step()
}

func (p *parser) list(depth int) (any, error) {
	if err := p.step(); err != nil {
		return nil, err
	}
	l := []any{}
	for p.dec.PeekKind() != jsontext.KindEndArray {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	return l, p.step()
}

// step goes over one token: a bracket.
func (p *parser) step() error {
	_, err := p.dec.ReadToken()
	return unread(err)
}

// scalar is the next value as it is written.
func (p *parser) scalar() (string, error) {
	raw, err := p.dec.ReadValue()
	if err != nil {
		return "", unread(err)
	}
	end := int(p.dec.InputOffset())
	return p.body[end-len(raw) : end], nil
}

// text is the next string's text.
func (p *parser) text() (string, error) {
	raw, err := p.scalar()
	if err != nil {
		return "", err
	}
	if !strings.Contains(raw, `\`) {
		return raw[1 : len(raw)-1], nil
	}
	plain, _ := jsontext.AppendUnquote(nil, raw) // it was read: only half a surrogate pair is left to complain of
	return string(plain), nil
}

// unread hides the decoder's text, which differs between versions and may quote the body.
func unread(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: not JSON, or cut short", ErrMalformed)
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
