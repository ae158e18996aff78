package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
)

// forms gives every spelling under which plain could reach an output, without repeats: as it is; escaped for URLs, JSON
// and HTML; in hex; in base64 on its own and as a part of something longer ("id:secret" of basic authentication).
// Every form is at least as long as plain.
func forms(plain string) []string {
	list := append([]string{
		plain,
		url.QueryEscape(plain), url.PathEscape(plain),
		html.EscapeString(plain), jsonEscaped(plain),
		hex.EncodeToString([]byte(plain)), strings.ToUpper(hex.EncodeToString([]byte(plain))),
	}, base64Forms(plain)...)
	seen := make(map[string]bool, len(list))
	kept := list[:0]
	for _, f := range list {
		if !seen[f] {
			seen[f] = true
			kept = append(kept, f)
		}
	}
	return kept
}

func jsonEscaped(plain string) string {
	quoted, err := json.Marshal(plain)
	if err != nil {
		return plain
	}
	return string(quoted[1 : len(quoted)-1])
}

// base64Forms gives plain in both alphabets, with and without padding, and the part of it that does not depend on its
// neighbours when one or two bytes stand before it in the same group of three.
func base64Forms(plain string) []string {
	var list []string
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		raw := e.WithPadding(base64.NoPadding)
		list = append(list, e.EncodeToString([]byte(plain)), raw.EncodeToString([]byte(plain)))
		for shift := range 3 {
			list = append(list, inner(raw, shift, plain))
		}
	}
	return list
}

// inner encodes plain behind shift unknown bytes and cuts off the digits that mix in bits of what stands around it.
func inner(e *base64.Encoding, shift int, plain string) string {
	coded := e.EncodeToString([]byte(strings.Repeat("\x00", shift) + plain))
	first := (8*shift + 5) / 6
	last := 8 * (shift + len(plain)) / 6
	return coded[first:last]
}
